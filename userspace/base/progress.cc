/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

namespace base {

ProgressLine::ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}

void ProgressLine::update(const std::string& text) {
    auto now = std::chrono::steady_clock::now();
    if (!terminal_ || now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    winsize size = {};
    ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
    std::size_t columns = size.ws_col > 1 ? size.ws_col - 1u : 79;
    std::fputs(fmt::format("\r{}\x1b[K", text.substr(0, columns)).c_str(), stderr);
    std::fflush(stderr);
    dirty_ = true;
}

void ProgressLine::clear() {
    if (!dirty_) return;
    std::fputs("\r\x1b[K", stderr);
    std::fflush(stderr);
    dirty_ = false;
}

}  // namespace base
