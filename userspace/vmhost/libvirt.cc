/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/libvirt.h"

#include <fmt/format.h>

#include <boost/algorithm/string.hpp>
#include <chrono>

#include "base/error.h"
#include "base/subprocess.h"
#include "base/terminal.h"
#include "vmhost/answer.h"
#include "vmhost/process.h"
#include "vmhost/qemu.h"

namespace vmhost {

namespace {

using Json = nlohmann::json;

constexpr std::chrono::seconds kPatience{30};
/// Of what virsh says of an error.
constexpr std::size_t kLongestReason = 1000;

}  // namespace

Json parse_answer(const std::string& text, const std::string& command) {
    Json answer = parse_object(text);
    if (answer.is_discarded()) throw base::Error(fmt::format("the answer to {} is no JSON object", command));
    return take_result(answer, command);
}

Libvirt::Libvirt(std::string domain, std::string uri) : domain_(std::move(domain)), uri_(std::move(uri)) {
    const Json answer = execute("query-uuid");
    const auto uuid = answer.is_object() ? answer.find("UUID") : answer.end();
    if (!answer.is_object() || uuid == answer.end() || !uuid->is_string()) fail("its QEMU does not tell its UUID");
    const auto found = qemu_processes(uuid->get<std::string>());
    if (found.empty()) fail(fmt::format("no QEMU with its UUID, {}, runs on this host", base::printable(uuid->get<std::string>())));
    if (found.size() > 1)
        fail(fmt::format("several QEMUs have its UUID, {} (processes {} and {}); name one with --pid", uuid->get<std::string>(), found[0], found[1]));
    pid_ = found[0];
}

void Libvirt::fail(const std::string& why) const {
    throw base::Error(fmt::format("the domain {} of libvirt{}: {}", domain_, uri_.empty() ? "" : " at " + uri_, why));
}

Json Libvirt::ask(const std::string& command, const Json& arguments) {
    std::vector<std::string> words = {"virsh", "-q"};
    if (!uri_.empty()) words.insert(words.end(), {"-c", uri_});
    words.insert(words.end(), {"qemu-monitor-command", "--domain=" + domain_, Json{{"execute", command}, {"arguments", arguments}}.dump()});
    const auto result = base::run(words, kPatience);
    if (result.end == base::RunResult::End::NotStarted)
        fail(fmt::format("cannot run virsh: {} (install it: apt install libvirt-clients)", result.describe()));
    if (!result.success()) {
        const std::string said = base::printable(boost::trim_copy(result.errors).substr(0, kLongestReason), "\n");
        fail(said.empty() ? "virsh: " + result.describe() : said);
    }
    try {
        return parse_answer(result.output, command);
    } catch (const base::Error& error) {
        fail(error.what());
    }
}

}  // namespace vmhost
