/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/terminal.h"

namespace vmhost {

namespace {

/// Of what QEMU says of an error.
constexpr std::size_t kLongestReason = 1000;
constexpr int kDeepest = 64;

}  // namespace

nlohmann::json parse_object(std::string_view text) {
    nlohmann::json::parser_callback_t not_too_deep = [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) { return depth <= kDeepest; };
    // To be asked takes as long again as to parse, and who opens so little is not deep.
    if (std::ranges::count_if(text, [](char c) { return c == '[' || c == '{'; }) <= kDeepest) not_too_deep = nullptr;
    auto object = nlohmann::json::parse(text, not_too_deep, false);
    return object.is_object() ? std::move(object) : nlohmann::json(nlohmann::json::value_t::discarded);
}

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
