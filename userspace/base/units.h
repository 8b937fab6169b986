/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Sizes and times as people write them on a command line and read them in a summary.

#include <chrono>
#include <cstdint>
#include <string>

namespace base {

/// A size in bytes from "64k", "4M", "1.5G", "2T" (upper or lower case, "KiB" and "KB" too): powers of 1024,
/// as dd and qemu read them. A number without a letter counts units of `plain` bytes. Rounded to whole bytes.
/// Throws UsageError for anything else, a negative number and what does not fit; `what` names the option in
/// its message.
std::uint64_t parse_size(const std::string& what, const std::string& text, std::uint64_t plain = 1);

/// A time from "500ms", "2s", "1.5m", "3h", "10us", "7ns". A number without a unit counts units of `plain`.
/// Throws UsageError like parse_size(). The longest time is 100 years.
std::chrono::nanoseconds parse_duration(const std::string& what, const std::string& text,
                                        std::chrono::nanoseconds plain = std::chrono::seconds(1));

/// "10%" or "10" as 0.1, up to 100%. Throws UsageError like parse_size().
enum class Zero { Refused, Allowed };
double parse_percent(const std::string& what, const std::string& text, Zero zero);

/// "999 B", "1.2 MB": powers of 1000, as ls --si and disk vendors count.
std::string format_size(std::uint64_t bytes);

/// "35 ms", "10.2 s", "3 min 20 s", "2 h 5 min": for people.
std::string format_duration(std::chrono::nanoseconds time);

}  // namespace base
