/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What a picture shows, without how it is drawn.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace miggraph {

/// Values over time; all of `lines` have a value for each of `times`.
struct Timeline {
    struct Line {
        std::string name;  ///< empty: no legend
        std::vector<double> values;
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

/// A matrix of migrations from CPUs (rows) to CPUs (columns); square.
struct CpuPairs {
    std::vector<std::vector<double>> counts;
};

/// What left each CPU and what arrived on it.
struct CpuTotals {
    std::vector<double> left, arrived;
};

struct Figure {
    std::string title;
    std::string subtitle;  ///< in small letters below; may be empty
    std::variant<Timeline, CpuPairs, CpuTotals> content;
};

}  // namespace miggraph
