/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/protocol.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <charconv>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"

namespace vmperf {

namespace {

using base::UsageError;
using Json = nlohmann::json;

constexpr std::size_t kLongestText = 4096;
constexpr std::size_t kLongestName = 64;
constexpr long long kMostVcpus = 4096;
constexpr long long kLongestInterval = 86'400'000;  // ms

/// What is shown of text that somebody else has sent.
std::string shown(std::string_view text) { return Json(std::string(text.substr(0, 60))).dump(-1, ' ', true, Json::error_handler_t::replace); }

Json object_of(std::string_view line) {
    if (line.size() > kLongestRequest) throw UsageError(fmt::format("a request of {} bytes: {} at most", line.size(), kLongestRequest));
    // Depth first: a line of brackets only shall not be parsed by recursion.
    int depth = 0;
    auto shallow = [&depth](int, Json::parse_event_t event, Json&) {
        if (event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start) depth++;
        if (event == Json::parse_event_t::object_end || event == Json::parse_event_t::array_end) depth--;
        return depth <= 8;
    };
    Json object = Json::parse(line, shallow, false);
    if (!object.is_object()) throw UsageError(fmt::format("a request is an object of JSON on one line, and this is not: {}", shown(line)));
    return object;
}

std::string text_of(const Json& object, const char* name, std::size_t longest = kLongestText) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) return "";
    if (!found->is_string()) throw UsageError(fmt::format("\"{}\" is no text", name));
    auto text = found->get<std::string>();
    if (text.size() > longest) throw UsageError(fmt::format("\"{}\" has {} bytes: {} at most", name, text.size(), longest));
    return text;
}

/// A number, or one written as text: old clients do both.
std::optional<long long> number_of(const Json& object, const char* name, long long least, long long most) {
    const auto found = object.find(name);
    if (found == object.end() || found->is_null()) return std::nullopt;
    long long number = 0;
    bool whole = found->is_number_integer() && (!found->is_number_unsigned() || found->get<std::uint64_t>() <= 1ULL << 62);
    if (whole) number = found->get<long long>();
    if (found->is_string()) {
        const auto& text = found->get_ref<const std::string&>();
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        whole = error == std::errc() && end == text.data() + text.size();
    }
    if (!whole || number < least || number > most)
        throw UsageError(fmt::format("\"{}\" is {}: {} to {}", name, shown(found->dump(-1, ' ', true, Json::error_handler_t::replace)), least, most));
    return number;
}

/// " -I 500 -e cache-misses,instructions": what old clients would have had handed to perf. Nothing else is understood.
void parse_param(Request& start, const std::string& param) {
    std::vector<std::string> words;
    boost::split(words, param, [](char c) { return c == ' ' || c == '\t'; }, boost::token_compress_on);
    std::erase(words, "");
    for (std::size_t i = 0; i < words.size(); i += 2) {
        const bool has_value = i + 1 < words.size();
        if (words[i] == "-I" && has_value)
            start.interval = std::chrono::milliseconds(*number_of(Json{{"-I", words[i + 1]}}, "-I", 1, kLongestInterval));
        else if (words[i] == "-e" && has_value)
            start.events += (start.events.empty() ? "" : ",") + words[i + 1];
        else
            throw UsageError(fmt::format("\"param\" has {}: -I MSEC and -e EVENTS are understood", shown(words[i])));
    }
}

Request parse_old(const Json& object) {
    Request start;
    start.type = Request::Type::Start;
    start.old = true;
    start.cpu = static_cast<unsigned>(number_of(object, "cpu", 0, kMostVcpus).value_or(0));
    start.mac = text_of(object, "mac", kLongestName);
    start.program = text_of(object, "program");
    parse_param(start, text_of(object, "param"));
    return start;
}

constexpr std::pair<const char*, Request::Type> kTypes[] = {
    {"hello", Request::Type::Hello}, {"list", Request::Type::List}, {"start", Request::Type::Start}, {"end", Request::Type::End}};

Request::Type type_of(const Json& object) {
    const std::string name = text_of(object, "type");
    for (const auto& [known, type] : kTypes)
        if (name == known) return type;
    throw UsageError(fmt::format("the type of a request is hello, list, start or end, not {}", shown(name)));
}

/// Without what says nothing.
Json old_start(const Request& request) {
    std::string param;
    if (request.interval) param += fmt::format(" -I {}", request.interval->count());
    if (!request.events.empty()) param += " -e " + request.events;
    return {{"mac", request.mac}, {"ip", kDefaultHost}, {"port", kDefaultPort}, {"cpu", request.cpu}, {"param", param}, {"program", request.program}};
}

}  // namespace

std::string default_socket() {
    const char* own = ::geteuid() ? ::getenv("XDG_RUNTIME_DIR") : nullptr;
    return fmt::format("{}/migscope/perf_kvm.sock", own && *own ? own : "/run");
}

Request parse_request(std::string_view line) {
    Request request;
    if (boost::trim_copy(std::string(line.substr(0, 16))) == "end") {
        request.type = Request::Type::End;
        request.old = true;
        return request;
    }
    const Json object = object_of(line);
    if (!object.contains("type") && object.contains("param")) return parse_old(object);
    request.type = type_of(object);
    request.session = text_of(object, "session", kLongestName);
    if (request.session.empty()) throw UsageError("\"session\" is missing");
    if (request.type == Request::Type::Hello && !number_of(object, "version", kProtocolVersion, kProtocolVersion))
        throw UsageError(fmt::format("\"version\" is missing: {}", kProtocolVersion));
    request.events = text_of(object, "events");
    if (const auto interval = number_of(object, "interval_ms", 1, kLongestInterval)) request.interval = std::chrono::milliseconds(*interval);
    request.cpu = static_cast<unsigned>(number_of(object, "cpu", 0, kMostVcpus).value_or(0));
    request.vm = text_of(object, "vm");
    request.mac = text_of(object, "mac", kLongestName);
    return request;
}

std::string to_line(const Request& request) {
    constexpr auto kReplace = Json::error_handler_t::replace;
    if (request.old) return request.type == Request::Type::End ? "end" : old_start(request).dump(-1, ' ', true, kReplace);
    const auto type = std::ranges::find(kTypes, request.type, [](const auto& known) { return known.second; });
    nlohmann::ordered_json object = {{"type", type->first}, {"session", request.session}};
    if (request.type == Request::Type::Hello) object["version"] = kProtocolVersion;
    if (!request.vm.empty()) object["vm"] = request.vm;
    if (!request.mac.empty()) object["mac"] = request.mac;
    if (!request.events.empty()) object["events"] = request.events;
    if (request.interval) object["interval_ms"] = request.interval->count();
    if (request.cpu) object["cpu"] = request.cpu;
    return object.dump(-1, ' ', true, kReplace);
}

}  // namespace vmperf
