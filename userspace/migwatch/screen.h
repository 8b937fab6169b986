/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// A terminal that shows lines and takes keys. Whatever ends the object leaves the terminal as it was.

#include <cstddef>
#include <string>
#include <vector>

namespace migwatch {

class Screen {
 public:
    /// Throws Error when the terminal is of a kind that cannot be used.
    Screen();
    ~Screen();
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

    std::size_t width() const;
    std::size_t height() const;
    /// The first line stands out, so does the one with number `title`; `bottom` is the last line of the screen.
    void show(const std::vector<std::string>& lines, std::size_t title, const std::string& bottom);
    /// The next key that was pressed, or 0.
    int key();
};

}  // namespace migwatch
