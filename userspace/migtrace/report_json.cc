/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/report_json.h"

#include "migtrace/digits.h"

namespace migtrace {

void JsonReport::end_line() {
    output_.put("}\n");
    output_.flush_if_full();
}

template <class List, class Put>
void JsonReport::put_list(const List& list, Put put) {
    output_.put("[");
    bool first = true;
    for (const auto& item : list) {
        if (!first) output_.put(",");
        first = false;
        put(item);
        output_.flush_if_full();
    }
    output_.put("]");
}

/// "ts" in the form of the trace, and "time" as UTC.
void JsonReport::put_moment(const TraceInfo& info, std::uint64_t ts) {
    output_.format(R"("ts":"0x{:016x}","time":)", ts);
    if (info.start.known)
        output_.format("\"{}\"", iso_utc(wall_clock(info.start, ts)));
    else
        output_.put("null");
}

void JsonReport::put_event(const char* type, std::uint64_t ts) {
    output_.format(R"({{"type":"{}",)", type);
    put_moment(*info_, ts);
    output_.put(R"(,"rel_ns":)");
    if (info_->opened)
        output_.put(difference_text(info_->begin, ts));
    else
        output_.put("null");
}

void JsonReport::put_rate(std::uint64_t count, std::uint64_t duration) {
    output_.format(R"("count":{},"per_second":{})", count, per_second(count, duration));
}

void JsonReport::start(const Event& event) {
    if (!options_.starts) return;
    put_event("start", event.ts);
    output_.format(R"(,"cpu":{},"wall":"{}")", event.cpu,
                   iso_utc({static_cast<std::int64_t>(event.wall_us / 1'000'000),
                            static_cast<std::uint32_t>(event.wall_us % 1'000'000 * 1000)}));
    end_line();
}

void JsonReport::comm(const Event& event) {
    if (!options_.comms) return;
    put_event("comm", event.ts);
    output_.format(R"(,"cpu":{},"pid":{},"event":)", event.cpu, event.pid);
    put_text(info_->header->name(event.number));
    output_.put(R"(,"comm":)");
    put_text(event.comm());
    end_line();
}

void JsonReport::mark(const Event& event) {
    if (!options_.marks) return;
    put_event("mark", event.ts);
    output_.format(R"(,"cpu":{},"pid":{},"mark":"0x{:08x}")", event.cpu, event.pid, event.mark);
    end_line();
}

void JsonReport::migration(const Migration& m) {
    if (!options_.migrations) return;
    put_event("migration", m.ts);
    output_.format(R"(,"cpu":{},"from":{},"to":{},"pid":{},"comm":)", m.cpu, m.from, m.to, m.pid);
    put_text(m.comm.whole);
    output_.put(R"(,"cause":)");
    put_text(m.cause_name);
    end_line();
}

void JsonReport::columns(const ColumnNames& names, const TraceInfo& info) {
    output_.format(R"({{"type":"columns","period_msec":{},"nr_cpus":{},"names":)", options_.period_msec,
                   info.nr_cpus);
    const char* separator = "[";
    names.for_each([&](std::string_view name) {
        output_.put(separator);
        put_text(name);
        output_.flush_if_full();
        separator = ",";
    });
    output_.put("]");
    end_line();
}

void JsonReport::period(std::uint64_t index, std::span<const std::uint64_t> counts) {
    const std::uint64_t ts = period_ts(index);
    output_.put(R"({"type":"period",)");
    put_moment(*info_, ts);
    output_.format(R"(,"rel_msec":{},"counts":)", index * options_.period_msec);
    put_list(counts, [&](std::uint64_t count) { output_.format("{}", count); });
    output_.put(R"(,"per_second":)");
    put_list(counts, [&](std::uint64_t count) {
        output_.format("{}", 1000.0 * static_cast<double>(count) / static_cast<double>(options_.period_msec));
    });
    end_line();
}

void JsonReport::consistency(const StartLines& starts) {
    output_.format(R"({{"type":"consistency","start_lines":{},"wall_range_us":{},"clock_range_ns":{})",
                   starts.count(), starts.wall_range_us(), starts.clock_range_ns());
    end_line();
}

/// null when the trace does not tell how its CPUs belong together.
void JsonReport::put_topology(const TraceHeader& header) {
    output_.put(R"("topology":)");
    if (header.cpus().empty()) {
        output_.put("null");
        return;
    }
    put_list(header.cpus(), [&](const auto& entry) {
        output_.format(R"({{"cpu":{},"core":{},"llc":{},"node":{},"capacity":{}}})", entry.first,
                       entry.second.core, entry.second.llc, entry.second.node, entry.second.capacity);
    });
}

void JsonReport::stats(const Counters& counters) {
    const TraceInfo& info = counters.info();
    auto moment = [&](const char* name, std::uint64_t ts) {
        output_.format(R"("{}":{{)", name);
        put_moment(info, ts);
        output_.format(R"(,"since_start_ns":{}}},)", difference_text(info.start.ts, ts));
    };
    output_.put(R"({"type":"stats",)");
    moment("begin", info.begin);
    moment("end", info.end);
    output_.format(R"("duration_ns":{},"nr_cpus":{},"total":{{)", info.duration(), counters.matrix().cpus());
    put_rate(counters.total(), info.duration());
    output_.put(R"(},"causes":)");
    put_list(counters.causes(), [&](const Counters::Cause& cause) {
        output_.put(R"({"name":)");
        put_text(cause.name);
        output_.put(",");
        put_rate(cause.count, info.duration());
        output_.put("}");
    });
    output_.put(R"(,"cpu_pairs":[)");
    const char* separator = "";
    counters.matrix().for_each([&](unsigned from, unsigned to, std::uint64_t count) {
        output_.format(R"({}{{"from":{},"to":{},)", separator, from, to);
        put_rate(count, info.duration());
        output_.put("}");
        output_.flush_if_full();
        separator = ",";
    });
    output_.put("],");
    put_topology(*info.header);
    end_line();
}

void JsonReport::summary_pid(const PidCounters& processes) {
    output_.put(R"({"type":"summary_pid","processes":)");
    put_list(listed(processes), [&](std::uint32_t place) {
        output_.format(R"({{"pid":{},)", processes.pid(place));
        put_rate(processes.count(place), processes.info().duration());
        output_.put(R"(,"comms":[)");
        const char* separator = "";
        for_each_listed_comm(processes, place, [&](std::string_view comm) {
            output_.put(separator);
            put_text(comm);
            output_.flush_if_full();
            separator = ",";
        });
        output_.put("]}");
    });
    end_line();
}

void JsonReport::put_distances(const DistanceCounts& counts, std::uint64_t duration) {
    for (std::size_t i = 0; i < kDistances; i++)
        output_.format(R"("{}":{},)", kDistanceIds[i], counts.counts[i]);
    put_rate(counts.total(), duration);
}

void JsonReport::topology(const TopologyCounters& counters) {
    const std::uint64_t duration = counters.info().duration();
    output_.put(R"({"type":"topology","total":{)");
    put_distances(counters.total(), duration);
    output_.put(R"(},"causes":)");
    put_list(counters.causes(), [&](const TopologyCounters::Cause& cause) {
        output_.put(R"({"name":)");
        put_text(cause.name);
        output_.put(",");
        put_distances(cause.counts, duration);
        output_.put("}");
    });
    output_.put(R"(,"processes":)");
    put_list(counters.processes(options_.top), [&](const TopologyCounters::Process& p) {
        output_.format(R"({{"pid":{},"comm":)", p.pid);
        put_text(p.comm);
        output_.put(",");
        put_distances(*p.counts, duration);
        output_.put("}");
    });
    end_line();
}

void JsonReport::put_stays(const base::Histogram& stays) {
    // Of no stays there is no shortest and no median.
    if (stays.count() == 0)
        output_.put(
            R"("count":0,"mean_ns":null,"min_ns":null,"p50_ns":null,"p90_ns":null,"p99_ns":null,"p99_9_ns":null,"max_ns":null)");
    else
        output_.format(
            R"("count":{},"mean_ns":{},"min_ns":{},"p50_ns":{},"p90_ns":{},"p99_ns":{},"p99_9_ns":{},"max_ns":{})",
            stays.count(), stays.mean(), stays.min(), stays.percentile(50), stays.percentile(90),
            stays.percentile(99), stays.percentile(99.9), stays.max());
    const auto buckets = stay_buckets(stays);
    output_.put(R"(,"histogram":[)");
    for (std::size_t i = 0; i < kStayLimits.size(); i++)
        output_.format(R"({{"up_to_ns":{},"count":{}}},)", kStayLimits[i], buckets[i]);
    output_.format(R"({{"up_to_ns":null,"count":{}}}])", buckets.back());
}

void JsonReport::residency(const Residency& residency) {
    output_.format(R"({{"type":"residency","left_out":{},"total":{{)", residency.left_out());
    put_stays(residency.all());
    output_.put(R"(},"causes":)");
    put_list(residency.causes(), [&](const Residency::Cause& cause) {
        output_.put(R"({"name":)");
        put_text(cause.name);
        output_.put(",");
        put_stays(cause.stays);
        output_.put("}");
    });
    end_line();
}

void JsonReport::put_pairs(const std::vector<PingPong::Pair>& pairs, std::uint64_t duration) {
    put_list(pairs, [&](const PingPong::Pair& pair) {
        output_.put(R"({"cause_away":)");
        put_text(pair.away);
        output_.put(R"(,"cause_back":)");
        put_text(pair.back);
        output_.put(",");
        put_rate(pair.count, duration);
        output_.format(R"(,"mean_away_ns":{}}})", pair.mean_away());
    });
}

void JsonReport::pingpong(const PingPong& pingpong) {
    const std::uint64_t duration = pingpong.info().duration();
    output_.format(R"({{"type":"pingpong","within_ns":{},"total":{{)", pingpong.within_ns());
    put_rate(pingpong.total(), duration);
    output_.put(R"(},"pairs":)");
    put_pairs(pingpong.pairs(options_.top), duration);
    output_.put(R"(,"processes":)");
    put_list(pingpong.processes(options_.top), [&](const PingPong::Process& p) {
        output_.format(R"({{"pid":{},"comm":)", p.pid);
        put_text(p.comm);
        output_.put(",");
        put_rate(p.count, duration);
        output_.format(R"(,"migrations":{},"pairs":)", p.migrations);
        put_pairs(pingpong.pairs_of(p.pid), duration);
        output_.put("}");
    });
    end_line();
}

}  // namespace migtrace
