/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Arguments of options that have a grammar of their own.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace migtrace {

/// A mark or a time stamp: decimal, 0x.. hexadecimal, 0b.. binary or octal with a leading 0; 64 bits, without
/// a sign. Nothing for anything else.
std::optional<std::uint64_t> parse_mark(std::string_view text);

/// "SECONDS", "SECONDS.FRACTION" with up to nine decimals, ".FRACTION" or "SECONDS.", in nanoseconds. Nothing for
/// anything else, and for what does not fit into 64 bits.
std::optional<std::uint64_t> parse_seconds(std::string_view text);

/// The same with a sign, for times that count from somewhere. More than INT64_MAX nanoseconds are that.
std::optional<std::int64_t> parse_signed_seconds(std::string_view text);

/// Whether `text` is "yyyy/mm/dd hh:mm:ss.mmm" or the beginning of that.
bool is_time_prefix(std::string_view text);

}  // namespace migtrace
