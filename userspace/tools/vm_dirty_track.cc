/* SPDX-License-Identifier: GPL-2.0-only */
// vm_dirty_track: which pages of a running VM, or of any process, are written.

#include <fmt/format.h>
#include <unistd.h>

#include <boost/algorithm/string.hpp>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/command_line.h"
#include "base/error.h"
#include "base/signals.h"
#include "base/tool_main.h"
#include "base/units.h"
#include "vm_choice.h"
#include "vm_dirty_track_report.h"
#include "vmdirty/tracker.h"
#include "vmdirty/zero_pages.h"

namespace {

namespace po = base::po;
using base::CommandLine;
using base::UsageError;
using dirty_track::Form;
using dirty_track::ReportOptions;
using dirty_track::Reporter;

const base::ProgramInfo kInfo = {
    "vm_dirty_track", "--pid PID|--qmp SOCKET|--libvirt DOMAIN [OPTION]...",
    "Tells how much memory of a running VM is written, each second, and which pages: one bit for each page of\n"
    "4096 bytes, in a file for each interval. QEMU needs no patch and no option, and it may be any other process.\n"
    "The first line and the first bitmap have all pages, as nothing is known of what was before: no rate. Ends with\n"
    "Ctrl-C and a summary.\n",
    "  vm_dirty_track --libvirt web1\n"
    "  vm_dirty_track --qmp /run/web1.qmp --interval 100ms --bitmap-dir /var/tmp/web1\n"
    "  vm_dirty_track --pid 4711 --no-bitmap --interval 100ms --duration 1m --output csv >web1.csv\n"
    "  vm_dirty_track --pid $(pgrep -o postgres) --range all --no-bitmap\n"};

struct Job {
    VmChoice vm;
    std::string tracker;
    vmdirty::TrackOptions track;
};

void add_options(CommandLine& line) {
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    add_vm_options(line);
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

miggraph::Output heat_map(const CommandLine& line) {
    miggraph::Output output;
    output.file = line.get<std::string>("heatmap");
    const std::string kind = std::filesystem::path(output.file).extension();
    // choose_format() knows .txt, too, and takes a name without an extension for a .png.
    if (!boost::iequals(kind, ".png") && !boost::iequals(kind, ".svg") && !boost::iequals(kind, ".pdf"))
        throw UsageError(fmt::format("--heatmap: the name '{}' does not end in .png, .svg or .pdf", output.file));
    output.format = miggraph::choose_format("", output.file);
    return output;
}

Job job(const CommandLine& line) {
    Job job;
    job.vm = choose_vm(line);
    if (line.has("tracker")) job.tracker = line.get<std::string>("tracker");
    job.track.interval = base::parse_duration("--interval", line.get<std::string>("interval"));
    if (job.track.interval < std::chrono::milliseconds(1)) throw UsageError("--interval: 1ms is the shortest");
    if (line.has("duration")) job.track.duration = base::parse_duration("--duration", line.get<std::string>("duration"));
    if (job.track.duration && job.track.duration->count() == 0) throw UsageError("--duration: 0 is over at once");
    form_option(line.get<std::string>("output"));
    if (line.flag("no-bitmap") && line.has("bitmap-dir")) throw UsageError("--bitmap-dir and --no-bitmap: one or the other");
    for (const char* option : {"bitmap-dir", "tracker", "heatmap"})
        if (line.has(option) && line.get<std::string>(option).empty()) throw UsageError(fmt::format("--{}: a value is missing", option));
    if (line.has("heatmap")) heat_map(line);
    return job;
}

void check_folder(const std::string& folder) {
    if (!std::filesystem::is_directory(folder)) throw UsageError(fmt::format("--bitmap-dir: {} is no directory", folder));
    if (::access(folder.c_str(), W_OK | X_OK)) throw base::system_error(fmt::format("--bitmap-dir: cannot write into {}", folder), errno);
}

ReportOptions report_options(const CommandLine& line, const Job& job, const vmdirty::TrackerKind& kind) {
    ReportOptions options;
    options.form = form_option(line.get<std::string>("output"));
    options.interval = job.track.interval;
    if (line.has("heatmap")) options.heat_map = heat_map(line);
    if (!line.flag("no-bitmap")) options.bitmaps = line.get<std::string>("bitmap-dir");
    if (kind.which && !options.bitmaps.empty()) check_folder(options.bitmaps);
    if (kind.which) return options;
    for (const char* option : {"bitmap-dir", "heatmap"})
        if (line.has(option)) throw UsageError(fmt::format("--{}: the tracker {} tells how much is written, and not where", option, kind.name));
    if (!line.flag("no-bitmap")) base::tell(fmt::format("the tracker {} tells how much is written, and not where: there are no bitmaps", kind.name));
    options.bitmaps.clear();
    return options;
}

std::string tracker_row(const std::string& name, const std::string& works, const std::string& about) {
    return fmt::format("{:<13} {:<6} {}", name, works, about);
}

void list_trackers(const CommandLine& line, const vmdirty::Target* target) {
    const Form form = form_option(line.get<std::string>("output"));
    if (form == Form::Csv) throw UsageError("--list-trackers: there is text, and json");
    if (form == Form::Text) base::print_line(tracker_row("TRACKER", "WORKS", "ABOUT"));
    for (const auto& kind : vmdirty::tracker_kinds()) {
        const std::string obstacle = kind.obstacle(target);
        if (form == Form::Json) {
            const nlohmann::ordered_json object = {{"type", "tracker"},     {"name", kind.name},         {"about", kind.about},
                                                   {"bitmaps", kind.which}, {"works", obstacle.empty()}, {"obstacle", obstacle}};
            base::print_line(object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
            continue;
        }
        base::print_line(tracker_row(kind.name, obstacle.empty() ? "yes" : "no", kind.about));
        if (!obstacle.empty()) base::print_line(tracker_row("", "", "not here: " + obstacle));
    }
}

/// Until it is over; returns why, if that is an error. Whatever was begun is undone.
std::optional<base::Error> watch(const Job& job, const vmdirty::Target& target, const vmdirty::TrackerKind& kind, Reporter& reporter) {
    base::StopSignals signals;
    try {
        kind.track(target, job.track, signals, [&](const vmdirty::Interval& interval) { reporter.interval(interval); });
    } catch (const base::UsageError&) {
        throw;
    } catch (const base::Error& error) {
        // Where nothing was seen there is nothing to sum up.
        if (!reporter.begun()) throw;
        return error;
    }
    return std::nullopt;
}

int run(int argc, char** argv) {
    CommandLine line(kInfo, base::Operands::None);
    add_options(line);
    if (!line.parse(argc, argv)) return 0;
    const bool list = line.flag("list-trackers");
    if (list && !names_vm(line)) {
        list_trackers(line, nullptr);
        return 0;
    }
    const Job wanted = job(line);
    auto monitor = monitor_of(wanted.vm);
    const vmhost::Process process(monitor ? monitor->pid() : wanted.vm.pid);
    const vmdirty::Layout layout = memory_of(wanted.vm, process, monitor.get());
    vmdirty::Target target{process, layout, monitor.get()};
    if (list) {
        list_trackers(line, &target);
        return 0;
    }
    const vmdirty::TrackerKind& kind = vmdirty::choose_tracker(wanted.tracker, target);
    ReportOptions report = report_options(line, wanted, kind);
    if (report.form == Form::Json) report.zero_pages = vmdirty::count_zero_pages(process, layout);
    Reporter reporter(report, target, kind);
    if (!kind.keeps_monitor) {
        // QEMU serves one client: others shall not wait longer than it takes to ask.
        target.monitor = nullptr;
        monitor.reset();
    }
    const std::optional<base::Error> failure = watch(wanted, target, kind, reporter);
    reporter.summary();
    reporter.draw_heat_map();
    if (failure) throw *failure;
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    return base::tool_main("vm_dirty_track", [&] { return run(argc, argv); });
}
