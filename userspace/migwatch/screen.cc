/* SPDX-License-Identifier: GPL-2.0-only */
#include "migwatch/screen.h"

#include <fmt/format.h>
#include <ncurses.h>

#include <algorithm>
#include <cstdlib>

#include "base/error.h"

namespace migwatch {

namespace {

SCREEN* terminal = nullptr;

}  // namespace

Screen::Screen() {
    terminal = ::newterm(nullptr, stdout, stdin);
    if (!terminal) {
        const char* kind = std::getenv("TERM");
        throw base::Error(fmt::format("the terminal (TERM={}) cannot be used for a view; print to a pipe, as with | cat", kind ? kind : ""));
    }
    ::cbreak();
    ::noecho();
    ::curs_set(0);
    ::nodelay(stdscr, true);
    ::keypad(stdscr, true);
}

Screen::~Screen() {
    ::endwin();
    ::delscreen(terminal);
    terminal = nullptr;
}

std::size_t Screen::width() const { return static_cast<std::size_t>(std::max(getmaxx(stdscr), 1)); }
std::size_t Screen::height() const { return static_cast<std::size_t>(std::max(getmaxy(stdscr), 1)); }

void Screen::show(const std::vector<std::string>& lines, std::size_t title, const std::string& bottom) {
    const int columns = static_cast<int>(width()), last = static_cast<int>(height()) - 1;
    ::erase();
    for (std::size_t i = 0; i < lines.size() && static_cast<int>(i) < last; i++) {
        const bool stands_out = i == 0 || i == title;
        if (stands_out) ::attron(A_BOLD);
        mvaddnstr(static_cast<int>(i), 0, lines[i].c_str(), columns);
        if (stands_out) ::attroff(A_BOLD);
    }
    ::attron(A_REVERSE);
    mvaddnstr(last, 0, bottom.c_str(), columns - 1);
    ::attroff(A_REVERSE);
    ::refresh();
}

int Screen::key() {
    const int key = ::getch();
    return key == ERR ? 0 : key;
}

}  // namespace migwatch
