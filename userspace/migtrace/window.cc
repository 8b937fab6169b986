/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/window.h"

#include <fmt/format.h>

#include <algorithm>

#include "migtrace/time_format.h"

namespace migtrace {

namespace {

/// `ns` after `start`, as far as the clock goes.
std::uint64_t after(std::uint64_t start, std::int64_t ns) {
    if (ns == INT64_MAX) return UINT64_MAX;
    const __int128 ts = static_cast<__int128>(start) + ns;
    return static_cast<std::uint64_t>(std::clamp<__int128>(ts, 0, UINT64_MAX));
}

/// People write marks in one way and traces in another.
std::string both_forms(std::uint64_t mark) { return fmt::format("{} ({:#x})", mark, mark); }

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
    if (value != limits_.end_mark || end_mark_passed_) return;
    end_mark_passed_ = true;
    end_mark_ts_ = ts;
}

std::optional<std::string> Window::missing_mark() const {
    auto missing = [](const char* end, std::uint64_t mark) {
        return fmt::format("the {} mark {} does not occur", end, both_forms(mark));
    };
    if (!mark_passed_) return missing("begin", *limits_.begin_mark);
    if (limits_.end_mark && !end_mark_passed_) return missing("end", *limits_.end_mark);
    return std::nullopt;
}

std::optional<std::string> Window::reversed() const {
    if (!end_mark_passed_ || begun(end_mark_ts_)) return std::nullopt;
    fmt::memory_buffer seconds;
    put_seconds(seconds, static_cast<__int128>(end_mark_ts_) - static_cast<__int128>(start_), 0);
    std::string text = fmt::format("the end mark {} stands {} s after the start of the trace (0x{:016x}), ",
                                   both_forms(*limits_.end_mark), fmt::to_string(seconds), end_mark_ts_);
    if (mark_passed_) return text + "before the window begins: it is empty";
    return text + fmt::format("and the begin mark {} not before it: the window is empty", both_forms(*limits_.begin_mark));
}

std::optional<std::uint64_t> Window::begin() const {
    if (!mark_passed_) return std::nullopt;
    return std::max(limit_, start_);
}

}  // namespace migtrace
