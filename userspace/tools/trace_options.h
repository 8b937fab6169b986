/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Options that programs which read traces share.

#include <cstdint>
#include <optional>
#include <string>

#include "base/command_line.h"
#include "migtrace/window.h"

/// --begin_mark, --begin_sec, --begin_ts and the same for the end, as a group of their own.
void add_window(base::CommandLine& line);

/// The value of an option that takes a number; nothing if it was not given.
std::optional<std::int64_t> number(const base::CommandLine& line, const std::string& option);

/// What the options of add_window() say. Throws base::UsageError for a mark or time stamp that is no number.
migtrace::WindowLimits window_limits(const base::CommandLine& line);
