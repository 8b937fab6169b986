/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// How many different pages a workload writes within a time.

#include <vector>

namespace vmpredict {

/// U(t), by the windows that were seen. Between two of them, and below the first, it is a power of t, which takes in both who writes new
/// pages all the time (t to the 1) and who writes the same again and again (t to the 0). Behind the last it is a guess, see Beyond.
class DirtyCurve {
 public:
    struct Point {
        double seconds = 0, pages = 0;
    };
    /// How it goes on behind the longest window of T seconds.
    enum class Beyond {
        Flat,   ///< nothing new: the least that can be
        Slope,  ///< new pages come as between the two longest windows
        Chord   ///< as many as U(T) in each T: the most that can be, as no page counts twice in a window
    };

    /// `points` in any order, at least one, of times above 0. Never more than `all` pages.
    DirtyCurve(std::vector<Point> points, double all, Beyond beyond);

    double pages(double seconds) const;
    /// The longest window that was seen, in s.
    double longest() const { return points_.back().seconds; }

 private:
    double behind(double seconds) const;
    std::vector<Point> points_;  // ascending, in both
    double all_;
    Beyond beyond_;
};

}  // namespace vmpredict
