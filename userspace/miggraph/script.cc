/* SPDX-License-Identifier: GPL-2.0-only */
#include "miggraph/script.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "miggraph/text.h"

namespace miggraph {

namespace {

// Okabe and Ito's colours, which differ for all kinds of colour vision; black, which is for text, comes last.
constexpr std::array kFewColours = {"#0072B2", "#E69F00", "#009E73", "#CC79A7",
                                    "#56B4E9", "#D55E00", "#F0E442", "#000000"};
// Paul Tol's rainbow of 14, when there are more lines.
constexpr std::array kManyColours = {"#d1bbd7", "#ae76a3", "#882e72", "#1965b0", "#5289c7",
                                     "#7bafde", "#4eb265", "#90c987", "#cae0ab", "#f7f056",
                                     "#f6c141", "#f1932d", "#e8601c", "#dc050c"};

constexpr const char* kLegend =
    "outside right top Left reverse samplen 1.5 spacing 1.3 textcolor rgb '#303030'";
constexpr const char* kTerminalLegend = "below left Left reverse samplen 2";
constexpr const char* kTextColour = "#303030";
constexpr const char* kFaint = "#606060";
constexpr std::size_t kMostAnnotated = 16;

/// One for each line.
std::vector<std::string_view> colours(const std::vector<Timeline::Line>& lines) {
    std::vector<std::string_view> colours;
    for (const auto& line : lines)
        colours.push_back(line.colour);
    std::vector<std::string_view> free;
    auto offer = [&](const auto& palette) {
        for (std::string_view colour : palette)
            if (!std::ranges::count(colours, colour)) free.push_back(colour);
    };
    if (lines.size() <= kFewColours.size()) offer(kFewColours);
    if (free.size() < lines.size()) offer(kManyColours);
    std::size_t next = 0;
    for (std::string_view& colour : colours)
        if (colour.empty()) colour = free[next++ % free.size()];
    return colours;
}

std::string terminal_command(const Canvas& canvas) {
    const Size size = canvas.size;
    switch (canvas.format) {
        case Format::Png:
            // Only pngcairo draws transparency and smooth lines, and it is not built in everywhere.
            return fmt::format(
                "if (strstrt(GPVAL_TERMINALS, 'pngcairo')) {{ set terminal pngcairo noenhanced size {0},{1} "
                "font "
                "'DejaVu Sans,11' background '#ffffff' }} else {{ set terminal png truecolor noenhanced size "
                "{0},{1} font "
                "'DejaVu Sans,11' background '#ffffff' }}\n",
                size.width, size.height);
        case Format::Svg:
            return fmt::format(
                "set terminal svg noenhanced size {},{} dynamic font 'DejaVu Sans,13' background '#ffffff'\n",
                size.width, size.height);
        case Format::Pdf:
            return fmt::format(
                "set terminal pdfcairo noenhanced size {:.2f}in,{:.2f}in font 'DejaVu Sans,11' background "
                "'#ffffff'\n",
                size.width / 100.0, size.height / 100.0);
        case Format::Terminal:
            return fmt::format("set terminal dumb noenhanced size {},{} {}\n", size.width, size.height,
                               canvas.colour ? "ansi256" : "mono");
    }
    return "";
}

/// A text in lines of at most `room` bytes, if it has blanks to break it at.
std::vector<std::string> lines_of(std::string text, std::size_t room) {
    std::vector<std::string> lines;
    while (text.size() > room) {
        const std::size_t blank = text.rfind(' ', room);
        if (blank == std::string::npos) break;
        lines.push_back(text.substr(0, blank));
        text.erase(0, blank + 1);
    }
    if (!text.empty()) lines.push_back(std::move(text));
    return lines;
}

/// Title, subtitle, axes and grid: the same for all.
std::string frame(const Figure& figure, const Canvas& canvas, const std::string& file) {
    std::string script = "reset\nset encoding utf8\n" + terminal_command(canvas);
    script += fmt::format("set output '{}'\n", file);
    std::size_t room = canvas.format == Format::Terminal ? canvas.size.width - 2 : canvas.size.width / 8;
    std::string title = gnuplot_string(printable(figure.title, room)), subtitle = gnuplot_string(printable(figure.subtitle, room * 5 / 4));
    if (canvas.format == Format::Terminal) {
        for (const std::string& line : lines_of(figure.subtitle, room)) title += ".\"\\n\"." + gnuplot_string(printable(line, room));
        return script + fmt::format("set title {}\n", title);
    }
    script += fmt::format("set border 3 lc rgb '{}'\nset tics nomirror out textcolor rgb '{}'\n", kFaint,
                          kTextColour);
    script += "set grid back lc rgb '#dddddd' lw 1 lt 1\n";
    script += fmt::format("set tmargin {}\n", figure.subtitle.empty() ? 3.2 : 4.2);
    script += fmt::format(
        "set label 1 {} at graph 0,1 offset 0,{} left font 'DejaVu Sans Bold,13' textcolor rgb '{}'\n", title,
        figure.subtitle.empty() ? 1.2 : 2.4, kTextColour);
    if (!figure.subtitle.empty())
        script += fmt::format("set label 2 {} at graph 0,1 offset 0,1.1 left textcolor rgb '{}'\n", subtitle,
                              kFaint);
    return script;
}

double largest(const std::vector<double>& values) {
    return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
}

/// A distance between whole-numbered ticks that leaves at most `most` of them.
unsigned tick_step(std::size_t count, std::size_t most) {
    unsigned step = 1;
    while (count / step > most) step *= 2;
    return step;
}

std::string time_format(const Timeline& timeline) {
    double span = timeline.times.back() - timeline.times.front();
    if (span > 2 * 86400) return "%m/%d\\n%H:%M";
    return span < 10 ? "%H:%M:%.1S" : "%H:%M:%S";
}

/// A distance in seconds between times of day, so that no more than `most` of them stand below the picture.
double time_step(double span, double most) {
    constexpr std::array kSteps = {0.1, 0.2, 0.5, 1., 2., 5., 10., 15., 30., 60., 120., 300., 600., 900., 1800., 3600., 7200., 21600., 43200.};
    const auto* fits = std::ranges::find_if(kSteps, [&](double step) { return span / step <= most; });
    return fits != kSteps.end() ? *fits : 86400 * std::ceil(span / 86400 / most);
}

void draw(const Timeline& timeline, const Canvas& canvas, Script& script) {
    bool plain = canvas.format == Format::Terminal;
    std::string& to = script.commands;
    bool elapsed = timeline.clock == Timeline::Clock::Elapsed;
    to += fmt::format("set xlabel '{}'\nset ylabel {}\n",
                      elapsed ? "time since the start [s]" : "time of day", gnuplot_string(timeline.y_label));
    if (!elapsed) to += fmt::format("set xtics time\nset format x \"{}\" time\n", time_format(timeline));
    double from = timeline.times.front(), till = timeline.times.back() + timeline.step;
    if (from == till) {
        from -= 0.5;
        till += 0.5;
    }
    to += fmt::format("set xrange [{}:{}]\n", from, till);
    // gnuplot sets ticks so close in a terminal that what stands at them touches.
    constexpr unsigned kMargin = 12, kTick = 12;
    if (plain && !elapsed) to += fmt::format("set xtics {}\n", time_step(till - from, (static_cast<double>(canvas.size.width) - kMargin) / kTick));

    // Parts of a whole lie on each other, but lines of characters cannot show that.
    bool stacked = timeline.stacked && !plain;
    std::size_t points = timeline.times.size(), lines = timeline.lines.size();
    std::vector<double> base(points, 0.0);
    double top = 0;
    for (std::size_t i = 0; i < lines; i++) {
        Script::Block block{fmt::format("$d{}", i), {}};
        for (std::size_t k = 0; k < points; k++) {
            double high = timeline.lines[i].values[k] + (stacked ? base[k] : 0);
            block.rows.emplace_back(timeline.times[k], base[k], high);
            if (timeline.step > 0) block.rows.emplace_back(timeline.times[k] + timeline.step, base[k], high);
            if (stacked) base[k] = high;
            top = std::max(top, high);
        }
        script.blocks.push_back(std::move(block));
    }
    // In a terminal a line that lies in the border would not be seen.
    const std::string end = top <= 0 ? "1" : plain ? fmt::format("{}", 1.1 * top) : "*";
    to += fmt::format("set yrange [0:{}]\n", end);
    to += lines > 1 ? fmt::format("set key {} {}\n", plain ? kTerminalLegend : kLegend,
                                  stacked ? "invert" : "noinvert")
                    : "set key off\n";

    bool dots = points == 1 && timeline.step <= 0;
    std::string plots;
    const std::vector<std::string_view> rgbs = colours(timeline.lines);
    for (std::size_t i = 0; i < lines; i++) {
        const std::string_view rgb = rgbs[i];
        std::string title = timeline.lines[i].name.empty()
                                ? "notitle"
                                : "title " + gnuplot_string(printable(timeline.lines[i].name, 40));
        std::string data = script.blocks[i].name;
        std::string line = lines == 1 ? "notitle" : title;
        if (!plots.empty()) plots += ", \\\n     ";
        if (plain)
            plots += fmt::format("{} using 1:3 with {} {}", data, dots ? "points" : "lines", line);
        else if (dots)
            plots += fmt::format("{} using 1:3 with points pt 7 lc rgb '{}' {}", data, rgb, line);
        else if (stacked)
            plots += fmt::format("{} using 1:2:3 with filledcurves fs solid 0.9 noborder fc rgb '{}' {}",
                                 data, rgb, line);
        else if (lines == 1)
            plots += fmt::format(
                "{0} using 1:2:3 with filledcurves fs transparent solid 0.2 noborder fc rgb '{1}' notitle, "
                "{0} using 1:3 with "
                "lines lw 1.8 lc rgb '{1}' notitle",
                data, rgb);
        else
            plots += fmt::format("{} using 1:3 with lines lw 1.8 lc rgb '{}' {}", data, rgb, line);
    }
    to += "plot " + plots + "\n";
}

/// Ticks at groups, of which not every name has room.
std::string ticks(const CpuAxis& axis, std::size_t count, std::size_t most, const char* which, const char* form) {
    const unsigned step = tick_step(count, most);
    if (axis.names.empty()) return fmt::format("set {} 0,{},{}{}\n", which, step, count - 1, form);
    std::string list;
    for (std::size_t i = 0; i < count; i += step)
        list += fmt::format("{}{} {}", list.empty() ? "" : ", ", gnuplot_string(axis.names[i]), i);
    return fmt::format("set {} ({}){}{}\n", which, list, form, which[0] == 'x' ? " rotate by -45" : "");
}

void draw(const CpuPairs& pairs, const Canvas&, Script& script) {
    std::size_t cpus = pairs.counts.size();
    Script::Block block{"$pairs", {}}, labels{"$labels", {}};
    block.rows.reserve(cpus * cpus);
    std::vector<double> seen;
    for (std::size_t from = 0; from < cpus; from++)
        for (std::size_t to = 0; to < cpus; to++) {
            double count = pairs.counts[from][to];
            if (count > 0) {
                seen.push_back(count);
                labels.rows.emplace_back(to, from, count);
            }
            block.rows.emplace_back(to, from, count > 0 ? count : std::nan(""));
        }
    script.blocks.push_back(std::move(block));
    std::sort(seen.begin(), seen.end());
    double most = seen.empty() ? 1 : seen.back(), least = seen.empty() ? 1 : seen.front();
    // One busy pair must not make all others look alike.
    bool logarithmic = !seen.empty() && most > 20 * std::max(1.0, seen[seen.size() / 2]);

    std::string& to = script.commands;
    double end = static_cast<double>(cpus) - 0.5;
    to += fmt::format("set xrange [-0.5:{0}]\nset yrange [{0}:-0.5]\nset size ratio 1\n", end);
    to += ticks(pairs.axis, cpus, 32, "xtics", " scale 0.4") + ticks(pairs.axis, cpus, 32, "ytics", " scale 0.4");
    to += fmt::format(
        "set grid noxtics noytics\nset xlabel 'to {0}'\nset ylabel 'from {0}'\nset cblabel 'migrations'\nset key "
        "off\nset border 15\n",
        pairs.axis.unit);
    to += "set palette defined (0 '#fff3d9', 0.25 '#f6c667', 0.5 '#cf6f5f', 0.75 '#7b3a7d', 1 '#1d1147')\n";
    to += fmt::format("set cbrange [{}:{}]\n", logarithmic ? fmt::format("{}", least) : "0",
                      std::max(most, least + 1));
    if (logarithmic) to += "set logscale cb\n";
    to += "set object 1 rectangle from graph 0,0 to graph 1,1 behind fc rgb '#fafafa' fs solid noborder\n";
    std::string plot = "plot $pairs using 1:2:3 with image pixels";
    if (cpus <= kMostAnnotated && !labels.rows.empty()) {
        // Dark cells take light letters: from the middle of the palette on.
        double middle = logarithmic ? std::sqrt(least * most) : most / 2;
        to += fmt::format(
            "cell(v) = v < 9999.5 ? sprintf('%.0f', v) : v < 999500 ? sprintf('%.0fk', v / "
            "1e3) : v < 999.5e6 ? "
            "sprintf('%.1fM', v / 1e6) : sprintf('%.1fG', v / 1e9)\n"
            "ink(v) = v > {} ? 0xffffff : 0x202020\n",
            middle);
        plot += fmt::format(
            ", $labels using 1:2:(cell($3)):(ink($3)) with labels textcolor rgb variable font 'DejaVu "
            "Sans,{}'",
            cpus <= 8 ? 11 : 9);
        script.blocks.push_back(std::move(labels));
    }
    to += plot + "\n";
}

void draw(const CpuTotals& totals, const Canvas& canvas, Script& script) {
    std::size_t cpus = totals.left.size();
    bool plain = canvas.format == Format::Terminal;
    Script::Block block{"$cpus", {}};
    for (std::size_t cpu = 0; cpu < cpus; cpu++)
        block.rows.emplace_back(static_cast<double>(cpu), totals.left[cpu], totals.arrived[cpu]);
    script.blocks.push_back(std::move(block));
    std::string& to = script.commands;
    double top = std::max(largest(totals.left), largest(totals.arrived));
    to += fmt::format("set xrange [-0.6:{:.1f}]\nset yrange [0:{}]\n", static_cast<double>(cpus) - 0.4,
                      top > 0 ? "*" : "1");
    to += ticks(totals.axis, cpus, plain ? 16 : 32, "xtics", "") + "set grid noxtics\n";
    to += fmt::format("set xlabel '{}'\nset ylabel 'migrations'\n", totals.axis.unit);
    to += fmt::format("set key {}\n", plain ? kTerminalLegend : kLegend);
    if (plain) {
        to +=
            "plot $cpus using ($1-0.2):2 with impulses title 'left the CPU', $cpus using ($1+0.2):3 with "
            "impulses "
            "title 'came to the CPU'\n";
        return;
    }
    to += "set boxwidth 0.38 absolute\nset style fill solid 0.9 noborder\n";
    to += fmt::format(
        "plot $cpus using ($1-0.2):2 with boxes lc rgb '{}' title 'left the CPU', $cpus using ($1+0.2):3 "
        "with "
        "boxes lc rgb '{}' title "
        "'came to the CPU'\n",
        kFewColours[0], kFewColours[1]);
}

void draw(const HeatMap& map, const Canvas&, Script& script) {
    Script::Block block{"$cells", {}};
    const double width = map.seconds / static_cast<double>(map.columns.size());
    for (std::size_t x = 0; x < map.columns.size(); x++)
        for (std::size_t y = 0; y < map.columns[x].size(); y++)
            block.rows.emplace_back((static_cast<double>(x) + 0.5) * width,
                                    (static_cast<double>(y) + 0.5) * map.height / static_cast<double>(map.columns[x].size()),
                                    100 * map.columns[x][y]);
    script.blocks.push_back(std::move(block));
    std::string& to = script.commands;
    to += fmt::format("set xlabel 'time since the start [s]'\nset ylabel {}\nset cblabel {}\n", gnuplot_string(map.y_label),
                      gnuplot_string(map.part + " [%]"));
    to += fmt::format("set xrange [0:{}]\nset yrange [0:{}]\nset cbrange [0:*]\nset key off\nset border 15\n", map.seconds, map.height);
    to += "set grid noxtics noytics\n";
    to += "set palette defined (0 '#ffffff', 0.02 '#fff3d9', 0.25 '#f6c667', 0.5 '#cf6f5f', 0.75 '#7b3a7d', 1 '#1d1147')\n";
    to += "plot $cells using 1:2:3 with image pixels\n";
}

}  // namespace

Size default_size(const Figure& figure, Format format) {
    if (format == Format::Terminal) return {79, 24};
    if (std::holds_alternative<CpuPairs>(figure.content)) {
        std::size_t cpus = std::get<CpuPairs>(figure.content).counts.size();
        return cpus <= 8 ? Size{800, 720} : cpus <= 64 ? Size{1040, 960} : Size{1300, 1200};
    }
    return {1200, 560};
}

Script make_script(const Figure& figure, const Canvas& canvas, const std::string& file) {
    Canvas sized = canvas;
    if (!canvas.size.width) sized.size = default_size(figure, canvas.format);
    Script script;
    script.commands = frame(figure, sized, file);
    std::visit([&](const auto& content) { draw(content, sized, script); }, figure.content);
    script.commands += "unset output\n";
    return script;
}

}  // namespace miggraph
