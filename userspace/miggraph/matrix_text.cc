/* SPDX-License-Identifier: GPL-2.0-only */
#include "miggraph/matrix_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "miggraph/text.h"

namespace miggraph {

namespace {

constexpr std::size_t kCell = 6;

std::size_t longest_name(const CpuPairs& pairs) {
    std::size_t longest = 0;
    for (std::size_t i = 0; i < pairs.counts.size(); i++) longest = std::max(longest, pairs.axis.name(i).size());
    return longest;
}

std::size_t cell(const CpuPairs& pairs) {
    return std::max(kCell, longest_name(pairs) + 1);
}

std::size_t front(const CpuPairs& pairs) {
    return std::max<std::size_t>(7, longest_name(pairs));
}

std::string with_counts(const CpuPairs& pairs) {
    const std::size_t wide = cell(pairs), left = front(pairs);
    std::string text = fmt::format("{:>{}}", "from\\to", left);
    for (std::size_t to = 0; to < pairs.counts.size(); to++) text += fmt::format("{:>{}}", pairs.axis.name(to), wide);
    text += '\n';
    for (std::size_t from = 0; from < pairs.counts.size(); from++) {
        text += fmt::format("{:>{}}", pairs.axis.name(from), left);
        for (double count : pairs.counts[from])
            text += fmt::format("{:>{}}", count > 0 ? short_count(count) : ".", wide);
        text += '\n';
    }
    return text;
}

/// Shades by the square root, so that few migrations still show.
std::string with_shades(const CpuPairs& pairs) {
    static constexpr std::array kShades = {"░", "▒", "▓", "█"};
    double most = 1;
    for (const auto& row : pairs.counts)
        for (double count : row) most = std::max(most, count);
    std::string text = fmt::format(
        "from (down) \\ to (right): every column is a {}; {} is up to {}, {} up to {}, {} up to {}, {} up "
        "to {}\n",
        pairs.axis.unit, kShades[0], short_count(most / 16), kShades[1], short_count(most / 4), kShades[2],
        short_count(most * 9 / 16), kShades[3], short_count(most));
    const std::size_t left = std::max<std::size_t>(5, longest_name(pairs));
    for (std::size_t from = 0; from < pairs.counts.size(); from++) {
        text += fmt::format("{:>{}} ", pairs.axis.name(from), left);
        for (double count : pairs.counts[from]) {
            auto shade = static_cast<std::size_t>(std::ceil(std::sqrt(count / most) * kShades.size()));
            text += count > 0 ? kShades[std::clamp<std::size_t>(shade, 1, kShades.size()) - 1] : " ";
        }
        text += '\n';
    }
    return text;
}

}  // namespace

std::string matrix_text(const Figure& figure, const CpuPairs& pairs, unsigned width) {
    std::string text = printable(figure.title) + '\n';
    if (!figure.subtitle.empty()) text += printable(figure.subtitle) + '\n';
    bool fits = front(pairs) + cell(pairs) * pairs.counts.size() <= width;
    return text + (fits ? with_counts(pairs) : with_shades(pairs)) + '\n';
}

}  // namespace miggraph
