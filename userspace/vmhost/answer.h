/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace vmhost {

/// What a QEMU says: an object, or else something discarded. What is nested more than 64 levels deep is left out, as QEMU says no such
/// thing, and a copy of it would take stack for each level.
nlohmann::json parse_object(std::string_view text);

/// What is in QEMU's answer to a command. Throws Error, with what QEMU says, when it has refused the command.
nlohmann::json take_result(nlohmann::json& answer, const std::string& command);

/// A string of an object; empty when it has none of that name, or is no object.
std::string text_of(const nlohmann::json& object, const char* name);

/// A number that is not negative; 0 when it has none.
std::uint64_t number_of(const nlohmann::json& object, const char* name);

}  // namespace vmhost
