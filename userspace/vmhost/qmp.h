/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The monitor of a QEMU: QMP, JSON lines over a Unix socket (docs/interop/qmp-spec in QEMU). Whoever is at the other end is
// not trusted: lines and waiting are limited.

#include <sys/types.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace vmhost {

class Qmp {
 public:
    /// Connects and agrees on capabilities. Throws Error.
    explicit Qmp(const std::string& path);

    /// The process that listens there (SO_PEERCRED).
    pid_t pid() const { return pid_; }
    /// What the command returns. Throws Error: with what QEMU says when it refuses it, when the connection ends, when it takes
    /// more than 30 s.
    nlohmann::json execute(const std::string& command, const nlohmann::json& arguments = nlohmann::json::object());
    /// What a command of the human monitor prints.
    std::string human(const std::string& command);

 private:
    using Clock = std::chrono::steady_clock;
    nlohmann::json receive(Clock::time_point until);
    void send(const std::string& line, Clock::time_point until);
    [[noreturn]] void fail(const std::string& why) const;
    std::string path_;
    base::UniqueFd socket_;
    pid_t pid_ = 0;
    std::string received_;
    unsigned last_ = 0;  // number of a command
};

}  // namespace vmhost
