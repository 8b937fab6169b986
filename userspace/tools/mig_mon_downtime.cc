/* SPDX-License-Identifier: GPL-2.0-only */
// mig_mon server, client, server_rr, client_rr: the downtime of a network.

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/command_line.h"
#include "base/error.h"
#include "base/progress.h"
#include "base/signals.h"
#include "base/tool_main.h"
#include "base/units.h"
#include "tools/mig_mon.h"
#include "vmmig/probe.h"

namespace {

namespace po = base::po;
using base::CommandLine;
using base::UsageError;
using vmmig::Outage;
using vmmig::ProbeFigures;

/// Where an original mig_mon listens on a little-endian host, because it does not convert the port.
constexpr std::uint16_t kSwappedPort = 9008;
constexpr const char* kDefaultLog = "/tmp/spike.log";

const char* const kCommon =
    "Packets are numbered: outages, loss, order and duplicates are told apart. An outage is a gap of at least two\n"
    "intervals between packets; its length is the gap less one interval, to within one interval.\n";

const char* const kLogHelp = "Outages are noted in SPIKE_LOG, too (default /tmp/spike.log), in place of those of an earlier run.\n";

base::ProgramInfo info(const std::string& command) {
    if (command == "server")
        return {"mig_mon server", "[OPTION]... [SPIKE_LOG]",
                std::string("Receives packets of `mig_mon client`, and tells when they stay away.\n") + kCommon + kLogHelp,
                "  mig_mon server\n      Then, on another host: mig_mon client HOST 50\n"};
    if (command == "server_rr")
        return {"mig_mon server_rr", "[OPTION]...", "Sends back every packet of `mig_mon client_rr`.\n",
                "  mig_mon server_rr\n      In a guest, whose downtime is measured from outside.\n"};
    if (command == "client")
        return {"mig_mon client", "[OPTION]... HOST [INTERVAL_MS [SPIKE_LOG]]",
                "Sends a packet each INTERVAL_MS milliseconds (default 1000) to `mig_mon server`, which watches for gaps.\n"
                "With a SPIKE_LOG it is `mig_mon client_rr`.\n",
                "  mig_mon client 192.0.2.7 50\n      20 packets a second.\n"};
    return {"mig_mon client_rr", "[OPTION]... HOST [INTERVAL_MS [SPIKE_LOG]]",
            std::string("Sends a packet each INTERVAL_MS milliseconds (default 1000) to `mig_mon server_rr`, and tells when its\n"
                        "answers stay away.\n") +
                kCommon + kLogHelp,
            "  mig_mon client_rr 192.0.2.7 50 spikes.log\n      How long can the guest not be reached while it migrates?\n"
            "  mig_mon client_rr fd00::7 10 --duration 60s --output json\n      Figures for programs.\n"};
}

/// One line `A,B` per spike: seconds since 1970, gap in ms. The first marks the start. Until there is something to measure
/// the log of an earlier run stays.
class SpikeLog {
 public:
    explicit SpikeLog(const std::string& name) : name_(name), start_(std::chrono::system_clock::now()) {
        // Not through a link that somebody else has put there: the default lies in /tmp.
        const int fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
        file_ = fd >= 0 ? ::fdopen(fd, "w") : nullptr;
        if (!file_) throw base::system_error(fmt::format("cannot write the spike log {}", name), errno);
    }
    ~SpikeLog() { std::fclose(file_); }
    SpikeLog(const SpikeLog&) = delete;
    SpikeLog& operator=(const SpikeLog&) = delete;

    /// False when another process writes it.
    bool lock() { return ::flock(::fileno(file_), LOCK_EX | LOCK_NB) == 0; }

    /// The measurement is under way.
    void begin() {
        if (std::exchange(begun_, true)) return;
        // A device cannot be cut.
        if (::ftruncate(::fileno(file_), 0) && errno != EINVAL)
            throw base::system_error(fmt::format("cannot write the spike log {}", name_), errno);
        line(start_, UINT64_MAX);
    }

    void spike(const Outage& outage) {
        begin();
        line(outage.end, static_cast<std::uint64_t>(std::chrono::round<std::chrono::milliseconds>(outage.gap).count()));
    }

 private:
    void line(std::chrono::system_clock::time_point at, std::uint64_t gap) {
        fmt::print(file_, "{},{}\n", std::chrono::system_clock::to_time_t(at), gap);
        if (std::fflush(file_)) throw base::system_error(fmt::format("cannot write the spike log {}", name_), errno);
    }
    std::string name_;
    std::chrono::system_clock::time_point start_;
    std::FILE* file_;
    bool begun_ = false;
};

struct Job {
    std::string command;
    vmmig::ProbeOptions probe;
    std::optional<std::string> log;
    bool log_named = false;
    bool json = false;
    bool server = false;
};

Job job(const std::string& command, const CommandLine& line) {
    Job job{.command = command, .probe = {}, .log = {}, .log_named = false, .json = false, .server = command.starts_with("server")};
    const std::vector<std::string>& words = line.operands();
    const std::size_t most = command == "server" ? 1 : command == "server_rr" ? 0 : 3;
    if (words.size() > most) throw UsageError(fmt::format("unexpected operand '{}'", words[most]));
    job.probe.round_trip = command.ends_with("_rr") || words.size() == 3;
    const int port = line.get<int>("port");
    if (port < 1 || port > 65535) throw UsageError(fmt::format("--port: {} is no port", port));
    if (line.has("port") && line.flag("old-port")) throw UsageError("--port and --old-port: only one of them");
    job.probe.port = line.flag("old-port") ? kSwappedPort : static_cast<std::uint16_t>(port);
    if (job.server) {
        if (line.has("host")) job.probe.host = line.get<std::string>("host");
        if (!job.probe.round_trip) job.log = words.empty() ? kDefaultLog : words[0];
    } else {
        if (words.empty()) throw UsageError("which host is the server?");
        job.probe.host = words[0];
        if (words.size() > 1) job.probe.interval = base::parse_duration("INTERVAL_MS", words[1], std::chrono::milliseconds(1));
        if (job.probe.interval < std::chrono::milliseconds(1)) throw UsageError("INTERVAL_MS: at least 1 ms");
        if (job.probe.interval > std::chrono::hours(1)) throw UsageError("INTERVAL_MS: at most an hour");
        if (job.probe.round_trip) job.log = words.size() > 2 ? words[2] : kDefaultLog;
    }
    job.log_named = words.size() == (job.server ? 1 : 3);
    if (line.has("duration")) job.probe.duration = base::parse_duration("--duration", line.get<std::string>("duration"));
    const std::string& form = line.get<std::string>("output");
    if (form != "text" && form != "json") throw UsageError(fmt::format("--output: '{}' is neither text nor json", form));
    job.json = form == "json";
    return job;
}

double milliseconds(std::chrono::nanoseconds time) { return static_cast<double>(time.count()) / 1e6; }
double milliseconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; }

std::string wall(std::chrono::system_clock::time_point time) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
    return fmt::format("{:%H:%M:%S}.{:03}", fmt::localtime(std::chrono::system_clock::to_time_t(time)), ms % 1000);
}

class Reporter {
 public:
    explicit Reporter(const Job& job) : job_(job) {
        if (!job.log) return;
        log_.emplace(*job.log);
        if (log_->lock()) return;
        if (job.log_named) throw base::Error(fmt::format("another mig_mon writes the spike log {}: name another file", *job.log));
        base::warn(fmt::format("another mig_mon writes {}: this run has no spike log; SPIKE_LOG names one", *job.log));
        log_.reset();
    }

    vmmig::ProbeListener listener() {
        vmmig::ProbeListener listener;
        listener.outage = [this](const Outage& outage) { tell(outage); };
        listener.peer = [this](const std::string& peer) {
            if (job_.json)
                base::print_line(nlohmann::ordered_json{{"type", "client"}, {"address", peer}}.dump());
            else
                base::print_line(fmt::format("packets of {}", peer));
        };
        listener.first = [this](std::chrono::nanoseconds gap) {
            if (job_.json)
                base::print_line(
                    nlohmann::ordered_json{{"type", "start"},
                                           {"time", std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count()},
                                           {"interval_ms", milliseconds(gap)}}
                        .dump());
            else
                base::print_line(
                    fmt::format("a packet each {0:.4g} ms; a gap of {1:.4g} ms or more is an outage", milliseconds(gap), 2 * milliseconds(gap)));
        };
        listener.second = [this](const ProbeFigures& figures) { second(figures); };
        return listener;
    }

    void summary(const ProbeFigures& f) {
        live_.clear();
        if (log_ && f.received) log_->begin();
        if (job_.json) {
            base::print_line(json(f).dump());
            return;
        }
        std::string text = job_.server ? fmt::format("\n{} received", f.received) : fmt::format("\n{} sent", f.sent);
        if (job_.probe.round_trip && !job_.server) text += fmt::format(", {} answered", f.received);
        if (f.lost) text += fmt::format(", {} lost", f.lost);
        if (f.duplicates) text += fmt::format(", {} duplicates", f.duplicates);
        if (f.reordered) text += fmt::format(", {} out of order", f.reordered);
        if (f.refused) text += fmt::format("; refused {} times", f.refused);
        base::print_line(text);
        if (f.latency.count())
            base::print_line(fmt::format("round trip: p50 {:.3f} ms, p99 {:.3f} ms, max {:.3f} ms", milliseconds(f.latency.percentile(50)),
                              milliseconds(f.latency.percentile(99)), milliseconds(f.latency.max())));
        if (!watches()) return;
        if (!job_.server && f.late.max() > static_cast<std::uint64_t>(job_.probe.interval.count()))
            base::print_line(fmt::format("this host was busy: packets were sent up to {:.0f} ms too late, and lengths may be off by as much",
                              milliseconds(f.late.max())));
        if (f.outages.count() == 0)
            base::print_line(f.received ? "no outage" : "nothing was received");
        else
            base::print_line(fmt::format("outages: {}, longest {:.0f} ms, p99 {:.0f} ms", f.outages.count(), milliseconds(f.outages.max()),
                              milliseconds(f.outages.percentile(99))));
    }

 private:
    bool watches() const { return job_.server != job_.probe.round_trip; }

    void tell(const Outage& outage) {
        live_.clear();
        if (log_) log_->spike(outage);
        if (job_.json)
            base::print_line(nlohmann::ordered_json{{"type", "outage"},
                                         {"end", std::chrono::duration<double>(outage.end.time_since_epoch()).count()},
                                         {"gap_ms", milliseconds(outage.gap)},
                                         {"length_ms", milliseconds(outage.length)}}
                      .dump());
        else
            base::print_line(fmt::format("{} outage of {:.0f} ms (gap {:.0f} ms)", wall(outage.end), milliseconds(outage.length),
                              milliseconds(outage.gap)));
    }

    void second(const ProbeFigures& f) {
        if (log_ && f.received) log_->begin();
        std::string text = job_.server ? fmt::format("{} received", f.received)
                           : job_.probe.round_trip ? fmt::format("{} sent, {} answered", f.sent, f.received)
                                                   : fmt::format("{} sent", f.sent);
        if (f.quiet && watches()) text += fmt::format(", quiet for {:.1f} s", milliseconds(*f.quiet) / 1000);
        if (f.outages.count())
            text +=
                fmt::format(", {} outage{}, longest {:.0f} ms", f.outages.count(), f.outages.count() == 1 ? "" : "s", milliseconds(f.outages.max()));
        live_.update(text);
    }

    nlohmann::ordered_json json(const ProbeFigures& f) const {
        nlohmann::ordered_json object = {{"type", "summary"},       {"sent", f.sent},
                                         {"received", f.received},  {"lost", f.lost},
                                         {"duplicates", f.duplicates}, {"out_of_order", f.reordered},
                                         {"refused", f.refused}};
        auto spread = [](const base::Histogram& h) {
            return nlohmann::ordered_json{{"count", h.count()},
                                          {"p50", milliseconds(h.percentile(50))},
                                          {"p99", milliseconds(h.percentile(99))},
                                          {"max", milliseconds(h.max())}};
        };
        if (f.latency.count()) object["round_trip_ms"] = spread(f.latency);
        if (f.late.count()) object["sent_late_ms"] = spread(f.late);
        if (watches()) {
            object["gaps_ms"] = spread(f.gaps);
            object["outages_ms"] = spread(f.outages);
        }
        return object;
    }

    const Job& job_;
    std::optional<SpikeLog> log_;
    base::ProgressLine live_;
};

/// A client that was never heard has measured nothing.
void check_answered(const Job& job, const ProbeFigures& figures) {
    // Where nobody listens the host says so to each packet but, at the end, the last.
    const bool heard = job.probe.round_trip ? figures.received > 0 : figures.refused == 0 || figures.refused + 1 < figures.sent;
    if (heard || figures.sent == 0) return;
    throw base::Error(fmt::format("nobody has {} {} port {}: does `mig_mon {}` run there?",
                                  job.probe.round_trip ? "answered from" : "received packets at", job.probe.host, job.probe.port,
                                  job.probe.round_trip ? "server_rr" : "server"));
}

}  // namespace

int downtime(int argc, char** argv) {
    const std::string command = argv[0];
    CommandLine line(info(command), base::Operands::Anywhere);
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    auto add = line.group("Options").add_options();
    if (command.starts_with("server")) add("host,H", text("ADDRESS"), "receive at this address only");
    add("port", po::value<int>()->default_value(vmmig::kPort)->value_name("PORT"), "UDP port");
    add("old-port", po::bool_switch(), "port 9008, which an original mig_mon uses in fact");
    add("duration", text("TIME"), "end after so long: 30s, 5m");
    add("output", text("FORM")->default_value("text"), "text, or json: an object per line");
    if (!line.parse(argc, argv)) return 0;
    const Job wanted = job(command, line);
    base::StopSignals signals;
    Reporter reporter(wanted);
    const vmmig::ProbeListener listener = reporter.listener();
    const ProbeFigures figures = wanted.server ? vmmig::probe_server(wanted.probe, signals, listener)
                                               : vmmig::probe_client(wanted.probe, signals, listener);
    reporter.summary(figures);
    if (!wanted.server) check_answered(wanted, figures);
    return 0;
}
