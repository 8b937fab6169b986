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

std::string text_of(const nlohmann::json& object, const char* name) {
    if (!object.is_object()) return "";
    const auto value = object.find(name);
    return value != object.end() && value->is_string() ? value->get<std::string>() : "";
}

std::uint64_t number_of(const nlohmann::json& object, const char* name) {
    if (!object.is_object()) return 0;
    const auto value = object.find(name);
    return value != object.end() && value->is_number_unsigned() ? value->get<std::uint64_t>() : 0;
}

}  // namespace vmhost
