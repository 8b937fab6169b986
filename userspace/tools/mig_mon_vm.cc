/* SPDX-License-Identifier: GPL-2.0-only */
// mig_mon vm: the streams of a migration, without a VM.

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/command_line.h"
#include "base/error.h"
#include "base/signals.h"
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
    "until Ctrl-C, or as long as --duration or --bytes says.\n",
    "  mig_mon vm -d\n"
    "      The destination. It serves any number of sources, one after another or at once.\n"
    "  mig_mon vm -s -H 192.0.2.1 -t precopy -t postcopy\n"
    "      The source, with both streams.\n"
    "  mig_mon vm -s -H fe80::1%eth0 -t precopy --duration 10s --output json\n"
    "      Ten seconds of precopy, figures for programs.\n"};

void add_options(CommandLine& line) {
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    auto ends = line.group("Which end").add_options();
    ends("destination,d", po::bool_switch(), "be the destination");
    ends("source,s", po::bool_switch(), "be the source");
    auto both = line.group("Both ends").add_options();
    both("host,H", text("HOST"), "source: the destination; destination: listen at this address only");
    both("port,p", po::value<int>()->default_value(vmmig::kPort)->value_name("PORT"), "TCP port");
    both("size,S", text("SIZE"), "size of the VM, 2T or 500M; without a letter in GB; default 1T");
    both("duration", text("TIME"), "end after so long: 30s, 5m");
    both("output", text("FORM")->default_value("text"), "text, or json: an object per line");
    auto source = line.group("Source").add_options();
    source("test,t", po::value<std::vector<std::string>>()->composing()->value_name("STREAM"),
           "precopy or postcopy; may be given twice for both (default precopy)");
    source("bandwidth", text("RATE"), "precopy: at most so many bytes per second: 500M, 1G");
    source("bytes", text("SIZE"), "end when so much has been sent");
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

Job job(const CommandLine& line) {
    Job job;
    job.destination = line.flag("destination");
    if (job.destination == line.flag("source")) throw UsageError("which end is this? -d for the destination, or -s for the source");
    if (line.has("host")) job.host = line.get<std::string>("host");
    const int port = line.get<int>("port");
    if (port < 1 || port > 65535) throw UsageError(fmt::format("-p: {} is no port", port));
    job.port = static_cast<std::uint16_t>(port);
    if (line.has("size")) job.vm_bytes = base::parse_size("-S", line.get<std::string>("size"), kGiB);
    if (job.vm_bytes < 4096) throw UsageError("-S: a VM has at least one page of 4096 bytes");
    if (line.has("duration")) job.duration = base::parse_duration("--duration", line.get<std::string>("duration"));
    const std::string& form = line.get<std::string>("output");
    if (form != "text" && form != "json") throw UsageError(fmt::format("--output: '{}' is neither text nor json", form));
    job.json = form == "json";
    if (job.destination) {
        for (const char* option : {"test", "bandwidth", "bytes"})
            if (line.has(option)) throw UsageError(fmt::format("--{} is for the source", option));
        return job;
    }
    if (job.host.empty()) throw UsageError("-s needs -H HOST, where `mig_mon vm -d` runs");
    vmmig::SourceOptions& source = job.source;
    source.host = job.host;
    source.port = job.port;
    source.vm_bytes = job.vm_bytes;
    for (const std::string& test : line.has("test") ? line.get<std::vector<std::string>>("test") : std::vector<std::string>{"precopy"}) {
        if (test != "precopy" && test != "postcopy")
            throw UsageError(fmt::format("-t: there is no stream '{}'; write precopy or postcopy", test));
        (test == "precopy" ? source.precopy : source.postcopy) = true;
    }
    if (line.has("bandwidth")) {
        const auto rate = base::parse_size("--bandwidth", line.get<std::string>("bandwidth"), kMiB);
        if (rate == 0) throw UsageError("--bandwidth: nothing would be sent");
        source.bytes_per_second = static_cast<double>(rate);
    }
    if (line.has("bytes")) source.most_bytes = base::parse_size("--bytes", line.get<std::string>("bytes"));
    return job;
}

void print(const std::string& text) {
    fmt::print("{}\n", text);
    std::fflush(stdout);
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
    const base::Histogram& h = figures.latency;
    if (h.count())
        object["latency_ns"] = {{"mean", h.mean()},           {"min", h.min()},
                                {"p50", h.percentile(50)},    {"p90", h.percentile(90)},
                                {"p99", h.percentile(99)},    {"p99.9", h.percentile(99.9)},
                                {"max", h.max()}};
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
        print(json_figures("summary", figures));
        return;
    }
    print(fmt::format("\n{} in {}: {:.0f} MB/s, load {:.0f}%", base::format_size(figures.bytes),
                      base::format_duration(figures.wall), figures.bytes_per_second() / kMiB, figures.load() * 100));
    if (figures.requests) print(fmt::format("requested pages: {}", figures.requests));
    if (figures.latency.count()) print("latency: " + latency_line(figures.latency));
}

int be_source(const Job& job) {
    base::StopSignals signals;
    vmmig::Source source(job.source);
    if (!job.json) print(fmt::format("connected to {}", source.peer()));
    source.start();
    auto second = [&] {
        const StreamFigures figures = source.lap();
        if (job.json)
            print(json_figures("second", figures));
        else
            print(fmt::format("Speed: {:.0f} (MB/s)", figures.bytes_per_second() / kMiB));
    };
    vmmig::watch(signals, job.duration, source.ended_fd(), second, [] { return false; });
    const StreamFigures all = source.stop();
    summary(all, job.json);
    if (const auto why = source.failure())
        throw base::Error(fmt::format("the stream to {} ended: {}", source.peer(), *why));
    return 0;
}

int be_destination(const Job& job) {
    base::StopSignals signals;
    vmmig::Destination destination({.host = job.host, .port = job.port, .vm_bytes = job.vm_bytes});
    if (!job.json) print(fmt::format("waiting for sources on port {}", job.port));
    auto news = [&] {
        for (const std::string& what : destination.news()) {
            if (job.json)
                print(nlohmann::json{{"type", "news"}, {"what", what}}.dump());
            else
                print(what);
        }
        return true;
    };
    auto second = [&] {
        const StreamFigures figures = destination.lap();
        if (job.json)
            print(json_figures("second", figures));
        else if (figures.latency.count())
            print(fmt::format("Latency: average {} (us), max: {} (us)", microseconds(figures.latency.mean()),
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
