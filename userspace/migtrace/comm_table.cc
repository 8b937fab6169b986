/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/comm_table.h"

namespace migtrace {

std::uint32_t Names::number(std::string_view name) {
    if (auto it = numbers_.find(name); it != numbers_.end()) return it->second;
    const auto number = static_cast<std::uint32_t>(names_.size());
    views_.push_back(names_.emplace_back(name));
    numbers_.emplace(views_.back(), number);
    return number;
}

}  // namespace migtrace
