/* SPDX-License-Identifier: GPL-2.0-only */
#include "migreport/collect.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "migreport/sieve.h"
#include "migtrace/text_table.h"
#include "migtrace/trace_check.h"

namespace migreport {

namespace {

/// Tells how far the walk is.
class Ticker : public migtrace::EventListener {
 public:
    explicit Ticker(const Progress& progress) : progress_(progress) {}
    void begin(const migtrace::TraceInfo& info) override { start_ = info.start.ts; }
    void migration(const migtrace::Migration& m) override { tick(1, m.ts); }
    void migrations(const migtrace::Migrations& some) override {
        tick(some.records().size(), some.records().back().ts);
    }

 private:
    static constexpr std::uint64_t kEvery = 100'000;
    void tick(std::uint64_t more, std::uint64_t ts) {
        count_ += more;
        if (count_ < next_) return;
        next_ = count_ + kEvery;
        progress_(count_, ts - std::min(ts, start_));
    }
    const Progress& progress_;
    std::uint64_t start_ = 0, count_ = 0, next_ = kEvery;
};

void check_is_something(migtrace::TraceReader& reader, const std::vector<std::string>& files) {
    check_is_trace(reader, files);
    const migtrace::TraceHeader& header = reader.header();
    const bool events = reader.start().known || reader.start().ts > 0;
    if (!events && !header.names_events() && header.version().empty())
        throw base::Error(base::input_names(files) + " is empty: there is nothing to report");
}

std::unique_ptr<Collected> collect(const Source& source, const Progress& progress, bool optimistic) {
    migtrace::TraceReader reader({.files = source.files, .strict = source.strict, .optimistic = optimistic});
    check_is_something(reader, source.files);
    auto all = std::make_unique<Collected>(source);
    Ticker ticker(progress);
    std::vector<migtrace::EventListener*> filtered = {&all->counters, &all->processes, &all->timeline};
    if (has_topology(reader.header())) filtered.push_back(&all->topology);
    Sieve sieve(source.filters, filtered);

    // Views that follow tasks see all migrations of the processes, and choose what they count.
    migtrace::WalkOptions options;
    options.filters.pid = source.filters.pid;
    options.window = source.window;
    options.max_cpu = source.max_cpu;
    migtrace::walk(reader, options, {&ticker, &sieve, &all->residency, &all->pingpong, &all->marks});

    all->header = reader.header();
    all->info = all->counters.info();
    all->info.header = &all->header;
    all->warnings = reader.warnings();
    if (all->timeline.cut())
        all->warnings.push_back(fmt::format(
            "the trace goes on for {} behind nearly all of its migrations, as it does when a time stamp is damaged: the "
            "causes are shown up to there, and --end_ts 0x{:x} takes the rest out of the other figures too",
            migtrace::short_time(static_cast<double>(all->info.end - all->timeline.shown_end())),
            all->timeline.shown_end()));
    return all;
}

}  // namespace

std::unique_ptr<Collected> collect(const Source& source, const Progress& progress) {
    try {
        return collect(source, progress, true);
    } catch (const migtrace::OutOfOrder&) {
        return collect(source, progress, false);
    }
}

}  // namespace migreport
