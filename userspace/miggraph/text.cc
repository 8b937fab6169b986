/* SPDX-License-Identifier: GPL-2.0-only */
#include "miggraph/text.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>

namespace miggraph {

namespace {

/// Length of the valid UTF-8 sequence that `text` begins with; 0 if there is none.
std::size_t sequence(std::string_view text) {
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    unsigned char first = byte(0);
    std::size_t length = first < 0x80                    ? 1
                         : first >= 0xc2 && first < 0xe0 ? 2
                         : (first & 0xf0) == 0xe0        ? 3
                         : first >= 0xf0 && first < 0xf5 ? 4
                                                         : 0;
    if (length > text.size()) return 0;
    for (std::size_t i = 1; i < length; i++)
        if ((byte(i) & 0xc0) != 0x80) return 0;
    // Overlong forms, surrogates and what lies beyond Unicode.
    if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) ||
        (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f))
        return 0;
    return length;
}

/// C0, DEL, C1, and what turns the direction of a line around.
bool control(std::string_view character) {
    if (character.size() == 1) return static_cast<unsigned char>(character[0]) < 0x20 || character[0] == 0x7f;
    if (character.size() == 2)
        return character[0] == '\xc2' && static_cast<unsigned char>(character[1]) < 0xa0;
    return character == "\u2028" || character == "\u2029" ||
           (character >= "\u202a" && character <= "\u202e") ||
           (character >= "\u2066" && character <= "\u2069");
}

/// Scripts and symbols that DejaVu Sans has for sure. Where cairo finds no font for a character it draws a box with the
/// code point over half of the picture.
bool drawable(std::string_view character) {
    return character < "\u0590" || (character >= "\u2000" && character < "\u2700") || character == "\ufffd";
}

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
    std::string plain;
    for (std::size_t characters = 0; !text.empty(); characters++) {
        if (characters == most) return plain + "…";
        std::size_t length = sequence(text);
        if (length == 0)
            plain += "\ufffd";
        else
            plain += control(text.substr(0, length)) ? " " : text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(1, length));
    }
    return plain;
}

std::string gnuplot_string(std::string_view text) {
    const std::string plain = printable(text);
    std::string quoted = "'";
    for (std::size_t at = 0, length; at < plain.size(); at += length) {
        length = sequence(std::string_view(plain).substr(at));
        const std::string character = plain.substr(at, length);
        if (character == "'") quoted += "'";
        quoted += drawable(character) ? character : "\ufffd";
    }
    return quoted + "'";
}

std::string file_name(std::string_view title) {
    constexpr std::size_t kLongest = 200;
    std::string name;
    for (char c : title) name += c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '_' : c;
    if (name.size() > kLongest) {
        std::size_t end = kLongest;
        while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) end--;
        name.resize(end);
    }
    if (name.empty()) return "graph";
    if (name[0] == '.' || name[0] == '-') name[0] = '_';
    return name;
}

std::string insert_name(const std::string& file, const std::string& name) {
    std::filesystem::path path(file);
    std::string extension = path.extension();
    return (path.parent_path() / (path.stem().string() + "-" + name + extension)).string();
}

std::string short_count(double value) {
    if (value < 9999.5) return fmt::format("{:.0f}", value);
    for (const char* unit : {"k", "M", "G", "T"}) {
        value /= 1000;
        if (value < 9.95) return fmt::format("{:.1f}{}", value, unit);
        if (value < 999.5) return fmt::format("{:.0f}{}", value, unit);
    }
    return fmt::format("{:.0f}P", value / 1000);
}

}  // namespace miggraph
