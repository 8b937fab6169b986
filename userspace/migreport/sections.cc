/* SPDX-License-Identifier: GPL-2.0-only */
#include "migreport/sections.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "migreport/charts.h"
#include "migreport/command.h"
#include "migtrace/cause_info.h"
#include "migtrace/text_table.h"
#include "migtrace/time_format.h"

namespace migreport {

namespace {

using Kind = HtmlTable::Kind;

constexpr std::size_t kTopProcesses = 20, kTopPairs = 10, kTopReturns = 10;
/// Cells along a side of the table from CPU to CPU; beyond it CPUs are put together.
constexpr unsigned kMostCells = 64;

constexpr const char* kNoMigration = "There is no migration in this part of the trace.";

void none(Html& page, const std::string& why) {
    page.raw("<p class=\"none\">").text(why).raw("</p>\n");
}

/// The commands that print the figures of a section.
void commands(Html& page, const std::vector<std::string>& lines) {
    page.raw("<div class=\"commands\"><p>The same figures:</p>");
    for (const std::string& line : lines) page.raw("<pre><code>").text(line).raw("</code></pre>");
    page.raw("</div>\n");
}

std::string rate(std::uint64_t count, std::uint64_t duration) {
    return grouped(fmt::format("{:.2f}", migtrace::per_second(count, duration)));
}

std::string code(std::string_view text) {
    return "<code>" + escaped(text) + "</code>";
}

/// A name from the trace: its direction of writing stays inside of it.
std::string name(std::string_view comm) {
    return comm.empty() ? "<span class=\"dim\">no name</span>" : "<bdi>" + escaped(comm) + "</bdi>";
}

std::string cause_cell(std::string_view cause) {
    return swatch(migtrace::cause_info(cause).colour) + code(cause);
}

struct Part {
    std::uint64_t count;
    std::string_view colour;
};

/// Parts side by side; `full` is as long as the bar may be.
std::string bar(const std::vector<Part>& parts, std::uint64_t full) {
    constexpr double kLength = 120;
    std::string text = fmt::format(
        "<svg class=\"bar\" width=\"{0}\" height=\"10\" viewBox=\"0 0 {0} 10\" aria-hidden=\"true\">",
        kLength);
    double x = 0;
    for (const Part& part : parts) {
        if (part.count == 0) continue;
        const double width = kLength * static_cast<double>(part.count) / static_cast<double>(full);
        text += fmt::format("<rect x=\"{}\" width=\"{}\" height=\"10\" fill=\"{}\"/>", place(x),
                            place(std::max(width, 0.5)), part.colour);
        x += width;
    }
    return text + "</svg>";
}

std::string exact_seconds(std::uint64_t ns) {
    fmt::memory_buffer text;
    migtrace::put_seconds(text, ns, 0);
    return {text.data(), text.size()};
}

void tile(Html& page, const std::string& value, const std::string& what) {
    page.format("<div class=\"tile\"><b>{}</b><span>{}</span></div>", value, what);
}

void tiles(Html& page, const Collected& all) {
    const std::uint64_t total = all.counters.total(), duration = all.info.duration();
    page.raw("<div class=\"tiles\">");
    tile(page, grouped(total), total == 1 ? "migration" : "migrations");
    tile(page, rate(total, duration), "per second");
    tile(page, migtrace::short_time(static_cast<double>(duration)), "time span");
    tile(page, fmt::format("{}", migtrace::cpus_in_use(all.counters.matrix()).size()),
         fmt::format("of {} CPU{} in use", all.info.nr_cpus, all.info.nr_cpus == 1 ? "" : "s"));
    tile(page, grouped(all.processes.count()),
         all.processes.count() == 1 ? "process moved" : "processes moved");
    tile(page, grouped(all.marks.count()), all.marks.count() == 1 ? "mark" : "marks");
    page.raw("</div>\n");
}

/// Where the window lies.
void span(Html& page, const migtrace::TraceInfo& info) {
    page.format("<p>Looked at: {} seconds", exact_seconds(info.duration()));
    if (info.start.known)
        page.format(", from {} to {}", migtrace::iso_utc(migtrace::wall_clock(info.start, info.begin)),
                    migtrace::iso_utc(migtrace::wall_clock(info.start, info.end)));
    page.format("; on the kernel's clock from <code>0x{:016x}</code> to <code>0x{:016x}</code>.</p>\n",
                info.begin, info.end);
}

void warnings(Html& page, const std::vector<std::string>& all) {
    if (all.empty()) return;
    page.raw("<div class=\"warning\"><p>The input was not quite as it should be:</p><ul>");
    for (const std::string& warning : all) page.raw("<li>").text(warning).raw("</li>");
    page.raw("</ul></div>\n");
}

void cause_table(Html& page, const Collected& all) {
    const migtrace::Counters& counters = all.counters;
    const std::vector<std::size_t> order = causes_by_count(counters);
    HtmlTable table(page, "Migrations by cause",
                    {{"cause", Kind::Text},
                     {"count"},
                     {"per sec"},
                     {"share"},
                     {"", Kind::Text},
                     {"what happened", Kind::Text, "prose"}});
    for (std::size_t i : order) {
        const auto& [cause, count] = counters.causes()[i];
        const migtrace::CauseInfo info = migtrace::cause_info(cause);
        table.row({cause_cell(cause), grouped(count), rate(count, all.info.duration()),
                   share(count, counters.total()),
                   bar({{count, info.colour}}, counters.causes()[order.front()].count),
                   escaped(info.meaning)});
    }
    table.row({"total", grouped(counters.total()), rate(counters.total(), all.info.duration()), "", "", ""},
              true);
    table.end();
    std::string others;
    for (const auto& cause : counters.causes())
        if (cause.count == 0) others += (others.empty() ? "" : ", ") + code(cause.name);
    if (!others.empty()) page.format("<p class=\"note\">Did not occur: {}.</p>\n", others);
}

void summary(Html& page, const Collected& all, const Source& source) {
    tiles(page, all);
    if (all.info.opened) span(page, all.info);
    warnings(page, all.warnings);
    if (all.counters.total() == 0)
        none(page, std::string(kNoMigration) +
                       " A window that begins with a mark which is not in the trace has none, nor has one "
                       "that filters leave empty.");
    else {
        page.raw(
            "<p class=\"how\">A cause is the kernel function that decided on the move. Wakeups, forks and "
            "load balance are normal; look at what is frequent where you did not expect it.</p>\n");
        cause_table(page, all);
    }
    if (reads_standard_input(source))
        page.raw(
            "<p class=\"note\">The trace came through standard input, which the commands of this page write as "
            "<code>-</code>: put the name of a file there.</p>\n");
    commands(page, {stats_command(source, "--stats")});
}

void timeline(Html& page, const Collected& all, const Source& source) {
    if (!all.timeline.bins() || all.timeline.bins()->columns() == 0) return none(page, kNoMigration);
    const Bins& bins = *all.timeline.bins();
    page.format(
        "<p class=\"how\">The height is the rate of migrations, the colours are causes, the most frequent at "
        "the bottom. A column is {}; the last one may not be over, and then it is not in what the command "
        "prints. Dashed lines are marks. Bursts that stand beside a mark, or come again and again at the "
        "same distance, are where to look.</p>\n",
        migtrace::short_time(static_cast<double>(bins.width())));
    draw_timeline(page, all);
    Source shown = source;
    if (all.timeline.cut()) shown.window.end_ts = all.timeline.shown_end();
    commands(page,
             {stats_command(shown, fmt::format("--period {} --period_all --period_cause", bins.msec()))});
}

struct Pair {
    unsigned from, to;
    std::uint64_t count;
};

/// The most frequent ones, in bounded memory however many pairs there are.
std::vector<Pair> busiest(const migtrace::CpuMatrix& matrix) {
    auto busier = [](const Pair& a, const Pair& b) {
        return std::tuple(b.count, a.from, a.to) < std::tuple(a.count, b.from, b.to);
    };
    std::set<Pair, decltype(busier)> best(busier);
    matrix.for_each([&](unsigned from, unsigned to, std::uint64_t count) {
        if (best.size() == kTopPairs && count <= best.rbegin()->count) return;
        best.insert({from, to, count});
        if (best.size() > kTopPairs) best.erase(std::prev(best.end()));
    });
    return {best.begin(), best.end()};
}

void pair_table(Html& page, const Collected& all) {
    const migtrace::CpuMatrix& matrix = all.counters.matrix();
    const migtrace::DistanceTable distances(all.header);
    const bool topology = has_topology(all.header);
    std::vector<HtmlTable::Column> columns = {{"from"}, {"to"}, {"count"}, {"per sec"}};
    if (topology) columns.push_back({"distance", Kind::Text});
    HtmlTable table(page, "The busiest pairs of CPUs", columns);
    for (const Pair& pair : busiest(matrix)) {
        std::vector<std::string> cells = {fmt::format("{}", pair.from), fmt::format("{}", pair.to),
                                          grouped(pair.count), rate(pair.count, all.info.duration())};
        if (topology) {
            const auto distance = static_cast<std::size_t>(distances.between(pair.from, pair.to));
            cells.push_back(swatch(distance_colour(distance)) + migtrace::kDistanceNames[distance]);
        }
        table.row(cells);
    }
    table.end();
}

/// Sums up what the command of single pairs prints as the cells of the picture do.
std::string sums_of(const std::string& pairs, const migtrace::CpuGroups& groups) {
    return pairs + " | awk -F, -v groups='" + migtrace::group_list(groups) +
           "' 'BEGIN { n = split(groups, name, \" \"); for (i = 1; i <= n; i++) { m = split(name[i], part, \",\"); "
           "for (k = 1; k <= m; k++) { last = split(part[k], end, \"-\"); for (c = end[1] + 0; c <= end[last] + 0; c++) "
           "group[c] = name[i] } } } { count[group[$3] \" to \" group[$4]] += $5 } "
           "END { for (pair in count) print pair \": \" count[pair] }'";
}

constexpr const char* kLastCpu = "the last that the trace's header tells or --max_cpu lets in";

void pairs(Html& page, const Collected& all, const Source& source) {
    const migtrace::CpuMatrix& matrix = all.counters.matrix();
    const std::uint64_t total = matrix.sums().total;
    if (all.counters.total() == 0) return none(page, kNoMigration);
    std::vector<std::string> lines = {stats_command(source, "--stats --output csv") + " | grep ^cpu_pair"};
    if (all.info.nr_cpus == 1)
        none(page, "The machine has one CPU: there is nowhere to go.");
    else if (total == 0)
        none(page, fmt::format("All migrations are from or to CPUs beyond {}, {}.", all.info.nr_cpus - 1, kLastCpu));
    else {
        const std::vector<unsigned> cpus = migtrace::cpus_to_show(matrix, kMostCells);
        const migtrace::CpuGroups groups = migtrace::group_cpus(all.header, cpus, kMostCells);
        page.raw(
            "<p class=\"how\">A row is where tasks left, a column where they went. Rows or columns that "
            "stand out are CPUs that push work away or attract it; a checkered pattern means that tasks go "
            "back and forth between two places.</p>\n");
        if (cpus.size() < all.info.nr_cpus)
            page.format("<p class=\"note\">Of {} CPUs, those with migrations.</p>\n", all.info.nr_cpus);
        if (groups.unit != migtrace::CpuGroups::Unit::Cpu) {
            page.format(
                "<p class=\"note\">There are {} CPUs, too many to be shown one by one: a cell is a {}. "
                "Moves inside of it are in the diagonal.</p>\n",
                cpus.size(), groups.unit_name());
            lines.push_back(sums_of(lines.front(), groups));
        }
        page.raw("<div class=\"side\"><div>");
        draw_heat_map(page, groups, migtrace::sum_groups(matrix, groups), all.info.duration());
        page.raw("</div><div>");
        pair_table(page, all);
        page.raw("</div></div>\n");
    }
    if (const std::uint64_t beyond = all.counters.total() - total; beyond > 0 && total > 0)
        page.format("<p class=\"note\">{} more from or to CPUs beyond {}, {}.</p>\n", beyond, all.info.nr_cpus - 1, kLastCpu);
    commands(page, lines);
}

/// "2 nodes, 4 last level caches, 16 cores, 32 CPUs", as far as the header tells.
std::string machine(const migtrace::TraceHeader& header) {
    std::set<int> nodes;
    std::set<std::pair<int, int>> caches;
    std::set<std::tuple<int, int, int>> cores;
    for (const auto& [cpu, where] : header.cpus()) {
        if (where.node >= 0) nodes.insert(where.node);
        if (where.llc >= 0) caches.insert({where.node, where.llc});
        if (where.llc >= 0 && where.core >= 0) cores.insert({where.node, where.llc, where.core});
    }
    std::string text;
    auto add = [&](std::size_t count, const char* what) {
        if (count > 0)
            text += fmt::format("{}{} {}{}", text.empty() ? "" : ", ", count, what, count == 1 ? "" : "s");
    };
    add(nodes.size(), "node");
    add(caches.size(), "last level cache");
    add(cores.size(), "core");
    add(header.cpus().size(), "CPU");
    return text;
}

std::vector<std::string> distance_cells(const std::string& front, const migtrace::DistanceCounts& counts,
                                        std::uint64_t duration) {
    std::vector<std::string> cells = {front};
    for (std::uint64_t count : counts.counts) cells.push_back(grouped(count));
    cells.push_back(grouped(counts.total()));
    cells.push_back(rate(counts.total(), duration));
    return cells;
}

void topology(Html& page, const Collected& all, const Source& source) {
    if (!has_topology(all.header))
        return none(page,
                    "The trace does not tell where its CPUs stand: its header has no lines \"# cpu N core "
                    "...\", which the kernel module writes since format 1.1.0.");
    page.format("<p>The machine: {}.</p>\n", machine(all.header));
    if (all.counters.total() == 0) return none(page, kNoMigration);
    page.raw(
        "<p class=\"how\">The farther a task moves, the more of its memory it leaves behind: nothing within "
        "a core, the first caches within a last level cache, all caches across, and across nodes its memory "
        "as well. Frequent moves across nodes deserve a reason.</p>\n");
    draw_distances(page, all.topology);
    std::vector<HtmlTable::Column> columns = {{"cause", Kind::Text}};
    for (const char* distance : migtrace::kDistanceNames) columns.push_back({distance});
    columns.push_back({"total"});
    columns.push_back({"per sec"});
    HtmlTable table(page, "Distances by cause", columns);
    for (const auto& cause : all.topology.causes())
        if (cause.counts.total() > 0)
            table.row(distance_cells(cause_cell(cause.name), cause.counts, all.info.duration()));
    table.row(distance_cells("total", all.topology.total(), all.info.duration()), true);
    table.end();
    commands(page, {stats_command(source, "--topology --top 1")});
}

/// "across nodes (12)": the farthest that it went, and how often.
std::string farthest(const migtrace::DistanceCounts& counts) {
    using migtrace::Distance;
    for (Distance d : {Distance::Nodes, Distance::Node, Distance::Cache, Distance::Core, Distance::Unknown}) {
        const auto i = static_cast<std::size_t>(d);
        if (counts.at(d) > 0)
            return fmt::format("{}{} <span class=\"dim\">({})</span>", swatch(distance_colour(i)),
                               migtrace::kDistanceNames[i], grouped(counts.at(d)));
    }
    return "";
}

std::string process_bar(const Processes::Process& process, const migtrace::Counters& counters,
                        std::uint64_t full) {
    std::vector<Part> parts;
    for (std::size_t i : causes_by_count(counters))
        parts.push_back({process.causes[i], migtrace::cause_info(counters.causes()[i].name).colour});
    return bar(parts, full);
}

void processes(Html& page, const Collected& all, const Source& source) {
    const std::vector<Processes::Process> top = all.processes.top(kTopProcesses);
    if (top.empty()) return none(page, kNoMigration);
    const bool topology = has_topology(all.header);
    page.format(
        "<p class=\"how\">{} The bar shows the causes in their colours. The name is the one that the process "
        "had when it moved last. A process that is moved by one cause again and again is a candidate for "
        "pinning, or for another priority.</p>\n",
        all.processes.count() > top.size()
            ? fmt::format("The {} of {} processes that moved most.", top.size(), all.processes.count())
            : "All processes that moved.");
    std::vector<HtmlTable::Column> columns = {{"pid"},          {"name", Kind::Text, "name"},
                                              {"count"},        {"per sec"},
                                              {"", Kind::Text}, {"main cause", Kind::Text}};
    if (topology) columns.push_back({"farthest", Kind::Text});
    HtmlTable table(page, "Processes that moved most", columns);
    for (const auto& p : top) {
        const auto main =
            static_cast<std::size_t>(std::max_element(p.causes.begin(), p.causes.end()) - p.causes.begin());
        std::vector<std::string> cells = {
            fmt::format("{}", p.pid),
            name(p.comm),
            grouped(p.count),
            rate(p.count, all.info.duration()),
            process_bar(p, all.counters, top.front().count),
            fmt::format("{} <span class=\"dim\">({})</span>", code(all.counters.causes()[main].name),
                        grouped(p.causes[main]))};
        if (topology) cells.push_back(farthest(p.distances));
        table.row(cells);
    }
    table.end();
    std::vector<std::string> lines = {
        stats_command(source, fmt::format("--summary_pid --top {} --comm_whole", kTopProcesses))};
    if (topology) lines.push_back(stats_command(source, "--topology"));
    Source one = source;
    one.filters.pid = {{top.front().pid}, {}};
    lines.push_back(stats_command(one, "--stats") + "    # causes of one process");
    commands(page, lines);
}

/// Nothing where it is what migrate_stats takes anyway.
std::string pingpong_option(const Source& source) {
    return source.pingpong_time == migtrace::kPingPongTime
               ? ""
               : fmt::format(" --pingpong_time {}ns", source.pingpong_time.count());
}

void pingpong(Html& page, const Collected& all, const Source& source) {
    const migtrace::PingPong& pingpong = all.pingpong;
    const std::uint64_t duration = all.info.duration();
    const std::string within = migtrace::short_time(static_cast<double>(pingpong.within_ns()));
    if (all.counters.total() == 0) return none(page, kNoMigration);
    page.format(
        "<p class=\"how\">A task comes back to a CPU within {} of leaving it. Each time it went away for "
        "nothing and has found cold caches twice; look for two causes that work against each other.</p>\n",
        within);
    if (pingpong.total() == 0)
        none(page, fmt::format("No task came back within {}.", within));
    else {
        HtmlTable causes(
            page, "Returns by cause",
            {{"away by", Kind::Text}, {"back by", Kind::Text}, {"count"}, {"per sec"}, {"mean time away"}});
        for (const auto& pair : pingpong.pairs(kTopReturns))
            causes.row({cause_cell(pair.away), cause_cell(pair.back), grouped(pair.count),
                        rate(pair.count, duration), migtrace::short_time(pair.mean_away())});
        causes.row({"total", "", grouped(pingpong.total()), rate(pingpong.total(), duration), ""}, true);
        causes.end();
        HtmlTable tasks(page, "Processes that came back most often",
                        {{"pid"},
                         {"name", Kind::Text, "name"},
                         {"count"},
                         {"per sec"},
                         {"of all moves"},
                         {"most often away by, back by", Kind::Text}});
        for (const auto& p : pingpong.processes(kTopReturns)) {
            const migtrace::PingPong::Pair most = pingpong.pairs_of(p.pid).front();
            tasks.row({fmt::format("{}", p.pid), name(p.comm), grouped(p.count), rate(p.count, duration),
                       grouped(p.migrations), cause_cell(most.away) + ", " + cause_cell(most.back)});
        }
        tasks.end();
    }
    commands(page, {stats_command(source, fmt::format("--pingpong{} --top {}", pingpong_option(source), kTopReturns))});
}

void residency(Html& page, const Collected& all, const Source& source) {
    const base::Histogram total = all.residency.all();
    if (all.counters.total() == 0) return none(page, kNoMigration);
    page.raw(
        "<p class=\"how\">How long tasks stayed on a CPU, from the migration that brought them to the one "
        "that took them away, by the cause of the latter. Stays below a millisecond hardly pay for the "
        "caches that a task has to fill anew.</p>\n");
    if (total.count() == 0)
        none(page, "No stay has both its ends in this part of the trace.");
    else {
        draw_stays(page, all.residency);
        HtmlTable table(page, "Stays by the cause that ended them",
                        {{"cause", Kind::Text},
                         {"count"},
                         {"mean"},
                         {"min"},
                         {"p50"},
                         {"p90"},
                         {"p99"},
                         {"p99.9"},
                         {"max"}});
        auto row = [&](const std::string& front, const base::Histogram& stays, bool last) {
            std::vector<std::string> cells = {front, grouped(stays.count()),
                                              migtrace::short_time(stays.mean()),
                                              migtrace::short_time(static_cast<double>(stays.min()))};
            for (double percent : {50.0, 90.0, 99.0, 99.9, 100.0})
                cells.push_back(migtrace::short_time(static_cast<double>(stays.percentile(percent))));
            table.row(cells, last);
        };
        for (const auto& cause : all.residency.causes())
            if (cause.stays.count() > 0) row(cause_cell(cause.name), cause.stays, false);
        row("total", total, true);
        table.end();
    }
    commands(page, {stats_command(source, "--residency")});
}

void marks(Html& page, const Collected& all, const Source& source) {
    if (all.marks.count() == 0)
        return none(page,
                    "There is no mark in this part of the trace. To set one while tracing, write a number to "
                    "the file migration_trace/mark in debugfs.");
    const migtrace::TraceInfo& info = all.info;
    page.raw(
        "<p class=\"how\">Moments that somebody has marked, to find them again. A window can begin and end "
        "with a mark: <code>--begin_mark</code>, <code>--end_mark</code>.</p>\n");
    std::vector<HtmlTable::Column> columns = {{"mark"}, {"seconds since the beginning"}};
    if (info.start.known) columns.push_back({"time (UTC)"});
    for (const char* title : {"time stamp", "CPU", "pid"}) columns.push_back({title});
    page.raw("<div class=\"tall\">");
    HtmlTable table(page, "Marks", columns);
    migtrace::TimeStampWriter clock({.gmt = true, .abs = false});
    for (const Marks::Mark& mark : all.marks.first()) {
        fmt::memory_buffer rel, wall;
        migtrace::put_seconds(rel, static_cast<__int128>(mark.ts) - static_cast<__int128>(info.begin), 0);
        clock.put_wall_and_abs(wall, info.start, mark.ts);
        std::vector<std::string> cells = {fmt::format("<code>0x{:08x}</code>", mark.value),
                                          {rel.data(), rel.size()}};
        if (info.start.known) cells.push_back({wall.data(), wall.size() - 1});
        cells.push_back(fmt::format("<code>0x{:016x}</code>", mark.ts));
        cells.push_back(fmt::format("{}", mark.cpu));
        cells.push_back(fmt::format("{}", mark.pid));
        table.row(cells);
    }
    table.end();
    page.raw("</div>\n");
    if (all.marks.count() > all.marks.first().size())
        page.format("<p class=\"note\">The first {} of {} marks; the command prints all.</p>\n",
                    all.marks.first().size(), grouped(all.marks.count()));
    commands(page, {stats_command(source, info.start.known ? "--mark --ts_gmt --ts_abs" : "--mark --ts_abs",
                                  Repeat::PidOnly)});
}

}  // namespace

const std::vector<Section>& sections() {
    static const std::vector<Section> all = {
        {"summary", "Summary", summary},
        {"causes", "Causes over time", timeline},
        {"pairs", "CPU pairs", pairs},
        {"topology", "Topology", topology},
        {"processes", "Top processes", processes},
        {"pingpong", "Ping-pong", pingpong},
        {"residency", "Residency", residency},
        {"marks", "Marks", marks},
    };
    return all;
}

}  // namespace migreport
