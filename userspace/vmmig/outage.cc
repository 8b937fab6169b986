/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/outage.h"

#include <algorithm>

namespace vmmig {

namespace {

/// Packets that come later than so many after them count as duplicates.
constexpr std::uint64_t kWindow = 64;

}  // namespace

bool OutageWatch::is_new(std::uint64_t number) {
    if (number >= next_) {
        const std::uint64_t steps = number - next_ + 1;
        window_ = steps < kWindow ? window_ << steps : 0;
        window_ |= 1;
        next_ = number + 1;
        return true;
    }
    const std::uint64_t behind = next_ - 1 - number;
    if (behind >= kWindow || (window_ >> behind & 1)) return false;
    window_ |= std::uint64_t{1} << behind;
    reordered_++;
    return true;
}

/// `missing`: packets in front of the one that came now.
std::optional<Outage> OutageWatch::outage(Clock::time_point now, std::chrono::nanoseconds pause, std::uint64_t missing) const {
    if (!last_ || !interval_) return std::nullopt;
    const std::chrono::nanoseconds gap = now - *last_, usual = std::max(*interval_, pause);
    if (gap / (missing == 1 ? 3 : 2) < usual) return std::nullopt;
    return Outage{std::chrono::system_clock::now(), gap, gap - usual};
}

void OutageWatch::note(const Outage& outage) {
    outages_.record(static_cast<std::uint64_t>(outage.length.count()));
}

std::optional<Outage> OutageWatch::arrived(Clock::time_point now, std::optional<std::uint64_t> number,
                                           std::chrono::nanoseconds pause) {
    const std::uint64_t missing = number && *number > next_ ? *number - next_ : 0;
    if (!is_new(number.value_or(next_))) {
        duplicates_++;
        return std::nullopt;
    }
    received_++;
    const std::optional<Outage> ended = outage(now, pause, missing);
    if (last_) {
        const auto gap = std::max<std::chrono::nanoseconds>(now - *last_, std::chrono::nanoseconds(0));
        gaps_.record(static_cast<std::uint64_t>(gap.count()));
        if (!interval_) interval_ = gap;
    }
    last_ = now;
    if (ended) note(*ended);
    return ended;
}

std::optional<Outage> OutageWatch::finish(Clock::time_point now, std::optional<std::uint64_t> number,
                                          std::chrono::nanoseconds pause) {
    if (number) next_ = std::max(next_, *number);
    const std::optional<Outage> lasting = outage(now, pause, 0);
    if (lasting) note(*lasting);
    last_.reset();
    return lasting;
}

std::optional<std::chrono::nanoseconds> OutageWatch::quiet(Clock::time_point now) const {
    const auto lasting = outage(now, {}, 0);
    return lasting ? std::optional(lasting->length) : std::nullopt;
}

std::uint64_t OutageWatch::lost() const { return next_ - received_; }

}  // namespace vmmig
