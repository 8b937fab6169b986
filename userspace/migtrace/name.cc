/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/name.h"

#include <functional>

namespace migtrace {

std::uint32_t Names::number(std::string_view name) {
    if (table_.size() <= names_.size() + names_.size() / 2) grow();
    std::uint32_t& number = place(name);
    if (number == kNone) {
        number = static_cast<std::uint32_t>(names_.size());
        names_.emplace_back(name);
    }
    return number;
}

std::uint32_t& Names::place(std::string_view name) {
    std::size_t i = std::hash<std::string_view>()(name);
    for (;; i++) {
        std::uint32_t& number = table_[i & (table_.size() - 1)];
        if (number == kNone || std::string_view(names_[number]) == name) return number;
    }
}

void Names::grow() {
    table_.assign(table_.empty() ? 64 : 2 * table_.size(), kNone);
    for (std::uint32_t i = 0; i < names_.size(); i++) place(names_[i]) = i;
}

}  // namespace migtrace
