/* SPDX-License-Identifier: GPL-2.0-only */
#include "vm_dirty_track_report.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <utility>

#include "base/error.h"
#include "base/tool_main.h"
#include "base/units.h"
#include "miggraph/picture.h"

namespace dirty_track {

using Json = nlohmann::ordered_json;
using std::chrono::nanoseconds;
using vmdirty::Interval;
using vmdirty::kPage;
using vmdirty::Range;

namespace {

constexpr std::size_t kHottest = 5;

double seconds(nanoseconds time) { return std::chrono::duration<double>(time).count(); }
double since_1970(std::chrono::system_clock::time_point time) { return std::chrono::duration<double>(time.time_since_epoch()).count(); }
double megabytes(std::uint64_t pages) { return static_cast<double>(pages) * kPage / (1 << 20); }

/// Numbers of JSON are no place for 64 bits.
std::string address(std::uint64_t number) { return fmt::format("{:#x}", number); }

Json place(const Range& range) {
    return {{"name", range.name}, {"address", address(range.begin)}, {"bytes", range.end - range.begin}, {"first_page", range.first_page}};
}

std::uint64_t count(const Interval& interval, const Range& range) {
    return interval.dirty->count(range.first_page, range.first_page + range.pages());
}

/// Where nobody sees what is printed the work can end.
void print_error_line(const std::string& line) {
    errno = 0;
    if (std::fputs((line + '\n').c_str(), stderr) < 0 || std::ferror(stderr)) throw base::system_error("writing standard error", errno);
}

}  // namespace

Reporter::Reporter(const ReportOptions& options, const vmdirty::Target& target, const vmdirty::TrackerKind& kind)
    : options_(options), target_(target), kind_(kind), activity_(target.layout, kWindows.back()), heat_map_(target.layout.pages()),
      ranges_(target.layout.ranges().size()) {
    if (!options_.heat_map.file.empty()) miggraph::check_pictures({options_.heat_map.file});
}

void Reporter::begin(std::chrono::system_clock::time_point when) const {
    // Whoever cannot write the summary learns it now.
    if (options_.form == Form::Text)
        base::print_line(fmt::format("process {}: {:.1f} MB, watched by {}", target_.process.pid(), megabytes(target_.layout.pages()), kind_.name));
    if (options_.form == Form::Csv) base::print_line(csv_head());
    if (options_.form != Form::Json) return;
    Json object = {{"type", "start"},
                   {"time", since_1970(when)},
                   {"pid", target_.process.pid()},
                   {"tracker", kind_.name},
                   {"interval_ms", seconds(options_.interval) * 1000},
                   {"page_size", kPage},
                   {"pages", target_.layout.pages()},
                   {"ranges", Json::array()}};
    if (options_.zero_pages) object["zero_pages"] = *options_.zero_pages;
    for (const Range& range : target_.layout.ranges()) object["ranges"].push_back(place(range));
    base::print_line(object.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void Reporter::interval(const Interval& interval) {
    if (!std::exchange(begun_, true)) begin(interval.wall - std::chrono::duration_cast<std::chrono::system_clock::duration>(interval.length()));
    // Of the first all is marked, and no time has passed.
    const double rate = megabytes(interval.written) / seconds(interval.first ? options_.interval : interval.length());
    const std::string file = options_.bitmaps.empty() ? "" : bitmap_name(interval);
    if (!interval.first) learn(interval, rate);
    if (!file.empty()) vmdirty::write_bitmap(file, *interval.dirty);
    if (options_.form == Form::Text) text(interval, file, rate);
    if (options_.form == Form::Json) json(interval, file, rate);
    if (options_.form == Form::Csv && !interval.first) csv(interval, file, rate);
}

void Reporter::learn(const Interval& interval, double rate) {
    dirty_ += interval.written;
    watched_ = interval.end;
    intervals_++;
    // A rest may be too short to tell.
    if (!interval.rest || intervals_ == 1) most_ = std::max(most_, rate);
    if (!interval.dirty) return;
    activity_.add(*interval.dirty, interval.begin, interval.end);
    if (!options_.heat_map.file.empty()) heat_map_.add(*interval.dirty);
    for (std::size_t i = 0; i < ranges_.size(); i++) ranges_[i] += count(interval, target_.layout.ranges()[i]);
    for (std::size_t i = 0; i < kWindows.size(); i++)
        if (const auto pages = activity_.working_set(kWindows[i])) largest_[i] = std::max(largest_[i].value_or(0), *pages);
}

void Reporter::draw_heat_map() const {
    if (options_.heat_map.file.empty()) return;
    if (intervals_ == 0) {
        base::warn(fmt::format("there is no {}: it ended before anything could be seen", options_.heat_map.file));
        return;
    }
    const std::string time = base::format_duration(watched_);
    const std::string what = fmt::format("process {}: {:.1f} MB/s on average in {}", target_.process.pid(), average(), time);
    miggraph::HeatMap map{heat_map_.cells(), seconds(watched_), megabytes(target_.layout.pages()), "memory [MB]", "pages written in an interval"};
    miggraph::Canvas canvas;
    canvas.format = options_.heat_map.format;
    try {
        miggraph::write_pictures({{"Memory written", what, std::move(map)}}, {options_.heat_map.file}, {}, canvas);
    } catch (const base::Interrupted&) {
        throw;
    } catch (const base::Error& error) {
        throw base::Error(fmt::format("--heatmap {}: {}", options_.heat_map.file, error.what()));
    }
}

void Reporter::summary() const {
    if (options_.form == Form::Json) summary_json();
    if (options_.form == Form::Text) summary_text();
}

void Reporter::summary_text() const {
    base::print_line(fmt::format("\n{} interval{} in {}: {:.1f} MB/s on average, {:.1f} MB/s at most, of {:.1f} MB", intervals_,
                                 intervals_ == 1 ? "" : "s", base::format_duration(watched_), average(), most(), megabytes(target_.layout.pages())));
    for (std::size_t i = 0; i < kWindows.size(); i++)
        if (largest_[i])
            base::print_line(fmt::format("written within {:>3} s: {:.1f} MB at most", vmdirty::window_name(kWindows[i]), megabytes(*largest_[i])));
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

double Reporter::average() const { return watched_.count() ? megabytes(dirty_) / seconds(watched_) : 0; }
/// A rest counts for the average only.
double Reporter::most() const { return std::max(most_, average()); }
double Reporter::each(std::uint64_t pages) const { return static_cast<double>(pages) / static_cast<double>(std::max<std::uint64_t>(intervals_, 1)); }

void Reporter::print_ranges() const {
    for (std::size_t i = 0; i < ranges_.size(); i++) {
        const auto& range = target_.layout.ranges()[i];
        const double rate = megabytes(ranges_[i]) / seconds(watched_);
        if (ranges_[i]) base::print_line(fmt::format("  {} ({:x}-{:x}): {:.1f} MB/s", range.name, range.begin, range.end, rate));
    }
}

/// Intervals below a second need more than seconds, and so does a rest, which may end in the second of the interval before.
std::string Reporter::bitmap_name(const Interval& interval) const {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(interval.wall.time_since_epoch()).count();
    std::string name = fmt::format("{}/qemu.bm-{}.{}", options_.bitmaps, target_.process.pid(), ms / 1000);
    if (options_.interval < std::chrono::seconds(1) || interval.rest) name += fmt::format(".{:03}", ms % 1000);
    return name;
}

/// As Qemu-DPT prints it.
void Reporter::text(const Interval& interval, const std::string& file, double rate) const {
    std::string line;
    if (!file.empty()) line = fmt::format("create bitmap {} ({} bytes), ", file, interval.dirty->words().size() * 8);
    print_error_line(fmt::format("{}dirty {} / {} ({:.3f} MB/s)", line, interval.written, target_.layout.pages(), rate));
}

void Reporter::json(const Interval& interval, const std::string& file, double rate) const {
    Json object = {{"type", "interval"},
                   {"time", since_1970(interval.wall)},
                   {"ms", seconds(interval.length()) * 1000},
                   {"dirty_pages", interval.written},
                   {"pages", target_.layout.pages()}};
    if (interval.first)
        object["all"] = true;
    else
        object["bytes_per_second"] = std::llround(rate * (1 << 20));
    const auto sets = activity_.working_sets();
    for (std::size_t i = 0; i < sets.size(); i++)
        if (sets[i]) object["working_set_pages"][vmdirty::window_name(vmdirty::kWindows[i])] = *sets[i];
    if (ranges_.size() > 1 && interval.dirty) object["ranges"] = ranges(interval);
    if (!file.empty()) object["bitmap"] = file;
    base::print_line(object.dump(-1, ' ', false, Json::error_handler_t::replace));
}

/// Those in which something was written.
Json Reporter::ranges(const Interval& interval) const {
    Json list = Json::array();
    for (const auto& range : target_.layout.ranges())
        if (const std::uint64_t pages = count(interval, range)) {
            list.push_back(place(range));
            list.back()["dirty_pages"] = pages;
        }
    return list;
}

std::string Reporter::csv_head() {
    std::string head = "time,ms,dirty_pages,pages,mb_per_second";
    for (const nanoseconds window : kWindows) head += fmt::format(",working_set_{}s_pages", vmdirty::window_name(window));
    return head + ",bitmap";
}

void Reporter::csv(const Interval& interval, const std::string& file, double rate) const {
    const auto time = std::chrono::floor<std::chrono::milliseconds>(interval.wall);  // as in the names of bitmaps
    std::string line = fmt::format("{:.3f},{:.3f},{},{},{:.3f}", since_1970(time), seconds(interval.length()) * 1000, interval.written,
                                   target_.layout.pages(), rate);
    for (const nanoseconds window : kWindows) {
        const auto pages = activity_.working_set(window);
        line += "," + (pages ? std::to_string(*pages) : "");
    }
    base::print_line(line + "," + file);
}

void Reporter::summary_json() const {
    Json object = {{"type", "summary"},
                   {"intervals", intervals_},
                   {"ms", seconds(watched_) * 1000},
                   {"pages", target_.layout.pages()},
                   {"bytes_per_second", std::llround(average() * (1 << 20))},
                   {"most_bytes_per_second", std::llround(most_ * (1 << 20))}};
    for (std::size_t i = 0; i < kWindows.size(); i++)
        if (largest_[i]) object["most_working_set_pages"][vmdirty::window_name(kWindows[i])] = *largest_[i];
    object["hottest"] = Json::array();
    for (const auto& part : activity_.hottest(kHottest)) {
        const auto& range = target_.layout.range_of(part.first_page);
        object["hottest"].push_back({{"address", address(range.begin + (part.first_page - range.first_page) * kPage)},
                                     {"bytes", part.pages * kPage},
                                     {"first_page", part.first_page},
                                     {"pages", part.pages},
                                     {"dirty_pages_per_interval", each(part.writes)}});
    }
    base::print_line(object.dump());
}

}  // namespace dirty_track
