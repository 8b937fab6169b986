/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Options that programs which read traces share.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/command_line.h"
#include "migtrace/filter.h"
#include "migtrace/report.h"
#include "migtrace/window.h"

/// --cause, --comm, --cpu_event, --cpu_from, --cpu_to, --pid, and each with _exclude, as a group of their
/// own. `pid_note` stands behind what the help says of --pid.
void add_filters(base::CommandLine& line, const std::string& pid_note = "");

/// What the options of add_filters() say. Throws base::UsageError for an item that is included and excluded.
migtrace::Filters filters(const base::CommandLine& line);

/// --begin_mark, --begin_sec, --begin_ts and the same for the end, as a group of their own.
void add_window(base::CommandLine& line);

/// --max_cpu and --pingpong_time, into a group of the caller's.
void add_max_cpu(base::po::options_description_easy_init& group);
void add_pingpong_time(base::po::options_description_easy_init& group);

/// What --max_cpu says. Throws base::UsageError for what is no CPU.
std::optional<unsigned> max_cpu(const base::CommandLine& line);

/// What --pingpong_time says, or else what it is unless given. Throws base::UsageError for no time.
std::chrono::nanoseconds pingpong_time(const base::CommandLine& line);

/// What --output says. Throws base::UsageError.
migtrace::Form output_form(const base::CommandLine& line);

/// Warns of those of `options` that were given: without `needed`, in words, they change nothing.
void warn_of_idle(const base::CommandLine& line, const std::vector<std::string>& options, const std::string& needed);

/// The value of an option that takes a number; nothing if it was not given.
std::optional<std::int64_t> number(const base::CommandLine& line, const std::string& option);

/// What the options of add_window() say. Throws base::UsageError for a mark or time stamp that is no number.
migtrace::WindowLimits window_limits(const base::CommandLine& line);
