/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/units.h"

#include <fmt/format.h>

#include <array>
#include <boost/algorithm/string.hpp>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/error.h"

namespace base {

namespace {

struct Amount {
    double number;
    std::string unit;  // lower case, may be empty
};

/// "1.5G" as 1.5 and "g"; nothing when `text` does not begin with a plain decimal number.
std::optional<Amount> cut(const std::string& text) {
    std::string trimmed = boost::trim_copy(text);
    double number = 0;
    const char* end = trimmed.data() + trimmed.size();
    auto [rest, failure] = std::from_chars(trimmed.data(), end, number, std::chars_format::fixed);
    if (failure != std::errc() || !std::isfinite(number) || std::signbit(number)) return std::nullopt;
    return Amount{number, boost::to_lower_copy(boost::trim_copy(std::string(rest, end)))};
}

}  // namespace

std::uint64_t parse_size(const std::string& what, const std::string& text, std::uint64_t plain) {
    auto amount = cut(text);
    double unit = -1;
    if (amount) {
        std::string name = amount->unit;
        if (name.empty())
            unit = static_cast<double>(plain);
        else if (name == "b")
            unit = 1;
        else {
            const std::string letters = "kmgtp";
            auto power = letters.find(name[0]);
            std::string rest = name.substr(1);
            if (power != std::string::npos && (rest.empty() || rest == "b" || rest == "ib"))
                unit = std::pow(1024.0, static_cast<double>(power + 1));
        }
    }
    if (unit < 0)
        throw UsageError(fmt::format("{}: '{}' is not a size; write for example 64k, 4M or 2G", what, text));
    double bytes = std::round(amount->number * unit);
    if (bytes >= 9.2e18) throw UsageError(fmt::format("{}: {} is too large", what, text));
    return static_cast<std::uint64_t>(bytes);
}

std::chrono::nanoseconds parse_duration(const std::string& what, const std::string& text,
                                        std::chrono::nanoseconds plain) {
    struct Unit {
        const char* name;
        double nanoseconds;
    };
    static constexpr std::array<Unit, 7> kUnits = {
        {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"min", 60e9}, {"h", 3600e9}}};
    auto amount = cut(text);
    double unit = -1;
    if (amount && amount->unit.empty()) unit = static_cast<double>(plain.count());
    if (amount)
        for (const Unit& u : kUnits)
            if (amount->unit == u.name) unit = u.nanoseconds;
    if (unit < 0)
        throw UsageError(
            fmt::format("{}: '{}' is not a time; write for example 500ms, 10s or 2m", what, text));
    double nanoseconds = std::round(amount->number * unit);
    if (nanoseconds > 100 * 366 * 86400e9) throw UsageError(fmt::format("{}: {} is too long", what, text));
    return std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds));
}

double parse_percent(const std::string& what, const std::string& text, Zero zero) {
    double value = 0;
    const char* end = text.data() + text.size() - text.ends_with('%');
    const auto [rest, failure] = std::from_chars(text.data(), end, value);
    const bool enough = zero == Zero::Allowed ? value >= 0 : value > 0;
    if (failure != std::errc() || rest != end || !(enough && value <= 100))
        throw UsageError(fmt::format("{}: '{}' is no percentage {} 100%", what, text, zero == Zero::Allowed ? "from 0% to" : "above 0% and up to"));
    return value / 100;
}

std::string format_size(std::uint64_t bytes) {
    if (bytes < 1000) return fmt::format("{} B", bytes);
    double value = static_cast<double>(bytes);
    for (const char* unit : {"kB", "MB", "GB", "TB"}) {
        value /= 1000;
        if (value < 999.95) return fmt::format("{:.1f} {}", value, unit);
    }
    return fmt::format("{:.1f} PB", value / 1000);
}

std::string format_duration(std::chrono::nanoseconds time) {
    double seconds = static_cast<double>(time.count()) / 1e9;
    if (time.count() < 1000) return fmt::format("{} ns", time.count());
    if (seconds < 0.9995e-3) return fmt::format("{:.0f} us", seconds * 1e6);
    if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1000);
    if (seconds < 99.95) return fmt::format("{:.1f} s", seconds);
    auto whole = static_cast<std::int64_t>(std::llround(seconds));
    if (whole < 3600) return fmt::format("{} min {} s", whole / 60, whole % 60);
    auto minutes = (whole + 30) / 60;
    return fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

}  // namespace base
