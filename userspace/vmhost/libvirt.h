/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The monitor of a QEMU that libvirt has: libvirt keeps the socket to itself, and passes commands on (virsh
// qemu-monitor-command). Events do not come this way.

#include "vmhost/monitor.h"

namespace vmhost {

class Libvirt : public Monitor {
 public:
    /// `domain`: its name, number or UUID; `uri`: as virsh takes it, empty for its default. Throws Error, also when its QEMU is not on
    /// this host.
    Libvirt(std::string domain, std::string uri);

    pid_t pid() const override { return pid_; }

 private:
    nlohmann::json ask(const std::string& command, const nlohmann::json& arguments) override;
    [[noreturn]] void fail(const std::string& why) const;
    std::string domain_, uri_;
    pid_t pid_;
};

/// What virsh prints for a command: what QEMU returned. Throws Error, with what QEMU says if it has refused the command.
nlohmann::json parse_answer(const std::string& text, const std::string& command);

}  // namespace vmhost
