/* SPDX-License-Identifier: GPL-2.0-only */
// mig_mon plot: pictures of spike logs and of the output of mm_dirty.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/command_line.h"
#include "base/error.h"
#include "miggraph/picture.h"
#include "tools/mig_mon.h"
#include "vmmig/log.h"

namespace {

namespace po = base::po;
using miggraph::Drawing;
using miggraph::Timeline;

const base::ProgramInfo kInfo = {
    "mig_mon plot", "[OPTION]... [FILE]",
    "Draws a spike log, the output of `mig_mon mm_dirty`, or JSON of mm_dirty or client_rr, by gnuplot: here "
    "in the\n"
    "terminal, or with -o as a picture. Without FILE, or with -, it reads standard input.\n",
    "  mig_mon plot spikes.log\n      In the terminal.\n"
    "  mig_mon plot -o spikes.png spikes.log\n"
    "  mig_mon mm_dirty -r 500M -L --duration 60s | mig_mon plot -o load.svg\n"
    "      load-rate.svg and load-latency.svg.\n"};

/// A line that changes at once from value to value.
class Steps {
 public:
    Steps(Timeline::Clock clock, std::string y_label, std::vector<std::string> names) {
        timeline_.clock = clock;
        timeline_.y_label = std::move(y_label);
        for (auto& name : names) timeline_.lines.push_back({std::move(name), {}});
    }
    /// A point; `values`: one for each line.
    void at(double time, const std::vector<double>& values) {
        timeline_.times.push_back(time);
        for (std::size_t i = 0; i < values.size(); i++) timeline_.lines[i].values.push_back(values[i]);
    }
    Timeline take() { return std::move(timeline_); }

 private:
    Timeline timeline_;
};

/// In s, of local time at that moment.
double utc_offset(double time) {
    const auto seconds = static_cast<std::time_t>(time);
    std::tm local{};
    return ::localtime_r(&seconds, &local) ? static_cast<double>(local.tm_gmtoff) : 0;
}

/// As wide as it took, as high as it is long, where the log tells it to the second.
std::vector<Drawing> drawings(const vmmig::SpikeLog& log, const std::string& source,
                              const std::string& title) {
    Steps steps(Timeline::Clock::TimeOfDay, "gap [ms]", {""});
    double before = log.start.value_or(
        log.spikes.empty() ? 0 : log.spikes.front().end - log.spikes.front().gap_ms / 1000);
    double longest = 0;
    // gnuplot knows no zones of time.
    const double zone = utc_offset(before);
    const auto at = [&](double time, double gap_ms) { steps.at(time + zone, {gap_ms}); };
    at(before, 0);
    for (const auto& spike : log.spikes) {
        before = std::max(before, spike.end - spike.gap_ms / 1000);
        at(before, 0);
        at(before, spike.gap_ms);
        before = std::max(before, spike.end);
        at(before, spike.gap_ms);
        at(before, 0);
        longest = std::max(longest, spike.gap_ms);
    }
    const std::string subtitle =
        fmt::format("{}: {} {}, the longest {:.0f} ms", source, log.spikes.size(), log.spikes.size() == 1 ? "spike" : "spikes", longest);
    return {{"spikes", {title.empty() ? "Outages of the network" : title, subtitle, steps.take()}, false}};
}

std::vector<Drawing> drawings(const vmmig::DirtyLog& log, const std::string& source,
                              const std::string& title) {
    Steps rate(Timeline::Clock::Elapsed, "MB/s", {""});
    Steps latency(Timeline::Clock::Elapsed, "us", {"max", "p99", "p50"});
    double now = 0, megabytes = 0;
    bool measured = false;
    for (const auto& second : log.seconds) {
        const double end = now + second.ms / 1000;
        for (const double time : {now, end}) {
            rate.at(time, {second.mb_per_second});
            if (second.latency)
                latency.at(time, {second.latency->max_us, second.latency->p99_us, second.latency->p50_us});
        }
        measured = measured || second.latency;
        megabytes += second.mb_per_second * second.ms / 1000;
        now = end;
    }
    const std::string subtitle = fmt::format("{}: {:.0f} MB in {:.1f} s", source, megabytes, now);
    const std::string front = title.empty() ? "" : title + ": ";
    std::vector<Drawing> drawn = {{"rate", {front + "Memory dirtied", subtitle, rate.take()}, false}};
    if (measured)
        drawn.push_back({"latency", {front + "Latency of accesses", subtitle, latency.take()}, false});
    return drawn;
}

vmmig::MonLog read(const std::string& path) {
    if (path == "-") return vmmig::read_log(std::cin, "standard input");
    std::ifstream in(path);
    if (!in) throw base::system_error(fmt::format("cannot read {}", path), errno);
    return vmmig::read_log(in, path);
}

std::string text_option(const base::CommandLine& line, const std::string& name) {
    return line.has(name) ? line.get<std::string>(name) : "";
}

}  // namespace

int plot(int argc, char** argv) {
    base::CommandLine line(kInfo, base::Operands::Anywhere);
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    auto add = line.group("Options").add_options();
    add("output_file,o", text("FILE"), "a picture: .png, .svg, .pdf or .txt; - is PNG on standard output");
    add("title", text("TEXT"), "what stands above it");
    add("size", text("WxH"), "in pixels; in a terminal in characters");
    if (!line.parse(argc, argv)) return 0;
    if (line.operands().size() > 1)
        throw base::UsageError(
            fmt::format("unexpected operand '{}': one FILE at a time", line.operands()[1]));
    const std::string path = line.operands().empty() ? "-" : line.operands()[0];
    if (line.operands().empty() && ::isatty(STDIN_FILENO))
        throw base::UsageError("nothing to draw: name a file, or pipe something into it");

    miggraph::Output output;
    output.file = text_option(line, "output_file");
    if (line.has("output_file") && output.file.empty()) throw base::UsageError("-o needs the name of a file");
    output.format =
        output.file.empty() ? miggraph::Format::Terminal : miggraph::choose_format("", output.file);
    miggraph::Canvas canvas;
    canvas.format = output.format;
    canvas.colour = ::isatty(STDOUT_FILENO) && output.file.empty();
    if (canvas.format == miggraph::Format::Terminal) canvas.size = miggraph::terminal_size();
    if (line.has("size")) canvas.size = miggraph::parse_size(text_option(line, "size"), output.format);

    const std::string source = path == "-" ? "stdin" : std::filesystem::path(path).filename().string();
    const std::vector<Drawing> drawn = std::visit(
        [&](const auto& log) { return drawings(log, source, text_option(line, "title")); }, read(path));
    const std::vector<std::string> names = miggraph::file_names(drawn, output, source);
    std::vector<miggraph::Figure> figures;
    for (const Drawing& drawing : drawn) figures.push_back(drawing.figure);
    miggraph::write_pictures(figures, names, {path}, canvas);
    for (const auto& name : names)
        if (name != "-") fmt::print("{}\n", name);
    return 0;
}
