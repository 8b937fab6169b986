/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmpredict/model.h"

#include <catch2/catch.hpp>
#include <numeric>

using namespace vmpredict;
using Beyond = DirtyCurve::Beyond;

namespace {

constexpr double kMiB = 1 << 20;
constexpr double kPages = 65536;  // 256 MiB
constexpr double kPageBytes = 4096 + kPageHeader;
constexpr double kSetUp = 0.2;

Memory memory(double zero_part = 0) { return {65536, 4096, static_cast<std::uint64_t>(kPages * zero_part)}; }

/// New pages all the time.
DirtyCurve steady(double megabytes_per_second) {
    const double pages = megabytes_per_second * kMiB / 4096;
    return DirtyCurve({{0.1, pages / 10}, {10, pages * 10}}, kPages, Beyond::Slope);
}

/// So many megabytes, all of them in each window.
DirtyCurve hot(double megabytes) {
    const double pages = megabytes * kMiB / 4096;
    return DirtyCurve({{0.001, pages}, {60, pages}}, kPages, Beyond::Slope);
}

Plan plan(double megabytes_per_second) {
    Plan plan;
    plan.bandwidth = megabytes_per_second * kMiB;
    return plan;
}

}  // namespace

TEST_CASE("a VM that writes nothing is sent once") {
    const Migration migration = migrate(memory(), steady(0), plan(64));
    REQUIRE(migration.converges);
    CHECK(migration.bytes == Approx(kPages * kPageBytes));
    CHECK(migration.seconds == Approx(kSetUp + kPages * kPageBytes / (64 * kMiB)));
    CHECK(migration.downtime <= 0.3);
}

TEST_CASE("zeros are hardly sent, but looked for") {
    const Migration migration = migrate(memory(0.5), steady(0), plan(64));
    CHECK(migration.bytes == Approx(kPages / 2 * (kPageBytes + kZeroPage)));
    CHECK(migration.seconds > kSetUp + kPages / 2 * kPageBytes / (64 * kMiB));
    CHECK(migration.seconds < kSetUp + kPages / 2 * kPageBytes / (64 * kMiB) + 0.1);
}

TEST_CASE("the end of memory is in use, so that what is left for the last pass are no zeros") {
    Plan limited = plan(64);
    limited.link = 640 * kMiB;
    const Migration migration = migrate(memory(0.5), steady(0), limited);
    const Pass& last = migration.passes.back();
    CHECK(last.zero_pages == Approx(0).margin(1));
    CHECK(last.bytes == Approx(64 * kMiB * 0.3).epsilon(0.4));
    CHECK(migrate(memory(1), steady(0), limited).bytes == Approx(kPages * kZeroPage));
}

TEST_CASE("headers of pages count, and with multifd those of packets") {
    Plan with = plan(64);
    with.multifd = 4;
    const double plain = migrate(memory(), steady(0), plan(64)).bytes, multifd = migrate(memory(), steady(0), with).bytes;
    CHECK(plain / kPages == Approx(4104));
    CHECK(multifd / kPages == Approx(4106.5));
}

TEST_CASE("what is sent and what is written add up, pass by pass") {
    const Migration migration = migrate(memory(), steady(20), plan(64));
    REQUIRE(migration.converges);
    CHECK(std::accumulate(migration.passes.begin(), migration.passes.end(), 0.0, [](double s, const Pass& p) { return s + p.bytes; }) == Approx(migration.bytes));
    CHECK(std::accumulate(migration.passes.begin(), migration.passes.end(), 0.0, [](double s, const Pass& p) { return s + p.seconds; }) ==
          Approx(migration.seconds));
    double left = kPages;
    for (const Pass& pass : migration.passes) {
        CHECK(pass.pages <= left + 1);
        CHECK(pass.dirty <= left - pass.pages + pass.written + 1);
        left = pass.dirty;
    }
    CHECK(left == 0);
    CHECK(migration.passes.back().kind == Pass::Kind::Stopped);
    CHECK(migration.downtime == migration.passes.back().seconds);
}

TEST_CASE("who writes more new pages than the network takes is never done") {
    CHECK(migrate(memory(), steady(60), plan(64)).converges);
    const Migration never = migrate(memory(), steady(70), plan(64));
    CHECK_FALSE(never.converges);
    CHECK(never.left * 4096 > 64 * kMiB * 0.3);
    CHECK(never.pass_count < 10000);
}

TEST_CASE("pages that are written again within a pass are sent once") {
    // 5 MB fit into 300 ms at 64 MB/s, however fast they are written; a rate of 200 MB/s alone would never do.
    CHECK(migrate(memory(), hot(5), plan(64)).converges);
    CHECK_FALSE(migrate_at_constant_rate(memory(), 200 * kMiB / 4096, plan(64)).converges);
    // 40 MB do not, and a longer downtime helps.
    CHECK_FALSE(migrate(memory(), hot(40), plan(64)).converges);
    Plan patient = plan(64);
    patient.downtime = 1;
    CHECK(migrate(memory(), hot(40), patient).converges);
}

TEST_CASE("a limit does not hold in the last pass") {
    Plan limited = plan(64);
    limited.link = 640 * kMiB;
    const Migration migration = migrate(memory(), hot(10), limited);
    REQUIRE(migration.converges);
    CHECK(migration.downtime < 0.031);
    CHECK(migrate(memory(), hot(10), plan(64)).downtime > 0.1);
}

TEST_CASE("auto-converge slows a VM down until it converges") {
    Plan slowing = plan(64);
    slowing.auto_converge = AutoConverge{};
    CHECK_FALSE(migrate(memory(), steady(100), plan(64)).converges);
    const Migration migration = migrate(memory(), steady(100), slowing);
    REQUIRE(migration.converges);
    double before = 0;
    for (const Pass& pass : migration.passes) {
        CHECK((pass.throttle == before || pass.throttle == Approx(before == 0 ? 0.20 : before + 0.10)));
        before = pass.throttle;
    }
    CHECK(before >= 0.30);
}

TEST_CASE("postcopy ends whatever is written") {
    Plan post = plan(64);
    post.postcopy = 1;
    const Migration migration = migrate(memory(), steady(500), post);
    REQUIRE(migration.converges);
    CHECK(migration.pass_count == 2);
    CHECK(migration.passes.back().kind == Pass::Kind::Postcopy);
    CHECK(migration.downtime == 0);
    CHECK(migration.bytes <= 2 * kPages * kPageBytes);
}

TEST_CASE("extremes end soon") {
    Memory huge{std::uint64_t{1} << 38, 4096, 0};
    Plan slow = plan(0.001);
    for (const double downtime : {0.0, 0.3, 2000.0}) {
        slow.downtime = downtime;
        CHECK(migrate(huge, DirtyCurve({{1, 1e9}}, 1e12, Beyond::Slope), slow).pass_count < 100000);
    }
    Plan fast = plan(1e9);
    CHECK(migrate(huge, steady(1000), fast).converges);
    fast.downtime = 2000;
    CHECK(migrate({1, 4096, 1}, steady(0), fast).converges);
}

TEST_CASE("the model of others: each pass has what was written in the one before") {
    const Migration guess = migrate_at_constant_rate(memory(0.5), 16 * kMiB / 4096, plan(64));
    REQUIRE(guess.converges);
    CHECK(guess.passes[0].bytes == Approx(128 * kMiB));
    CHECK(guess.passes[1].bytes == Approx(32 * kMiB));
    CHECK(guess.passes[2].bytes == Approx(8 * kMiB));
    CHECK(guess.downtime == Approx(0.125));
}
