/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What every program does around its own work.

#include <functional>
#include <string>

namespace base {

/// Runs `work`, a program's whole work, and returns the exit status: what `work` returned, or 1 after an Error or when
/// standard output could not be written in full. Messages go to standard error behind "PROGRAM: ".
int tool_main(const std::string& program, const std::function<int()>& work);

/// From now on whoever uses options wrongly is pointed to the --help of `command`, as "mig_mon vm", not of the program.
void offer_help_of(const std::string& command);

/// Prints a line on standard output at once, as somebody may look on through a pipe. Throws Error when it cannot be written:
/// nobody looks on then, and work that goes on for its output can end.
void print_line(const std::string& line);

/// Prints "PROGRAM: MESSAGE" on standard error. Where that cannot be written nobody is left to be told, and the work goes
/// on. `tool_main` has to be running, as for warn().
void tell(const std::string& message);

/// Prints "PROGRAM: warning: MESSAGE" on standard error.
void warn(const std::string& message);

}  // namespace base
