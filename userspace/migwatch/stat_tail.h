/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What the statistics of the module count, period after period, while they are collected.

#include <map>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "migwatch/rates.h"

namespace migwatch {

class StatTail {
 public:
    /// Throws Error when the file cannot be opened.
    explicit StatTail(const std::string& path);
    /// Adds what has been counted since the last time: by cause. Throws Error.
    void read(Rates& rates);

 private:
    void line(std::string_view text, Rates& rates);
    std::string path_, rest_;
    base::UniqueFd fd_;
    std::map<unsigned, std::string> fields_;  // causes by the number of their field
};

}  // namespace migwatch
