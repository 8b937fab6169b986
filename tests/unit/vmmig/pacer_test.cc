/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/pacer.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace std::chrono_literals;
using vmmig::Clock;
using vmmig::Pacer;

namespace {

/// When things were done by a thread that wakes up when it wants to, but later by what `late` says of the n-th time.
template <class Late>
std::vector<double> times(double rate, double seconds, Late late) {
    const Clock::time_point start{1000s};
    Pacer pacer(rate, start);
    std::vector<double> done;
    for (unsigned n = 0;; n++) {
        const auto now = pacer.next() + late(n);
        const double at = std::chrono::duration<double>(now - start).count();
        if (at > seconds) return done;
        for (std::uint64_t due = pacer.due(now); due > 0; due--) done.push_back(at);
    }
}

/// Of `done`, which ascends.
double count(const std::vector<double>& done, double from, double to) {
    return static_cast<double>(std::ranges::lower_bound(done, to) - std::ranges::lower_bound(done, from));
}

const auto kPunctual = [](unsigned n) { return std::chrono::microseconds(n * 7919 % 80); };

}  // namespace

TEST_CASE("things are done at the rate that was asked for, from one in minutes to millions a second") {
    for (double rate : {0.02, 0.5, 3.0, 256.0, 3999.0, 4001.0, 100'000.0, 2'000'000.0}) {
        const double seconds = rate < 1 ? 500 : 3;
        CHECK(times(rate, seconds, kPunctual).size() == Approx(rate * seconds).epsilon(0.002).margin(1));
    }
}

TEST_CASE("in windows of 20 ms there is the same number, to a twentieth or one") {
    for (double rate : {256.0, 2560.0, 51'200.0, 512'000.0}) {
        const auto done = times(rate, 2, kPunctual);
        const double wanted = rate * 0.02;
        unsigned uneven = 0, windows = 0;
        for (double from = 0.1; from < 1.9; from += 0.0013, windows++)
            uneven += std::abs(count(done, from, from + 0.02) - wanted) > std::max(1.0, 0.05 * wanted);
        CHECK(uneven * 100 <= windows);
    }
}

TEST_CASE("what is missed in a pause is made up for little by little") {
    const auto pause = [](unsigned n) { return n == 2000 ? std::chrono::microseconds(50'000) : kPunctual(n); };
    const auto done = times(100'000, 3, pause);
    CHECK(done.size() == Approx(300'000).epsilon(0.002));
    // The pause is somewhere in the first second; nowhere does much come at once.
    double most = 0;
    for (double from = 0; from < 3; from += 0.005) most = std::max(most, count(done, from, from + 0.005));
    CHECK(most < 1.4 * 500);
}

TEST_CASE("where each look is late, less than a fifth of a second stays owed") {
    for (const auto late : {1ms, 10ms, 30ms}) {
        const auto done = times(100'000, 3, [&](unsigned) { return late; });
        // And what comes with the next look: the longest here comes each 30.5 ms.
        CHECK(done.size() >= 300'000 - 20'000 - 3'050);
        CHECK(count(done, 1.5, 2.5) == Approx(100'000).epsilon(0.04));
    }
}

TEST_CASE("a limit is not exceeded after a pause for what was missed in it") {
    const Clock::time_point start{1000s};
    Pacer pacer(1000, start, 50ms);
    std::uint64_t done = pacer.due(start + 2s);
    for (auto at = start + 2s; at <= start + 3s; at += 1ms) done += pacer.due(at);
    CHECK(done <= 1055);
    CHECK(done >= 1040);
}

TEST_CASE("of another rate nothing is owed") {
    const Clock::time_point start{1000s};
    Pacer pacer(1000, start);
    CHECK(pacer.due(start + 1ms) == 1);
    pacer.set_rate(1'000'000, start + 500ms);
    CHECK(pacer.due(start + 500ms + 250us) == 250);
}
