/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/shell.h"

#include <fmt/format.h>

#include "base/terminal.h"

namespace base {

namespace {

bool is_plain(std::string_view word) {
    constexpr std::string_view kSafe =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    return !word.empty() && word.find_first_not_of(kSafe) == std::string_view::npos;
}

/// bash's $'...'. A hexadecimal escape ends after two digits, so that what follows cannot become part of it.
std::string ansi_quoted(std::string_view word) {
    std::string quoted = "$'";
    for (char c : word) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\'' || c == '\\')
            quoted += {'\\', c};
        else if (byte < 0x20 || byte >= 0x7f)
            quoted += fmt::format("\\x{:02x}", byte);
        else
            quoted += c;
    }
    return quoted + "'";
}

}  // namespace

std::string shell_quoted(std::string_view word) {
    if (is_plain(word)) return std::string(word);
    // What a page cannot show as it is has to be written in another way.
    if (printable(word) != word) return ansi_quoted(word);
    std::string quoted = "'";
    for (char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

}  // namespace base
