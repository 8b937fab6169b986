/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// JSON, an object per line, from anywhere.

#include <functional>
#include <istream>
#include <string>

#include <nlohmann/json.hpp>

namespace vmpredict {

/// Calls `each` with the objects of all lines and their member "type". Throws Error, with the line, for one that is no object or too
/// long, when a member that is wanted is missing or of another kind, and for whatever Error `each` throws.
void read_json_lines(std::istream& in, const std::string& name,
                     const std::function<void(const std::string& type, const nlohmann::json& object)>& each);

/// A member that is a number from `least` to `most`. Throws Error.
double number(const nlohmann::json& object, const char* member, double least, double most);

}  // namespace vmpredict
