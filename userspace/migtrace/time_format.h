/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Times as text, from integers only.

#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "migtrace/trace_reader.h"

namespace migtrace {

/// Wall clock, as seconds since 1970 and nanoseconds above them (0..999999999).
struct WallClock {
    std::int64_t sec = 0;
    std::uint32_t nsec = 0;
    std::int64_t microseconds() const { return sec * 1'000'000 + nsec / 1000; }
};

/// The wall clock when the kernel's clock shows `ts`: that of the start plus the difference.
WallClock wall_clock(const StartOfTrace& start, std::uint64_t ts);

/// Appends nanoseconds as seconds with nine decimals, at least `width` characters.
void put_seconds(fmt::memory_buffer& to, __int128 nanoseconds, int width);

/// Writes wall clocks to the second; one object for one zone. Remembers the last second, because neighbours
/// share it.
class Calendar {
 public:
    enum class Zone { Gmt, Local };
    explicit Calendar(Zone zone);
    /// "hh:mm:ss", with `date` "yyyy/mm/dd hh:mm:ss". Valid until the next call.
    const std::string& text(std::int64_t sec, bool date);

 private:
    Zone zone_;
    bool valid_ = false, date_ = false;
    std::int64_t sec_ = 0;
    std::string text_;
};

/// A wall clock in the form of ctime() without its line end: "Wed Aug 11 12:08:39 2010", local time.
std::string local_ctime(std::int64_t sec);

/// "2010-08-11T12:08:39.890590000Z"
std::string iso_utc(const WallClock& wall);

/// Which forms of a time stamp are wanted; printed in this order.
struct TimeForms {
    bool rel = false, gmt = false, local = false, abs = false;
    bool date = false;  ///< in front of gmt and local
    bool any() const { return rel || gmt || local || abs; }
};

/// Writes time stamps in the forms wanted, each followed by a blank.
class TimeStampWriter {
 public:
    explicit TimeStampWriter(TimeForms forms) : forms_(forms) {}
    /// All but rel.
    void put_wall_and_abs(fmt::memory_buffer& to, const StartOfTrace& start, std::uint64_t ts);
    /// `begin` is what relative times count from; nothing: 0 is shown.
    void put(fmt::memory_buffer& to, const StartOfTrace& start, const std::uint64_t* begin, std::uint64_t ts);
    const TimeForms& forms() const { return forms_; }

 private:
    TimeForms forms_;
    Calendar gmt_{Calendar::Zone::Gmt}, local_{Calendar::Zone::Local};
};

}  // namespace migtrace
