/* SPDX-License-Identifier: GPL-2.0-only */
// perf_kvm_client: what a VM costs its host while a program runs in it, as the host counts it.

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/command_line.h"
#include "base/error.h"
#include "base/file.h"
#include "base/signals.h"
#include "base/subprocess.h"
#include "base/tool_main.h"
#include "base/units.h"
#include "vmperf/client.h"

namespace {

using base::po::bool_switch;
using base::po::value;
using Clock = std::chrono::steady_clock;

constexpr int kNoFigures = 125, kCannotRun = 126, kNotFound = 127, kKilled = 128;

enum class Form { Text, Json, Csv };

struct Options {
    vmperf::Place place;
    vmperf::Request request;
    std::vector<std::string> command;  // words to execute; empty: none
    std::string shown;                 // the program, as the report names it
    std::optional<Clock::duration> duration;
    Form form = Form::Text;
    std::string report;
    bool best_effort = false, list = false;
};

/// The name of the option that a word is; empty if it is none, or brings its value.
std::string option_name(const std::string& word) {
    if (word.size() < 2 || word[0] != '-' || word.find('=') != std::string::npos) return "";
    return boost::to_lower_copy(word.substr(word.starts_with("--") ? 2 : 1));
}

bool begins_option(const std::string& word) { return word.size() > 1 && word[0] == '-'; }

/// That there is none is told when it is opened.
std::string default_channel() {
    const std::string device = vmperf::channel_device();
    return device.empty() ? vmperf::kChannelPath : device;
}

/// Where options take what base::CommandLine does not know: -e several names, and --channel none.
std::vector<std::string> one_value_each(const std::vector<std::string>& words) {
    std::vector<std::string> result;
    for (std::size_t i = 0; i < words.size(); i++) {
        result.push_back(words[i]);
        const std::string name = option_name(words[i]);
        const bool none_behind = i + 1 == words.size() || begins_option(words[i + 1]);
        if (name.size() > 1 && std::string("channel").starts_with(name) && none_behind) result.push_back(default_channel());
        if (name.empty() || !std::string("events").starts_with(name) || none_behind) continue;
        std::string names = words[++i];
        while (i + 1 < words.size() && !begins_option(words[i + 1])) names += " " + words[++i];
        result.push_back(names);
    }
    return result;
}

base::CommandLine command_line() {
    base::CommandLine line({"perf_kvm_client", "[OPTION]... [-p PROGRAM | -- COMMAND [ARGUMENT]...]",
                            "Asks the host, where perf_kvm_server runs, to count what this virtual machine costs it while a program runs\n"
                            "here, for a time, or until Ctrl-C. It is the whole machine that is counted, or one of its virtual CPUs.\n",
                            "  perf_kvm_client -p \"sleep 5\"\n"
                            "      What the machine does in five seconds.\n"
                            "  perf_kvm_client -e cache-misses cache-references -i 500 -- make -j2\n"
                            "      Two events, each half second too.\n"
                            "  perf_kvm_client --vm web1 -d 10 -o json\n"
                            "      On the host: a VM, for ten seconds.\n"},
                           base::Operands::None);
    line.group("What to count").add_options()(
        "program,p", value<std::string>()->value_name("PROGRAM"), "run this, by sh -c, and count until it ends")(
        "duration,d", value<std::string>()->value_name("TIME"), "without a program: count for so long (10, 10s, 5m)")(
        "events,e", value<std::vector<std::string>>()->composing()->value_name("NAMES"),
        "events, with commas or blanks between them; as perf stat if not given")(
        "interval,i", value<unsigned>()->value_name("MSEC"), "print what came in each interval, too")(
        "cpu", value<unsigned>()->value_name("N")->default_value(0), "0: all virtual CPUs; 1: the first, which is vCPU 0, and so on")(
        "list", bool_switch(), "print the events that the host knows, and whether it can count them");
    line.group("Where the server is").add_options()(
        "host", value<std::string>()->value_name("ADDRESS"), "of the host (192.168.122.1 if there is no channel)")(
        "port", value<unsigned>()->value_name("PORT"), "of the server (9999)")(
        "channel", value<std::string>()->value_name("PATH"),
        "a virtio-serial port (/dev/virtio-ports/org.migscope.perf.0; used without --host if it is there)")(
        "socket", value<std::string>()->value_name("PATH"), "on the host: a socket of the server (for root /run/migscope/perf_kvm.sock)")(
        "vm", value<std::string>()->value_name("NAME"), "on the host: which VM");
    line.group("Output").add_options()(
        "output,o", value<std::string>()->value_name("FORM")->default_value("text"), "text (or perf: as perf stat), json, or csv")(
        "report", value<std::string>()->value_name("FILE"),
        "where it is written, not to standard error (with a program) or standard output")(
        "best-effort", bool_switch(), "run the program even if nothing can be counted");
    line.keep_prefixes_of({"version"});
    return line;
}

vmperf::Place place_of(const base::CommandLine& line) {
    using Kind = vmperf::Place::Kind;
    const bool tcp = line.has("host") || line.has("port"), socket = line.has("socket") || line.has("vm");
    if (tcp + socket + line.has("channel") > 1)
        throw base::UsageError("--host and --port, --channel, and --socket and --vm exclude each other: there is one server");
    vmperf::Place place;
    if (line.has("host")) place.host = line.get<std::string>("host");
    if (line.has("port")) {
        const unsigned port = line.get<unsigned>("port");
        if (port < 1 || port > 65535) throw base::UsageError(fmt::format("--port: {} is none: 1 to 65535", port));
        place.port = static_cast<std::uint16_t>(port);
    }
    if (line.has("channel") || (!tcp && !socket && !vmperf::channel_device().empty())) {
        place.kind = Kind::Channel;
        place.path = line.has("channel") ? line.get<std::string>("channel") : default_channel();
    }
    if (socket) {
        place.kind = Kind::Socket;
        place.path = line.has("socket") ? line.get<std::string>("socket") : vmperf::default_socket();
    }
    return place;
}

Form form_of(const std::string& name) {
    if (name == "text" || name == "perf") return Form::Text;
    if (name == "json") return Form::Json;
    if (name == "csv") return Form::Csv;
    throw base::UsageError(fmt::format("--output: '{}' is none of text, perf, json and csv", name));
}

vmperf::Request request_of(const base::CommandLine& line, const Options& options) {
    vmperf::Request request;
    if (line.has("events")) request.events = boost::join(line.get<std::vector<std::string>>("events"), " ");
    if (line.has("events") && boost::trim_copy(request.events).empty())
        throw base::UsageError("--events: a name is missing, for example cycles");
    if (line.has("interval")) request.interval = std::chrono::milliseconds(line.get<unsigned>("interval"));
    if (request.interval && (request.interval->count() < 1 || *request.interval > std::chrono::hours(24)))
        throw base::UsageError(fmt::format("--interval: {} is not from 1 to 86400000 ms", request.interval->count()));
    request.cpu = line.get<unsigned>("cpu");
    if (line.has("vm")) request.vm = line.get<std::string>("vm");
    request.program = options.shown;
    request.session = vmperf::new_session();
    return request;
}

/// False: nothing to do.
bool read_options(int argc, char** argv, Options& options) {
    std::vector<std::string> words(argv + 1, argv + argc);
    const auto end = std::ranges::find(words, "--");
    if (end != words.end()) options.command.assign(end + 1, words.end());
    const bool asked = end != words.end();
    words.erase(end, words.end());
    if (!words.empty() && !begins_option(words[0]))
        throw base::UsageError(fmt::format("'{}' is no option: a program that is to be counted stands behind --, or -p", words[0]));
    words = one_value_each(words);
    std::vector<const char*> pointers = {argv[0]};
    for (const std::string& word : words) pointers.push_back(word.c_str());
    base::CommandLine line = command_line();
    if (!line.parse(static_cast<int>(pointers.size()), pointers.data())) return false;

    if (asked && options.command.empty()) throw base::UsageError("behind -- a command is missing");
    if (line.has("program") && asked) throw base::UsageError("-p and -- exclude each other: one program is run");
    for (const char* option : {"program", "host", "socket", "vm", "channel", "report"})
        if (line.has(option) && line.get<std::string>(option).empty()) throw base::UsageError(fmt::format("--{}: a value is missing", option));
    options.shown = boost::join(options.command, " ");
    if (line.has("program")) {
        options.shown = line.get<std::string>("program");
        options.command = {"sh", "-c", options.shown};
    }
    options.list = line.flag("list");
    if (line.has("duration")) options.duration = base::parse_duration("--duration", line.get<std::string>("duration"));
    if (options.duration && options.duration->count() <= 0) throw base::UsageError("--duration: in no time nothing can be counted");
    if (options.duration && !options.command.empty())
        throw base::UsageError("--duration is for counting without a program, which has its own end");
    if (options.list && (options.duration || !options.command.empty()))
        throw base::UsageError("--list counts nothing: leave out program and duration");
    for (const char* option : {"events", "interval", "cpu", "report"})
        if (options.list && line.has(option)) throw base::UsageError(fmt::format("--list and --{}: it counts nothing, and prints on standard output", option));
    options.best_effort = line.flag("best-effort");
    if (options.best_effort && options.command.empty()) throw base::UsageError("--best-effort is for a program, and there is none");
    options.form = form_of(line.get<std::string>("output"));
    if (line.has("report")) options.report = line.get<std::string>("report");
    options.place = place_of(line);
    options.request = request_of(line, options);
    return true;
}

/// Where reports go, as they come.
class Report {
 public:
    explicit Report(const Options& options) : stream_(options.command.empty() ? stdout : stderr) {}
    /// Where nothing can be written nothing needs to be counted. Throws Error.
    void open(const std::string& file) {
        if (!file.empty()) file_.emplace(file);
    }
    void write(const std::string& text) {
        if (file_) return file_->write(text);
        if (std::fputs(text.c_str(), stream_) >= 0 && std::fflush(stream_) == 0) return;
        const int error = errno;
        // Told here, and not once more at the end.
        std::clearerr(stream_);
        throw base::system_error("writing the report", error);
    }
    void finish() {
        if (file_) file_->commit();
    }

 private:
    std::FILE* stream_;
    std::optional<base::OutputFile> file_;
};

/// The program, between the server and its report.
class Run {
 public:
    explicit Run(const Options& options) : options_(options), report_(options) {
        if (!options_.command.empty()) child_.emplace(options_.command);
    }
    int run();

 private:
    void begin();
    void begin_old();
    bool execute();
    void count();
    bool step();
    void finish();
    void abandon();
    void take(const vmperf::News& news);
    void write_json(const nlohmann::ordered_json& object) { report_.write(object.dump() + "\n"); }
    void pass_signal();
    void wait_for_program();
    int program_status() const;
    std::string whose() const;

    const Options& options_;
    base::StopSignals stop_;
    Report report_;
    std::optional<base::Child> child_;
    std::optional<vmperf::Client> client_;
    vmperf::Hello hello_;
    std::optional<int> status_;  // of the program's end, as shells have it
    std::optional<vmperf::Total> total_;
    std::optional<Clock::time_point> until_;
    double last_ = 0;  // seconds, of the sample before
    bool stopped_ = false, old_ = false;
};

int main_status(int wait_status) { return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : kKilled + WTERMSIG(wait_status); }

/// Connects and says hello.
std::optional<vmperf::Hello> say_hello(std::optional<vmperf::Client>& client, const Options& options, int stop_fd) {
    base::UniqueFd connection = vmperf::connect_to(options.place);
    vmperf::Request request;
    request.session = options.request.session;
    request.vm = options.request.vm;
    request.mac = vmperf::mac_of(connection.get());
    client.emplace(std::move(connection), options.place, stop_fd);
    return client->hello(request);
}

void Run::begin() {
    report_.open(options_.report);
    const auto hello = say_hello(client_, options_, stop_.fd());
    if (!hello) return begin_old();
    hello_ = *hello;
    if (hello_.vcpus && options_.request.cpu > hello_.vcpus)
        throw base::Error(fmt::format("--cpu: there is no virtual CPU {}: the VM has {}", options_.request.cpu, hello_.vcpus));
    vmperf::Request request = options_.request;
    request.type = vmperf::Request::Type::Start;
    client_->start(request);
}

/// The servers of 2015 close the connection when they are said hello to.
void Run::begin_old() {
    base::tell(fmt::format("note: the server at {} speaks the old protocol: the report is its own text, and tells nothing of the host",
                           options_.place.name()));
    if (options_.form != Form::Text)
        throw base::Error("an old server tells its figures as text only: leave out --output, or update the server");
    base::UniqueFd connection = vmperf::connect_to(options_.place);
    vmperf::Request request = options_.request;
    request.type = vmperf::Request::Type::Start;
    request.old = old_ = true;
    request.mac = vmperf::mac_of(connection.get());
    // Blanks would be words of their own there.
    std::vector<std::string> names;
    boost::split(names, request.events, boost::is_any_of(", "), boost::token_compress_on);
    request.events = boost::join(names, ",");
    client_.emplace(std::move(connection), options_.place, stop_.fd());
    client_->start(request);
}

bool Run::execute() {
    if (!child_) return true;
    const int error = child_->execute();
    if (!error) return true;
    base::tell(base::system_error(fmt::format("cannot run '{}'", options_.command[0]), error).what());
    status_ = error == ENOENT ? kNotFound : kCannotRun;
    child_.reset();
    return false;
}

std::string Run::whose() const {
    const std::string vm = hello_.vm.empty() ? "this VM" : fmt::format("VM '{}'", hello_.vm);
    const std::string what = options_.shown.empty() ? vm : fmt::format("'{}'", options_.shown);
    return options_.request.cpu ? fmt::format("{} (vCPU {} only)", what, options_.request.cpu - 1) : what;
}

void Run::take(const vmperf::News& news) {
    if (!news.text.empty()) report_.write(news.text);
    for (const vmperf::Sample& sample : news.samples) {
        switch (options_.form) {
            case Form::Text:
                report_.write(vmperf::interval_text(sample.counts, sample.seconds, sample.seconds - last_, last_ == 0));
                break;
            case Form::Json:
                write_json({{"type", "sample"}, {"seconds", sample.seconds}, {"counts", vmperf::to_json(sample.counts)}});
                break;
            case Form::Csv:
                report_.write(vmperf::interval_csv(sample.counts, sample.seconds));
        }
        last_ = sample.seconds;
    }
    if (news.total) total_ = news.total;
}

/// Ctrl-C reaches the program from the terminal; what is sent to this process alone does not.
void Run::pass_signal() {
    const int signal_number = stop_.take();
    stopped_ = stopped_ || signal_number != 0;
    if (child_ && (signal_number == SIGTERM || signal_number == SIGHUP)) child_->kill(signal_number);
}

/// Waits for the next thing to happen. False: there is nothing more to count.
bool Run::step() {
    const auto left = until_ ? std::chrono::ceil<std::chrono::milliseconds>(*until_ - Clock::now()).count() : 3'600'000;
    if (left <= 0) return false;
    std::array<pollfd, 3> polled = {{{child_ ? child_->fd() : -1, POLLIN, 0}, {stop_.fd(), POLLIN, 0}, {client_->fd(), POLLIN, 0}}};
    if (::poll(polled.data(), polled.size(), static_cast<int>(std::min<std::int64_t>(left, 3'600'000))) < 0) return true;
    if (polled[1].revents) pass_signal();
    if (polled[0].revents) return false;
    if (!child_ && stopped_) return false;
    if (polled[2].revents) take(client_->receive());
    return !total_;
}

void Run::count() {
    if (options_.duration) until_ = Clock::now() + *options_.duration;
    // Answers may have come together with that to the start.
    take(client_->receive());
    if (!total_)
        while (step()) continue;
    if (total_) return;
    client_->end();
    client_->finish([&](const vmperf::News& news) { take(news); });
}

void Run::wait_for_program() {
    if (!child_) return;
    for (;;) {
        std::array<pollfd, 2> polled = {{{child_->fd(), POLLIN, 0}, {stop_.fd(), POLLIN, 0}}};
        ::poll(polled.data(), polled.size(), -1);
        if (polled[1].revents) pass_signal();
        if (polled[0].revents) break;
    }
    status_ = main_status(*child_->wait());
}

void Run::finish() {
    if (total_) {
        if (options_.form == Form::Text)
            report_.write(vmperf::total_text(total_->counts, whose(), total_->seconds) + vmperf::host_text(*total_));
        if (options_.form == Form::Csv) report_.write(vmperf::total_csv(*total_));
        if (options_.form == Form::Json) {
            nlohmann::ordered_json object = {{"type", "end"}, {"vm", hello_.vm}};
            object.update(vmperf::to_json(*total_));
            write_json(object);
        }
    }
    report_.finish();
}

/// On a channel the server does not see that its client has gone.
void Run::abandon() {
    try {
        client_->end();
    } catch (const base::Error&) {
        // It has gone itself.
    }
}

int Run::program_status() const { return status_.value_or(0); }

int Run::run() {
    try {
        begin();
    } catch (const base::Error& error) {
        if (const int signal_number = stop_.take()) throw base::Interrupted("interrupted before counting has begun; nothing has run", signal_number);
        if (!options_.best_effort) throw;
        base::warn(fmt::format("{}; the program runs without being counted", error.what()));
        if (execute()) wait_for_program();
        return program_status();
    }
    if (!execute()) {
        abandon();
        return program_status();
    }
    std::string trouble;
    try {
        count();
        finish();
        if (total_ && !total_->reason.empty())
            trouble = fmt::format("the server has ended the count: {}; the figures are incomplete", total_->reason);
    } catch (const base::Error& error) {
        trouble = fmt::format("{}; the figures are missing", error.what());
        abandon();
    }
    wait_for_program();
    if (trouble.empty()) return program_status();
    base::warn(trouble);
    return options_.best_effort ? program_status() : kNoFigures;
}

std::string list_line(const vmperf::Listed& event, Form form) {
    if (form == Form::Json) return nlohmann::ordered_json{{"event", event.event}, {"kind", event.kind}, {"supported", event.supported}}.dump();
    if (form == Form::Csv) return fmt::format("{},{},{}", event.event, event.kind, event.supported ? "yes" : "no");
    return fmt::format("{:<36} [{}]{}", event.event, event.kind, event.supported ? "" : "  not supported by the host, or not permitted to the server");
}

int print_list(const Options& options) {
    base::StopSignals stop;
    std::optional<vmperf::Client> client;
    if (!say_hello(client, options, stop.fd()))
        throw base::Error(fmt::format("the server at {} speaks the old protocol, which has no list of events", options.place.name()));
    for (const vmperf::Listed& event : client->list()) base::print_line(list_line(event, options.form));
    return 0;
}

int run(int argc, char** argv) {
    Options options;
    if (!read_options(argc, argv, options)) return 0;
    try {
        return options.list ? print_list(options) : Run(options).run();
    } catch (const base::Interrupted&) {
        throw;
    } catch (const base::Error& error) {
        const bool program = !options.command.empty();
        base::tell(error.what() + std::string(program ? "\nThe program has not run; with --best-effort it runs without being counted." : ""));
        return kNoFigures;
    }
}

}  // namespace

int main(int argc, char** argv) {
    return base::tool_main("perf_kvm_client", [&] { return run(argc, argv); });
}
