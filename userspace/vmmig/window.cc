/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/window.h"

#include <algorithm>

namespace vmmig {

Window::Window(std::optional<std::uint64_t> fixed, Clock::time_point now)
    : fixed_(fixed.has_value()), size_(fixed.value_or(kLeast)), open_(size_ == UINT64_MAX), answered_(now), updated_(now) {}

void Window::sent(std::uint64_t bytes) {
    out_ += bytes;
    since_update_ += bytes;
}

void Window::answered(Clock::time_point now) {
    out_ = 0;
    answered_ = now;
    open_ = size_ == UINT64_MAX;
}

void Window::update(Clock::time_point now, std::chrono::nanoseconds shortest_round_trip) {
    const double rate = static_cast<double>(since_update_) / std::chrono::duration<double>(now - updated_).count();
    const double fills = rate * std::chrono::duration<double>(shortest_round_trip).count();
    size_ = static_cast<std::uint64_t>(std::clamp(2 * fills, static_cast<double>(kLeast), static_cast<double>(kMost)));
    updated_ = now;
    since_update_ = 0;
}

}  // namespace vmmig
