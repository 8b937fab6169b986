/* SPDX-License-Identifier: GPL-2.0-only */
// migrate_watch: migrations as they happen, by cause, by pair of CPUs and by process.

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>

#include "base/command_line.h"
#include "base/error.h"
#include "base/signals.h"
#include "base/terminal.h"
#include "base/tool_main.h"
#include "base/units.h"
#include "migwatch/screen.h"
#include "migwatch/session.h"
#include "migwatch/stream.h"
#include "migwatch/view.h"

namespace {

namespace po = base::po;
using base::UsageError;
using migwatch::Sort;
using Clock = std::chrono::steady_clock;

const base::ProgramInfo kInfo = {
    "migrate_watch", "[OPTION]...",
    "Shows which tasks move between which CPUs and why, as it happens: rates by cause, by pair of CPUs and by process, each second. In a\n"
    "terminal it is a view like top's (h: keys), else a block of text each time. Loads the kernel module if it has to, shares it with whoever\n"
    "uses it, and leaves the system as it was. Needs root, but for --input.\n",
    "  migrate_watch\n"
    "  migrate_watch --interval 5s --count 12 >minute.txt\n"
    "  migrate_watch --output json | jq .per_second\n"
    "  ssh server migrate_record --follow | migrate_watch --input -\n"};

struct Options {
    migrecord::FacilityOptions facility;
    std::optional<std::string> input;
    std::chrono::nanoseconds interval{};
    std::optional<unsigned> count;
    std::optional<std::size_t> rows;
    migwatch::ViewOptions view;
    bool json = false;
};

Sort sort_option(const std::string& name) {
    if (name == "rate") return Sort::Rate;
    if (name == "total") return Sort::Total;
    if (name == "name") return Sort::Name;
    throw UsageError(fmt::format("--sort: '{}' is neither rate, total nor name", name));
}

void add_options(base::CommandLine& line) {
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    auto what = line.group("What").add_options();
    what("input", text("FILE"), "a trace as it comes, - is standard input, instead of the module of this machine");
    what("debugfs", text("DIR"), "where debugfs is mounted (default: found)");
    what("module", text("FILE"), "load this module file");
    auto how = line.group("How").add_options();
    how("interval", text("TIME")->default_value("1s"), "between two looks, 100ms at least");
    how("count", po::value<unsigned>()->value_name("N"), "end after so many");
    how("sort", text("ORDER")->default_value("rate"), "rate, total or name");
    how("reverse", po::bool_switch(), "the least first");
    how("top", po::value<unsigned>()->value_name("N"), "so many rows (default: what the terminal has room for; 10 in a pipe)");
    how("output", text("FORM")->default_value("text"), "text or json (an object for each look)");
}

Options read_options(const base::CommandLine& line) {
    Options options;
    for (const char* option : {"input", "debugfs", "module"})
        if (line.has(option) && line.get<std::string>(option).empty()) throw UsageError(fmt::format("--{}: a value is missing", option));
    if (line.has("input")) options.input = line.get<std::string>("input");
    if (line.has("debugfs")) options.facility.debugfs = line.get<std::string>("debugfs");
    if (line.has("module")) options.facility.module_file = line.get<std::string>("module");
    for (const char* option : {"debugfs", "module"})
        if (line.has(option) && options.input) throw UsageError(fmt::format("--{} is for the module, and --input for a stream", option));
    options.interval = base::parse_duration("--interval", line.get<std::string>("interval"));
    if (options.interval < std::chrono::milliseconds(100)) throw UsageError("--interval: 100ms is the shortest");
    if (options.interval > std::chrono::hours(24)) throw UsageError("--interval: a day is the longest");
    if (line.has("count")) options.count = line.get<unsigned>("count");
    if (options.count == 0u) throw UsageError("--count: 0 is over at once");
    if (line.has("top")) options.rows = line.get<unsigned>("top");
    if (options.rows == 0u || options.rows > 100000u) throw UsageError("--top: 1 to 100000");
    options.view.sort = sort_option(line.get<std::string>("sort"));
    options.view.reverse = line.flag("reverse");
    const std::string& form = line.get<std::string>("output");
    if (form != "text" && form != "json") throw UsageError(fmt::format("--output: '{}' is neither text nor json", form));
    options.json = form == "json";
    return options;
}

double since_1970() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

/// So short that it does not matter much where in a period a look falls.
std::chrono::milliseconds period_of_counts(std::chrono::nanoseconds interval) {
    return std::chrono::round<std::chrono::milliseconds>(interval / 10);
}

/// What is shown, and where.
class Display {
 public:
    explicit Display(const Options& options) : options_(options), view_(options.view) {
        view_.rows = options.rows.value_or(view_.rows);
        if (!options.json && ::isatty(STDOUT_FILENO) && ::isatty(STDIN_FILENO)) screen_ = std::make_unique<migwatch::Screen>();
    }
    bool is_screen() const { return screen_ != nullptr; }

    void show(const migwatch::Look& look, double time) {
        if (paused_) return;
        look_ = look;
        time_ = time;
        draw();
    }

    /// Deals with the keys that were pressed; false: to end.
    bool take_keys() {
        for (int key; (key = screen_->key()) != 0;) {
            if (key == 'q') return false;
            if (key == ' ') paused_ = !paused_;
            if (key == 'r') view_.reverse = !view_.reverse;
            if (key == 's') view_.sort = view_.sort == Sort::Rate ? Sort::Total : view_.sort == Sort::Total ? Sort::Name : Sort::Rate;
            if (key == 'h') help_ = !help_;
        }
        if (look_) draw();
        return true;
    }

 private:
    void draw() {
        if (options_.json) return base::print_line(view_json(*look_, view_, time_));
        if (screen_) {
            view_.width = screen_->width();
            if (!options_.rows) view_.rows = screen_->height() > 5 ? screen_->height() - 4 : 1;
        }
        const auto lines = migwatch::view(*look_, view_, time_);
        if (screen_) return screen_->show(lines, 2, bottom());
        for (const std::string& line : lines) base::print_line(line);
        base::print_line("");
    }

    std::string bottom() const {
        if (help_) return "q: quit  s: sort by rate, total, name  r: reverse  space: pause  h: this";
        static constexpr const char* kOrders[] = {"rate", "total", "name"};
        return fmt::format("by {}{}{}  h: keys", kOrders[static_cast<int>(view_.sort)], view_.reverse ? ", reversed" : "", paused_ ? "  PAUSED" : "");
    }

    const Options& options_;
    migwatch::ViewOptions view_;
    std::unique_ptr<migwatch::Screen> screen_;
    std::optional<migwatch::Look> look_;
    double time_ = 0;
    bool paused_ = false, help_ = false;
};

class Watch {
 public:
    Watch(const Options& options, migwatch::Session& session, Display& display)
        : options_(options), session_(session), display_(display), stream_(session.name(), rates_) {}

    /// Until the end of the stream, of the looks, or until the user wants it.
    void run(base::StopSignals& signals) {
        if (session_.has_past()) skip_past(signals);
        auto next = Clock::now() + options_.interval;
        for (unsigned looks = 0; !ended_by_user_ && (!options_.count || looks < *options_.count);) {
            const bool more = wait(next, signals);
            if (ended_by_user_) return;
            if (more && Clock::now() < next) continue;
            look();
            if (!more) return;
            looks++;
            next = std::max(next + options_.interval, Clock::now());
        }
    }
    const migwatch::TraceStream& stream() const { return stream_; }
    bool ended_by_user() const { return ended_by_user_; }
    std::string sums() { return migwatch::view_sums(rates_.look(0), std::chrono::duration<double>(Clock::now() - begin_).count()); }

 private:
    /// Reads what somebody else's trace has already, for the names of tasks that are in it. Rates begin behind it.
    void skip_past(base::StopSignals& signals) {
        // The module has the header at once, and the trace, or its begin at least, a moment after the pipe was opened.
        read_all(signals);
        if (is_readable(1000)) read_all(signals);
        rates_.begin_anew();
        begin_ = last_ = Clock::now();
    }

    bool is_readable(int wait_ms) const {
        pollfd polled{session_.fd(), POLLIN, 0};
        return ::poll(&polled, 1, wait_ms) > 0;
    }

    void read_all(base::StopSignals& signals) {
        while (!ended_by_user_ && is_readable(0) && read()) ended_by_user_ = signals.take() != 0;
    }

    /// Waits for something, and deals with it; false at the end of the stream.
    bool wait(Clock::time_point until, base::StopSignals& signals) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(std::max<Clock::duration>(until - Clock::now(), Clock::duration::zero()));
        std::array<pollfd, 3> polled = {
            {{session_.fd(), POLLIN, 0}, {signals.fd(), POLLIN, 0}, {display_.is_screen() ? STDIN_FILENO : -1, POLLIN, 0}}};
        if (::poll(polled.data(), polled.size(), static_cast<int>(left.count())) < 0 && errno != EINTR) throw base::system_error("waiting: poll()", errno);
        ended_by_user_ = signals.take() != 0;
        // A change of the terminal's size comes as a key without one.
        if (display_.is_screen() && !display_.take_keys()) ended_by_user_ = true;
        return ended_by_user_ || !polled[0].revents || read();
    }

    bool read() {
        std::array<char, 65536> piece;
        const ssize_t got = ::read(session_.fd(), piece.data(), piece.size());
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) return true;
        if (got < 0) throw base::system_error(fmt::format("cannot read {}", session_.name()), errno);
        stream_.add({piece.data(), static_cast<std::size_t>(got)});
        return got > 0;
    }

    void look() {
        session_.read_counts(rates_);
        const auto now = Clock::now();
        display_.show(rates_.look(std::chrono::duration<double>(now - last_).count()), since_1970());
        last_ = now;
    }

    const Options& options_;
    migwatch::Session& session_;
    Display& display_;
    migwatch::Rates rates_;
    migwatch::TraceStream stream_;
    Clock::time_point begin_ = Clock::now(), last_ = begin_;
    bool ended_by_user_ = false;
};

int work(int argc, char** argv) {
    base::CommandLine line(kInfo, base::Operands::None);
    add_options(line);
    if (!line.parse(argc, argv)) return 0;
    const Options options = read_options(line);
    base::StopSignals signals;
    const auto session = options.input ? migwatch::watch_file(*options.input)
                                       : migwatch::watch_module(options.facility, period_of_counts(options.interval), base::warn);
    std::uint64_t skipped = 0;
    bool is_trace = false;
    std::string sums;
    {
        Display display(options);
        Watch watch(options, *session, display);
        watch.run(signals);
        if (watch.ended_by_user() && !options.json) sums = watch.sums();
        skipped = watch.stream().skipped_lines();
        is_trace = watch.stream().header().names_events();
    }
    if (!sums.empty()) base::print_line(sums);
    if (!is_trace && options.input) throw base::Error(fmt::format("{}: this is no trace: there is no header", session->name()));
    if (skipped) base::warn(fmt::format("{}: {} line{} made no sense", session->name(), skipped, skipped == 1 ? "" : "s"));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    return base::tool_main("migrate_watch", [&] { return work(argc, argv); });
}
