/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmpredict/curve.h"

#include <algorithm>
#include <cmath>

namespace vmpredict {

namespace {

/// Through both points; a straight line from where nothing was written.
double power(const DirtyCurve::Point& a, const DirtyCurve::Point& b, double seconds) {
    if (a.pages <= 0 || b.pages <= 0) return a.pages + (b.pages - a.pages) * (seconds - a.seconds) / (b.seconds - a.seconds);
    const double exponent = std::clamp(std::log(b.pages / a.pages) / std::log(b.seconds / a.seconds), 0.0, 1.0);
    return a.pages * std::pow(seconds / a.seconds, exponent);
}

}  // namespace

DirtyCurve::DirtyCurve(std::vector<Point> points, double all, Beyond beyond) : points_(std::move(points)), all_(all), beyond_(beyond) {
    std::sort(points_.begin(), points_.end(), [](const Point& a, const Point& b) { return a.seconds < b.seconds; });
    // Of longer windows there are fewer, and these may have seen quieter times.
    for (std::size_t i = 1; i < points_.size(); i++) points_[i].pages = std::max(points_[i].pages, points_[i - 1].pages);
}

double DirtyCurve::behind(double seconds) const {
    const Point& last = points_.back();
    if (beyond_ == Beyond::Flat) return last.pages;
    if (beyond_ == Beyond::Chord || points_.size() == 1) return last.pages * seconds / last.seconds;
    const Point& before = points_[points_.size() - 2];
    return last.pages + (last.pages - before.pages) / (last.seconds - before.seconds) * (seconds - last.seconds);
}

double DirtyCurve::pages(double seconds) const {
    if (seconds <= 0) return 0;
    if (seconds > points_.back().seconds) return std::min(behind(seconds), all_);
    const auto next = std::lower_bound(points_.begin(), points_.end(), seconds, [](const Point& p, double s) { return p.seconds < s; });
    if (next != points_.begin()) return std::min(power(*(next - 1), *next, seconds), all_);
    const Point& first = points_.front();
    if (points_.size() == 1 || first.pages <= 0) return std::min(first.pages * seconds / first.seconds, all_);
    return std::min(power(first, points_[1], seconds), all_);
}

}  // namespace vmpredict
