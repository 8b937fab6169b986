/* SPDX-License-Identifier: GPL-2.0-only */
#include <algorithm>
#include <cmath>

#include "migreport/charts.h"

namespace migreport {

namespace {

constexpr unsigned kSteps = 8;

/// Which of kSteps colours a count has, from 1. The square root gives small counts a difference too.
unsigned step_of(std::uint64_t count, std::uint64_t most) {
    const double part = std::sqrt(static_cast<double>(count) / static_cast<double>(most));
    return std::min(kSteps, 1 + static_cast<unsigned>(part * kSteps));
}

/// Few digits for a cell: "12345", "1.23M".
std::string in_cell(std::uint64_t count) {
    if (count < 100'000) return fmt::format("{}", count);
    if (count < 1'000'000) return fmt::format("{:.0f}k", static_cast<double>(count) / 1e3);
    if (count < 1'000'000'000) return fmt::format("{:.3g}M", static_cast<double>(count) / 1e6);
    return fmt::format("{:.3g}G", static_cast<double>(count) / 1e9);
}

class HeatMap {
 public:
    HeatMap(Html& page, const migtrace::CpuGroups& groups, const std::vector<std::uint64_t>& sums,
            std::uint64_t duration)
        : page_(page), groups_(groups), sums_(sums), duration_(duration), n_(groups.size()) {
        most_ = std::max<std::uint64_t>(1, *std::max_element(sums.begin(), sums.end()));
        width_ = n_ <= 12 ? 50 : n_ <= 24 ? 26 : std::max(11.0, std::floor(720.0 / static_cast<double>(n_)));
        height_ = n_ <= 12 ? 34 : width_;
        std::size_t longest = 1;
        for (const std::string& name : groups.names) longest = std::max(longest, name.size());
        const double text = kCharacter * static_cast<double>(longest);
        slanted_ = text > width_ * stride() - 4;
        left_ = 30 + text;
        top_ = slanted_ ? 34 + text * 0.75 : 42;
    }

    void draw() {
        const double width = picture_width();
        const double height = top_ + height_ * static_cast<double>(n_) + 8;
        const std::string unit = groups_.unit_name();
        page_.format(
            "<div class=\"scroll\"><svg class=\"heat\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
            "role=\"img\" aria-labelledby=\"pairs-title pairs-desc\">\n",
            place(width), place(height));
        page_.format(
            "<title id=\"pairs-title\">Migrations from each {0} to each {0}</title><desc id=\"pairs-desc\">A "
            "table of coloured cells: rows are where tasks left, columns where they went; the strongest "
            "colour is for {1} migrations.</desc>\n",
            unit, most_);
        page_.format("<rect class=\"ground\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>\n", place(left_),
                     place(top_), place(width_ * static_cast<double>(n_)),
                     place(height_ * static_cast<double>(n_)));
        labels();
        cells();
        page_.raw("</svg></div>\n");
        legend();
    }

 private:
    static constexpr double kCharacter = 6.7;

    double picture_width() const { return left_ + width_ * static_cast<double>(n_) + (slanted_ ? 40 : 8); }
    /// Every how many-th label there is room for.
    std::size_t stride() const { return width_ >= 16 ? 1 : n_ <= 40 ? 2 : 4; }

    void labels() {
        page_.format("<g class=\"axis\"><text x=\"{}\" y=\"13\">to {} &#8594;</text>\n", place(left_),
                     groups_.unit_name());
        page_.format(
            "<text transform=\"translate(13 {}) rotate(-90)\" text-anchor=\"end\">&#8592; from {}</text>\n",
            place(top_), groups_.unit_name());
        for (std::size_t i = 0; i < n_; i += stride()) {
            const double x = left_ + width_ * (static_cast<double>(i) + 0.5);
            const double y = top_ + height_ * (static_cast<double>(i) + 0.5);
            const std::string name = escaped(groups_.names[i]);
            page_.format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>", place(left_ - 7),
                         place(y + 4), name);
            if (slanted_)
                page_.format("<text transform=\"translate({} {}) rotate(-45)\">{}</text>\n", place(x + 3),
                             place(top_ - 6), name);
            else
                page_.format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n", place(x),
                             place(top_ - 7), name);
        }
        page_.raw("</g>\n");
    }

    void cells() {
        const double gap = width_ >= 20 ? 1 : 0.5;
        page_.raw("<g class=\"hit cells\">\n");
        for (std::size_t from = 0; from < n_; from++)
            for (std::size_t to = 0; to < n_; to++) {
                const std::uint64_t count = sums_[from * n_ + to];
                if (count == 0) continue;
                const double x = left_ + width_ * static_cast<double>(to);
                const double y = top_ + height_ * static_cast<double>(from);
                page_.format(
                    "<g><rect class=\"h{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/><title>{} to {}: "
                    "{} ({:.2f} per second)</title>",
                    step_of(count, most_), place(x + gap / 2), place(y + gap / 2), place(width_ - gap),
                    place(height_ - gap), escaped(groups_.describe(from)), escaped(groups_.describe(to)),
                    count, migtrace::per_second(count, duration_));
                if (n_ <= 12)
                    page_.format("<text class=\"t{}\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                                 step_of(count, most_), place(x + width_ / 2), place(y + height_ / 2 + 4),
                                 in_cell(count));
                page_.raw("</g>\n");
            }
        page_.raw("</g>\n");
    }

    /// Colours with the counts that have them.
    void legend() {
        page_.format("<ul class=\"legend\" style=\"max-width:{}px\"><li>migrations:</li>",
                     place(std::max(300.0, picture_width())));
        for (unsigned step = 1; step <= kSteps; step++) {
            const std::uint64_t low = first_of(step), high = step == kSteps ? most_ : first_of(step + 1) - 1;
            if (low > high) continue;
            page_.format(
                "<li><svg class=\"swatch\" width=\"11\" height=\"11\" aria-hidden=\"true\"><rect "
                "class=\"h{}\" width=\"11\" height=\"11\" rx=\"2\"/></svg>{}",
                step, low);
            if (high > low) page_.format("&#8211;{}", high);
            page_.raw("</li>");
        }
        page_.raw("</ul>\n");
    }
    /// The smallest count that has the colour, or a darker one.
    std::uint64_t first_of(unsigned step) const {
        std::uint64_t low = 1, high = most_ + 1;
        while (low < high) {
            const std::uint64_t middle = low + (high - low) / 2;
            if (step_of(middle, most_) >= step)
                high = middle;
            else
                low = middle + 1;
        }
        return low;
    }

    Html& page_;
    const migtrace::CpuGroups& groups_;
    const std::vector<std::uint64_t>& sums_;
    std::uint64_t duration_;
    std::size_t n_;
    std::uint64_t most_ = 1;
    double width_ = 0, height_ = 0, left_ = 0, top_ = 0;
    bool slanted_ = false;
};

}  // namespace

void draw_heat_map(Html& page, const migtrace::CpuGroups& groups, const std::vector<std::uint64_t>& sums,
                   std::uint64_t duration) {
    HeatMap(page, groups, sums, duration).draw();
}

}  // namespace migreport
