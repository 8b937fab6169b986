/* SPDX-License-Identifier: GPL-2.0-only */
// Pictures with a row for each cause: how long tasks stay, and how far they move.
#include <algorithm>
#include <array>
#include <cmath>

#include "migreport/charts.h"
#include "migreport/scale.h"
#include "migtrace/cause_info.h"
#include "migtrace/text_table.h"

namespace migreport {

namespace {

constexpr double kWidth = 960, kLeft = 140, kRight = 24, kRow = 26, kTop = 8, kBottom = 40;
constexpr double kPlotWidth = kWidth - kLeft - kRight;

void begin_picture(Html& page, const char* id, double height, const char* title, const char* description) {
    page.format(
        "<div class=\"scroll\"><svg class=\"wide\" viewBox=\"0 0 {0} {1}\" role=\"img\" "
        "aria-labelledby=\"{2}-title {2}-desc\">\n<title id=\"{2}-title\">{3}</title><desc "
        "id=\"{2}-desc\">{4}</desc>\n",
        kWidth, place(height), id, title, description);
}

/// Names of causes longer than the room in front of a row are cut; the table has them whole.
std::string row_name(std::string_view name) {
    constexpr std::size_t kMost = 18;
    return escaped(name.size() > kMost ? std::string(name.substr(0, kMost - 3)) + "..." : std::string(name));
}

class Stays {
 public:
    Stays(Html& page, const migtrace::Residency& residency) : page_(page), all_(residency.all()) {
        for (const auto& cause : residency.causes())
            if (cause.stays.count() > 0) causes_.push_back(&cause);
        first_ =
            static_cast<int>(std::floor(std::log10(std::max<double>(1, static_cast<double>(all_.min())))));
        last_ = std::max(
            first_ + 1,
            static_cast<int>(std::ceil(std::log10(std::max<double>(1, static_cast<double>(all_.max()))))));
    }

    void draw() {
        const double rows = kRow * static_cast<double>(causes_.size() + 1);
        begin_picture(page_, "stays", kTop + rows + kBottom, "How long tasks stayed on a CPU, by cause",
                      "A row for each cause on a logarithmic axis of time: a thin line from the shortest to "
                      "the longest stay, a bar from the median to the 90th percentile, a tick at the 99th. "
                      "The table has the figures.");
        page_.raw("<g class=\"axis\">\n");
        // At most ten labels.
        const int stride = (last_ - first_) / 11 + 1;
        for (int decade = first_; decade <= last_; decade++) {
            const double at = x(std::pow(10, decade));
            page_.format("<path class=\"grid\" d=\"M{} {}v{}\"/>", place(at), kTop, place(rows));
            if ((decade - first_) % stride == 0)
                page_.format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", place(at),
                             place(kTop + rows + 17), decade_label(decade));
        }
        page_.format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">time on the CPU</text></g>\n",
                     place(kLeft + kPlotWidth / 2), place(kTop + rows + 35));
        std::size_t row = 0;
        for (const auto* cause : causes_)
            draw_row(row++, row_name(cause->name), migtrace::cause_info(cause->name).colour, cause->stays);
        draw_row(row, "all", "currentColor", all_);
        page_.raw("</svg></div>\n");
        page_.raw(
            "<p class=\"note\">Thin line: shortest to longest stay. Bar: half of the stays are shorter than "
            "its left end (p50), nine of ten shorter than its right end (p90). Tick: 99 of 100 are shorter "
            "(p99).</p>\n");
    }

 private:
    double x(double ns) const {
        const double part = (std::log10(std::max(1.0, ns)) - first_) / (last_ - first_);
        return kLeft + kPlotWidth * std::clamp(part, 0.0, 1.0);
    }
    void draw_row(std::size_t row, const std::string& name, std::string_view colour,
                  const base::Histogram& stays) {
        const double middle = kTop + kRow * (static_cast<double>(row) + 0.5);
        auto at = [&](double percent) { return x(static_cast<double>(stays.percentile(percent))); };
        page_.format("<g class=\"hit stay\"><title>{}: {} stays, p50 {}, p90 {}, p99 {}</title>", name,
                     stays.count(), time(stays, 50), time(stays, 90), time(stays, 99));
        page_.format("<rect class=\"band\" x=\"0\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
                     place(middle - kRow / 2), kWidth, place(kRow));
        page_.format("<text class=\"label\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
                     place(kLeft - 10), place(middle + 4), name);
        page_.format(
            "<path stroke=\"{}\" stroke-width=\"1.5\" d=\"M{} {}H{}\"/>", colour,
            place(x(static_cast<double>(stays.min()))), place(middle),
            place(std::max(x(static_cast<double>(stays.max())), x(static_cast<double>(stays.min())) + 1.5)));
        page_.format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"12\" rx=\"2\" fill=\"{}\"/>",
                     place(at(50)), place(middle - 6), place(std::max(3.0, at(90) - at(50))), colour);
        page_.format("<path stroke=\"{}\" stroke-width=\"2\" d=\"M{} {}v14\"/></g>\n", colour, place(at(99)),
                     place(middle - 7));
    }
    static std::string time(const base::Histogram& stays, double percent) {
        return migtrace::short_time(static_cast<double>(stays.percentile(percent)));
    }

    Html& page_;
    base::Histogram all_;
    std::vector<const migtrace::Residency::Cause*> causes_;
    int first_ = 0, last_ = 1;  // decades of ns
};

void distance_row(Html& page, std::size_t row, const std::string& name,
                  const migtrace::DistanceCounts& counts) {
    const double top = kTop + kRow * static_cast<double>(row);
    page.format("<text class=\"label\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>", place(kLeft - 10),
                place(top + 17), name);
    double x = kLeft;
    for (std::size_t d = 0; d < migtrace::kDistances; d++) {
        if (counts.counts[d] == 0) continue;
        const double width =
            kPlotWidth * static_cast<double>(counts.counts[d]) / static_cast<double>(counts.total());
        const std::string part = share(counts.counts[d], counts.total());
        page.format(
            "<g><rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/><title>{}, {}: {} "
            "({})</title>",
            place(x), place(top + 4), place(std::max(0.5, width - 1)), place(kRow - 8), distance_colour(d),
            name, migtrace::kDistanceNames[d], counts.counts[d], part);
        if (width > 52)
            page.format("<text class=\"inside\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                        place(x + width / 2), place(top + 17), part);
        page.raw("</g>\n");
        x += width;
    }
}

}  // namespace

std::string_view distance_colour(std::size_t distance) {
    // From near to far, and grey for unknown.
    constexpr std::array<std::string_view, migtrace::kDistances> kColours = {"#8FD0C8", "#4BA3B5", "#EDB458",
                                                                             "#E0703F", "#A7ADB5"};
    return kColours[distance];
}

void draw_stays(Html& page, const migtrace::Residency& residency) {
    Stays(page, residency).draw();
}

void draw_distances(Html& page, const migtrace::TopologyCounters& topology) {
    std::vector<const migtrace::TopologyCounters::Cause*> causes;
    for (const auto& cause : topology.causes())
        if (cause.counts.total() > 0) causes.push_back(&cause);
    begin_picture(page, "distance", kTop + kRow * static_cast<double>(causes.size() + 1) + 4,
                  "How far tasks moved, by cause",
                  "A bar for each cause, divided by distance: within a core, within a cache, across caches, "
                  "across nodes, unknown. The table has the figures.");
    page.raw("<g class=\"hit\">\n");
    std::size_t row = 0;
    for (const auto* cause : causes) distance_row(page, row++, row_name(cause->name), cause->counts);
    distance_row(page, row, "all", topology.total());
    page.raw("</g></svg></div>\n<ul class=\"legend\">");
    for (std::size_t d = 0; d < migtrace::kDistances; d++)
        if (topology.total().counts[d] > 0)
            page.format("<li>{}{}</li>", swatch(distance_colour(d)), migtrace::kDistanceNames[d]);
    page.raw("</ul>\n");
}

}  // namespace migreport
