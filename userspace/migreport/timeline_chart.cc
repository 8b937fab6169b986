/* SPDX-License-Identifier: GPL-2.0-only */
#include <algorithm>
#include <array>
#include <cmath>

#include "migreport/charts.h"
#include "migreport/scale.h"
#include "migtrace/cause_info.h"

namespace migreport {

namespace {

constexpr double kWidth = 960, kRight = 16, kHeight = 270, kBottom = 44;
constexpr double kLabelRow = 16;
/// Of a character of a label; none is wider than that.
constexpr double kCharacter = 6.7;

/// Rates below one in two units are shown by a longer unit.
struct RateUnit {
    const char* name;
    double seconds;
};
constexpr RateUnit kRateUnits[] = {{"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", 86400}};

/// A mark in the picture: a line, and a label where there is room.
struct Line {
    double x;
    std::string label;  // empty: only the line
    unsigned row = 0;
};

class Chart {
 public:
    Chart(Html& page, const Collected& all)
        : page_(page),
          all_(all),
          bins_(*all.timeline.bins()),
          order_(causes_by_count(all.counters)),
          span_(std::max<std::uint64_t>(all.timeline.shown_end() - std::min(all.timeline.shown_end(), all.info.begin), 1)) {
        for (std::size_t c = 0; c < bins_.columns(); c++) most_ = std::max(most_, bins_.total(c));
        for (const RateUnit& unit : kRateUnits)
            if (rate(most_) * unit_.seconds < 0.5) unit_ = unit;
        const double highest = rate(most_) * unit_.seconds;
        step_ = round_step(highest, 5);
        top_value_ = std::ceil(highest / step_ - 1e-9) * step_;
        left_ = 40 + kCharacter * static_cast<double>(tick_label(top_value_, step_).size());
        place_marks();
        top_ = 12 + kLabelRow * rows_;
    }

    void draw() {
        const double height = top_ + kHeight + kBottom;
        page_.format(
            "<div class=\"scroll\"><svg class=\"wide\" viewBox=\"0 0 {} {}\" role=\"img\" "
            "aria-labelledby=\"timeline-title timeline-desc\">\n",
            kWidth, place(height));
        page_
            .raw(
                "<title id=\"timeline-title\">Migrations per second by cause</title><desc "
                "id=\"timeline-desc\">")
            .format(
                "Stacked areas over time, one for each cause, the most frequent at the bottom. The highest "
                "column has {:.2f} migrations per second.</desc>\n",
                rate(most_));
        axes();
        areas();
        marks();
        columns();
        page_.raw("</svg></div>\n");
        legend();
    }

 private:
    double rate(std::uint64_t count) const {
        return 1000.0 * static_cast<double>(count) / static_cast<double>(bins_.msec());
    }
    double plot_width() const { return kWidth - left_ - kRight; }
    /// `ns` after the begin.
    double x(double ns) const {
        return left_ + plot_width() * std::min(1.0, ns / static_cast<double>(span_));
    }
    double column_x(std::size_t column) const {
        return x(static_cast<double>(column) * static_cast<double>(bins_.width()));
    }
    /// A value in the unit of the axis.
    double y(double value) const { return top_ + kHeight * (1 - value / top_value_); }

    void axes() {
        page_.raw("<g class=\"axis\">\n");
        for (double value = 0; value <= top_value_ * 1.0001; value += step_)
            page_.format(
                "<path class=\"grid\" d=\"M{0} {1}H{2}\"/><text x=\"{3}\" y=\"{4}\" "
                "text-anchor=\"end\">{5}</text>\n",
                place(left_), place(y(value)), place(kWidth - kRight), place(left_ - 8), place(y(value) + 4),
                tick_label(value, step_));
        const TimeUnit unit = time_unit(span_);
        const double length = static_cast<double>(span_) / unit.ns;
        const double step = round_step(length, 8);
        const double base = top_ + kHeight;
        for (double value = 0; value <= length * 1.0001; value += step)
            page_.format(
                "<path d=\"M{0} {1}v5\"/><text x=\"{0}\" y=\"{2}\" text-anchor=\"middle\">{3}</text>\n",
                place(x(value * unit.ns)), place(base), place(base + 18), tick_label(value, step));
        page_.format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{} since the beginning</text>\n",
                     place(left_ + plot_width() / 2), place(base + 37), unit.name);
        page_.format(
            "<text transform=\"translate(14 {}) rotate(-90)\" text-anchor=\"middle\">migrations per "
            "{}</text></g>\n",
            place(top_ + kHeight / 2), unit_.name);
    }

    /// Each area reaches down to the axis and is partly hidden by those in front of it: no gaps between
    /// neighbours.
    void areas() {
        for (std::size_t n = order_.size(); n > 0; n--) {
            std::string path = fmt::format("M{} {}", place(left_), place(top_ + kHeight));
            std::string last;
            for (std::size_t column = 0; column < bins_.columns(); column++) {
                std::uint64_t sum = 0;
                for (std::size_t i = 0; i < n; i++) sum += bins_.at(column, order_[i]);
                const std::string height = place(y(rate(sum) * unit_.seconds));
                if (height != last) path += (column ? "H" + place(column_x(column)) : "") + "V" + height;
                last = height;
            }
            path += fmt::format("H{}V{}Z", place(column_x(bins_.columns())), place(top_ + kHeight));
            const std::string& name = all_.counters.causes()[order_[n - 1]].name;
            page_.format("<path fill=\"{}\" shape-rendering=\"crispEdges\" d=\"{}\"/>\n",
                         migtrace::cause_info(name).colour, path);
        }
    }

    /// Where the pointer shows figures: those of `migrate_stats --period`.
    void columns() {
        page_.raw("<g class=\"hit columns\">\n");
        for (std::size_t column = 0; column < bins_.columns(); column++) {
            if (bins_.total(column) == 0) continue;
            const double left = column_x(column);
            page_.format(
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{} s: {:.2f} per second{}",
                place(left), place(top_), place(std::max(0.5, column_x(column + 1) - left)), place(kHeight),
                seconds(column * bins_.msec()), rate(bins_.total(column)),
                is_over(column) ? "" : " (not over at the end)");
            for (std::size_t n = order_.size(); n > 0; n--)
                if (const std::uint64_t count = bins_.at(column, order_[n - 1]))
                    page_.format("\n{} {:.2f}", escaped(all_.counters.causes()[order_[n - 1]].name),
                                 rate(count));
            page_.raw("</title></rect>\n");
        }
        page_.raw("</g>\n");
    }

    static std::string seconds(std::uint64_t msec) {
        return fmt::format("{}.{:03}", msec / 1000, msec % 1000);
    }
    bool is_over(std::size_t column) const { return (column + 1) * bins_.width() <= span_; }

    /// Marks that lie in the window, one by one or, where they are too many, a line for those of each column.
    void place_marks() {
        const std::uint64_t begin = all_.info.begin, end = all_.timeline.shown_end();
        auto inside = [&](std::uint64_t ts) { return ts >= begin && ts <= end; };
        if (all_.marks.count() <= Marks::kMost) {
            for (const Marks::Mark& mark : all_.marks.first())
                if (inside(mark.ts))
                    lines_.push_back(
                        {x(static_cast<double>(mark.ts - begin)), fmt::format("0x{:08x}", mark.value)});
        } else {
            const Bins& places = *all_.marks.places();
            for (std::size_t c = 0; c < places.columns(); c++) {
                const std::uint64_t ts = places.begin() + c * places.width();
                if (places.total(c) && inside(ts)) lines_.push_back({x(static_cast<double>(ts - begin)), ""});
            }
        }
        label_marks();
    }

    /// Gives each label the lowest row that is free there; one that finds none is left out.
    void label_marks() {
        if (crowded()) {
            for (Line& line : lines_) line.label.clear();
            return;
        }
        constexpr unsigned kRows = 3;
        std::array<double, kRows> free_from{};
        for (Line& line : lines_) {
            if (line.label.empty()) continue;
            const double half = kCharacter * static_cast<double>(line.label.size()) / 2;
            const double centre = label_x(line, half);
            unsigned row = 0;
            while (row < kRows && free_from[row] > centre - half) row++;
            if (row == kRows) {
                line.label.clear();
                unlabelled_ = true;
                continue;
            }
            line.row = row;
            free_from[row] = centre + half + 6;
            rows_ = std::max(rows_, row + 1);
        }
    }
    /// Lines from top to bottom would hide the picture.
    bool crowded() const {
        constexpr std::size_t kMost = 40;
        return lines_.size() > kMost;
    }
    double label_x(const Line& line, double half) const {
        return std::clamp(line.x, left_ + half, kWidth - half - 2);
    }

    double label_y(const Line& line) const { return top_ - 6 - kLabelRow * line.row; }

    /// Labels come last: they cover the lines that lead to labels above them.
    void marks() {
        if (lines_.empty()) return;
        page_.raw("<g class=\"mark\">\n");
        const double bottom = crowded() ? top_ + 4 : top_ + kHeight;
        for (const Line& line : lines_) {
            const double line_top = line.label.empty() ? top_ - (crowded() ? 8 : 0) : label_y(line) + 3;
            page_.format("<path d=\"M{0} {1}V{2}\"/>\n", place(line.x), place(line_top), place(bottom));
        }
        for (const Line& line : lines_) {
            if (line.label.empty()) continue;
            const double half = kCharacter * static_cast<double>(line.label.size()) / 2;
            page_.format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                         place(label_x(line, half)), place(label_y(line)), line.label);
        }
        page_.raw("</g>\n");
    }

    void legend() {
        page_.raw("<ul class=\"legend\">");
        for (std::size_t cause : order_) {
            const auto& [name, count] = all_.counters.causes()[cause];
            page_.format("<li>{}<code>{}</code> {}</li>", swatch(migtrace::cause_info(name).colour), escaped(name),
                         share(count, all_.counters.total()));
        }
        if (!lines_.empty()) page_.raw("<li><span class=\"markline\"></span>mark</li>");
        page_.raw("</ul>\n");
        if (crowded())
            page_.raw(
                "<p class=\"note\">There are so many marks that they are ticks along the upper edge, without labels; "
                "those close together may share one. The table of marks below tells which they are.</p>\n");
        else if (unlabelled_)
            page_.raw(
                "<p class=\"note\">Marks too close to each other for a label have a line only; the table "
                "below has all of them.</p>\n");
    }

    Html& page_;
    const Collected& all_;
    const Bins& bins_;
    std::vector<std::size_t> order_;
    std::uint64_t span_;
    std::uint64_t most_ = 1;  // of a column
    RateUnit unit_ = kRateUnits[0];
    double step_ = 1, top_value_ = 1, top_ = 0, left_ = 0;
    std::vector<Line> lines_;
    unsigned rows_ = 0;
    bool unlabelled_ = false;
};

}  // namespace

std::vector<std::size_t> causes_by_count(const migtrace::Counters& counters) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < counters.causes().size(); i++)
        if (counters.causes()[i].count > 0) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return counters.causes()[a].count > counters.causes()[b].count;
    });
    return order;
}

std::string swatch(std::string_view colour) {
    return fmt::format(
        "<svg class=\"swatch\" width=\"11\" height=\"11\" aria-hidden=\"true\"><rect width=\"11\" "
        "height=\"11\" rx=\"2\" fill=\"{}\"/></svg>",
        colour);
}

void draw_timeline(Html& page, const Collected& all) {
    Chart(page, all).draw();
}

}  // namespace migreport
