/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <chrono>
#include <string>

namespace base {

/// One line on standard error that is rewritten in place while something takes long. Nothing is shown unless
/// standard error is a terminal. Clear it before printing anything else there; it clears itself at its end.
class ProgressLine {
 public:
    ProgressLine();
    ~ProgressLine() { clear(); }
    ProgressLine(const ProgressLine&) = delete;
    ProgressLine& operator=(const ProgressLine&) = delete;

    /// Whether anybody sees it.
    bool shown() const { return terminal_; }
    /// Shows `text`, at most ten times a second; longer than the terminal is wide it is cut.
    void update(const std::string& text);
    void clear();

 private:
    bool terminal_;
    bool dirty_ = false;
    std::chrono::steady_clock::time_point last_{};
};

}  // namespace base
