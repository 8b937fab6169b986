/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmpredict/json_lines.h"

#include <fmt/format.h>

#include <cerrno>

#include "base/error.h"

namespace vmpredict {

using Json = nlohmann::json;

namespace {

/// Those of VMs with thousands of ranges of memory are long.
constexpr std::size_t kLongestLine = std::size_t{16} << 20;

/// The next line without its end, cut behind kLongestLine; false at the end.
bool read_line(std::istream& in, std::string& line) {
    line.clear();
    for (int c; (c = in.get()) != std::istream::traits_type::eof();) {
        if (c == '\n') return true;
        line += static_cast<char>(c);
        if (line.size() > kLongestLine) return true;
    }
    return !line.empty();
}

}  // namespace

double number(const Json& object, const char* member, double least, double most) {
    const auto found = object.find(member);
    if (found == object.end()) throw base::Error(fmt::format("'{}' is missing", member));
    const double value = found->is_number() ? found->get<double>() : least - 1;
    if (!(value >= least && value <= most)) throw base::Error(fmt::format("'{}' is no number from {:g} to {:g}", member, least, most));
    return value;
}

void read_json_lines(std::istream& in, const std::string& name, const std::function<void(const std::string&, const Json&)>& each) {
    std::string line;
    for (std::size_t count = 1; read_line(in, line); count++) {
        if (line.find_first_not_of(" \t\r") == line.npos) continue;
        try {
            if (line.size() > kLongestLine) throw base::Error(fmt::format("longer than {} bytes", kLongestLine));
            const Json object = Json::parse(line, nullptr, false);
            if (!object.is_object() || !object.contains("type") || !object["type"].is_string()) throw base::Error("no JSON object with a \"type\"");
            each(object["type"].get_ref<const std::string&>(), object);
        } catch (const base::Error& error) {
            throw base::Error(fmt::format("{}, line {}: {}", name, count, error.what()));
        }
    }
    if (in.bad()) throw base::system_error(fmt::format("cannot read {}", name), errno);
}

}  // namespace vmpredict
