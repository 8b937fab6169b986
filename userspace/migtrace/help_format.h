/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <string_view>

namespace migtrace {

/// What `migrate_stats --help_format` prints: the form of each report.
extern const std::string_view kHelpFormat;

}  // namespace migtrace
