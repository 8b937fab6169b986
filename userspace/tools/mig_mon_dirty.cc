/* SPDX-License-Identifier: GPL-2.0-only */
// mig_mon mm_dirty: dirty memory at a rate.

#include <fmt/format.h>

#include <boost/algorithm/string.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/command_line.h"
#include "base/error.h"
#include "base/signals.h"
#include "base/tool_main.h"
#include "base/units.h"
#include "tools/mig_mon.h"
#include "vmmig/dirtier.h"
#include "vmmig/watch.h"

namespace {

namespace po = base::po;
using base::CommandLine;
using base::UsageError;
using vmmig::DirtyFigures;
using vmmig::DirtyOptions;
using vmmig::Pattern;

constexpr std::uint64_t kMiB = 1 << 20;

const base::ProgramInfo kInfo = {
    "mig_mon mm_dirty", "[OPTION]...",
    "Dirties memory at a rate, as a busy guest does: one byte in each page of 4 KiB, whatever pages the memory\n"
    "consists of, since that is what hypervisors track. All memory is written once before it begins. Each\n"
    "second tells the rate, the length of the second and the CPU time used (100% is one CPU), until Ctrl-C.\n"
    "SIZE and RATE are 500M, 2G, 1T; without a letter they are in MB (of 2^20 bytes).\n",
    "  mig_mon mm_dirty -m 2000 -r 500 -p random\n"
    "      500 MB/s, at random pages of 2 GB.\n"
    "  mig_mon mm_dirty -m 4G -r 1G -p random --working-set 10% --duration 60s --output json\n"
    "      9 of 10 writes go to a tenth of the memory; figures for programs.\n"
    "  mig_mon mm_dirty -m 8G -P 2m --threads 4 -L\n"
    "      As fast as four threads can in huge pages, with the latency of each access.\n"
    "  mig_mon mm_dirty --rate-schedule 100M:10s,500M:10s,0:5s\n"
    "      A load that changes.\n"};

void add_options(CommandLine& line) {
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    auto add = line.group("What to dirty").add_options();
    add("memory,m", text("SIZE")->default_value("512"), "size of the memory");
    add("pattern,p", text("PATTERN")->default_value("sequential"),
        "sequential (each byte found is checked), random, or once (write all once, then sleep)");
    add("page-size,P", text("SIZE"), "pages that the memory consists of: 4k, 2m or 1g; default: as the kernel likes");
    add("threads", po::value<unsigned>()->default_value(1)->value_name("N"),
        "threads, each with its part of the memory");
    add("working-set", text("PERCENT")->default_value("100%"),
        "random: the hot part of the memory, so that pages are dirtied again and again");
    add("hot-writes", text("PERCENT")->default_value("90%"), "the part of the writes that goes there");
    auto rate = line.group("How fast, how long").add_options();
    rate("rate,r", text("RATE"), "per second; default: as fast as it can");
    rate("rate-schedule", text("RATE:TIME,..."), "one rate after another, then end");
    rate("duration", text("TIME"), "end after so long: 30s, 5m");
    auto out = line.group("Output").add_options();
    out("latency,L", po::bool_switch(), "measure each access");
    out("output", text("FORM")->default_value("text"), "text, or json: an object per line");
}

double rate(const char* option, const std::string& text) {
    return static_cast<double>(base::parse_size(fmt::format("--{}", option), text, kMiB));
}

std::vector<vmmig::RateStep> schedule(const std::string& text) {
    std::vector<vmmig::RateStep> steps;
    std::vector<std::string> words;
    boost::split(words, text, boost::is_any_of(","));
    for (const std::string& word : words) {
        const auto colon = word.find(':');
        if (colon == std::string::npos)
            throw UsageError(fmt::format("--rate-schedule: '{}' is not RATE:TIME, as in 100M:10s", word));
        steps.push_back({rate("rate-schedule", word.substr(0, colon)),
                         base::parse_duration("--rate-schedule", word.substr(colon + 1))});
    }
    return steps;
}

vmmig::Backing backing(std::string text) {
    boost::to_lower(text);
    if (text == "4k") return vmmig::Backing::Small;
    if (text == "2m") return vmmig::Backing::Huge2M;
    if (text == "1g") return vmmig::Backing::Huge1G;
    throw UsageError(fmt::format("-P: there are no pages of '{}'; write 4k, 2m or 1g", text));
}

Pattern pattern(const std::string& text) {
    for (const auto& [name, shortest, pattern] : {std::tuple{"sequential", 3, Pattern::Sequential},
                                                  std::tuple{"random", 3, Pattern::Random},
                                                  std::tuple{"once", 4, Pattern::Once}})
        if (static_cast<int>(text.size()) >= shortest && std::string_view(name).starts_with(text)) return pattern;
    throw UsageError(fmt::format("-p: there is no pattern '{}'; write sequential, random or once", text));
}

struct Job {
    DirtyOptions dirty;
    std::optional<std::chrono::nanoseconds> duration;
    bool json = false;
};

Job job(const CommandLine& line) {
    Job job;
    DirtyOptions& dirty = job.dirty;
    dirty.bytes = base::parse_size("-m", line.get<std::string>("memory"), kMiB);
    if (dirty.bytes == 0) throw UsageError("-m: no memory cannot be dirtied");
    dirty.pattern = pattern(line.get<std::string>("pattern"));
    if (line.has("page-size")) dirty.backing = backing(line.get<std::string>("page-size"));
    dirty.threads = line.get<unsigned>("threads");
    // Many more than CPUs only keep each other, and the one that watches the time, from running.
    const unsigned most = std::max(256u, 4 * std::thread::hardware_concurrency());
    if (dirty.threads < 1 || dirty.threads > most) throw UsageError(fmt::format("--threads: 1 to {}", most));
    dirty.working_set = base::parse_percent("--working-set", line.get<std::string>("working-set"), base::Zero::Refused);
    dirty.hot_writes = base::parse_percent("--hot-writes", line.get<std::string>("hot-writes"), base::Zero::Refused);
    if (dirty.working_set < 1 && dirty.pattern != Pattern::Random)
        throw UsageError("--working-set needs -p random");
    if (line.has("hot-writes") && dirty.working_set >= 1) throw UsageError("--hot-writes needs --working-set");
    if (line.has("rate") && line.has("rate-schedule")) throw UsageError("-r and --rate-schedule: only one of them");
    if (line.has("rate")) dirty.bytes_per_second = rate("rate", line.get<std::string>("rate"));
    if (line.has("rate-schedule")) dirty.schedule = schedule(line.get<std::string>("rate-schedule"));
    dirty.latency = line.flag("latency") && dirty.pattern != Pattern::Once;
    if (dirty.pattern == Pattern::Once)
        for (const char* option : {"rate", "rate-schedule", "latency"})
            if (line.has(option)) base::warn(fmt::format("--{} does nothing with -p once", option));
    if (line.has("duration")) job.duration = base::parse_duration("--duration", line.get<std::string>("duration"));
    const std::string& form = line.get<std::string>("output");
    if (form != "text" && form != "json") throw UsageError(fmt::format("--output: '{}' is neither text nor json", form));
    job.json = form == "json";
    return job;
}

long long milliseconds(std::chrono::nanoseconds time) { return std::llround(static_cast<double>(time.count()) / 1e6); }

std::uint64_t microseconds(std::uint64_t nanoseconds) { return (nanoseconds + 500) / 1000; }

double exact_microseconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1000; }

double megabytes(const DirtyFigures& figures) { return figures.bytes_per_second() / kMiB; }

nlohmann::ordered_json json_figures(const char* type, const DirtyFigures& figures, bool latency) {
    nlohmann::ordered_json object = {{"type", type},
                                     {"mb_per_second", megabytes(figures)},
                                     {"pages", figures.pages},
                                     {"ms", milliseconds(figures.wall)},
                                     {"cpu_percent", figures.load() * 100}};
    if (!latency) return object;
    object["latency_ns"] = json_of(figures.latency);
    return object;
}

class Printer {
 public:
    explicit Printer(const Job& job) : job_(job) {}

    void second(const DirtyFigures& figures) const {
        if (job_.json) {
            base::print_line(json_figures("second", figures, job_.dirty.latency).dump());
            return;
        }
        std::string text = fmt::format("dirty-rate: {:.0f} (MB/s), time (ms): {}, load: {:.0f}%", megabytes(figures),
                                       milliseconds(figures.wall), figures.load() * 100);
        if (job_.dirty.latency) {
            const base::Histogram& h = figures.latency;
            text += fmt::format(", lat (us): p50={} p99={} max={}", microseconds(h.percentile(50)),
                                microseconds(h.percentile(99)), microseconds(h.max()));
        }
        base::print_line(text);
    }

    void summary(const DirtyFigures& figures) const {
        const auto buckets = vmmig::latency_buckets(figures.latency);
        if (job_.json) {
            auto object = json_figures("summary", figures, job_.dirty.latency);
            if (job_.dirty.latency)
                for (std::size_t i = 0; i < buckets.size(); i++)
                    object["latency_us_at_most"][std::to_string(1u << i)] = buckets[i];
            base::print_line(object.dump());
            return;
        }
        base::print_line(fmt::format("\n{} in {}: {:.0f} MB/s, load {:.0f}%", in_megabytes(figures.pages * vmmig::kPage),
                         base::format_duration(figures.wall), megabytes(figures), figures.load() * 100));
        if (!job_.dirty.latency) return;
        const base::Histogram& h = figures.latency;
        base::print_line(fmt::format("latency (us): p50 {:.3f}, p90 {:.3f}, p99 {:.3f}, p99.9 {:.3f}, max {:.3f}; accesses of up to",
                         exact_microseconds(h.percentile(50)), exact_microseconds(h.percentile(90)),
                         exact_microseconds(h.percentile(99)), exact_microseconds(h.percentile(99.9)), exact_microseconds(h.max())));
        for (std::size_t i = 0; i < buckets.size(); i++) base::print_line(fmt::format("{:>8} (us): {}", 1u << i, buckets[i]));
    }

 private:
    const Job& job_;
};

int dirty(const Job& job) {
    base::StopSignals signals;
    vmmig::Dirtier dirtier(job.dirty);
    const Printer printer(job);
    dirtier.start();
    vmmig::watch(
        signals, job.duration, dirtier.ended_fd(), [&] { printer.second(dirtier.lap()); }, [] { return false; });
    // What came behind the last whole second; of less than this no rate can be told.
    constexpr std::chrono::milliseconds kShortest{10};
    if (const DirtyFigures rest = dirtier.lap(); rest.wall >= kShortest) printer.second(rest);
    const DirtyFigures all = dirtier.stop();
    printer.summary(all);
    if (const auto what = dirtier.corruption()) throw base::Error(*what);
    return 0;
}

}  // namespace

int mm_dirty(int argc, char** argv) {
    CommandLine line(kInfo, base::Operands::None);
    add_options(line);
    if (!line.parse(argc, argv)) return 0;
    return dirty(job(line));
}
