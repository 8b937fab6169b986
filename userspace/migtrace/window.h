/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The part of a trace that is looked at.

#include <cstdint>
#include <optional>
#include <string>

#include "migtrace/trace_reader.h"

namespace migtrace {

/// The latest begin and the first end count; both belong to the window.
struct WindowLimits {
    std::optional<std::uint64_t> begin_mark{}, end_mark{};
    std::optional<std::uint64_t> begin_ts{}, end_ts{};  ///< ns of the kernel's clock
    std::optional<std::int64_t> begin_ns{}, end_ns{};   ///< since the start of the trace; INT64_MAX: behind all events

    bool any() const { return begin_mark || begin_ts || end_mark || end_ts || begin_ns || end_ns; }
};

/// Follows the events of a trace in order.
class Window {
 public:
    Window(const WindowLimits& limits, const StartOfTrace& start);

    /// A mark is passed; marks count at their first occurrence.
    void mark(std::uint64_t ts, std::uint64_t value);

    /// Whether an event at `ts`, which comes now, lies behind the begin. Without a limit everything does.
    bool begun(std::uint64_t ts) const { return mark_passed_ && ts >= limit_; }
    /// Whether there is an end by time.
    bool ends() const { return end_limit_ != UINT64_MAX; }
    /// Whether an event at `ts` lies behind the end.
    bool ended(std::uint64_t ts) const { return ts > end_limit_; }
    /// Whether the end mark is passed.
    bool end_mark_passed() const { return end_mark_passed_; }
    /// Behind the last event: a limiting mark that did not come, in words.
    std::optional<std::string> missing_mark() const;
    /// Once the end mark is passed: that the window did not begin before it, in words.
    std::optional<std::string> reversed() const;

    /// Where the window begins: not before the start of the trace. Not known while a begin mark is to come.
    std::optional<std::uint64_t> begin() const;
    /// Where it ends if `last` is the last event that was read.
    std::uint64_t end(std::uint64_t last) const { return last < end_limit_ ? last : end_limit_; }

 private:
    WindowLimits limits_;
    std::uint64_t start_;
    std::uint64_t limit_ = 0;
    std::uint64_t end_limit_ = UINT64_MAX;
    bool mark_passed_;
    bool end_mark_passed_ = false;
    std::uint64_t end_mark_ts_ = 0;
};

}  // namespace migtrace
