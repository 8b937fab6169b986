/* SPDX-License-Identifier: GPL-2.0-only */
#include "migwatch/stat_tail.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "migtrace/header.h"

namespace migwatch {

StatTail::StatTail(const std::string& path) : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (!fd_) throw base::system_error(fmt::format("cannot open {}", path), errno);
}

void StatTail::read(Rates& rates) {
    std::array<char, 65536> piece;
    for (;;) {
        const ssize_t got = ::read(fd_.get(), piece.data(), piece.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw base::system_error(fmt::format("cannot read {}", path_), errno);
        if (got == 0) return;
        rest_.append(piece.data(), static_cast<std::size_t>(got));
        std::string_view text = rest_;
        for (std::size_t end; (end = text.find('\n')) != text.npos; text.remove_prefix(end + 1)) line(text.substr(0, end), rates);
        rest_ = std::string(text);
    }
}

/// "# field N NAME", or "SEC.MSEC COUNT COUNT ...".
void StatTail::line(std::string_view text, Rates& rates) {
    if (auto header = migtrace::header_text(text)) {
        if (migtrace::cut_word(*header) != "field") return;
        const auto number = migtrace::whole_number(migtrace::cut_word(*header));
        // The last is their sum.
        if (number && *number > 1 && *number < migtrace::kMostEvents && *header != "migrate") fields_[static_cast<unsigned>(*number)] = *header;
        return;
    }
    unsigned field = 0;
    while (!text.empty()) {
        const std::string_view word = migtrace::cut_word(text);
        const auto cause = fields_.find(++field);
        const auto count = migtrace::whole_number(word);
        if (cause != fields_.end() && count) rates.counted(cause->second, *count);
    }
}

}  // namespace migwatch
