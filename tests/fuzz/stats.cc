/* SPDX-License-Identifier: GPL-2.0-only */
// migrate_stats with any command line and any trace, as a file and through a pipe, which must not make a difference.

#define main migrate_stats_main
#include "tools/migrate_stats.cc"
#undef main

#include <nlohmann/json.hpp>

#include "fuzz/harness.h"

namespace {

/// All that one run can print.
constexpr std::string_view kAll =
    "--migrate --ps --mark --consistency --stats --summary_pid --topology --residency --pingpong --ts_rel --ts_gmt "
    "--ts_local --ts_abs --ts_date --period 1000000 --period_all --period_cause --period_cpu --period_cpu_pair "
    "--period_topology --period_last --align";

/// Periods with a column for each of many CPUs, and many periods, are slow to print and no more interesting. A number of
/// CPUs that must not be believed stays.
void keep_tables_small(migtrace::Analysis& job) {
    constexpr unsigned kMostCpus = 64;
    constexpr std::uint64_t kMostPeriods = 10'000, kMsec = 1'000'000;
    const bool columns = job.periods && (job.periods->cpus || job.periods->pairs);
    std::uint64_t first = UINT64_MAX, last = 0;
    try {
        migtrace::TraceReader reader(job.input);
        const unsigned cpus = reader.nr_cpus();
        if (columns && cpus > kMostCpus && cpus <= migtrace::kMostCpus) job.walk.max_cpu = kMostCpus - 1;
        first = reader.start().ts;
        migtrace::Event event;
        while (reader.next(event)) {
            first = std::min(first, event.ts);
            last = std::max(last, event.ts);
        }
    } catch (const base::Error&) {
    }
    if (columns && job.walk.max_cpu) job.walk.max_cpu = std::min(*job.walk.max_cpu, kMostCpus - 1);
    if (!job.periods || last < first) return;
    job.periods->msec = std::max(job.periods->msec, (last - first) / kMsec / kMostPeriods);
    job.report.period_msec = job.periods->msec;
}

void check_json(std::string_view text) {
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        fuzz::require(nlohmann::json::accept(line), fmt::format("not JSON: {}", line));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
    }
}

fuzz::Outcome outcome(const migtrace::Analysis& job) {
    return fuzz::outcome([&](migtrace::Output& output) { migtrace::run(job, output); });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > fuzz::Pipe::kMost) return -1;
    const std::string_view text = fuzz::text_of(data, size);
    migtrace::Analysis job;
    try {
        CommandLine line(kInfo);
        describe(line);
        if (!fuzz::CommandWords(text, kAll).parse(line)) return 0;
        job = analysis(line);
    } catch (const base::UsageError&) {
        return 0;
    }
    const fuzz::File file(text);
    job.input.files = {file.path()};
    keep_tables_small(job);
    const fuzz::Outcome read = outcome(job);
    if (!read.error && job.report.form == migtrace::Form::Json) check_json(read.text);

    const fuzz::Pipe pipe(text);
    job.input.files = {pipe.path()};
    const fuzz::Outcome piped = outcome(job);
    // With --strict it matters how far one reads before one prints.
    if (job.input.strict) return 0;
    fuzz::require(read.error.has_value() == piped.error.has_value(),
                  fmt::format("as a file: {}\nthrough a pipe: {}", read.error.value_or("good"),
                              piped.error.value_or("good")));
    if (!read.error)
        fuzz::require(read.text == piped.text,
                      fmt::format("as a file:\n{}\nthrough a pipe:\n{}", read.text, piped.text));
    return 0;
}
