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
            Counters counters;
            walk(reader, options, {&listener, &counters});
            std::map<std::string, unsigned> causes;
            for (const auto& cause : counters.causes())
                if (cause.count > 0) causes[cause.name] = static_cast<unsigned>(cause.count);
            REQUIRE(causes == expected.causes);
            std::map<std::pair<unsigned, unsigned>, unsigned> pairs;
            counters.matrix().for_each([&](unsigned from, unsigned to, std::uint64_t count) {
                pairs[{from, to}] = static_cast<unsigned>(count);
            });
            REQUIRE(pairs == expected.pairs);
            REQUIRE(listener.seen.causes == expected.causes);
            REQUIRE(listener.seen.pairs == expected.pairs);
            REQUIRE(listener.seen.migrations == expected.migrations);
            REQUIRE(listener.seen.periods == expected.periods);
            if (inputs.sorted.empty()) continue;
            REQUIRE(listener.seen.begin == expected.begin);
            REQUIRE(listener.seen.end == expected.end);
        }
    }
}

TEST_CASE("events are printed as the model prints them") {
    std::size_t printed = 0;
    for (unsigned seed = 0; seed < 300; seed++) {
        Random random(2000 + seed);
        Inputs inputs(random, random_trace(random));
        Analysis job;
        job.walk = random_options(random, inputs.sorted);
        job.report.migrations = job.report.comms = job.report.marks = true;
        job.report.times.abs = true;
        std::string expected;
        for (const std::string& line : model(inputs.sorted, job.walk, 1).printed) expected += line + '\n';
        for (const std::string& text : inputs.texts) {
            INFO("seed " << seed);
            test::TempFile file(text);
            job.input.files = {file.path()};
            REQUIRE(test::print(job).text == expected);
        }
        printed += expected.size();
    }
    CHECK(printed > 100'000);
}

TEST_CASE("fields of periods hold what the model counts") {
    std::vector<std::string> names = {"pull", "wake", "migrate"};
    for (const char* name : {"from cpu: {}", "to cpu: {}"})
        for (int cpu = 0; cpu < 4; cpu++) names.push_back(fmt::format(fmt::runtime(name), cpu));
    for (int from = 0; from < 4; from++)
        for (int to = 0; to < 4; to++) names.push_back(fmt::format("from cpu: {} to cpu: {}", from, to));
    std::size_t printed = 0;
    for (unsigned seed = 0; seed < 300; seed++) {
        Random random(3000 + seed);
        Inputs inputs(random, random_trace(random));
        Analysis job;
        if (seed % 3) job.walk = random_options(random, inputs.sorted);
        const std::uint64_t msec = 20 + random() % 2000;
        job.periods.emplace();
        job.periods->msec = job.report.period_msec = msec;
        job.periods->causes = job.periods->all = job.periods->cpus = job.periods->pairs = true;
        Seen seen = model(inputs.sorted, job.walk, msec * 1'000'000);
        std::vector<std::string> expected;
        // The last one may not be over.
        const std::uint64_t over = seen.fields.empty() ? 0 : seen.fields.rbegin()->first;
        for (std::uint64_t index = 0; index < over; index++) {
            std::string row = fmt::format("{}.{:03} ", index * msec / 1000, index * msec % 1000);
            for (const std::string& name : names)
                row += fmt::format(" {:.2f}", 1000.0 * seen.fields[index][name] / static_cast<double>(msec));
            expected.push_back(row);
        }
        for (const std::string& text : inputs.texts) {
            INFO("seed " << seed);
            test::TempFile file(text);
            job.input.files = {file.path()};
            REQUIRE(test::rows(test::print(job).text) == expected);
        }
        printed += expected.size();
    }
    CHECK(printed > 1000);
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
