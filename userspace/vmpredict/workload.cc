/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmpredict/workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "vmdirty/activity.h"

namespace vmpredict {

namespace {

constexpr std::size_t kParts = 6;
/// Less is no difference: what the kernel of an idle guest writes, in bytes per second.
constexpr double kQuiet = 1 << 20;
constexpr double kLowPercent = 10, kHighPercent = 90;

}  // namespace

Workload::Workload(std::uint64_t pages, std::uint32_t page_size, double interval) : pages_(pages), page_size_(page_size), interval_(interval) {}

void Workload::add(double seconds, std::uint64_t pages) {
    if (written_.size() == kMostIntervals) throw base::Error(fmt::format("more than {} intervals: take longer ones, or fewer", kMostIntervals));
    written_.push_back({seconds, std::min(pages, pages_)});
    seconds_ += seconds;
    // Those that are as long as they should be nearly; one cut short by the end tells less of the time that it stands for.
    if (seconds > interval_ / 2 && seconds < interval_ * 2)
        windows_[interval_].record(static_cast<std::uint64_t>(std::llround(static_cast<double>(written_.back().pages) * interval_ / seconds)));
}

void Workload::add_window(double seconds, std::uint64_t pages) {
    // The interval itself has been added.
    if (seconds > interval_ * 1.5) windows_[seconds].record(std::min(pages, pages_));
}

void Workload::add_windows(std::span<const std::optional<std::uint64_t>> pages) {
    for (std::size_t i = 0; i < pages.size(); i++)
        if (pages[i]) add_window(std::chrono::duration<double>(vmdirty::kWindows[i]).count(), *pages[i]);
}

double Workload::longest() const { return windows_.empty() ? 0 : windows_.rbegin()->first; }

double Workload::pages_per_second() const {
    const double all = std::accumulate(written_.begin(), written_.end(), 0.0, [](double sum, const Interval& i) { return sum + static_cast<double>(i.pages); });
    return seconds_ > 0 ? all / seconds_ : 0;
}

DirtyCurve Workload::curve(Level level) const {
    std::vector<DirtyCurve::Point> points;
    for (const auto& [seconds, pages] : windows_) {
        double of_level = pages.mean();
        if (level != Level::Mean) of_level = static_cast<double>(pages.percentile(level == Level::Low ? kLowPercent : kHighPercent));
        points.push_back({seconds, of_level});
    }
    using Beyond = DirtyCurve::Beyond;
    const Beyond beyond = level == Level::Low ? Beyond::Flat : level == Level::Mean ? Beyond::Slope : Beyond::Chord;
    return DirtyCurve(std::move(points), static_cast<double>(pages_), beyond);
}

std::string Workload::shortcoming() const {
    if (written_.size() < kFewestIntervals || windows_.empty() || windows_.begin()->second.count() < kFewestIntervals)
        return fmt::format("too few windows: {} interval{} of {:.4g} s, and {} are the least; watch longer", written_.size(),
                           written_.size() == 1 ? "" : "s", interval_, kFewestIntervals);
    return "";
}

std::optional<Workload::Range> Workload::unsteady() const {
    if (written_.size() < 2 * kParts) return std::nullopt;
    Range range{HUGE_VAL, 0};
    for (std::size_t part = 0; part < kParts; part++) {
        double pages = 0, seconds = 0;
        for (std::size_t i = written_.size() * part / kParts; i < written_.size() * (part + 1) / kParts; i++) {
            pages += static_cast<double>(written_[i].pages);
            seconds += written_[i].seconds;
        }
        range.least = std::min(range.least, pages / seconds);
        range.most = std::max(range.most, pages / seconds);
    }
    const double difference = range.most - range.least;
    if (difference < pages_per_second() / 2 || difference * page_size_ < kQuiet) return std::nullopt;
    return range;
}

}  // namespace vmpredict
