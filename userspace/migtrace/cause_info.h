/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What people are told of a cause, and the colour that it has in every picture.

#include <string_view>

namespace migtrace {

struct CauseInfo {
    std::string_view name;
    std::string_view colour;   ///< "#rrggbb", readable on light and on dark ground
    std::string_view meaning;  ///< one sentence; docs/causes.md tells more
};

/// Of a cause that is not known the meaning says so; its colour depends on its name alone.
CauseInfo cause_info(std::string_view name);

/// Whether it is one of those that the kernel module records, or that imports make.
bool is_known_cause(std::string_view name);

}  // namespace migtrace
