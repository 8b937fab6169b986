/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What a picture shows, without how it is drawn.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace miggraph {

/// Values over time; all of `lines` have a value for each of `times`.
struct Timeline {
    struct Line {
        std::string name;  ///< empty: no legend
        std::vector<double> values;
        std::string_view colour = {};  ///< "#rrggbb"; empty: one of those that are free
    };
    enum class Clock {
        Elapsed,   ///< seconds since some start
        TimeOfDay  ///< seconds since the epoch (or midnight), shown as wall time
    };
    std::vector<double> times;  ///< seconds, ascending, at least one
    double step = 0;            ///< a value holds for so long from its time on; 0: it is of that moment
    Clock clock = Clock::Elapsed;
    std::string y_label;
    std::vector<Line> lines;
    bool stacked = false;  ///< lines are parts of a whole, the first at the bottom
};

/// What stands for a row, a column or a bar: CPUs, or groups of them.
struct CpuAxis {
    std::vector<std::string> names;  ///< of each; empty: they are CPUs from 0 on
    std::string unit = "CPU";
    std::string name(std::size_t i) const { return names.empty() ? std::to_string(i) : names[i]; }
};

/// A matrix of migrations from CPUs (rows) to CPUs (columns); square.
struct CpuPairs {
    std::vector<std::vector<double>> counts;
    CpuAxis axis = {};
};

/// What left each CPU and what arrived on it.
struct CpuTotals {
    std::vector<double> left, arrived;
    CpuAxis axis = {};
};

/// A part of something, 0 to 1, by time and place.
struct HeatMap {
    std::vector<std::vector<double>> columns;  ///< of equal width, in the order of time; each from the bottom to the top
    double seconds = 0;                        ///< all of them
    double height = 0;                         ///< in the unit of y_label, from 0
    std::string y_label, part;                 ///< part: of what
};

struct Figure {
    std::string title;
    std::string subtitle;  ///< in small letters below; may be empty
    std::variant<Timeline, CpuPairs, CpuTotals, HeatMap> content;
};

}  // namespace miggraph
