/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/report_text.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "migtrace/digits.h"
#include "migtrace/stat_file.h"

namespace migtrace {

void TextReport::put_time(std::uint64_t ts) {
    if (options_.times.any())
        times_.put(output_.buffer(), info_->start, info_->opened ? &info_->begin : nullptr, ts);
}

void TextReport::start(const Event& event) {
    if (!options_.starts) return;
    put_time(event.ts);
    const auto sec = static_cast<std::int64_t>(event.wall_us / 1'000'000);
    output_.format("cpu {}  start time: {}.{:06} (epoch) {} (local)\n", event.cpu, sec,
                   event.wall_us % 1'000'000, local_ctime(sec));
    output_.flush_if_full();
}

void TextReport::begin(const TraceInfo& info) {
    Report::begin(info);
    if (options_.align) {
        cpu_width_ = fmt::formatted_size("{}", info.nr_cpus - 1);
        pid_width_ = kWidestPid;
    }
    if (!options_.migrations) return;
    cpu_texts_.resize(std::min(info.nr_cpus, kMostCpuTexts));
    for (std::uint32_t cpu = 0; cpu < cpu_texts_.size(); cpu++) {
        const std::string text = fmt::format("{:{}} ", cpu, cpu_width_);
        cpu_texts_[cpu].length = static_cast<std::uint8_t>(text.copy(cpu_texts_[cpu].text, sizeof cpu_texts_[cpu].text));
    }
}

/// What a line begins with that is not about a migration.
void TextReport::put_head(const Event& event, const std::string& what) {
    put_time(event.ts);
    output_.format("{0:{1}} {2:>{1}} {2:>{1}} {3:{4}} {5:<16} ", event.cpu, cpu_width_, ".", event.pid, pid_width_, what);
}

void TextReport::comm(const Event& event) {
    if (!options_.comms) return;
    put_head(event, shown(info_->header->name(event.number)));
    put_name(cut(Comm(event.comm())));
    output_.put("\n");
    output_.flush_if_full();
}

void TextReport::mark(const Event& event) {
    if (!options_.marks) return;
    put_head(event, "mark");
    if (options_.marks_decimal)
        output_.format("{}\n", event.mark);
    else
        output_.format("0x{:08x}\n", event.mark);
    output_.flush_if_full();
}

void TextReport::migrations(const Migrations& some) {
    if (!options_.migrations) return;
    // Names of many processes are in no cache: to look up some of them at once takes little longer than one.
    std::array<const NamedProcess*, 32> processes;
    for (auto rest = some.records(); !rest.empty();) {
        const auto now = rest.first(std::min(rest.size(), processes.size()));
        for (std::size_t i = 0; i < now.size(); i++) {
            processes[i] = &some.comms().process(now[i].pid);
            __builtin_prefetch(processes[i]);
        }
        for (std::size_t i = 0; i < now.size(); i++)
            put_line(now[i], *processes[i], some.header().cause_index(now[i].code));
        rest = rest.subspan(now.size());
    }
}

void TextReport::migration(const Migration& m) {
    if (!options_.migrations) return;
    put_line(m, {Name(m.comm.whole), m.comm.tail_at}, m.cause);
}

namespace {

/// `value` in a column of `width` < 9, and a blank.
inline char* put_column(char* at, std::uint32_t value, std::size_t width) {
    at = value < 100'000'000 ? put_padded(at, value, static_cast<unsigned>(width)) : put_decimal(at, value);
    *at++ = ' ';
    return at;
}

constexpr std::uint64_t kSecond = 1'000'000'000;
constexpr std::size_t kTime = 32, kNumbers = 4 * 12, kCommWidth = 16;

}  // namespace

/// As "%14.9f " has it. Neighbours share the second.
char* TextReport::put_relative(char* at, std::uint64_t ns) {
    if (second_length_ == 0 || ns - second_ >= kSecond) {
        second_ = ns / kSecond * kSecond;
        const auto text = fmt::format("{:>4}.", ns / kSecond);
        second_length_ = text.copy(second_text_.data(), second_text_.size());
    }
    std::memcpy(at, second_text_.data(), second_text_.size());
    at = put_nine(at + second_length_, static_cast<std::uint32_t>(ns - second_));
    *at++ = ' ';
    return at;
}

const std::string& TextReport::cause_text(unsigned cause) {
    if (cause < cause_texts_.size()) return cause_texts_[cause];
    cause_texts_.clear();
    for (const auto& [number, name] : info_->header->causes()) cause_texts_.push_back(shown(name) + '\n');
    return cause_texts_[cause];
}

/// All that the two kinds of migrations have in common are the names of their numbers.
template <class Numbers>
void TextReport::put_line(const Numbers& m, const NamedProcess& process, unsigned cause) {
    const TimeForms& times = options_.times;
    const bool relative = times.rel && !times.gmt && !times.local && !times.abs && info_->opened && m.ts >= info_->begin;
    if (!relative) put_time(m.ts);
    const std::string& end = cause_text(cause);
    const bool as_is = process.name.is_short() && !options_.safe_names && !(options_.cut_names && process.tail_at);
    const std::string comm = as_is ? std::string() : shown(cut(process.comm()));
    char* at = begin_text(output_.buffer(), kTime + kNumbers + std::max(comm.size(), kCommWidth) + end.size() + 1);
    if (relative) at = put_relative(at, m.ts - info_->begin);
    for (std::uint32_t cpu : {std::uint32_t{m.cpu}, std::uint32_t{m.from}, std::uint32_t{m.to}}) {
        if (cpu < cpu_texts_.size()) {
            std::memcpy(at, &cpu_texts_[cpu].text, sizeof cpu_texts_[cpu].text);
            at += cpu_texts_[cpu].length;
        } else
            at = put_column(at, cpu, cpu_width_);
    }
    at = put_column(at, static_cast<std::uint32_t>(m.pid), pid_width_);
    if (as_is) {
        std::memcpy(at, process.name.padded(), kCommWidth);
        at += kCommWidth;
        at[-1] = ' ';
    } else {
        at = put_text(at, comm);
        // Counted in bytes, not in characters.
        for (std::size_t width = comm.size(); width < kCommWidth; width++) *at++ = ' ';
    }
    *at++ = ' ';
    end_text(output_.buffer(), put_text(at, end));
    output_.flush_if_full();
}

void TextReport::columns(const ColumnNames& names, const TraceInfo& info) {
    output_.put(stat_header(info.nr_cpus));
    unsigned number = kFirstStatField;
    names.for_each([&](std::string_view name) {
        output_.format("# field {} ", number++);
        put_name(name);
        output_.put("\n");
        output_.flush_if_full();
    });
    rate_texts_.resize(kMostRateTexts);
    for (std::uint64_t count = 0; count < rate_texts_.size(); count++)
        rate_texts_[count].length = static_cast<std::uint8_t>(rate_text(count).copy(rate_texts_[count].text, sizeof rate_texts_[count].text));
}

void TextReport::opened(const TraceInfo& info) {
    const WallClock wall = wall_clock(info.start, info.begin);
    output_.format("# gettimeofday {} {}\n", wall.sec, wall.nsec / 1000);
}

void TextReport::period(std::uint64_t index, std::span<const std::uint64_t> counts) {
    const TimeForms& forms = options_.times;
    if (forms.rel || !forms.any()) {
        const std::uint64_t msec = index * options_.period_msec;
        output_.format("{:>{}}.{:03} ", msec / 1000, !options_.human ? 0 : options_.align ? 8 : 4, msec % 1000);
    }
    times_.put_wall_and_abs(output_.buffer(), info_->start, period_ts(index));
    for (std::uint64_t count : counts) {
        put_rate(count);
        // A line may have millions of them.
        output_.flush_if_full();
    }
    output_.put("\n");
    output_.flush_if_full();
}

/// A count of a period as a rate per second, with a blank in front.
std::string TextReport::rate_text(std::uint64_t count) const {
    const std::size_t width = !options_.human ? 0 : options_.align ? 11 : 7;
    const double rate = 1000.0 * static_cast<double>(count) / static_cast<double>(options_.period_msec);
    return fmt::format(" {:{}.2f}", rate, width);
}

void TextReport::put_rate(std::uint64_t count) {
    if (count >= rate_texts_.size()) return output_.put(rate_text(count));
    const RateText& known = rate_texts_[count];
    char* at = begin_text(output_.buffer(), sizeof known.text);
    std::memcpy(at, known.text, sizeof known.text);
    end_text(output_.buffer(), at + known.length);
}

void TextReport::consistency(const StartLines& starts) {
    output_.put("\n\nCONSISTENCY CHECKS:\n\n");
    output_.format("  range of start do_gettimeofday(): {}.{:06}    seconds\n",
                   starts.wall_range_us() / 1'000'000, starts.wall_range_us() % 1'000'000);
    output_.put("  range of start sched_clock():     ");
    put_seconds(output_.buffer(), starts.clock_range_ns(), 0);
    output_.put(" seconds\n");
}

void TextReport::stats(const Counters& counters) {
    duration(counters.info());
    causes(counters);
    matrices(counters);
}

void TextReport::duration(const TraceInfo& info) {
    auto line = [&](const char* name, std::uint64_t ts) {
        output_.format("  {:<10}", name);
        put_seconds(output_.buffer(), static_cast<__int128>(ts) - static_cast<__int128>(info.start.ts), 20);
        output_.format("  0x{:016x}\n", ts);
    };
    output_.put(
        "\n\nDURATION:\n\n"
        "               relative to start       ts (absolute)\n"
        "            --------------------  ------------------\n");
    line("end:", info.end);
    line("begin:", info.begin);
    output_.put("\n  duration: ");
    put_seconds(output_.buffer(), info.duration(), 20);
    output_.put(" seconds\n");
}

void TextReport::causes(const Counters& counters) {
    auto rate = [&](std::uint64_t count) {
        return fmt::format("{:.2f}", per_second(count, counters.info().duration()));
    };
    std::size_t name_width = 14;
    for (const auto& cause : counters.causes()) name_width = fit(name_width, shown(cause.name));
    // No cause is above the total.
    const std::size_t count_width = fit(7, fmt::format("{}", counters.total()));
    const std::size_t rate_width = fit(7, rate(counters.total()));
    auto line = [&](const std::string& name, std::uint64_t count) {
        output_.format("  {}{:{}}  {:{}}  {:>{}}\n", name, "", name_width - std::min(name_width, name.size()),
                       count, count_width, rate(count), rate_width);
    };
    auto rule = [&] {
        output_.format("  {:{}}  {:-<{}}  {:-<{}}\n", "", name_width, "", count_width, "", rate_width);
    };
    output_.format("\n\nCAUSE:\n\n  {:{}}  {:>{}}  {:>{}}\n", "", name_width, "count", count_width, "per sec",
                   rate_width);
    rule();
    output_.put("\n");
    for (const auto& cause : counters.causes()) line(shown(cause.name), cause.count);
    rule();
    line("total", counters.total());
}

namespace {

/// CPUs in a table: more make lines that nobody reads, and a damaged trace may name any number of them.
constexpr std::size_t kMostTableCpus = 512;

/// All, or, where they are too many, the busiest.
std::vector<unsigned> table_cpus(const CpuMatrix::Sums& sums) {
    std::vector<unsigned> cpus(sums.from.size());
    std::iota(cpus.begin(), cpus.end(), 0);
    if (cpus.size() <= kMostTableCpus) return cpus;
    std::erase_if(cpus, [&](unsigned cpu) { return !sums.used(cpu); });
    if (cpus.size() <= kMostTableCpus) return cpus;
    std::ranges::stable_sort(cpus, std::greater(), [&](unsigned cpu) { return sums.from[cpu] + sums.to[cpu]; });
    cpus.resize(kMostTableCpus);
    std::ranges::sort(cpus);
    return cpus;
}

}  // namespace

void TextReport::matrices(const Counters& counters) {
    const CpuMatrix::Sums sums = counters.matrix().sums();
    const std::vector<unsigned> cpus = table_cpus(sums);
    output_.put("\n\nMIGRATE (row: cpu_from,  column: cpu_to):\n");
    if (cpus.size() < sums.from.size())
        output_.format("\n  {} of {} CPUs, {}; the sums are of all\n", cpus.size(), sums.from.size(),
                       cpus.size() < kMostTableCpus ? "those with migrations" : "the busiest");
    matrix(counters, sums, cpus, false);
    matrix(counters, sums, cpus, true);
}

void TextReport::matrix(const Counters& counters, const CpuMatrix::Sums& sums, const std::vector<unsigned>& cpus,
                        bool rates) {
    auto number = [&](std::uint64_t count) {
        return rates ? fmt::format("{:.2f}", per_second(count, counters.info().duration()))
                     : fmt::format("{}", count);
    };
    // No cell is above the sum of all.
    const std::size_t width = fit(7, number(sums.total));
    auto cell = [&](std::uint64_t count) {
        if (rates)
            output_.format(" {:{}.2f}", per_second(count, counters.info().duration()), width);
        else
            output_.format(" {:{}}", count, width);
        output_.flush_if_full();
    };
    auto rule = [&] {
        for (std::size_t i = 0; i < cpus.size(); i++) output_.format(" {:-<{}}", "", width);
        output_.format("        {:-<{}}\n", "", width);
    };
    output_.format("\n  ==========  {:<10}  ===============\n\n         to -->",
                   rates ? "per second" : "count");
    for (unsigned cpu : cpus) output_.format(" {:{}}:", cpu, width - 1);
    output_.format("{:>{}}\n  from         ", "all:", width + 8);
    rule();
    output_.put("   |\n   v\n");
    for (unsigned from : cpus) {
        output_.format("{:5}:         ", from);
        for (unsigned to : cpus) cell(counters.matrix().at(from, to));
        output_.put("   -->");
        cell(sums.from[from]);
        output_.put("\n");
    }
    output_.put("               ");
    rule();
    output_.put("  all:         ");
    for (unsigned to : cpus) cell(sums.to[to]);
    output_.put("   -->");
    cell(sums.total);
    output_.put("\n");
}

void TextReport::summary_pid(const PidCounters& processes) {
    const std::vector<std::uint32_t> all = listed(processes);
    auto rate = [&](std::uint64_t count) {
        return fmt::format("{:.2f}", per_second(count, processes.info().duration()));
    };
    std::size_t pid_width = 5, count_width = 6, rate_width = 7;
    for (std::uint32_t place : all) {
        pid_width = fit(pid_width, fmt::format("{}", processes.pid(place)));
        count_width = fit(count_width, fmt::format("{}", processes.count(place)));
        rate_width = fit(rate_width, rate(processes.count(place)));
    }
    output_.format("\n\nMIGRATE count:\n\n{:>{}}  {:>{}}  {:>{}}  comm\n", "pid", pid_width, "count",
                   count_width, "rate ", rate_width);
    output_.format("{:-<{}}  {:-<{}}  {:-<{}}  ----\n\n", "", pid_width, "", count_width, "", rate_width);
    for (std::uint32_t place : all) {
        const std::uint64_t count = processes.count(place);
        output_.format("{:{}}  {:{}}  {:>{}}  ", processes.pid(place), pid_width, count, count_width, rate(count), rate_width);
        const char* separator = "";
        for_each_listed_comm(processes, place, [&](std::string_view comm) {
            output_.put(separator);
            put_name(cut(Comm(comm)));
            output_.flush_if_full();
            separator = ", ";
        });
        output_.put("\n");
        output_.flush_if_full();
    }
}

}  // namespace migtrace
