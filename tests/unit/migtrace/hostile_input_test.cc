/* SPDX-License-Identifier: GPL-2.0-only */
// Whatever bytes come in: no crash, no hang, and always the same answer.
#include <catch2/catch.hpp>
#include <random>

#include "base/error.h"
#include "migtrace/support.h"

using namespace test;

namespace {

std::string a_trace() {
    std::string text = kHeader + "# cpu 0 core 0 llc 0 node 0 capacity 1024\n";
    for (int cpu = 0; cpu < 4; cpu++) {
        text += fmt::format("{} {} . . . start_sched_clock 1281528519 {}\n", at(cpu * 10), cpu, 500000 + cpu);
        for (int i = 1; i < 12; i++)
            text += fmt::format("{} {} {} {} {} {}\n", at(i * 100'000'000ll + cpu), cpu, cpu, i % 4, i,
                                i % 2 + 1);
        text += named(1300 + cpu, cpu + 1, "X: name") + mark(1400 + cpu, "0x00000001");
    }
    return text;
}

const std::string kStatText =
    "# version 1.0.0\n# period_msec 1000\n# gettimeofday 1281528519 890590\n# nr_cpus 2\n# ts_field 1\n"
    "# field 2 pull\n# field 3 from cpu: 0\n0.000 1 2\n1.000 3.50 4\n2.000 0.00 1\n";

/// Changes some bytes, and moves, doubles, drops and cuts some pieces.
std::string mutated(std::string text, std::mt19937& random) {
    static const std::string kNasty("\0\n\r\t :.#-+0x9aF\xff\x80", 18);
    auto place = [&] { return text.empty() ? 0 : random() % text.size(); };
    for (auto times = random() % 8 + 1; times > 0; times--) {
        const std::size_t from = place(), size = random() % 40;
        switch (random() % 8) {
            case 0:
                if (!text.empty()) text[from] = static_cast<char>(random());
                break;
            case 1:
            case 2:
                if (!text.empty()) text[from] = kNasty[random() % kNasty.size()];
                break;
            case 3:
                text.erase(from, size);
                break;
            case 4:
                text.insert(place(), text.substr(from, size));
                break;
            case 5:
                text.insert(from, std::string(random() % 30, "0123456789fF"[random() % 12]));
                break;
            case 6:
                if (random() % 8 == 0) text.resize(from);
                break;
            case 7:
                if (random() % 8 == 0)
                    text.insert(from, std::string(70000, kNasty[random() % kNasty.size()]));
                break;
        }
    }
    return text;
}

/// What a job gives: its text, or the message of its error.
template <class Job>
std::string outcome(const Job& job) {
    try {
        return print(job).text;
    } catch (const base::Error& error) {
        return error.what();
    }
}

}  // namespace

TEST_CASE("mutated traces neither crash nor hang, and give the same answer twice") {
    const std::string original = a_trace();
    std::mt19937 random(20240229);
    for (int round = 0; round < 1500; round++) {
        Trace trace(mutated(original, random), "");
        // Tables of thousands of CPUs are slow to print and no more interesting.
        trace.job.walk.max_cpu = random() % 6;
        trace.job.report.migrations = trace.job.report.comms = trace.job.report.marks =
            trace.job.report.starts = true;
        trace.job.report.times = {.rel = true, .gmt = true, .local = true, .abs = true, .date = true};
        trace.job.report.form = static_cast<migtrace::Form>(round % 3);
        trace.job.stats = trace.job.summary_pid = trace.job.consistency = true;
        trace.job.topology = trace.job.residency = true;
        trace.job.pingpong = std::chrono::milliseconds(100);
        trace.job.report.align = trace.job.report.safe_names = round % 7 < 3;
        trace.job.input.strict = round % 5 == 0;
        trace.job.walk.window.begin_mark = round % 4 == 0 ? std::optional<std::uint64_t>(1) : std::nullopt;
        if (round % 2) {
            trace.job.periods = migtrace::PeriodOptions{.msec = 1'000'000'000,
                                                        .causes = true,
                                                        .all = true,
                                                        .cpus = true,
                                                        .pairs = true,
                                                        .topology = true,
                                                        .last = true};
            trace.job.report.period_msec = trace.job.periods->msec;
        }
        const std::string once = outcome(trace.job);
        REQUIRE(outcome(trace.job) == once);
    }
}

TEST_CASE("mutated stat files neither crash nor hang") {
    std::mt19937 random(7);
    for (int round = 0; round < 1500; round++) {
        TempFile file(mutated(kStatText, random));
        migtrace::Extraction job{};
        job.files = {file.path()};
        job.item = migtrace::Extraction::Item::Values;
        job.field = 2 + random() % 2;
        job.times = {.rel = true, .gmt = round % 2 == 0, .local = true, .date = true};
        job.form = static_cast<migtrace::Form>(round % 3);
        outcome(job);
        job.item = migtrace::Extraction::Item::MaxField;
        outcome(job);
        try {
            migtrace::read_stat({file.path()});
        } catch (const base::Error&) {
        }
    }
}

TEST_CASE("random bytes are no trace") {
    std::mt19937 random(1);
    for (std::size_t size : {1u, 100u, 5000u, 300000u}) {
        std::string text(size, 0);
        for (char& c : text) c = static_cast<char>(random());
        Trace trace(text, "");
        trace.job.report.migrations = true;
        CHECK_THROWS_WITH(print(trace.job), Catch::Contains(" is no trace: skipped "));
    }
}
