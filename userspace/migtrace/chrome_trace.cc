/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/chrome_trace.h"

#include <algorithm>

#include "migtrace/time_format.h"

namespace migtrace {

namespace {

/// Process and thread 0 are the idle task to Perfetto, and some versions of it mix thread 0 up with 1.
constexpr unsigned kProcess = 1, kFirstThread = 1;

/// CPUs whose tracks are shown empty too. A damaged line may name any CPU, and nobody looks through thousands of tracks.
constexpr unsigned kMostEmptyTracks = 512;

/// The time from `from` to `to`, in ns, as the microseconds that the format counts in.
void put_us(Output& output, std::uint64_t from, std::uint64_t to) {
    const std::uint64_t size = to < from ? from - to : to - from;
    output.format("{}{}.{:03}", to < from ? "-" : "", size / 1000, size % 1000);
}

}  // namespace

void ChromeTrace::open() {
    if (open_) return;
    open_ = true;
    output_.put("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
}

void ChromeTrace::separate() {
    output_.flush_if_full();
    output_.put(any_ ? ",\n" : "\n");
    any_ = true;
}

void ChromeTrace::begin(const TraceInfo& info) {
    open();
    start_ = info.start;
    separate();
    output_.format(R"({{"ph":"M","pid":{},"name":"process_name","args":{{"name":"task migrations"}}}})",
                   kProcess);
    if (info.nr_cpus > kMostEmptyTracks) return;
    for (unsigned cpu = 0; cpu < info.nr_cpus; cpu++) know_cpu(cpu);
}

/// Names the track of a CPU, and puts it where its number belongs.
void ChromeTrace::know_cpu(std::uint32_t cpu) {
    if (cpus_.size() <= cpu) cpus_.resize(cpu + 1);
    if (cpus_[cpu]) return;
    cpus_[cpu] = true;
    separate();
    output_.format(R"({{"ph":"M","pid":{},"tid":{},"name":"thread_name","args":{{"name":"CPU {}"}}}})",
                   kProcess, cpu + kFirstThread, cpu);
    separate();
    output_.format(R"({{"ph":"M","pid":{},"tid":{},"name":"thread_sort_index","args":{{"sort_index":{}}}}})",
                   kProcess, cpu + kFirstThread, cpu);
}

/// The fields that all events have. The brace stays open.
void ChromeTrace::put_head(const char* phase, std::uint32_t cpu, std::uint64_t ts) {
    separate();
    output_.format(R"({{"ph":"{}","pid":{},"tid":{},"ts":)", phase, kProcess, cpu + kFirstThread);
    put_us(output_, start_.ts, ts);
}

void ChromeTrace::put_name(const Migration& migration) {
    output_.put(R"(,"cat":)");
    put_json_string(output_.buffer(), migration.cause_name);
    output_.put(R"(,"name":)");
    if (migration.comm.whole.empty())
        output_.format("\"pid {}\"", migration.pid);
    else
        put_json_string(output_.buffer(), migration.comm.whole);
}

void ChromeTrace::put_slice(const Waiting& waiting, std::uint32_t cpu, std::uint64_t end) {
    const Migration& m = waiting.migration;
    put_head("X", cpu, m.ts);
    output_.put(R"(,"dur":)");
    put_us(output_, m.ts, end);
    put_name(m);
    output_.format(R"(,"args":{{"pid":{},"from":{},"to":{},"recorded_by":{},"cause":)", m.pid, m.from, m.to,
                   m.cpu);
    put_json_string(output_.buffer(), m.cause_name);
    output_.put("}}");
}

void ChromeTrace::put_arrow(const Migration& migration, std::uint32_t cpu, const char* phase) {
    put_head(phase, cpu, migration.ts);
    output_.format(R"(,"id":{})", written_);
    // The end belongs to the slice around it, not to the next one.
    if (*phase == 'f') output_.put(R"(,"bp":"e")");
    put_name(migration);
    output_.put("}");
}

/// Writes the first migration that waits.
void ChromeTrace::put_front() {
    const Waiting& first = waiting_.front();
    const Migration& m = first.migration;
    written_++;
    put_slice(first, m.from, first.from_end);
    if (m.from != m.to) {
        put_arrow(m, m.from, "s");
        put_slice(first, m.to, first.to_end);
        put_arrow(m, m.to, "f");
    }
    waiting_.pop_front();
}

/// Ends the slices on the track of `cpu` that would reach over `ts`. Those that begin at `ts` stay: the next
/// one is inside of them.
void ChromeTrace::cut_slices(std::uint32_t cpu, std::uint64_t ts) {
    for (auto w = waiting_.rbegin(); w != waiting_.rend(); ++w) {
        if (w->migration.ts == ts) continue;
        if (w->migration.from == cpu) w->from_end = std::min(w->from_end, ts);
        if (w->migration.to == cpu) w->to_end = std::min(w->to_end, ts);
    }
}

void ChromeTrace::migration(const Migration& migration) {
    if (migration.from >= kMostCpus || migration.to >= kMostCpus) {
        left_out_++;
        return;
    }
    ids_++;
    while (!waiting_.empty() && waiting_.front().migration.ts + kSlice <= migration.ts) put_front();
    know_cpu(migration.from);
    know_cpu(migration.to);
    cut_slices(migration.from, migration.ts);
    cut_slices(migration.to, migration.ts);
    waiting_.push_back({migration, Name(migration.comm.whole), migration.ts + kSlice, migration.ts + kSlice});
    waiting_.back().migration.comm.whole = waiting_.back().comm;
    if (waiting_.size() > kMostWaiting) put_front();
}

void ChromeTrace::mark(const Event& event) {
    const std::uint32_t cpu = std::min(event.cpu, kMostCpus - 1);
    know_cpu(cpu);
    put_head("i", cpu, event.ts);
    output_.format(R"(,"s":"g","cat":"mark","name":"mark 0x{:x}","args":{{"pid":{},"value":"0x{:x}"}}}})",
                   event.mark, event.pid, event.mark);
}

void ChromeTrace::end(const TraceInfo& info) {
    open();
    while (!waiting_.empty()) put_front();
    output_.put("\n],\"otherData\":{");
    output_.format("\"start\":\"0x{:016x}\"", info.start.ts);
    // Numbers of ns do not fit into the numbers of JavaScript.
    if (info.start.known)
        output_.format(",\"start_time\":\"{}\"", iso_utc(wall_clock(info.start, info.start.ts)));
    output_.format(",\"nr_cpus\":{}}}}}\n", info.nr_cpus);
}

std::vector<std::string> ChromeTrace::warnings() const {
    if (!left_out_) return {};
    return {fmt::format("left out {} of CPUs beyond {}",
                        left_out_ == 1 ? "a migration" : fmt::format("{} migrations", left_out_),
                        kMostCpus - 1)};
}

}  // namespace migtrace
