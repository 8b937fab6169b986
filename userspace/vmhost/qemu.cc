/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/qemu.h"

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <cstdlib>
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

/// What stands between commas; two of them are one that belongs to a word.
std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> words(1);
    for (std::size_t i = 0; i < text.size(); i++) {
        if (text[i] == ',' && text.substr(i, 2) != ",,") {
            words.emplace_back();
            continue;
        }
        words.back() += text[i];
        i += text[i] == ',';
    }
    return words;
}

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
    const auto words = split(text);
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

/// Reads the options of a QEMU one by one.
class CommandReader {
 public:
    explicit CommandReader(const std::vector<std::string>& words) {
        for (std::size_t i = 1; i + 1 < words.size(); i++) {
            // "-m" and "--m" are the same to QEMU.
            const std::string option = words[i].starts_with("--") ? words[i].substr(1) : words[i];
            if (read(option, words[i + 1])) i++;
        }
        if (!sized_) command_.ram.push_back(kDefaultRam);
        for (const auto& [name, socket] : ports_)
            if (const auto path = sockets_.find(socket); path != sockets_.end()) command_.channels.push_back({name, path->second});
    }
    const QemuCommand& command() const { return command_; }

 private:
    using Properties = std::map<std::string, std::string>;

    /// Whether it is one of those of interest, with its value.
    bool read(const std::string& option, const std::string& value) {
        if (option == "-m") memory(properties(value, "size"));
        else if (option == "-object") object(properties(value, "qom-type"));
        else if (option == "-name") command_.name = get(properties(value, "guest"), "guest");
        else if (option == "-uuid") command_.uuid = value;
        else if (option == "-smp") processors(properties(value, "cpus"));
        else if (option == "-device") device(properties(value, "driver"));
        else if (option == "-nic") mac(get(properties(value, "type"), "mac"));
        else if (option == "-net") mac(get(properties(value, "type"), "macaddr"));
        else if (option == "-chardev") chardev(properties(value, "backend"));
        else return false;
        return true;
    }

    static std::string get(const Properties& properties, const std::string& name) {
        const auto found = properties.find(name);
        return found == properties.end() ? "" : found->second;
    }
    void ram(std::optional<std::uint64_t> size) {
        if (size) command_.ram.push_back(*size);
    }
    void memory(const Properties& given) {
        const auto size = size_of(given, kMiB);
        sized_ = sized_ || size;
        ram(size);
    }
    void object(const Properties& given) {
        if (get(given, "qom-type").starts_with("memory-backend-")) ram(size_of(given, 1));
    }
    /// "4", "cpus=4", or "sockets=2,cores=2": as many as there can be, if it does not say how many there are.
    void processors(const Properties& given) {
        const auto number = [&](const char* name) { return static_cast<unsigned>(std::clamp(std::atoi(get(given, name).c_str()), 0, kMostVcpus)); };
        unsigned vcpus = number("cpus");
        if (!vcpus) vcpus = number("maxcpus");
        if (!vcpus) {
            vcpus = 1;
            for (const char* level : {"sockets", "dies", "clusters", "cores", "threads"})
                vcpus = std::min(vcpus * std::max(number(level), 1U), static_cast<unsigned>(kMostVcpus));
        }
        command_.vcpus = vcpus;
    }
    void device(const Properties& given) {
        mac(get(given, "mac"));
        if (get(given, "driver") == "virtserialport") ports_.emplace_back(get(given, "name"), get(given, "chardev"));
    }
    void chardev(const Properties& given) {
        if (get(given, "backend") == "socket") sockets_[get(given, "id")] = get(given, "path");
    }
    void mac(const std::string& address) {
        if (!address.empty()) command_.macs.push_back(boost::to_lower_copy(address));
    }

    static constexpr int kMostVcpus = 4096;
    QemuCommand command_;
    bool sized_ = false;
    std::vector<std::pair<std::string, std::string>> ports_;  // names and chardevs
    Properties sockets_;                                      // paths by the ids of chardevs
};

}  // namespace

bool is_qemu(const std::vector<std::string>& words) {
    if (words.empty()) return false;
    const std::string program = words[0].substr(words[0].rfind('/') + 1);
    return program.starts_with("qemu-system-") || program == "qemu-kvm" || program == "kvm";
}

QemuCommand parse_qemu_command(const std::vector<std::string>& words) { return CommandReader(words).command(); }

std::vector<pid_t> qemu_processes(const std::string& uuid) {
    std::vector<pid_t> found;
    for (const pid_t pid : all_processes()) {
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
