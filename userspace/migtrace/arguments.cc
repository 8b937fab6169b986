/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/arguments.h"

#include <algorithm>
#include <boost/spirit/home/x3.hpp>

#include "migtrace/header.h"

namespace migtrace {

namespace x3 = boost::spirit::x3;

std::optional<std::uint64_t> parse_mark(std::string_view text) {
    const x3::uint_parser<std::uint64_t, 10> decimal{};
    const x3::uint_parser<std::uint64_t, 16> hexadecimal{};
    const x3::uint_parser<std::uint64_t, 8> octal{};
    const x3::uint_parser<std::uint64_t, 2> binary{};
    const auto grammar = x3::no_case["0x"] >> hexadecimal | x3::no_case["0b"] >> binary |
                         &x3::lit('0') >> octal | !x3::lit('0') >> decimal;
    std::uint64_t value = 0;
    auto at = text.begin();
    if (!x3::parse(at, text.end(), grammar >> x3::eoi, value)) return std::nullopt;
    return value;
}

std::optional<std::uint64_t> parse_seconds(std::string_view text) {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    const std::size_t dot = text.find('.');
    const bool has_dot = dot != std::string_view::npos;
    const std::string_view whole = text.substr(0, dot), decimals = has_dot ? text.substr(dot + 1) : "";
    if (whole.empty() && decimals.empty()) return std::nullopt;
    const auto seconds = whole.empty() ? 0 : whole_number(whole);
    if (!seconds || *seconds >= UINT64_MAX / kSecond) return std::nullopt;
    auto below = decimals.empty() ? 0 : whole_number(decimals);
    if (!below || decimals.size() > 9) return std::nullopt;
    for (std::size_t i = decimals.size(); i < 9; i++) *below *= 10;
    return *seconds * kSecond + *below;
}

std::optional<std::int64_t> parse_signed_seconds(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    // Years without number are all the same to a trace.
    const bool huge = text.size() > 10 && whole_number(text);
    const auto ns = huge ? UINT64_MAX : parse_seconds(text);
    if (!ns) return std::nullopt;
    const auto clamped = static_cast<std::int64_t>(std::min<std::uint64_t>(*ns, INT64_MAX));
    return negative ? -clamped : clamped;
}

bool is_time_prefix(std::string_view text) {
    constexpr std::string_view kForm = "dddd/dd/dd dd:dd:dd.ddd";
    if (text.size() > kForm.size()) return false;
    for (std::size_t i = 0; i < text.size(); i++) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (kForm[i] == 'd' ? !digit : text[i] != kForm[i]) return false;
    }
    struct Part {
        std::size_t at;
        unsigned least, most;
    };
    for (const Part& part : {Part{5, 1, 12}, {8, 1, 31}, {11, 0, 23}, {14, 0, 59}, {17, 0, 60}}) {
        if (text.size() < part.at + 2) break;
        const unsigned number = 10u * static_cast<unsigned>(text[part.at] - '0') + static_cast<unsigned>(text[part.at + 1] - '0');
        if (number < part.least || number > part.most) return false;
    }
    return true;
}

}  // namespace migtrace
