/* SPDX-License-Identifier: GPL-2.0-only */
// Values of options and other small texts: each line of the input is one.

#include <cmath>

#include "base/terminal.h"
#include "base/units.h"
#include "fuzz/harness.h"
#include "miggraph/drawing.h"
#include "miggraph/plan.h"
#include "miggraph/series.h"
#include "miggraph/table.h"
#include "miggraph/text.h"
#include "migtrace/arguments.h"
#include "migtrace/import_line.h"
#include "migtrace/stat_file.h"

namespace {

/// What `parse` gives; nothing when it throws what it may.
template <class Parse>
auto parsed(const Parse& parse) -> std::optional<decltype(parse())> {
    try {
        return parse();
    } catch (const base::UsageError&) {
        return std::nullopt;
    }
}

/// parse_mark() by the C library.
void check_mark(const std::string& text) {
    const auto mark = migtrace::parse_mark(text);
    if (!mark) return;
    const bool binary = text.size() > 1 && (text[1] | 0x20) == 'b';
    errno = 0;
    char* end = nullptr;
    const auto expected = binary ? std::strtoull(text.c_str() + 2, &end, 2) : std::strtoull(text.c_str(), &end, 0);
    fuzz::require(errno == 0 && *end == '\0' && *mark == expected, fmt::format("{} is no {}", text, *mark));
}

/// Numbers that were understood are written down and understood once more.
void check_numbers(const std::string& text) {
    if (const auto ns = migtrace::parse_seconds(text)) {
        const auto again = migtrace::parse_seconds(fmt::format("{}.{:09}", *ns / 1'000'000'000, *ns % 1'000'000'000));
        fuzz::require(again == ns, fmt::format("{} is no {} ns", text, *ns));
    }
    if (const auto value = migtrace::parse_thousandths(text)) {
        const auto again = migtrace::parse_thousandths(fmt::format("{}{}.{:03}", *value < 0 ? "-" : "",
                                                                   std::abs(*value / 1000), std::abs(*value % 1000)));
        fuzz::require(again == value || std::abs(*value) > 1'000'000'000'000'000, fmt::format("{} is no {}", text, *value));
    }
    if (const auto bytes = parsed([&] { return base::parse_size("size", text); })) base::format_size(*bytes);
    if (const auto time = parsed([&] { return base::parse_duration("time", text); })) {
        fuzz::require(time->count() >= 0, fmt::format("{} is negative", text));
        base::format_duration(*time);
    }
}

void check_names(const std::string& text) {
    const std::string name = miggraph::file_name(text);
    fuzz::require(!name.empty() && name.find('/') == name.npos && name[0] != '.' && name.size() <= 255,
                  fmt::format("'{}' is no name for a file", name));
    miggraph::insert_name(text, "x");
    miggraph::parse_field_name(text);
    miggraph::parse_point(text);
    // Text for gnuplot stays one string, and text for a terminal cannot do more than be seen.
    const std::string quoted = miggraph::gnuplot_string(text);
    std::size_t quotes = 0;
    for (char c : quoted.substr(1, quoted.size() - 2)) {
        fuzz::require(static_cast<unsigned char>(c) >= 0x20, "a control byte for gnuplot");
        fuzz::require(c == '\'' || quotes % 2 == 0, "a quote that ends the text for gnuplot");
        quotes = c == '\'' ? quotes + 1 : 0;
    }
    fuzz::require(quotes % 2 == 0, "a quote that ends the text for gnuplot");
    for (char c : base::printable(text))
        fuzz::require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "a control byte for a terminal");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest = fuzz::text_of(data, size);
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string text(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        check_mark(text);
        check_numbers(text);
        check_names(text);
        migtrace::is_time_prefix(text);
        migtrace::cpus_told(text);
        parsed([&] { return miggraph::parse_graphs(text); });
        parsed([&] { return miggraph::choose_format(text, ""); });
        parsed([&] { return miggraph::choose_format("", text); });
        parsed([&] { return miggraph::parse_size(text, miggraph::Format::Png); });
    }
    return 0;
}
