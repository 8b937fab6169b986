/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace vmhost {

/// What is in QEMU's answer to a command. Throws Error, with what QEMU says, when it has refused the command. What is nested deeply is
/// moved and not copied: a copy takes stack for each level.
nlohmann::json take_result(nlohmann::json& answer, const std::string& command);

/// A string of an object; empty when it has none of that name, or is no object.
std::string text_of(const nlohmann::json& object, const char* name);

/// A number that is not negative; 0 when it has none.
std::uint64_t number_of(const nlohmann::json& object, const char* name);

}  // namespace vmhost
