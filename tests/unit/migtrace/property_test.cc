/* SPDX-License-Identifier: GPL-2.0-only */
// Random traces, windows and filters against a model, for the same lines in every order in which they can come.

#include <catch2/catch.hpp>
#include <random>

#include "migtrace/model.h"

using namespace test;

namespace {

using Random = std::mt19937;

}  // namespace

TEST_CASE("random traces read as the model reads them, whatever the order of the lines") {
    for (unsigned seed = 0; seed < 300; seed++) {
        Random random(seed);
        Inputs inputs(random, random_trace(random));
        const WalkOptions options = random_options(random, inputs.sorted);
        const std::uint64_t period = 1 + random() % 1'000'000'000;
        const Seen expected = model(inputs.sorted, options, period);
        for (const std::string& text : inputs.texts) {
            INFO("seed " << seed);
            test::TempFile file(text);
            TraceReader reader({.files = {file.path()}});
            Listener listener(period);
            walk(reader, options, {&listener});
            REQUIRE(listener.seen.migrations == expected.migrations);
            REQUIRE(listener.seen.periods == expected.periods);
            if (inputs.sorted.empty()) continue;
            REQUIRE(listener.seen.begin == expected.begin);
            REQUIRE(listener.seen.end == expected.end);
        }
    }
}

TEST_CASE("what is printed does not depend on the order of the lines, nor on how much of it is asked for") {
    for (unsigned seed = 0; seed < 200; seed++) {
        Random random(1000 + seed);
        Inputs inputs(random, random_trace(random));
        Analysis job;
        job.stats = true;
        if (seed % 2) {
            job.periods.emplace();
            job.periods->msec = job.report.period_msec = 1 + random() % 2000;
            job.periods->causes = job.periods->all = job.periods->pairs = true;
        }
        if (seed % 5 == 0) job.walk = random_options(random, inputs.sorted);
        if (seed % 7 == 0) job.report.migrations = job.report.comms = job.summary_pid = true;
        std::string expected;
        for (const std::string& text : inputs.texts) {
            INFO("seed " << seed);
            test::TempFile file(text);
            job.input.files = {file.path()};
            const std::string printed = test::print(job).text;
            if (expected.empty()) expected = printed;
            REQUIRE(printed == expected);
        }
        // The sum over the table of causes is that of the model.
        const Seen seen = model(inputs.sorted, job.walk, 1);
        CHECK_THAT(expected, Catch::Contains(fmt::format("  total           {:7}", seen.migrations.size())));
    }
}
