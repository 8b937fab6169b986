/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What every program does around its own work.

#include <functional>
#include <string>

namespace base {

/// Runs `work`, a program's whole work, and returns the exit status: what `work` returned, or 1 after an Error or when
/// standard output could not be written in full. Messages go to standard error behind "PROGRAM: ".
int tool_main(const std::string& program, const std::function<int()>& work);

/// Prints "PROGRAM: warning: MESSAGE" on standard error. `tool_main` has to be running.
void warn(const std::string& message);

}  // namespace base
