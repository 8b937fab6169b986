/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/monitor.h"

#include <fmt/format.h>

#include "base/error.h"
#include "vmhost/answer.h"

namespace vmhost {

std::string Monitor::human(const std::string& command) {
    const nlohmann::json text = execute("human-monitor-command", {{"command-line", command}});
    if (!text.is_string()) throw base::Error(fmt::format("'{}' in the monitor of process {} prints no text", command, pid()));
    return text.get<std::string>();
}

std::string Monitor::run_state() { return text_of(execute("query-status"), "status"); }

bool Monitor::has_kvm() {
    const nlohmann::json kvm = execute("query-kvm");
    return kvm.is_object() && kvm.value("enabled", nlohmann::json()) == true;
}

}  // namespace vmhost
