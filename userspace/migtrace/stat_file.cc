/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/stat_file.h"

#include <fmt/format.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <bit>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "migtrace/foreign.h"
#include "migtrace/header.h"

namespace migtrace {

namespace {

/// A line can hold a field for each pair of CPUs, but no more than a header has named before it: so a line without an end
/// takes little memory. Files without a header have few fields.
constexpr std::size_t kLongestLine = 1 << 20, kLongestField = 32;
constexpr std::uint64_t kMostMsec = 1'000'000'000'000;
constexpr std::uint64_t kLastSecond = 9'000'000'000;
constexpr std::uint64_t kMostFields = 1'000'000'000;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// Where the word begins that is `skip` > 0 words behind the one that begins at `at`; `skip` is then 0. At the end of
/// the line it is what is missing.
std::size_t skip_words(std::string_view line, std::size_t at, unsigned& skip) {
    unsigned behind_blank = 0;  // the word that begins here does not count
#ifdef __SSE2__
    const __m128i space = _mm_set1_epi8(' '), tab = _mm_set1_epi8('\t');
    for (; at + 16 <= line.size(); at += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(line.data() + at));
        const auto blanks = static_cast<unsigned>(
            _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(bytes, space), _mm_cmpeq_epi8(bytes, tab))));
        for (unsigned starts = ~blanks & (blanks << 1 | behind_blank) & 0xffff; starts; starts &= starts - 1)
            if (--skip == 0) return at + static_cast<unsigned>(std::countr_zero(starts));
        behind_blank = blanks >> 15;
    }
#endif
    for (; at < line.size(); at++) {
        const bool blank = is_blank(line[at]);
        if (!blank && behind_blank && --skip == 0) break;
        behind_blank = blank;
    }
    return at;
}

}  // namespace

StatHeader::Result StatHeader::add(std::string_view text, const std::string& place) {
    const std::string_view line = text, tag = cut_word(text);
    const Result result = take(tag, text, place);
    if (result == Result::Malformed)
        faults_.emplace(tag, fmt::format("{}: the header line '# {}' makes no sense", place, line));
    return result;
}

StatHeader::Result StatHeader::take(std::string_view tag, std::string_view text, const std::string& place) {
    if (tag.empty()) return Result::Known;
    if (tag == "version") {
        std::string_view value = cut_word(text);
        if (!check_version(value, place)) return Result::Malformed;
        if (version.empty()) version = value;
        return Result::Known;
    }
    if (tag == "field") {
        auto number = whole_number(cut_word(text));
        if (!number || *number < 1 || *number > kMostFields) return Result::Malformed;
        const auto key = static_cast<unsigned>(*number);
        if (fields.emplace(key, text).second) fields_in_order.push_back(key);
        return Result::Known;
    }
    if (tag == "gettimeofday") {
        auto sec = whole_number(cut_word(text)), usec = whole_number(cut_word(text));
        if (!sec || !usec || *sec > kLastSecond || *usec >= 1'000'000) return Result::Malformed;
        if (!gettimeofday)
            gettimeofday = TimeOfDay{static_cast<std::int64_t>(*sec), static_cast<std::int64_t>(*usec)};
        return Result::Known;
    }
    if (tag == "cause" || tag == "loc") of_trace_ = true;
    if (tag != "period_msec" && tag != "nr_cpus" && tag != "ts_field") return Result::UnknownTag;
    auto number = whole_number(cut_word(text));
    if (!number) return Result::Malformed;
    if (tag == "period_msec") {
        if (*number > kMostMsec) return Result::Malformed;
        if (!period_msec) period_place = place;
        if (!period_msec) period_msec = *number;
    } else if (tag == "nr_cpus") {
        if (*number < 1 || *number > kMostCpus) return Result::Malformed;
        if (!nr_cpus) nr_cpus = static_cast<unsigned>(*number);
    } else {
        if (*number < 1 || *number > kMostFields) return Result::Malformed;
        if (!said_ts_field) said_ts_field = static_cast<unsigned>(*number);
    }
    return Result::Known;
}

std::optional<unsigned> StatHeader::field_number(std::string_view name) const {
    for (unsigned number : fields_in_order)
        if (fields.at(number) == name) return number;
    return std::nullopt;
}

std::string StatHeader::lacks(const std::string& line) const {
    const auto fault = faults_.find(line.substr(0, line.find(' ')));
    if (fault != faults_.end()) return fault->second;
    if (of_trace_ && fields.empty())
        return fmt::format("{} is a trace and no stat file (migrate_stats and migrate_graph read it): the header has no line "
                           "'# {}'", input, line);
    return fmt::format("{}: the header has no line '# {}'", input, line);
}

std::uint64_t StatHeader::checked_period() const {
    if (!period_msec) throw base::Error(lacks("period_msec MSEC") + ", so rates cannot be computed");
    if (*period_msec == 0)
        throw base::Error(period_place + ": the header says '# period_msec 0', so rates cannot be computed");
    return *period_msec;
}

std::int64_t StatHeader::wall_msec() const {
    if (!gettimeofday)
        throw base::Error(lacks("gettimeofday SEC USEC") +
                          ", so the wall clock is not known; relative times (--ts_rel) need none");
    return gettimeofday->sec * 1000 + (gettimeofday->usec + 500) / 1000;
}

StatReader::StatReader(std::vector<std::string> files, unsigned needed) : lines_(files, kLongestLine), needed_(needed) {
    header_.input = base::input_names(files);
}

bool StatReader::next() {
    std::string_view line;
    auto note = [this](Note& n, std::string_view what) {
        if (n.count++ > 0) return;
        n.line = lines_.number();
        n.what = what;
    };
    while (lines_.next(line)) {
        if (auto text = header_text(line)) {
            std::string_view tag = *text;
            StatHeader::Result result = header_.add(*text, place());
            lines_.set_longest(kLongestLine + kLongestField * header_.fields.size());
            if (result == StatHeader::Result::UnknownTag) note(unknown_tags_, cut_word(tag));
            if (result == StatHeader::Result::Malformed) note(malformed_, *text);
            continue;
        }
        if (lines_.number() == 1)
            if (const std::string what = foreign_file(line, lines_.file_name(1)); !what.empty()) throw base::Error(what);
        if (lines_.too_long()) throw base::Error(fmt::format("{}: the line is too long", place()));
        const std::size_t first = line.find_first_not_of(" \t");
        line_ = first == std::string_view::npos ? std::string_view() : line.substr(first);
        found_ = 1;
        found_at_ = 0;
        if (line_.empty()) continue;
        if (!lines_.unfinished() || has_needed_field()) return true;
        cut_off_ = lines_.number();
    }
    line_ = {};
    return false;
}

bool StatReader::has_needed_field() const {
    if (header_.fields.empty()) return true;
    unsigned missing = (needed_ > 0 ? needed_ : header_.fields.rbegin()->first) - 1;
    skip_words(line_, 0, missing);
    return missing == 0;
}

std::string_view StatReader::field(unsigned number) const {
    if (number < found_) {
        found_ = 1;
        found_at_ = 0;
    }
    unsigned missing = number - found_;
    std::size_t at = found_at_;
    if (missing > 0) at = skip_words(line_, at, missing);
    if (number < 1 || missing > 0)
        throw base::Error(
            fmt::format("{}: the line has no field {}, only {}", place(), number, number - missing));
    found_ = number;
    found_at_ = at;
    std::size_t end = at;
    while (end < line_.size() && !is_blank(line_[end])) end++;
    if (end == line_.size() && lines_.unfinished()) broken_off_ = lines_.number();
    return line_.substr(at, end - at);
}

std::optional<std::uint64_t> StatReader::count(unsigned number) const {
    const std::string_view text = field(number);
    if (text.size() > 10) return std::nullopt;
    std::uint64_t count = 0;
    for (char c : text) {
        const auto digit = static_cast<unsigned char>(c - '0');
        if (digit > 9) return std::nullopt;
        count = 10 * count + digit;
    }
    return count;
}

double StatReader::value(unsigned number) const {
    std::string_view text = field(number);
    double value = 0;
    auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || rest != text.data() + text.size() || !std::isfinite(value))
        throw base::Error(fmt::format("{}: field {} is '{}', which is not a number", place(), number, text));
    return value;
}

std::int64_t StatReader::time_msec() const {
    std::string_view text = field(header_.ts_field());
    auto msec = parse_thousandths(text);
    if (!msec)
        throw base::Error(fmt::format("{}: the time (field {}) is '{}', which is not a number of seconds",
                                      place(), header_.ts_field(), text));
    return *msec;
}

std::vector<std::string> StatReader::warnings() const {
    std::vector<std::string> all;
    if (unknown_tags_.count)
        all.push_back(fmt::format("skipped {} header line(s) with an unknown tag, first '{}' at {}",
                                  unknown_tags_.count, unknown_tags_.what, lines_.place(unknown_tags_.line)));
    if (malformed_.count)
        all.push_back(fmt::format("skipped {} header line(s) that make no sense, first '{}' at {}",
                                  malformed_.count, malformed_.what, lines_.place(malformed_.line)));
    if (cut_off_)
        all.push_back(fmt::format("{} ends in the middle, without a line feed: the file has been cut there, and the line is left out",
                                  lines_.place(cut_off_)));
    if (broken_off_)
        all.push_back(fmt::format("{} ends without a line feed: the file may have been cut there, and the value with it",
                                  lines_.place(broken_off_)));
    return all;
}

StatTable read_stat(const std::vector<std::string>& files) {
    StatReader reader(files);
    StatTable table;
    const auto take_fields = [&] {
        if (!table.fields.empty() || reader.header().fields.empty()) return;
        if (table.rows() > 0)
            throw base::Error(fmt::format("{}: there are values in front of the header lines that name their fields", reader.place()));
        for (const auto& [number, name] : reader.header().fields) table.fields.push_back(number);
    };
    while (reader.next()) {
        take_fields();
        table.time_msec.push_back(reader.time_msec());
        for (unsigned number : table.fields) table.values.push_back(reader.value(number));
    }
    take_fields();
    table.header = reader.header();
    table.warnings = reader.warnings();
    return table;
}

std::string stat_header(unsigned nr_cpus) {
    return fmt::format("# version 1.0.0\n# period_msec 1000\n# nr_cpus {}\n# ts_field 1\n", nr_cpus);
}

std::optional<std::int64_t> parse_thousandths(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    std::string_view whole = text.substr(0, text.find('.'));
    std::string_view fraction =
        whole.size() < text.size() ? text.substr(whole.size() + 1) : std::string_view();
    if (whole.empty() && fraction.empty()) return std::nullopt;
    std::int64_t value = 0;
    if (!whole.empty()) {
        auto number = whole_number(whole);
        if (!number || *number > kMostMsec) return std::nullopt;
        value = static_cast<std::int64_t>(*number);
    }
    for (char c : fraction)
        if (c < '0' || c > '9') return std::nullopt;
    for (std::size_t i = 0; i < 3; i++) value = 10 * value + (i < fraction.size() ? fraction[i] - '0' : 0);
    if (fraction.size() > 3 && fraction[3] >= '5') value++;
    return negative ? -value : value;
}

}  // namespace migtrace
