/* SPDX-License-Identifier: GPL-2.0-only */
// vm_dirty_track: which pages of a running VM, or of any process, are written.

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/command_line.h"
#include "base/error.h"
#include "base/signals.h"
#include "base/tool_main.h"
#include "base/units.h"
#include "miggraph/picture.h"
#include "vmdirty/activity.h"
#include "vmdirty/heat_map.h"
#include "vmdirty/memory_choice.h"
#include "vmdirty/track.h"

namespace {

namespace po = base::po;
using base::CommandLine;
using base::UsageError;
using std::chrono::nanoseconds;
using vmdirty::kPage;

const base::ProgramInfo kInfo = {
    "vm_dirty_track", "--pid PID|--qmp SOCKET [OPTION]...",
    "Tells how much memory of a running VM is written, each second, and which pages: one bit for each page of\n"
    "4096 bytes, in a file for each interval. QEMU needs no patch and no option, and it may be any other process.\n"
    "The first bitmap has all pages. Ends with Ctrl-C and a summary.\n",
    "  vm_dirty_track --pid $(pgrep -f guest=web1)\n"
    "  vm_dirty_track --qmp /run/web1.qmp --interval 100ms --bitmap-dir /var/tmp/web1\n"
    "  vm_dirty_track --pid 4711 --no-bitmap --interval 100ms --duration 1m --output csv >web1.csv\n"
    "  vm_dirty_track --pid $(pgrep -o postgres) --range all --no-bitmap\n"};

constexpr std::array kWindows = {nanoseconds(100'000'000), nanoseconds(1'000'000'000), nanoseconds(10'000'000'000),
                                 nanoseconds(60'000'000'000)};
constexpr std::size_t kHottest = 5;

enum class Form { Text, Json, Csv };

struct Job {
    pid_t pid = 0;
    std::string qmp, range, tracker, bitmaps;
    miggraph::Output heat_map;
    bool write_bitmaps = true;
    vmdirty::TrackOptions track;
    Form form = Form::Text;
};

void add_options(CommandLine& line) {
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    auto what = line.group("What to watch").add_options();
    what("pid", po::value<int>()->value_name("PID"), "this process");
    what("qmp", text("SOCKET"), "the QEMU whose QMP socket this is; it tells where the memory of its VM lies");
    what("range", text("MEMORY"), "ram: the VM's (default for a QEMU), heap (default for others), all, or ADDRESS-ADDRESS");
    auto how = line.group("How").add_options();
    how("interval", text("TIME")->default_value("1s"), "from 1ms on");
    how("duration", text("TIME"), "end after so long: 30s, 5m");
    how("tracker", text("NAME"), "how to find out; see --list-trackers");
    how("list-trackers", po::bool_switch(), "print which work here, and why others do not");
    auto out = line.group("Output").add_options();
    out("bitmap-dir", text("DIR")->default_value("/tmp"), "where bitmaps are written");
    out("no-bitmap", po::bool_switch(), "write none");
    out("heatmap", text("FILE"), "at the end a picture, .png, .svg or .pdf: what was written when and where");
    out("output", text("FORM")->default_value("text"), "text, json (an object per line) or csv");
}

Form form_option(const std::string& text) {
    if (text == "text") return Form::Text;
    if (text == "json") return Form::Json;
    if (text == "csv") return Form::Csv;
    throw UsageError(fmt::format("--output: '{}' is neither text, json nor csv", text));
}

Job job(const CommandLine& line) {
    Job job;
    if (line.has("pid") == line.has("qmp")) throw UsageError("which process? --pid PID, or --qmp SOCKET");
    if (line.has("qmp")) {
        if (line.has("range")) throw UsageError("--range and --qmp: QEMU tells where the memory is");
        job.qmp = line.get<std::string>("qmp");
    } else {
        job.pid = line.get<int>("pid");
        if (job.pid < 1) throw UsageError(fmt::format("--pid: {} is no process", job.pid));
        if (job.pid == ::getpid()) throw UsageError("--pid: this is vm_dirty_track itself");
    }
    if (line.has("range")) job.range = line.get<std::string>("range");
    if (line.has("tracker")) job.tracker = line.get<std::string>("tracker");
    job.track.interval = base::parse_duration("--interval", line.get<std::string>("interval"));
    if (job.track.interval < std::chrono::milliseconds(1)) throw UsageError("--interval: 1ms is the shortest");
    if (line.has("duration")) job.track.duration = base::parse_duration("--duration", line.get<std::string>("duration"));
    if (line.has("heatmap")) {
        job.heat_map.file = line.get<std::string>("heatmap");
        job.heat_map.format = miggraph::choose_format("", job.heat_map.file);
        if (job.heat_map.format == miggraph::Format::Terminal) throw UsageError("--heatmap: characters cannot show it; name a .png, .svg or .pdf");
    }
    job.form = form_option(line.get<std::string>("output"));
    job.bitmaps = line.get<std::string>("bitmap-dir");
    for (const char* option : {"bitmap-dir", "range", "tracker", "qmp", "heatmap"})
        if (line.has(option) && line.get<std::string>(option).empty()) throw UsageError(fmt::format("--{}: a value is missing", option));
    job.write_bitmaps = !line.flag("no-bitmap");
    return job;
}

/// The one that was asked for, or the best that works here.
const vmdirty::TrackerKind& choose_tracker(const std::string& name) {
    std::string obstacles;
    for (const auto& kind : vmdirty::tracker_kinds()) {
        if (!name.empty() && name != kind.name) continue;
        const std::string obstacle = kind.obstacle();
        if (obstacle.empty()) return kind;
        obstacles += fmt::format("{}{}: {}", obstacles.empty() ? "" : "; ", kind.name, obstacle);
    }
    if (obstacles.empty()) throw UsageError(fmt::format("--tracker: there is no '{}'; see --list-trackers", name));
    throw base::Error(fmt::format("no tracker works here: {}", obstacles));
}

void list_trackers() {
    for (const auto& kind : vmdirty::tracker_kinds()) {
        const std::string obstacle = kind.obstacle();
        base::print_line(fmt::format("{:<14} {}\n{:<14} {}", kind.name, kind.about, "", obstacle.empty() ? "works here" : "not here: " + obstacle));
    }
}

double seconds(nanoseconds time) { return std::chrono::duration<double>(time).count(); }
double megabytes(std::uint64_t pages) { return static_cast<double>(pages) * kPage / (1 << 20); }

/// "0.1", "60"
std::string window_name(nanoseconds window) { return fmt::format("{}", seconds(window)); }

/// Whatever is printed and written.
class Reporter {
 public:
    Reporter(const Job& job, const vmdirty::Target& target)
        : job_(job), target_(target), activity_(target.layout, kWindows.back()), heat_map_(target.layout.pages()), ranges_(target.layout.ranges().size()) {}

    void interval(const vmdirty::Interval& interval) {
        const std::uint64_t dirty = interval.dirty.count();
        // Of the first all is marked, and no time has passed.
        const double length = interval.first ? seconds(job_.track.interval) : seconds(interval.length());
        const double rate = megabytes(dirty) / length;
        const std::string file = job_.write_bitmaps ? bitmap_name(interval.wall) : "";
        if (!interval.first) {
            activity_.add(interval.dirty, interval.begin, interval.end);
            if (!job_.heat_map.file.empty()) heat_map_.add(interval.dirty);
            for (std::size_t i = 0; i < ranges_.size(); i++) ranges_[i] += count(interval, target_.layout.ranges()[i]);
            dirty_ += dirty;
            watched_ = interval.end;
            intervals_++;
            most_ = std::max(most_, rate);
            for (std::size_t i = 0; i < kWindows.size(); i++)
                if (const auto pages = activity_.working_set(kWindows[i])) largest_[i] = std::max(largest_[i].value_or(0), *pages);
        }
        if (job_.write_bitmaps) vmdirty::write_bitmap(file, interval.dirty);
        if (job_.form == Form::Text) text(interval, file, dirty, rate);
        if (job_.form == Form::Json) json(interval, file, dirty, rate);
        if (job_.form == Form::Csv && interval.first) base::print_line(csv_head());
        if (job_.form == Form::Csv && !interval.first) csv(interval, file, dirty, rate);
    }

    /// No picture is drawn of nothing.
    void draw_heat_map() const {
        if (job_.heat_map.file.empty() || intervals_ == 0) return;
        const std::string what = fmt::format("process {}: {:.1f} MB/s on average in {}", target_.process.pid(), average(), base::format_duration(watched_));
        miggraph::HeatMap map{heat_map_.cells(), seconds(watched_), megabytes(target_.layout.pages()), "memory [MB]", "pages written in an interval"};
        miggraph::Canvas canvas;
        canvas.format = job_.heat_map.format;
        miggraph::write_pictures({{"Memory written", what, std::move(map)}}, {job_.heat_map.file}, {}, canvas);
    }

    void summary() const {
        if (job_.form == Form::Json) return summary_json();
        if (job_.form == Form::Csv) return;
        base::print_line(fmt::format("\n{} intervals in {}: {:.1f} MB/s on average, {:.1f} MB/s at most, of {:.1f} MB", intervals_,
                                     base::format_duration(watched_), average(), most_, megabytes(target_.layout.pages())));
        for (std::size_t i = 0; i < kWindows.size(); i++)
            if (largest_[i])
                base::print_line(fmt::format("written within {:>3} s: {:.1f} MB at most", window_name(kWindows[i]), megabytes(*largest_[i])));
        if (ranges_.size() > 1) print_ranges();
        const auto hottest = activity_.hottest(kHottest);
        if (!hottest.empty()) base::print_line("most often written:");
        for (const auto& part : hottest) {
            const auto& range = target_.layout.range_of(part.first_page);
            const std::uint64_t page = part.first_page - range.first_page;
            base::print_line(fmt::format("  {:x}, {:.1f} MB into {}: {:.1f} of {} pages in each interval", range.begin + page * kPage, megabytes(page),
                                         range.name, each(part.writes), part.pages));
        }
    }

 private:
    static std::uint64_t count(const vmdirty::Interval& interval, const vmdirty::Range& range) {
        return interval.dirty.count(range.first_page, range.first_page + range.pages());
    }
    double average() const { return watched_.count() ? megabytes(dirty_) / seconds(watched_) : 0; }
    double each(std::uint64_t pages) const { return static_cast<double>(pages) / static_cast<double>(std::max<std::uint64_t>(intervals_, 1)); }

    void print_ranges() const {
        for (std::size_t i = 0; i < ranges_.size(); i++) {
            const auto& range = target_.layout.ranges()[i];
            if (ranges_[i])
                base::print_line(fmt::format("  {} ({:x}-{:x}): {:.1f} MB/s", range.name, range.begin, range.end, megabytes(ranges_[i]) / seconds(watched_)));
        }
    }

    /// Intervals below a second need more than seconds.
    std::string bitmap_name(std::chrono::system_clock::time_point wall) const {
        const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(wall.time_since_epoch()).count();
        std::string name = fmt::format("{}/qemu.bm-{}.{}", job_.bitmaps, job_.pid, ms / 1000);
        if (job_.track.interval < std::chrono::seconds(1)) name += fmt::format(".{:03}", ms % 1000);
        return name;
    }

    /// As Qemu-DPT prints it.
    void text(const vmdirty::Interval& interval, const std::string& file, std::uint64_t dirty, double rate) const {
        std::string line;
        if (!file.empty()) line = fmt::format("create bitmap {} ({} bytes), ", file, interval.dirty.words().size() * 8);
        std::fputs(fmt::format("{}dirty {} / {} ({:.3f} MB/s)\n", line, dirty, interval.dirty.pages(), rate).c_str(), stderr);
    }

    void json(const vmdirty::Interval& interval, const std::string& file, std::uint64_t dirty, double rate) const {
        nlohmann::ordered_json object = {{"type", "interval"},
                                         {"time", std::chrono::duration<double>(interval.wall.time_since_epoch()).count()},
                                         {"ms", seconds(interval.length()) * 1000},
                                         {"dirty_pages", dirty},
                                         {"pages", interval.dirty.pages()}};
        if (interval.first)
            object["all"] = true;
        else
            object["bytes_per_second"] = std::llround(rate * (1 << 20));
        for (const nanoseconds window : kWindows)
            if (const auto pages = activity_.working_set(window)) object["working_set_pages"][window_name(window)] = *pages;
        if (ranges_.size() > 1) object["ranges"] = ranges(interval);
        if (!file.empty()) object["bitmap"] = file;
        base::print_line(object.dump());
    }

    /// Those in which something was written.
    nlohmann::ordered_json ranges(const vmdirty::Interval& interval) const {
        auto list = nlohmann::ordered_json::array();
        for (const auto& range : target_.layout.ranges())
            if (const std::uint64_t pages = count(interval, range))
                list.push_back({{"name", range.name}, {"first_page", range.first_page}, {"dirty_pages", pages}});
        return list;
    }

    static std::string csv_head() {
        std::string head = "time,ms,dirty_pages,pages,mb_per_second";
        for (const nanoseconds window : kWindows) head += fmt::format(",working_set_{}s_pages", window_name(window));
        return head + ",bitmap";
    }

    void csv(const vmdirty::Interval& interval, const std::string& file, std::uint64_t dirty, double rate) const {
        std::string line = fmt::format("{:.3f},{:.3f},{},{},{:.3f}", std::chrono::duration<double>(interval.wall.time_since_epoch()).count(),
                                       seconds(interval.length()) * 1000, dirty, interval.dirty.pages(), rate);
        for (const nanoseconds window : kWindows) {
            const auto pages = activity_.working_set(window);
            line += "," + (pages ? std::to_string(*pages) : "");
        }
        base::print_line(line + "," + file);
    }

    void summary_json() const {
        nlohmann::ordered_json object = {{"type", "summary"},
                                         {"intervals", intervals_},
                                         {"ms", seconds(watched_) * 1000},
                                         {"pages", target_.layout.pages()},
                                         {"bytes_per_second", std::llround(average() * (1 << 20))},
                                         {"most_bytes_per_second", std::llround(most_ * (1 << 20))}};
        for (std::size_t i = 0; i < kWindows.size(); i++)
            if (largest_[i]) object["most_working_set_pages"][window_name(kWindows[i])] = *largest_[i];
        object["hottest"] = nlohmann::ordered_json::array();
        for (const auto& part : activity_.hottest(kHottest))
            object["hottest"].push_back({{"first_page", part.first_page}, {"pages", part.pages}, {"dirty_pages_per_interval", each(part.writes)}});
        base::print_line(object.dump());
    }

    const Job& job_;
    const vmdirty::Target& target_;
    vmdirty::Activity activity_;
    vmdirty::HeatMap heat_map_;
    std::vector<std::uint64_t> ranges_;  // dirty pages of all intervals
    std::uint64_t dirty_ = 0, intervals_ = 0;
    nanoseconds watched_{0};
    double most_ = 0;
    std::array<std::optional<std::uint64_t>, kWindows.size()> largest_;
};

/// Until it is over; returns why, if that is an error. Whatever was begun is undone.
std::optional<base::Error> watch(const Job& job, const vmdirty::Target& target, Reporter& reporter) {
    base::StopSignals signals;
    const auto tracker = choose_tracker(job.tracker).start(target);
    try {
        vmdirty::track(*tracker, target, job.track, signals, [&](const vmdirty::Interval& interval) { reporter.interval(interval); });
    } catch (const base::Error& error) {
        return error;
    }
    return std::nullopt;
}

int run(int argc, char** argv) {
    CommandLine line(kInfo, base::Operands::None);
    add_options(line);
    if (!line.parse(argc, argv)) return 0;
    if (line.flag("list-trackers")) {
        list_trackers();
        return 0;
    }
    Job wanted = job(line);
    std::vector<vmhost::RamBlock> blocks;
    if (!wanted.qmp.empty()) {
        // Only for as long as it takes to ask: QEMU serves one client.
        vmhost::Qmp qmp(wanted.qmp);
        wanted.pid = qmp.pid();
        blocks = vmhost::ram_blocks(qmp);
    }
    const vmhost::Process process(wanted.pid);
    const vmdirty::Layout layout = wanted.qmp.empty() ? vmdirty::choose_memory(process, wanted.range) : vmdirty::guest_memory(process, blocks);
    const vmdirty::Target target{process, layout};
    Reporter reporter(wanted, target);
    const std::optional<base::Error> failure = watch(wanted, target, reporter);
    reporter.summary();
    reporter.draw_heat_map();
    if (failure) throw *failure;
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    return base::tool_main("vm_dirty_track", [&] { return run(argc, argv); });
}
