/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Stat files: what the kernel's migration_stat/stat and `migrate_stats --period` write. Format:
// docs/format.md.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migtrace/line_reader.h"

namespace migtrace {

/// The header of a stat file. Of two lines that say different things the first counts.
struct StatHeader {
    struct TimeOfDay {
        std::int64_t sec = 0, usec = 0;
    };
    std::string version;                       ///< "1.0.0"; empty: not given
    std::optional<std::uint64_t> period_msec;  ///< length of a period, ms
    std::string period_place;                  ///< of its line
    std::optional<TimeOfDay> gettimeofday;     ///< wall clock at time 0 of the file
    std::optional<unsigned> nr_cpus;
    std::optional<unsigned> said_ts_field;   ///< see ts_field()
    std::map<unsigned, std::string> fields;  ///< names by number of the field
    std::vector<unsigned> fields_in_order;   ///< the numbers in the order of the lines

    /// Number of the field that is the time, from 1; it is 1 when the header does not say.
    unsigned ts_field() const { return said_ts_field.value_or(1); }

    enum class Result { Known, UnknownTag, Malformed };
    /// Takes a header line; `text` is its header_text(). Throws base::Error for another major version than 1.
    Result add(std::string_view text, const std::string& place);

    std::string input;  ///< what the file is called in messages
    /// "FILE: the header has no line '# LINE'", or, where one that begins with the same word makes no sense, its place.
    std::string lacks(const std::string& line) const;

    /// The number of the first field with this name, blanks included.
    std::optional<unsigned> field_number(std::string_view name) const;
    /// period_msec. Throws base::Error when it is missing or 0.
    std::uint64_t checked_period() const;
    /// Milliseconds since 1970 at time 0 of the file, rounded. Throws base::Error when gettimeofday is
    /// missing.
    std::int64_t wall_msec() const;

 private:
    Result take(std::string_view tag, std::string_view text, const std::string& place);
    std::map<std::string, std::string, std::less<>> faults_;  // by tag: the first line that makes no sense, and its place
    bool of_trace_ = false;  // it has lines that only traces have
};

/// Reads the lines of a stat file one by one.
class StatReader {
 public:
    /// `needed`: the last field that will be asked for; 0 is the last that the header names. A last line that ends before
    /// it, without a line feed, has been cut off: it is left out, and warnings() tells.
    explicit StatReader(std::vector<std::string> files, unsigned needed = 0);

    /// The next data line; header lines on the way to it are taken into header(). False at the end. Throws
    /// base::Error for input that cannot be read.
    bool next();
    const StatHeader& header() const { return header_; }

    /// Of the line that next() has read. Throw base::Error, with the place of the line, when the line has no
    /// such field or it is no number.
    double value(unsigned field) const;
    /// The same, if it is a whole number below 10^10 without a sign, as counts are; it takes a fifth of the time.
    std::optional<std::uint64_t> count(unsigned field) const;
    std::int64_t time_msec() const;  ///< the time stamp, rounded to milliseconds
    std::string place() const { return lines_.place(lines_.number()); }

    /// What a user should know about the header, one sentence each.
    std::vector<std::string> warnings() const;

 private:
    bool has_needed_field() const;
    std::string_view field(unsigned number) const;
    LineReader lines_;
    StatHeader header_;
    std::string_view line_;  // from its first word on; no field is looked for before it is asked for
    // The field that was found last, and where it begins.
    mutable unsigned found_ = 1;
    mutable std::size_t found_at_ = 0;
    struct Note {
        std::uint64_t count = 0, line = 0;
        std::string what;
    };
    Note unknown_tags_, malformed_;
    const unsigned needed_;
    std::uint64_t cut_off_ = 0;             // the last line, when it has no such field
    mutable std::uint64_t broken_off_ = 0;  // line whose last value was asked for and has no line feed behind it
};

/// A stat file as a whole.
struct StatTable {
    StatHeader header;
    std::vector<unsigned> fields;  ///< the columns of `values`: numbers of the fields that the header names
    std::vector<std::int64_t> time_msec;  ///< one for each row
    std::vector<double> values;  ///< row after row, fields.size() each; counts per period as in the file
    std::vector<std::string> warnings;

    std::size_t rows() const { return time_msec.size(); }
    double at(std::size_t row, std::size_t column) const { return values[row * fields.size() + column]; }
    /// The same as a rate per second. Throws base::Error when the file does not say its period.
    double rate(std::size_t row, std::size_t column) const {
        return at(row, column) / (static_cast<double>(header.checked_period()) / 1000.0);
    }
};

/// Reads stat files one after another as one ("-": standard input). Throws base::Error as StatReader does.
StatTable read_stat(const std::vector<std::string>& files);

/// The header that migrate_stats writes, without "# gettimeofday" and the names of fields, which are numbered from
/// kFirstStatField.
std::string stat_header(unsigned nr_cpus);
constexpr unsigned kFirstStatField = 2;

/// A decimal number with an optional sign and fraction ("-1.5"), rounded to thousandths. Nothing for anything
/// else.
std::optional<std::int64_t> parse_thousandths(std::string_view text);

}  // namespace migtrace
