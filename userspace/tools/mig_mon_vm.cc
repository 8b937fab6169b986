/* SPDX-License-Identifier: GPL-2.0-only */
// mig_mon vm: the streams of a migration, without a VM.

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/command_line.h"
#include "base/error.h"
#include "base/signals.h"
#include "base/tool_main.h"
#include "base/units.h"
#include "tools/mig_mon.h"
#include "vmmig/destination.h"
#include "vmmig/source.h"
#include "vmmig/watch.h"

namespace {

namespace po = base::po;
using base::CommandLine;
using base::UsageError;
using vmmig::StreamFigures;

constexpr std::uint64_t kMiB = 1 << 20, kGiB = 1 << 30;

const base::ProgramInfo kInfo = {
    "mig_mon vm", "-d|-s [OPTION]...",
    "Emulates the network streams of the live migration of a VM, without a VM. Precopy: the source sends page\n"
    "after page, over and over, and prints the bandwidth each second. Postcopy: the destination requests one\n"
    "page after another, at random, and prints the latency each second. Both go over one connection. They run\n"
    "until Ctrl-C, or as long as --duration, --bytes or --passes says.\n"
    "With --dirty-rate the source emulates a whole precopy: iterations until what is left can be sent within\n"
    "--downtime; then it stops the guest that is not there, sends the rest, and tells the downtime.\n",
    "  mig_mon vm -d\n"
    "      The destination. It serves any number of sources, one after another or at once.\n"
    "  mig_mon vm -s -H 192.0.2.1 -t precopy -t postcopy\n"
    "      The source, with both streams.\n"
    "  mig_mon vm -s -H fe80::1%eth0 -t precopy --duration 10s --output json\n"
    "      Ten seconds of precopy, figures for programs.\n"
    "  mig_mon vm -s -H 192.0.2.1 --channels 4 --zero-pages 30%\n"
    "      Four connections, and three of ten pages without content.\n"
    "  mig_mon vm -s -H 192.0.2.1 --vm-size 16G --dirty-rate 400M --bandwidth 1G --downtime 300\n"
    "      Would this guest migrate with these limits, and for how long would it stand still?\n"};

void add_options(CommandLine& line) {
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    auto number = [](const char* name) { return po::value<std::uint64_t>()->value_name(name); };
    auto ends = line.group("Which end").add_options();
    ends("destination,d", po::bool_switch(), "be the destination");
    ends("source,s", po::bool_switch(), "be the source");
    auto both = line.group("Both ends").add_options();
    both("host,H", text("HOST"), "source: the destination; destination: listen at this address only");
    both("port,p", po::value<int>()->default_value(vmmig::kPort)->value_name("PORT"), "TCP port");
    both("size,S", text("SIZE"), "size of the VM, 2T or 500M; without a letter in GB; default 1T");
    both("vm-size", text("SIZE"), "the same, without a letter in bytes");
    both("duration", text("TIME"), "end after so long: 30s, 5m");
    both("output", text("FORM")->default_value("text"), "text, or json: an object per line");
    auto source = line.group("Source").add_options();
    source("test,t", po::value<std::vector<std::string>>()->composing()->value_name("STREAM"),
           "precopy or postcopy; may be given twice for both (default precopy)");
    source("bandwidth", text("RATE"), "precopy: at most so many bytes per second: 500M, 1G");
    source("window", text("SIZE"), "both streams: so much precopy at most between two requested pages; default: by the network");
    source("bytes", text("SIZE"), "end when so much has been sent");
    source("passes", number("N"), "end when all pages of the VM have been sent so many times");
    auto more = line.group("Source, with a destination that is not an original mig_mon").add_options();
    more("channels", number("N"), "precopy over so many connections, a thread for each");
    more("urgent-channel", po::bool_switch(), "one more for requested pages, instead of between the others");
    more("zero-pages", text("PERCENT"), "so many pages are zero, and go as headers");
    more("page-size", text("SIZE"), "what postcopy requests at once: 4k, 2m, 1g; default 4k");
    auto whole = line.group("Source, a whole precopy").add_options();
    whole("dirty-rate", text("RATE"), "the guest writes to so many bytes of pages per second, at random");
    whole("working-set", text("PERCENT"), "in this part of its memory; default all of it");
    whole("downtime", text("TIME"), "it may stand still for so long; without a unit in ms; default 300");
    whole("max-iterations", number("N"), "it does not converge if it takes more; default 50");
}

struct Job {
    bool destination = false;
    std::string host;
    std::uint16_t port = vmmig::kPort;
    std::uint64_t vm_bytes = vmmig::kDefaultVm;
    std::optional<std::chrono::nanoseconds> duration;
    vmmig::SourceOptions source;
    bool json = false;
};

/// Options of the source only.
constexpr const char* kSourceOptions[] = {"test",       "bandwidth",  "window",     "bytes",       "passes",   "channels",      "urgent-channel",
                                          "zero-pages", "page-size",  "dirty-rate", "working-set", "downtime", "max-iterations"};

std::uint64_t size_option(const CommandLine& line, const char* option, std::uint64_t plain) {
    const auto size = base::parse_size(fmt::format("--{}", option), line.get<std::string>(option), plain);
    if (size == 0) throw UsageError(fmt::format("--{}: nothing would be sent", option));
    return size;
}

std::uint64_t number_option(const CommandLine& line, const char* option, std::uint64_t most) {
    const auto number = line.get<std::uint64_t>(option);
    if (number < 1 || number > most) throw UsageError(fmt::format("--{}: 1 to {}", option, most));
    return number;
}

void read_streams(const CommandLine& line, vmmig::SourceOptions& source) {
    for (const std::string& test : line.has("test") ? line.get<std::vector<std::string>>("test") : std::vector<std::string>{"precopy"}) {
        if (test != "precopy" && test != "postcopy")
            throw UsageError(fmt::format("-t: there is no stream '{}'; write precopy or postcopy", test));
        (test == "precopy" ? source.precopy : source.postcopy) = true;
    }
    if (line.has("bandwidth")) source.bytes_per_second = static_cast<double>(size_option(line, "bandwidth", kMiB));
    if (line.has("window"))
        source.window = line.get<std::string>("window") == "none" ? UINT64_MAX : size_option(line, "window", 1);
    if (source.window && *source.window < vmmig::kFrame) throw UsageError("--window: a page does not fit into it");
    if (line.has("bytes")) source.most_bytes = size_option(line, "bytes", 1);
    if (line.has("passes")) source.passes = number_option(line, "passes", UINT64_MAX);
}

void read_channels(const CommandLine& line, vmmig::SourceOptions& source) {
    if (line.has("channels")) source.channels = static_cast<unsigned>(number_option(line, "channels", vmmig::kMostChannels - 1));
    source.urgent_channel = line.flag("urgent-channel");
    if (line.has("zero-pages")) source.zero_pages = base::parse_percent("--zero-pages", line.get<std::string>("zero-pages"), base::Zero::Allowed);
    if (line.has("page-size")) {
        const auto size = size_option(line, "page-size", 1);
        if (!std::has_single_bit(size) || size < vmmig::kPage || size > vmmig::kLargestPage || size > source.vm_bytes)
            throw UsageError("--page-size: a power of two from 4k to 1g, and no larger than the VM");
        source.page_size = static_cast<std::uint32_t>(size);
    }
    if (source.urgent_channel && !source.postcopy) throw UsageError("--urgent-channel is for pages that -t postcopy requests");
    if (source.page_size != vmmig::kPage && !source.postcopy) throw UsageError("--page-size is for pages that -t postcopy requests");
    for (const char* option : {"channels", "passes", "bandwidth", "dirty-rate"})
        if (line.has(option) && !source.precopy) throw UsageError(fmt::format("--{} is for -t precopy", option));
}

void read_migration(const CommandLine& line, vmmig::SourceOptions& source) {
    if (!line.has("dirty-rate")) {
        for (const char* option : {"working-set", "downtime", "max-iterations"})
            if (line.has(option)) throw UsageError(fmt::format("--{} needs --dirty-rate", option));
        return;
    }
    for (const char* option : {"bytes", "passes"})
        if (line.has(option)) throw UsageError(fmt::format("--{} and --dirty-rate: only one of them", option));
    vmmig::PrecopyOptions& migration = source.migration.emplace();
    migration.pages = source.vm_bytes / vmmig::kPage;
    migration.dirty_pages_per_second =
        static_cast<double>(base::parse_size("--dirty-rate", line.get<std::string>("dirty-rate"), kMiB)) / vmmig::kPage;
    if (line.has("working-set")) migration.working_set = base::parse_percent("--working-set", line.get<std::string>("working-set"), base::Zero::Refused);
    if (line.has("downtime"))
        migration.downtime = base::parse_duration("--downtime", line.get<std::string>("downtime"), std::chrono::milliseconds(1));
    if (line.has("max-iterations")) migration.most_iterations = static_cast<unsigned>(number_option(line, "max-iterations", 1'000'000));
}

std::uint64_t vm_size(const CommandLine& line) {
    if (line.has("size") && line.has("vm-size")) throw UsageError("-S and --vm-size are the same: only one of them");
    std::uint64_t bytes = vmmig::kDefaultVm;
    if (line.has("size")) bytes = base::parse_size("-S", line.get<std::string>("size"), kGiB);
    if (line.has("vm-size")) bytes = base::parse_size("--vm-size", line.get<std::string>("vm-size"));
    if (bytes < vmmig::kPage)
        throw UsageError(fmt::format("{}: a VM has at least one page of 4096 bytes", line.has("size") ? "-S" : "--vm-size"));
    return bytes;
}

Job job(const CommandLine& line) {
    Job job;
    job.destination = line.flag("destination");
    if (job.destination == line.flag("source")) throw UsageError("which end is this? -d for the destination, or -s for the source");
    if (line.has("host")) job.host = line.get<std::string>("host");
    const int port = line.get<int>("port");
    if (port < 1 || port > 65535) throw UsageError(fmt::format("-p: {} is no port", port));
    job.port = static_cast<std::uint16_t>(port);
    job.vm_bytes = vm_size(line);
    if (line.has("duration")) job.duration = base::parse_duration("--duration", line.get<std::string>("duration"));
    const std::string& form = line.get<std::string>("output");
    if (form != "text" && form != "json") throw UsageError(fmt::format("--output: '{}' is neither text nor json", form));
    job.json = form == "json";
    if (job.destination) {
        for (const char* option : kSourceOptions)
            if (line.has(option)) throw UsageError(fmt::format("--{} is for the source", option));
        return job;
    }
    if (job.host.empty()) throw UsageError("-s needs -H HOST, where `mig_mon vm -d` runs");
    vmmig::SourceOptions& source = job.source;
    source.host = job.host;
    source.port = job.port;
    source.vm_bytes = job.vm_bytes;
    read_streams(line, source);
    read_channels(line, source);
    read_migration(line, source);
    return job;
}

std::uint64_t microseconds(double nanoseconds) { return static_cast<std::uint64_t>(std::llround(nanoseconds / 1000)); }

std::string json_figures(const char* type, const StreamFigures& figures) {
    nlohmann::ordered_json object = {{"type", type},
                                     {"bytes", figures.bytes},
                                     {"pages", figures.pages},
                                     {"ms", std::chrono::duration_cast<std::chrono::milliseconds>(figures.wall).count()},
                                     {"bytes_per_second", figures.bytes_per_second()},
                                     {"requests", figures.requests},
                                     {"cpu_percent", figures.load() * 100}};
    if (figures.latency.count()) object["latency_ns"] = json_of(figures.latency);
    return object.dump();
}

std::string latency_line(const base::Histogram& h) {
    return fmt::format("average {} (us), p50 {}, p90 {}, p99 {}, p99.9 {}, max {}", microseconds(h.mean()),
                       microseconds(static_cast<double>(h.percentile(50))), microseconds(static_cast<double>(h.percentile(90))),
                       microseconds(static_cast<double>(h.percentile(99))),
                       microseconds(static_cast<double>(h.percentile(99.9))), microseconds(static_cast<double>(h.max())));
}

void summary(const StreamFigures& figures, bool json) {
    if (json) {
        base::print_line(json_figures("summary", figures));
        return;
    }
    base::print_line(fmt::format("\n{} in {}: {:.0f} MB/s, load {:.0f}%", in_megabytes(figures.bytes),
                      base::format_duration(figures.wall), figures.bytes_per_second() / kMiB, figures.load() * 100));
    if (figures.requests) base::print_line(fmt::format("requested pages: {}", figures.requests));
    if (figures.latency.count()) base::print_line("latency: " + latency_line(figures.latency));
}

/// What an emulated migration prints.
class MigrationPrinter {
 public:
    explicit MigrationPrinter(const Job& job) : job_(job) {}

    void iterations(vmmig::EmulatedPrecopy& migration) {
        for (const vmmig::Iteration& i : migration.take_iterations()) {
            base::print_line(job_.json ? json(i) : text(i));
            last_ = i;
        }
    }

    /// Returns the exit status.
    int result(const vmmig::EmulatedPrecopy& migration) const {
        using State = vmmig::EmulatedPrecopy::State;
        const auto downtime = migration.downtime();
        const bool diverges = migration.state() == State::GivenUp;
        const double needed = diverges ? kMargin * vmmig::needed_pages_per_second(*job_.source.migration) * vmmig::kPage : 0;
        const auto needed_downtime = std::chrono::nanoseconds(std::llround(kMargin * static_cast<double>(last_.expected.count())));
        if (job_.json) {
            nlohmann::ordered_json object = {{"type", "migration"}, {"result", downtime ? "converged" : diverges ? "diverged" : "interrupted"}};
            object["allowed_downtime_ns"] = job_.source.migration->downtime.count();
            if (downtime) object["downtime_ns"] = downtime->count();
            if (diverges) {
                object["needed_bytes_per_second"] = needed;
                object["needed_downtime_ns"] = needed_downtime.count();
            }
            base::print_line(object.dump());
        } else if (downtime) {
            const auto allowed = job_.source.migration->downtime;
            base::print_line(fmt::format("converged: a downtime of {:.1f} ms, {}{} ms were allowed", milliseconds(*downtime),
                              *downtime > allowed ? "more than expected: " : "", milliseconds(allowed)));
        } else if (diverges) {
            base::print_line(fmt::format("does not converge: {} are left, which take {:.0f} ms", in_megabytes(last_.remaining * vmmig::kPage),
                              milliseconds(last_.expected)));
            // No bandwidth makes for no downtime at all.
            const std::string bandwidth = std::isfinite(needed) ? fmt::format("a bandwidth of {:.0f} MB/s, or with ", needed / kMiB) : "";
            base::print_line(fmt::format("it would with {}--downtime {:.0f}", bandwidth, std::ceil(milliseconds(needed_downtime))));
        } else {
            base::print_line("not over: it was ended before the migration was");
        }
        return downtime ? 0 : 2;
    }

 private:
    /// What is recommended is so much more than what would just do: no network is as even as a formula.
    static constexpr double kMargin = 1.1;

    static double milliseconds(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1e6; }
    static double megabytes(std::uint64_t pages) { return static_cast<double>(pages) * vmmig::kPage / kMiB; }

    std::string text(const vmmig::Iteration& i) const {
        const double rate = i.pages_per_second() * vmmig::kPage / kMiB;
        std::string line = fmt::format("iteration {}{}: sent {:.0f} MB in {:.0f} ms, {:.0f} MB/s", i.number, i.stopped ? ", guest stopped" : "",
                                       megabytes(i.pages), milliseconds(i.time), rate);
        if (!i.stopped) line += fmt::format("; dirty {:.0f} MB, would take {:.0f} ms", megabytes(i.remaining), milliseconds(i.expected));
        return line;
    }

    static std::string json(const vmmig::Iteration& i) {
        return nlohmann::ordered_json{{"type", "iteration"},
                                      {"number", i.number},
                                      {"guest_stopped", i.stopped},
                                      {"pages", i.pages},
                                      {"ns", i.time.count()},
                                      {"pages_per_second", i.pages_per_second()},
                                      {"dirty_pages", i.remaining},
                                      {"expected_downtime_ns", i.expected.count()}}
            .dump();
    }
    const Job& job_;
    vmmig::Iteration last_;
};

int be_source(const Job& job) {
    // Ctrl-C ends it at once while it connects.
    vmmig::Source source(job.source);
    base::StopSignals signals;
    if (!job.json) base::print_line(fmt::format("connected to {}", source.peer()));
    source.start();
    MigrationPrinter printer(job);
    auto second = [&] {
        const StreamFigures figures = source.lap();
        if (job.json)
            base::print_line(json_figures("second", figures));
        else
            base::print_line(fmt::format("Speed: {:.0f} (MB/s)", figures.bytes_per_second() / kMiB));
    };
    auto news = [&] {
        const bool ended = source.take_news();
        if (source.migration()) printer.iterations(*source.migration());
        return !ended;
    };
    vmmig::watch(signals, job.duration, source.news_fd(), second, news);
    const StreamFigures all = source.stop();
    if (const auto why = source.failure()) {
        summary(all, job.json);
        throw base::Error(fmt::format("the stream to {} ended: {}", source.peer(), *why));
    }
    const int status = source.migration() ? printer.result(*source.migration()) : 0;
    summary(all, job.json);
    return status;
}

int be_destination(const Job& job) {
    base::StopSignals signals;
    vmmig::Destination destination({.host = job.host, .port = job.port, .vm_bytes = job.vm_bytes});
    auto tell = [&](const std::string& what) {
        base::print_line(job.json ? nlohmann::json{{"type", "news"}, {"what", what}}.dump(-1, ' ', true) : what);
    };
    tell(fmt::format("waiting for sources on port {}", job.port));
    auto news = [&] {
        for (const std::string& what : destination.news()) tell(what);
        return true;
    };
    auto second = [&] {
        const StreamFigures figures = destination.lap();
        if (job.json)
            base::print_line(json_figures("second", figures));
        else if (figures.latency.count())
            base::print_line(fmt::format("Latency: average {} (us), max: {} (us)", microseconds(figures.latency.mean()),
                              microseconds(static_cast<double>(figures.latency.max()))));
    };
    vmmig::watch(signals, job.duration, destination.news_fd(), second, news);
    const StreamFigures all = destination.stop();
    news();
    summary(all, job.json);
    return 0;
}

}  // namespace

int vm(int argc, char** argv) {
    CommandLine line(kInfo, base::Operands::None);
    add_options(line);
    if (!line.parse(argc, argv)) return 0;
    const Job wanted = job(line);
    return wanted.destination ? be_destination(wanted) : be_source(wanted);
}
