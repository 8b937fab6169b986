/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The monitor of a running QEMU, however it is reached.

#include <sys/types.h>

#include <nlohmann/json.hpp>
#include <string>

namespace vmhost {

class Monitor {
 public:
    virtual ~Monitor() = default;
    /// The process that runs the VM.
    virtual pid_t pid() const = 0;
    /// What the command returns. Throws Error: with what QEMU says when it refuses it, and when there is no answer.
    nlohmann::json execute(const std::string& command, const nlohmann::json& arguments = nlohmann::json::object()) { return ask(command, arguments); }
    /// What a command of the human monitor prints.
    std::string human(const std::string& command);
    /// What query-status says of the VM: "running", "paused", "inmigrate", "postmigrate".
    std::string run_state();
    /// Whether query-kvm says that KVM runs the guest. Without it QEMU emulates.
    bool has_kvm();

 private:
    virtual nlohmann::json ask(const std::string& command, const nlohmann::json& arguments) = 0;
};

}  // namespace vmhost
