/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The main thread of a program whose threads do the work: prints each second, and knows when to end.

#include <chrono>
#include <functional>
#include <optional>

#include "base/signals.h"

namespace vmmig {

/// Calls `second` at the end of each second, until `duration` has passed, a signal comes, or `event`, called when `fd` is
/// readable, returns false. After a pause of the machine or the process seconds are counted from then on. Throws
/// base::Error, and what is thrown by those that it calls.
void watch(const base::StopSignals& signals, std::optional<std::chrono::nanoseconds> duration, int fd,
           const std::function<void()>& second, const std::function<bool()>& event);

}  // namespace vmmig
