/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What vm_dirty_track prints and writes.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "miggraph/plan.h"
#include "vmdirty/activity.h"
#include "vmdirty/heat_map.h"
#include "vmdirty/interval.h"
#include "vmdirty/tracker.h"

namespace dirty_track {

enum class Form { Text, Json, Csv };

/// What the command line asks for.
struct ReportOptions {
    Form form = Form::Text;
    std::string bitmaps;  ///< folder; empty: none are written
    miggraph::Output heat_map;
    std::chrono::nanoseconds interval{0};
    std::optional<std::uint64_t> zero_pages;  ///< of all memory, before tracking; empty: not known
};

class Reporter {
 public:
    /// Throws Error when what is asked for cannot be written, or `kind` cannot tell it.
    Reporter(const ReportOptions& options, const vmdirty::Target& target, const vmdirty::TrackerKind& kind);

    void interval(const vmdirty::Interval& interval);
    /// Whether there has been one.
    bool begun() const { return begun_; }
    /// At the end.
    void summary() const;
    void draw_heat_map() const;

 private:
    static constexpr std::array kWindows = {std::chrono::nanoseconds(100'000'000), std::chrono::nanoseconds(1'000'000'000),
                                            std::chrono::nanoseconds(10'000'000'000), std::chrono::nanoseconds(60'000'000'000)};
    void begin(std::chrono::system_clock::time_point when) const;
    void learn(const vmdirty::Interval& interval, double rate);
    void text(const vmdirty::Interval& interval, const std::string& file, double rate) const;
    void json(const vmdirty::Interval& interval, const std::string& file, double rate) const;
    void csv(const vmdirty::Interval& interval, const std::string& file, double rate) const;
    void summary_text() const;
    void summary_json() const;
    void print_ranges() const;
    std::string bitmap_name(const vmdirty::Interval& interval) const;
    nlohmann::ordered_json ranges(const vmdirty::Interval& interval) const;
    static std::string csv_head();
    double average() const, most() const;
    double each(std::uint64_t pages) const;

    const ReportOptions& options_;
    const vmdirty::Target& target_;
    const vmdirty::TrackerKind& kind_;
    bool begun_ = false;
    vmdirty::Activity activity_;
    vmdirty::HeatMap heat_map_;
    std::vector<std::uint64_t> ranges_;  // dirty pages of all intervals
    std::uint64_t dirty_ = 0, intervals_ = 0;
    std::chrono::nanoseconds watched_{0};
    double most_ = 0;
    std::array<std::optional<std::uint64_t>, kWindows.size()> largest_;
};

}  // namespace dirty_track
