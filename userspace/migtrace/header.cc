/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/header.h"

#include <fmt/format.h>

#include <boost/spirit/home/x3.hpp>
#include <charconv>
#include <utility>

#include "base/error.h"

namespace migtrace {

namespace {

namespace x3 = boost::spirit::x3;

/// Applies a grammar to the beginning of `text`, up to the end of a word; fields are separated by blanks and
/// tabs. x3::blank would not do: it asserts that bytes are ASCII.
template <class Grammar, class... Attributes>
bool matches(std::string_view text, const Grammar& grammar, Attributes&... attributes) {
    const auto blank = x3::lit(' ') | x3::lit('\t');
    auto at = text.begin();
    if (!x3::phrase_parse(at, text.end(), grammar, blank, attributes...)) return false;
    return at == text.end() || at == text.begin() || at[-1] == ' ' || at[-1] == '\t';
}

}  // namespace

std::optional<std::string_view> header_text(std::string_view line) {
    auto begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos || line[begin] != '#') return std::nullopt;
    line.remove_prefix(begin + 1);
    auto first = line.find_first_not_of(" \t");
    line.remove_prefix(first == std::string_view::npos ? line.size() : first);
    return line;
}

std::string_view cut_word(std::string_view& text) {
    auto skip = [&] {
        auto first = text.find_first_not_of(" \t");
        text.remove_prefix(first == std::string_view::npos ? text.size() : first);
    };
    skip();
    std::string_view word = text.substr(0, text.find_first_of(" \t"));
    text.remove_prefix(word.size());
    skip();
    return word;
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
    std::uint64_t value = 0;
    auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || failure != std::errc() || rest != text.data() + text.size()) return std::nullopt;
    return value;
}

bool check_version(std::string_view version, const std::string& place) {
    const auto number = x3::omit[+x3::char_('0', '9')];
    if (!matches(version, x3::lexeme[number >> -('.' >> number) >> -('.' >> number)])) return false;
    // None if it is larger than any number.
    const auto major_number = whole_number(version.substr(0, version.find('.')));
    if (major_number == 1u) return true;
    throw base::Error(fmt::format("{}: the format is version {}, and this program reads version 1{}", place, version,
                                  major_number == 0u ? "" : ": a newer program is needed"));
}

std::optional<LostEvents> parse_lost(std::string_view text) {
    if (cut_word(text) != "lost") return std::nullopt;
    const auto cpu = whole_number(cut_word(text)), count = whole_number(cut_word(text));
    if (!cpu || !count || *cpu >= kMostCpus) return std::nullopt;
    return LostEvents{static_cast<unsigned>(*cpu), *count};
}

TraceHeader::Result TraceHeader::add(std::string_view text, const std::string& place) {
    std::string_view tag = cut_word(text);
    if (tag == "cause" || tag == "loc") return add_event(tag == "cause", text);
    if (tag == "cpu") return add_cpu(text);
    if (tag == "version") {
        std::string_view version = cut_word(text);
        if (!check_version(version, place)) return Result::Malformed;
        if (!version_.empty()) return version_ == version ? Result::Repeated : Result::Contradicts;
        version_ = version;
        return Result::Added;
    }
    if (tag == "nr_cpus") {
        auto number = whole_number(cut_word(text));
        if (!number || *number < 1 || *number > kMostCpus) return Result::Malformed;
        if (nr_cpus_) return *nr_cpus_ == *number ? Result::Repeated : Result::Contradicts;
        nr_cpus_ = static_cast<unsigned>(*number);
        return Result::Added;
    }
    if (tag == "ts_field") {
        auto field = whole_number(cut_word(text));
        if (!field) return Result::Malformed;
        if (*field != 1)
            throw base::Error(
                fmt::format("{}: the time stamp is said to be field {}; only field 1 is possible in a trace",
                            place, *field));
        return Result::Repeated;  // of what is so without it
    }
    if (tag == "order") {
        if (cut_word(text) != "time") return Result::UnknownTag;
        return std::exchange(in_time_order_, true) ? Result::Repeated : Result::Added;
    }
    if (tag == "period_msec" || tag == "field" || tag == "gettimeofday") stat_tags_ = true;
    return tag.empty() ? Result::Repeated : Result::UnknownTag;
}

/// "NUMBER NAME": a name is one word.
TraceHeader::Result TraceHeader::add_event(bool cause, std::string_view rest) {
    auto number = whole_number(cut_word(rest));
    std::string_view name = cut_word(rest);
    if (!number || *number >= kMostEvents || name.empty()) return Result::Malformed;
    const auto key = static_cast<unsigned>(*number);
    if (role(key) != Role::Unknown) {
        bool same = (role(key) == Role::Cause) == cause && this->name(key) == name;
        return same ? Result::Repeated : Result::Contradicts;
    }
    (cause ? causes_ : locs_)[key] = name;
    if (roles_.size() <= key) {
        roles_.resize(key + 1);
        indexes_.resize(key + 1);
        names_.resize(key + 1);
    }
    names_[key] = name;
    if (cause)
        roles_[key] = Role::Cause;
    else if (name == "mark")
        roles_[key] = Role::Mark;
    else if (name == "copy_process" || name == "set_task_comm" || name == "task_list")
        roles_[key] = Role::Comm;
    else
        roles_[key] = Role::OtherLoc;
    std::uint16_t index = 0;
    for (const auto& [k, n] : causes_) indexes_[k] = index++;
    return Result::Added;
}

/// "N core C llc L node M capacity K", and whatever later versions add behind it.
TraceHeader::Result TraceHeader::add_cpu(std::string_view rest) {
    unsigned number = 0;
    CpuTopology cpu;
    auto set = [](int& where) { return [&where](auto& context) { where = x3::_attr(context); }; };
    const auto id = x3::int_;
    const auto grammar = x3::uint_[([&](auto& c) { number = x3::_attr(c); })] >> "core" >>
                         id[set(cpu.core)] >> "llc" >> id[set(cpu.llc)] >> "node" >> id[set(cpu.node)] >>
                         "capacity" >> id[set(cpu.capacity)];
    if (!matches(rest, grammar) || number >= kMostCpus) return Result::Malformed;
    return cpus_.emplace(number, cpu).second ? Result::Added : Result::Repeated;
}

const std::string& TraceHeader::name(unsigned number) const {
    static const std::string unknown = "?";
    return role(number) == Role::Unknown ? unknown : names_[number];
}

}  // namespace migtrace
