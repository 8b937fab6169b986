/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/qemu.h"

#include <boost/algorithm/string.hpp>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/units.h"
#include "vmhost/process.h"

namespace vmhost {

namespace {

constexpr std::uint64_t kMiB = 1 << 20;
/// What QEMU gives a machine without -m.
constexpr std::uint64_t kDefaultRam = 128 * kMiB;

/// "size=1G,slots=2", whose first word may lack the name `first`, or the same as a JSON object.
std::map<std::string, std::string> properties(const std::string& text, const std::string& first) {
    std::map<std::string, std::string> found;
    if (text.starts_with('{')) {
        const auto object = nlohmann::json::parse(text, nullptr, false);
        if (object.is_object())
            for (const auto& [name, value] : object.items()) found[name] = value.is_string() ? value.get<std::string>() : value.dump();
        if (found.contains("qom-type")) found[first] = found["qom-type"];
        return found;
    }
    std::vector<std::string> words;
    boost::split(words, text, [](char c) { return c == ','; });
    for (std::size_t i = 0; i < words.size(); i++) {
        const auto equals = words[i].find('=');
        if (equals != std::string::npos)
            found[words[i].substr(0, equals)] = words[i].substr(equals + 1);
        else if (i == 0)
            found[first] = words[i];
    }
    return found;
}

std::optional<std::uint64_t> size_of(const std::map<std::string, std::string>& properties, std::uint64_t plain) {
    const auto size = properties.find("size");
    if (size == properties.end()) return std::nullopt;
    try {
        return base::parse_size("size", size->second, plain);
    } catch (const base::UsageError&) {
        return std::nullopt;
    }
}

}  // namespace

bool is_qemu(const std::vector<std::string>& words) {
    if (words.empty()) return false;
    const std::string program = words[0].substr(words[0].rfind('/') + 1);
    return program.starts_with("qemu-system-") || program == "qemu-kvm" || program == "kvm";
}

QemuCommand parse_qemu_command(const std::vector<std::string>& words) {
    QemuCommand command;
    bool sized = false;
    for (std::size_t i = 1; i + 1 < words.size(); i++) {
        // "-m" and "--m" are the same to QEMU.
        const std::string option = words[i].starts_with("--") ? words[i].substr(1) : words[i];
        const std::string& value = words[i + 1];
        std::optional<std::uint64_t> size;
        if (option == "-m") {
            size = size_of(properties(value, "size"), kMiB);
            sized = sized || size;
        } else if (option == "-object") {
            const auto object = properties(value, "qom-type");
            if (const auto type = object.find("qom-type"); type != object.end() && type->second.starts_with("memory-backend-"))
                size = size_of(object, 1);
        } else if (option == "-name") {
            const auto name = properties(value, "guest");
            if (const auto guest = name.find("guest"); guest != name.end()) command.name = guest->second;
        } else if (option == "-uuid") {
            command.uuid = value;
        } else {
            continue;
        }
        if (size) command.ram.push_back(*size);
        i++;
    }
    if (!sized) command.ram.push_back(kDefaultRam);
    return command;
}

std::vector<pid_t> qemu_processes(const std::string& uuid) {
    std::vector<pid_t> found;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
        const pid_t pid = std::atoi(entry.path().filename().c_str());
        if (pid <= 0) continue;
        try {
            const auto words = Process(pid).command_line();
            if (is_qemu(words) && boost::iequals(parse_qemu_command(words).uuid, uuid)) found.push_back(pid);
        } catch (const base::Error&) {
            // It has ended meanwhile.
        }
    }
    return found;
}

}  // namespace vmhost
