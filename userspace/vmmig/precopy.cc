/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/precopy.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

namespace vmmig {

namespace {

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

std::chrono::nanoseconds nanoseconds(double seconds) {
    return std::chrono::nanoseconds(std::llround(std::min(seconds, 1e9) * 1e9));
}

std::uint64_t hot_pages(const PrecopyOptions& options) {
    const double hot = std::round(static_cast<double>(options.pages) * options.working_set);
    return std::clamp<std::uint64_t>(static_cast<std::uint64_t>(hot), 1, options.pages);
}

std::vector<std::uint64_t> all_set(std::uint64_t pages) {
    std::vector<std::uint64_t> bits((pages + 63) / 64, ~std::uint64_t{0});
    if (pages % 64) bits.back() = (std::uint64_t{1} << pages % 64) - 1;
    return bits;
}

/// An iteration that leaves this part of the fewest pages before, or more, has been in vain.
constexpr double kInVain = 0.98;
/// After so many in a row it does not converge.
constexpr unsigned kMostInVain = 3;

}  // namespace

DirtyPages::DirtyPages(const PrecopyOptions& options, Clock::time_point start)
    : hot_pages_(hot_pages(options)),
      rate_(options.dirty_pages_per_second),
      last_(start),
      bitmap_((options.pages + 63) / 64),
      random_(std::random_device()()) {}

void DirtyPages::advance(Clock::time_point now) {
    // Of two threads the second to come may have looked at the clock first.
    now = std::max(now, last_);
    owed_ += rate_ * seconds(now - last_);
    last_ = now;
    // No more than what dirties all of it anyway, e^-16 of the pages excepted: a rate may be any number.
    const double most = 16 * static_cast<double>(hot_pages_);
    auto writes = static_cast<std::uint64_t>(std::min(owed_, most));
    owed_ = owed_ > most ? 0 : owed_ - static_cast<double>(writes);
    for (; writes > 0; writes--) {
        const auto page = static_cast<std::uint64_t>(static_cast<unsigned __int128>(random_()) * hot_pages_ >> 64);
        std::uint64_t& word = bitmap_[page / 64];
        const std::uint64_t bit = std::uint64_t{1} << page % 64;
        count_ += !(word & bit);
        word |= bit;
    }
}

std::vector<std::uint64_t> DirtyPages::take() {
    count_ = 0;
    return std::exchange(bitmap_, std::vector<std::uint64_t>(bitmap_.size()));
}

double Iteration::pages_per_second() const { return time.count() > 0 ? static_cast<double>(pages) / seconds(time) : 0; }

EmulatedPrecopy::EmulatedPrecopy(const PrecopyOptions& options, Clock::time_point start, std::function<void()> ended)
    : options_(options),
      ended_(std::move(ended)),
      dirty_(options, start),
      sending_(all_set(options.pages)),
      begin_(start),
      fewest_(options.pages) {
    current_.number = 1;
}

std::size_t EmulatedPrecopy::next(std::span<std::uint64_t> pages, Clock::time_point now) {
    std::lock_guard lock(mutex_);
    if (state_ == State::Running) dirty_.advance(now);
    std::size_t count = 0;
    while (count < pages.size() && !over_) {
        while (word_ < sending_.size() && sending_[word_] == 0) word_++;
        if (word_ == sending_.size()) {
            // What has been handed out is sent before the iteration ends.
            if (count > 0) break;
            over_ = end_iteration(now);
            continue;
        }
        pages[count++] = word_ * 64 + static_cast<unsigned>(std::countr_zero(sending_[word_]));
        sending_[word_] &= sending_[word_] - 1;
    }
    current_.pages += count;
    return count;
}

/// True when there is no further one.
bool EmulatedPrecopy::end_iteration(Clock::time_point now) {
    // Of the last one the end is when the destination has it.
    if (state_ == State::Stopped) return true;
    current_.time = std::max(now - begin_, Clock::duration(1));
    current_.remaining = dirty_.count();
    current_.expected = nanoseconds(static_cast<double>(current_.remaining) / current_.pages_per_second());
    dirtied_per_second_ = static_cast<double>(current_.remaining) / seconds(current_.time);
    note_iteration();
    in_vain_ = static_cast<double>(current_.remaining) >= kInVain * static_cast<double>(fewest_) ? in_vain_ + 1 : 0;
    fewest_ = std::min(fewest_, current_.remaining);
    if (current_.expected <= options_.downtime) {
        state_ = State::Stopped;
    } else if (current_.number >= options_.most_iterations || in_vain_ == kMostInVain) {
        state_ = State::GivenUp;
        return true;
    }
    const unsigned number = current_.number + 1;
    current_ = {};
    current_.number = number;
    current_.stopped = state_ == State::Stopped;
    begin_ = now;
    sending_ = dirty_.take();
    word_ = 0;
    return false;
}

void EmulatedPrecopy::delivered(Clock::time_point now) {
    std::lock_guard lock(mutex_);
    if (state_ != State::Stopped || downtime_) return;
    downtime_ = current_.time = now - begin_;
    note_iteration();
}

void EmulatedPrecopy::note_iteration() {
    iterations_.push_back(current_);
    ended_();
}

std::vector<Iteration> EmulatedPrecopy::take_iterations() {
    std::lock_guard lock(mutex_);
    return std::exchange(iterations_, {});
}

EmulatedPrecopy::State EmulatedPrecopy::state() const {
    std::lock_guard lock(mutex_);
    return state_;
}

std::optional<std::chrono::nanoseconds> EmulatedPrecopy::downtime() const {
    std::lock_guard lock(mutex_);
    return downtime_;
}

double EmulatedPrecopy::dirtied_per_second() const {
    std::lock_guard lock(mutex_);
    return dirtied_per_second_;
}

double needed_pages_per_second(const PrecopyOptions& options) {
    const auto hot = static_cast<double>(hot_pages(options));
    auto converges = [&](double rate) {
        double remaining = static_cast<double>(options.pages), fewest = remaining;
        unsigned in_vain = 0;
        for (unsigned n = 0; n < options.most_iterations && in_vain < kMostInVain; n++) {
            const double time = remaining / rate;
            // Of `hot` pages to which so many writes go at random, so many are dirty.
            remaining = hot * -std::expm1(-options.dirty_pages_per_second * time / hot);
            if (remaining / rate <= seconds(options.downtime)) return true;
            in_vain = remaining >= kInVain * fewest ? in_vain + 1 : 0;
            fewest = std::min(fewest, remaining);
        }
        return false;
    };
    double low = 1, high = 1e12;
    if (!converges(high)) return std::numeric_limits<double>::infinity();
    while (high > 1.01 * low) {
        const double middle = std::sqrt(low * high);
        (converges(middle) ? high : low) = middle;
    }
    return high;
}

}  // namespace vmmig
