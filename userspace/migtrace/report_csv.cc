/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/report_csv.h"

#include "base/terminal.h"
#include "migtrace/digits.h"

namespace migtrace {

void CsvReport::separate() {
    if (!first_) output_.put(",");
    first_ = false;
}

void CsvReport::end_line() {
    output_.put("\r\n");
    output_.flush_if_full();
    first_ = true;
}

void CsvReport::text(std::string_view text) {
    separate();
    std::string safe;
    if (options_.safe_names) text = safe = base::printable(text);
    put_csv_field(output_.buffer(), text);
}

void CsvReport::texts(std::initializer_list<std::string_view> fields) {
    for (std::string_view field : fields) text(field);
}

template <class Number>
void CsvReport::number(Number value) {
    separate();
    output_.format("{}", value);
}

void CsvReport::rate(std::uint64_t count, std::uint64_t duration) {
    number(count);
    number(per_second(count, duration));
}

void CsvReport::moment(std::uint64_t ts) {
    separate();
    output_.format("0x{:016x},", ts);
    if (info_->start.known) output_.put(iso_utc(wall_clock(info_->start, ts)));
}

/// Once; an empty trace has a header line too.
void CsvReport::head() {
    if (head_put_) return;
    head_put_ = true;
    if (events())
        texts({"event", "ts", "time", "rel_ns", "cpu", "from", "to", "pid", "comm", "cause", "mark"});
    else if (options_.starts)
        texts({"cpu", "ts", "time", "wall"});
    else
        return;
    end_line();
}

void CsvReport::event(std::string_view name, std::uint64_t ts, std::uint32_t cpu) {
    head();
    text(name);
    moment(ts);
    if (info_->opened)
        text(difference_text(info_->begin, ts));
    else
        text("");
    number(cpu);
}

void CsvReport::start(const Event& event) {
    if (!options_.starts) return;
    head();
    number(event.cpu);
    moment(event.ts);
    separate();
    output_.format("{}",
                   iso_utc({static_cast<std::int64_t>(event.wall_us / 1'000'000),
                            static_cast<std::uint32_t>(event.wall_us % 1'000'000 * 1000)}));
    end_line();
}

void CsvReport::comm(const Event& e) {
    if (!options_.comms) return;
    event(info_->header->name(e.number), e.ts, e.cpu);
    texts({"", ""});
    number(e.pid);
    texts({e.comm(), "", ""});
    end_line();
}

void CsvReport::mark(const Event& e) {
    if (!options_.marks) return;
    event("mark", e.ts, e.cpu);
    texts({"", ""});
    number(e.pid);
    texts({"", "", options_.marks_decimal ? fmt::format("{}", e.mark) : fmt::format("0x{:08x}", e.mark)});
    end_line();
}

void CsvReport::migration(const Migration& m) {
    if (!options_.migrations) return;
    event("migration", m.ts, m.cpu);
    number(m.from);
    number(m.to);
    number(m.pid);
    texts({m.comm.whole, m.cause_name, ""});
    end_line();
}

void CsvReport::end(const TraceInfo&) {
    head();
}

void CsvReport::columns(const ColumnNames& names, const TraceInfo&) {
    texts({"rel_sec", "ts", "time"});
    names.for_each([&](std::string_view name) {
        text(name);
        output_.flush_if_full();
    });
    end_line();
}

void CsvReport::period(std::uint64_t index, std::span<const std::uint64_t> counts) {
    const std::uint64_t msec = index * options_.period_msec;
    separate();
    output_.format("{}.{:03}", msec / 1000, msec % 1000);
    moment(period_ts(index));
    for (std::uint64_t count : counts) {
        number(1000.0 * static_cast<double>(count) / static_cast<double>(options_.period_msec));
        output_.flush_if_full();
    }
    end_line();
}

void CsvReport::stats(const Counters& counters) {
    const std::uint64_t duration = counters.info().duration();
    texts({"by", "cause", "from", "to", "count", "per_second"});
    end_line();
    texts({"total", "", "", ""});
    rate(counters.total(), duration);
    end_line();
    for (const auto& cause : counters.causes()) {
        texts({"cause", cause.name, "", ""});
        rate(cause.count, duration);
        end_line();
    }
    counters.matrix().for_each([&](unsigned from, unsigned to, std::uint64_t count) {
        texts({"cpu_pair", ""});
        number(from);
        number(to);
        rate(count, duration);
        end_line();
    });
}

void CsvReport::summary_pid(const PidCounters& processes) {
    texts({"pid", "count", "per_second", "comms"});
    end_line();
    for (std::uint32_t place : listed(processes)) {
        number(processes.pid(place));
        rate(processes.count(place), processes.info().duration());
        std::string all;
        for_each_listed_comm(processes, place, [&](std::string_view comm) {
            if (!all.empty()) all += ", ";
            all += comm;
        });
        text(all);
        end_line();
    }
}

void CsvReport::topology(const TopologyCounters& counters) {
    texts({"by", "cause", "pid", "comm"});
    for (const char* id : kDistanceIds) text(id);
    texts({"count", "per_second"});
    end_line();
    auto distances = [&](const DistanceCounts& counts) {
        for (std::uint64_t count : counts.counts) number(count);
        rate(counts.total(), counters.info().duration());
        end_line();
    };
    texts({"total", "", "", ""});
    distances(counters.total());
    for (const auto& cause : counters.causes()) {
        texts({"cause", cause.name, "", ""});
        distances(cause.counts);
    }
    for (const auto& p : counters.processes(options_.top)) {
        texts({"process", "", fmt::format("{}", p.pid), p.comm});
        distances(*p.counts);
    }
}

void CsvReport::residency(const Residency& residency) {
    texts({"by", "cause", "count", "mean_ns", "min_ns", "p50_ns", "p90_ns", "p99_ns", "p99_9_ns", "max_ns"});
    for (std::uint64_t limit : kStayLimits) text(fmt::format("up_to_{}_ns", limit));
    text("longer");
    end_line();
    auto stays = [&](const base::Histogram& h) {
        number(h.count());
        if (h.count() == 0)
            texts({"", "", "", "", "", "", ""});
        else {
            number(h.mean());
            number(h.min());
            for (double percent : {50.0, 90.0, 99.0, 99.9, 100.0}) number(h.percentile(percent));
        }
        for (std::uint64_t count : stay_buckets(h)) number(count);
        end_line();
    };
    texts({"total", ""});
    stays(residency.all());
    for (const auto& cause : residency.causes()) {
        texts({"cause", cause.name});
        stays(cause.stays);
    }
    texts({"left_out", ""});
    number(residency.left_out());
    texts({"", "", "", "", "", "", ""});
    for (std::size_t i = 0; i <= kStayLimits.size(); i++) text("");
    end_line();
}

void CsvReport::pingpong(const PingPong& pingpong) {
    const std::uint64_t duration = pingpong.info().duration();
    texts({"by", "pid", "comm", "cause_away", "cause_back", "count", "per_second", "mean_away_ns"});
    end_line();
    auto pair = [&](const PingPong::Pair& p) {
        texts({p.away, p.back});
        rate(p.count, duration);
        number(p.mean_away());
        end_line();
    };
    texts({"total", "", "", "", ""});
    rate(pingpong.total(), duration);
    text("");
    end_line();
    for (const auto& p : pingpong.pairs(options_.top)) {
        texts({"causes", "", ""});
        pair(p);
    }
    for (const auto& process : pingpong.processes(options_.top))
        for (const auto& p : pingpong.pairs_of(process.pid)) {
            texts({"process", fmt::format("{}", process.pid), process.comm});
            pair(p);
        }
}

}  // namespace migtrace
