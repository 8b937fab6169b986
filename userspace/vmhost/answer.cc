/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/answer.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/terminal.h"

namespace vmhost {

namespace {

/// Of what QEMU says of an error.
constexpr std::size_t kLongestReason = 1000;

}  // namespace

nlohmann::json take_result(nlohmann::json& answer, const std::string& command) {
    if (const auto result = answer.find("return"); result != answer.end()) return std::move(*result);
    const auto error = answer.find("error");
    const bool told = error != answer.end() && error->is_object() && error->contains("desc") && (*error)["desc"].is_string();
    throw base::Error(fmt::format("{} is refused: {}", command,
                                  told ? base::printable((*error)["desc"].get<std::string>().substr(0, kLongestReason)) : "without a reason"));
}

}  // namespace vmhost
