/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/command_line.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <cstdint>
#include <iostream>
#include <limits>
#include <optional>
#include <typeinfo>

#include "base/error.h"
#include "base/tool_main.h"
#include "base/version.h"

namespace base {

namespace {

constexpr unsigned kHelpWidth = 110;

/// The form in which names are compared: upper and lower case are the same, and so are `-` and `_` inside a name.
std::string normal(std::string name) {
    boost::to_lower(name);
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

bool takes_value(const po::option_description& option) { return option.semantic()->max_tokens() > 0; }

/// A word of the command line that is an option, cut into its parts: `--name=value` or `-name value`.
struct OptionWord {
    std::string word;  // as written
    std::string name;
    std::optional<std::string> value;
};

OptionWord cut(const std::string& word) {
    std::string rest = word.substr(word.starts_with("--") ? 2 : 1);
    auto equals = rest.find('=');
    if (equals == std::string::npos) return {word, rest, std::nullopt};
    return {word, rest.substr(0, equals), rest.substr(equals + 1)};
}

/// "-p12323", as getopt reads it: an option of one letter, and a number.
std::optional<OptionWord> cut_glued(const std::string& word, const po::options_description& all) {
    if (word.size() < 3 || !boost::is_digit()(word[2])) return std::nullopt;
    for (const auto& option : all.options())
        if (option->canonical_display_name(po::command_line_style::allow_dash_for_short) == word.substr(0, 2))
            return OptionWord{word, word.substr(1, 1), word.substr(2)};
    return std::nullopt;
}

/// Of an option that keeps one value the last one counts; Boost would refuse the second.
void keep_last(std::vector<po::option>& options, const po::option& added, const po::option_description& description) {
    if (!description.semantic()->is_composing())
        std::erase_if(options, [&](const po::option& o) { return o.string_key == added.string_key; });
    options.push_back(added);
}

/// "; at most 2147483647", of the type that the option has.
std::string at_most(const po::option_description* option) {
    const auto* typed = option ? dynamic_cast<const po::typed_value_base*>(option->semantic().get()) : nullptr;
    if (!typed) return "";
    const std::type_info& type = typed->value_type();
    if (type == typeid(std::int64_t) || type == typeid(std::vector<std::int64_t>))
        return fmt::format("; at most {}", std::numeric_limits<std::int64_t>::max());
    if (type == typeid(std::uint64_t)) return fmt::format("; at most {}", std::numeric_limits<std::uint64_t>::max());
    if (type == typeid(int)) return fmt::format("; at most {}", std::numeric_limits<int>::max());
    if (type == typeid(unsigned)) return fmt::format("; at most {}", std::numeric_limits<unsigned>::max());
    return "";
}

/// Whether it takes a number that is not negative. Boost reads "-1" as the largest one.
bool is_unsigned(const po::option_description& option) {
    const auto* typed = dynamic_cast<const po::typed_value_base*>(option.semantic().get());
    return typed && (typed->value_type() == typeid(std::uint64_t) || typed->value_type() == typeid(unsigned));
}

/// Only numbers can be invalid here; what else options take is text.
std::string invalid_value(const po::validation_error& error, const po::options_description& options) {
    const std::string what = error.what();  // the value in quotes, in the words of Boost
    const std::size_t open = what.find("('"), close = what.find("')");
    const std::string value = open < close && close != std::string::npos ? what.substr(open + 2, close - open - 2) : "";
    const std::string option = error.get_option_name();
    const std::string name = option.substr(std::min(option.find_first_not_of('-'), option.size()));
    const auto* description = options.find_nothrow(name, false);
    const std::size_t digits = value.find_first_not_of("+-");
    if (digits <= 1 && value.find_first_not_of("0123456789", digits) == std::string::npos)
        return fmt::format("--{}: {} is {}", name, value, value[0] == '-' ? "too small" : "too large" + at_most(description));
    const bool msec = description && boost::starts_with(description->format_parameter(), "MSEC");
    return fmt::format("--{}: '{}' is no whole number{}", name, value, msec ? " of milliseconds" : "");
}

/// Boost leaves one where it wraps a line.
std::string without_trailing_blanks(const std::string& text) {
    std::vector<std::string> lines;
    boost::split(lines, text, boost::is_any_of("\n"));
    for (std::string& line : lines) boost::trim_right(line);
    return boost::join(lines, "\n");
}

}  // namespace

CommandLine::CommandLine(ProgramInfo info, Operands operands)
    : info_(std::move(info)), operand_rule_(operands), all_(kHelpWidth) {}

po::options_description& CommandLine::group(const std::string& title) {
    return groups_.emplace_back(title, kHelpWidth, kHelpWidth / 2);
}

void CommandLine::alias(const std::string& spelling, const std::string& option) { aliases_[normal(spelling)] = option; }

void CommandLine::keep_prefixes_of(const std::vector<std::string>& options) { kept_ = options; }

std::vector<const po::option_description*> CommandLine::with_prefix(const std::string& prefix, bool kept_only) const {
    std::vector<const po::option_description*> found;
    auto offer = [&](const std::string& spelling, const po::option_description& option) {
        if (kept_only && std::find(kept_.begin(), kept_.end(), option.long_name()) == kept_.end()) return;
        if (!normal(spelling).starts_with(prefix)) return;
        if (std::find(found.begin(), found.end(), &option) == found.end()) found.push_back(&option);
    };
    for (const auto& option : all_.options()) offer(option->long_name(), *option);
    for (const auto& [spelling, name] : aliases_) offer(spelling, all_.find(name, false));
    return found;
}

/// The option that `name`, taken from `word`, stands for.
const po::option_description& CommandLine::find(const std::string& word, const std::string& name) const {
    for (const auto& option : all_.options())
        if (option->canonical_display_name(po::command_line_style::allow_dash_for_short) == "-" + name) return *option;
    const std::string wanted = normal(name);
    for (const auto& option : all_.options())
        if (normal(option->long_name()) == wanted) return *option;
    if (auto it = aliases_.find(wanted); it != aliases_.end()) return all_.find(it->second, false);

    if (auto kept = with_prefix(wanted, true); kept.size() == 1) return *kept.front();
    auto all = with_prefix(wanted, false);
    // Everywhere else it is a form of output: nobody means to write a file called json.
    if (wanted == "output" && all.size() == 1 && normal(all.front()->long_name()) == "output_file")
        throw UsageError(fmt::format("there is no option '{}' here; --output_file FILE, or -o, names a file", word));
    if (all.size() == 1) return *all.front();
    if (all.empty()) throw UsageError(fmt::format("unknown option '{}'", word));
    std::string names;
    for (const auto* option : all) names += " --" + option->long_name();
    throw UsageError(fmt::format("option '{}' is ambiguous; it may mean{}", word, names));
}

bool CommandLine::parse(int argc, const char* const* argv) {
    offer_help_of(info_.name);
    group("General").add_options()("help,h", po::bool_switch(), "print this help and exit")(
        "version", po::bool_switch(), "print the version and exit");
    for (auto& g : groups_) all_.add(g);

    po::parsed_options parsed(&all_);
    bool options_ended = false;
    for (int i = 1; i < argc; i++) {
        const std::string word = argv[i];
        if (options_ended || word.size() < 2 || word[0] != '-') {
            if (operand_rule_ == Operands::None) throw UsageError(fmt::format("unexpected operand '{}'", word));
            operands_.push_back(word);
            if (operand_rule_ == Operands::EndOptions) options_ended = true;
            continue;
        }
        if (word == "--") {
            options_ended = true;
            continue;
        }
        OptionWord option = cut_glued(word, all_).value_or(cut(word));
        const po::option_description& description = find(word, option.name);
        if (takes_value(description)) {
            if (!option.value && i + 1 < argc) option.value = argv[++i];
            if (!option.value) throw UsageError(fmt::format("option '{}' needs a value", word));
            if (is_unsigned(description) && option.value->starts_with('-'))
                throw UsageError(fmt::format("--{}: {} is too small", description.long_name(), *option.value));
            keep_last(parsed.options, po::option(description.long_name(), {*option.value}), description);
        } else {
            if (option.value) throw UsageError(fmt::format("option '--{}' takes no value", description.long_name()));
            keep_last(parsed.options, po::option(description.long_name(), {}), description);
        }
    }
    try {
        po::store(parsed, values_);
        po::notify(values_);
    } catch (const po::validation_error& e) {
        throw UsageError(invalid_value(e, all_));
    } catch (const po::error& e) {
        throw UsageError(e.what());
    }
    if (flag("help")) {
        print_help();
        return false;
    }
    if (flag("version")) {
        fmt::print("{} (migscope) {}\n", info_.name, MIGSCOPE_VERSION);
        return false;
    }
    return true;
}

void CommandLine::print_help() const {
    std::cout << "Usage: " << info_.name << ' ' << info_.synopsis << "\n\n" << info_.summary << '\n';
    for (const auto& g : groups_) std::cout << without_trailing_blanks(fmt::format("{}", fmt::streamed(g))) << '\n';
    if (!info_.examples.empty()) std::cout << "Examples:\n" << info_.examples;
    std::cout.flush();
}

}  // namespace base
