/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/window.h"

#include <fmt/format.h>

#include <algorithm>

namespace migtrace {

namespace {

/// `ns` after `start`, as far as the clock goes.
std::uint64_t after(std::uint64_t start, std::int64_t ns) {
    if (ns == INT64_MAX) return UINT64_MAX;
    const __int128 ts = static_cast<__int128>(start) + ns;
    return static_cast<std::uint64_t>(std::clamp<__int128>(ts, 0, UINT64_MAX));
}

}  // namespace

Window::Window(const WindowLimits& limits, const StartOfTrace& start)
    : limits_(limits), start_(start.ts), mark_passed_(!limits.begin_mark) {
    if (limits.begin_ts) limit_ = *limits.begin_ts;
    if (limits.begin_ns) limit_ = std::max(limit_, after(start.ts, *limits.begin_ns));
    if (limits.end_ts) end_limit_ = *limits.end_ts;
    if (limits.end_ns) end_limit_ = std::min(end_limit_, after(start.ts, *limits.end_ns));
}

void Window::mark(std::uint64_t ts, std::uint64_t value) {
    if (!mark_passed_ && value == limits_.begin_mark) {
        mark_passed_ = true;
        limit_ = std::max(limit_, ts);
    }
    if (value == limits_.end_mark) end_mark_passed_ = true;
}

std::optional<std::string> Window::missing_mark() const {
    auto missing = [](const char* end, std::uint64_t mark) {
        return fmt::format("the {} mark {} ({:#x}) does not occur", end, mark, mark);
    };
    if (!mark_passed_) return missing("begin", *limits_.begin_mark);
    if (limits_.end_mark && !end_mark_passed_) return missing("end", *limits_.end_mark);
    return std::nullopt;
}

std::optional<std::uint64_t> Window::begin() const {
    if (!mark_passed_) return std::nullopt;
    return std::max(limit_, start_);
}

}  // namespace migtrace
