/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/window.h"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using vmmig::Clock;
using vmmig::Window;

namespace {

constexpr Clock::time_point kStart{1000s};

/// What the window becomes on a path with this round trip that carries so many bytes per second, when all that has room in
/// it goes out in each round trip.
std::uint64_t settled(std::chrono::nanoseconds round_trip, double carries) {
    Window window({}, kStart);
    Clock::time_point now = kStart;
    const double trip = std::chrono::duration<double>(round_trip).count();
    for (int n = 0; n < 40; n++) {
        for (const auto begin = now; now - begin < Window::kUpdate;) {
            const double bytes = static_cast<double>(window.size());
            window.sent(window.size());
            now += std::max(round_trip, std::chrono::nanoseconds(static_cast<long>(bytes / carries * 1e9)));
            window.answered(now);
        }
        window.update(now, std::chrono::nanoseconds(static_cast<long>(trip * 1e9)));
    }
    return window.size();
}

}  // namespace

TEST_CASE("between two answers no more goes out than the window has room for") {
    Window window(100'000, kStart);
    CHECK(window.room() == 100'000);
    window.sent(60'000);
    CHECK(window.room() == 40'000);
    window.sent(60'000);
    CHECK(window.room() == 0);
    window.answered(kStart + 1ms);
    CHECK(window.room() == 100'000);
    CHECK_FALSE(window.stale(kStart + 10s));
}

TEST_CASE("a destination that requests nothing any more does not stop precopy") {
    Window window({}, kStart);
    window.sent(1 << 20);
    CHECK(window.room() == 0);
    CHECK(window.opens() == kStart + Window::kSilence);
    window.open();
    CHECK(window.room() > std::uint64_t{1} << 40);
    window.answered(kStart + 1s);
    CHECK(window.room() == Window::kLeast);
}

TEST_CASE("without a window there is always room") {
    Window window(UINT64_MAX, kStart);
    window.sent(std::uint64_t{1} << 50);
    CHECK(window.room() == UINT64_MAX);
    window.answered(kStart + 1s);
    CHECK(window.room() == UINT64_MAX);
}

TEST_CASE("the window becomes twice what fills the path, and stays as it is on a short one") {
    CHECK(settled(10us, 3e9) == Window::kLeast);
    // 10 Gbit/s over 50 ms, 100 Gbit/s over 1 ms.
    CHECK(static_cast<double>(settled(50ms, 1.25e9)) == Approx(2 * 62.5e6).epsilon(0.2));
    CHECK(static_cast<double>(settled(1ms, 12.5e9)) == Approx(2 * 12.5e6).epsilon(0.2));
}
