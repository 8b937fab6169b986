/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

namespace base {

namespace {

/// Length of the UTF-8 sequence at the beginning of `text`; 0 when it is cut or none begins there.
std::size_t sequence(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xc2 ? 0
                               : lead < 0xe0 ? 2
                               : lead < 0xf0 ? 3
                               : lead < 0xf5 ? 4
                                             : 0;
    if (length > text.size()) return 0;
    for (std::size_t i = 1; i < length; i++)
        if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
    // Longer forms than needed, which could hide a control character.
    if (lead == 0xe0 && static_cast<unsigned char>(text[1]) < 0xa0) return 0;
    if (lead == 0xf0 && static_cast<unsigned char>(text[1]) < 0x90) return 0;
    // Halves of UTF-16's pairs, and what lies behind the last character.
    if (lead == 0xed && static_cast<unsigned char>(text[1]) > 0x9f) return 0;
    if (lead == 0xf4 && static_cast<unsigned char>(text[1]) > 0x8f) return 0;
    return length;
}

}  // namespace

bool is_terminal(std::FILE* file) {
    return ::isatty(::fileno(file)) == 1;
}

std::string printable(std::string_view text, std::string_view keep) {
    std::string shown;
    shown.reserve(text.size());
    while (!text.empty()) {
        const auto first = static_cast<unsigned char>(text[0]);
        const std::size_t length = sequence(text);
        const bool control = first < 0x20 || first == 0x7f ||
                             (length == 2 && first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0);
        if (length > 0 && (!control || keep.find(text[0]) != std::string_view::npos)) {
            shown += text.substr(0, length);
            text.remove_prefix(length);
            continue;
        }
        for (std::size_t i = 0; i < (length ? length : 1); i++)
            shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[i]));
        text.remove_prefix(length ? length : 1);
    }
    return shown;
}

}  // namespace base
