/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace vmhost {

/// What is in QEMU's answer to a command. Throws Error, with what QEMU says, when it has refused the command. What is nested deeply is
/// moved and not copied: a copy takes stack for each level.
nlohmann::json take_result(nlohmann::json& answer, const std::string& command);

}  // namespace vmhost
