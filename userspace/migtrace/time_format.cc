/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/time_format.h"

#include <algorithm>
#include <cstring>
#include <ctime>

#include "migtrace/digits.h"

namespace migtrace {

namespace {

constexpr std::uint32_t kSecond = 1'000'000'000;

std::tm broken_down(std::int64_t sec, Calendar::Zone zone) {
    std::tm tm{};
    const auto time = static_cast<std::time_t>(sec);
    // Both fail for years that do not fit into an int only; the 64 bits of a trace's clock are far from
    // there.
    zone == Calendar::Zone::Gmt ? ::gmtime_r(&time, &tm) : ::localtime_r(&time, &tm);
    return tm;
}

void append(fmt::memory_buffer& to, const std::string& text) {
    to.append(text.data(), text.data() + text.size());
}

void put_fraction(fmt::memory_buffer& to, std::uint32_t nanoseconds) {
    char* at = begin_text(to, 11);
    *at++ = '.';
    at = put_nine(at, nanoseconds);
    *at++ = ' ';
    end_text(to, at);
}

}  // namespace

WallClock wall_clock(const StartOfTrace& start, std::uint64_t ts) {
    __int128 ns = static_cast<__int128>(start.wall_us) * 1000 + static_cast<__int128>(ts) -
                  static_cast<__int128>(start.ts);
    auto sec = static_cast<std::int64_t>(ns / std::int64_t{kSecond});
    auto rest = static_cast<std::int64_t>(ns % std::int64_t{kSecond});
    if (rest < 0) {
        rest += std::int64_t{kSecond};
        sec--;
    }
    return {sec, static_cast<std::uint32_t>(rest)};
}

void put_seconds(fmt::memory_buffer& to, __int128 nanoseconds, int width) {
    const bool negative = nanoseconds < 0;
    const auto magnitude = static_cast<unsigned __int128>(negative ? -nanoseconds : nanoseconds);
    // A division of 64 bits where that will do.
    const bool small = magnitude <= UINT64_MAX;
    const std::uint64_t sec = small ? static_cast<std::uint64_t>(magnitude) / kSecond
                                    : static_cast<std::uint64_t>(magnitude / kSecond);
    const auto rest = static_cast<std::uint32_t>(static_cast<std::uint64_t>(magnitude - static_cast<unsigned __int128>(sec) * kSecond));
    char digits[21];
    char* end = digits;
    if (negative) *end++ = '-';
    end = put_decimal(end, sec);
    const auto length = static_cast<int>(end - digits);
    const auto blanks = static_cast<std::size_t>(std::max(0, width - 10 - length));
    char* at = begin_text(to, blanks + 31);
    std::memset(at, ' ', blanks);
    at = put_text(at + blanks, {digits, end});
    *at++ = '.';
    end_text(to, put_nine(at, rest));
}

Calendar::Calendar(Zone zone) : zone_(zone) {
    ::tzset();
}

const std::string& Calendar::text(std::int64_t sec, bool date) {
    if (valid_ && sec == sec_ && date == date_) return text_;
    valid_ = true;
    sec_ = sec;
    date_ = date;
    std::tm tm = broken_down(sec, zone_);
    text_ = date ? fmt::format("{:04}/{:02}/{:02} ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday) : "";
    text_ += fmt::format("{:02}:{:02}:{:02}", tm.tm_hour, tm.tm_min, tm.tm_sec);
    return text_;
}

std::string local_ctime(std::int64_t sec) {
    static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm tm = broken_down(sec, Calendar::Zone::Local);
    return fmt::format("{} {} {:2} {:02}:{:02}:{:02} {}", kDays[tm.tm_wday], kMonths[tm.tm_mon], tm.tm_mday,
                       tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_year + 1900);
}

std::string iso_utc(const WallClock& wall) {
    std::tm tm = broken_down(wall.sec, Calendar::Zone::Gmt);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", tm.tm_year + 1900, tm.tm_mon + 1,
                       tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, wall.nsec);
}

void TimeStampWriter::put_wall_and_abs(fmt::memory_buffer& to, const StartOfTrace& start, std::uint64_t ts) {
    if (forms_.gmt || forms_.local) {
        const WallClock wall = wall_clock(start, ts);
        if (forms_.gmt) {
            append(to, gmt_.text(wall.sec, forms_.date));
            put_fraction(to, wall.nsec);
        }
        if (forms_.local) {
            append(to, local_.text(wall.sec, forms_.date));
            put_fraction(to, wall.nsec);
        }
    }
    if (forms_.abs) fmt::format_to(fmt::appender(to), "0x{:016x} ", ts);
}

void TimeStampWriter::put(fmt::memory_buffer& to, const StartOfTrace& start, const std::uint64_t* begin,
                          std::uint64_t ts) {
    if (forms_.rel) {
        put_seconds(to, begin ? static_cast<__int128>(ts) - static_cast<__int128>(*begin) : 0, 14);
        to.push_back(' ');
    }
    put_wall_and_abs(to, start, ts);
}

}  // namespace migtrace
