/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The monitor of a QEMU by its own protocol: QMP, JSON lines over a Unix socket (docs/interop/qmp-spec in QEMU). Whoever is at the other end is
// not trusted: lines, what is read for a command, what is kept, and waiting are limited.

#include <chrono>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "vmhost/monitor.h"

namespace vmhost {

/// What QEMU tells unasked.
struct Event {
    std::string name;
    nlohmann::json data;                         ///< an object, empty where there is none
    std::chrono::system_clock::time_point time;  ///< when it happened, as QEMU says
};

class Qmp : public Monitor {
 public:
    /// Connects and agrees on capabilities. Throws Error.
    explicit Qmp(const std::string& path);

    /// The process that listens there (SO_PEERCRED).
    pid_t pid() const override { return pid_; }
    const std::string& path() const { return path_; }
    /// Readable when there may be an event that next_event() has not seen; it has to be asked before this is waited for.
    int fd() const { return socket_.get(); }
    /// Gives QEMU a file of this process, which it knows by `name` then (getfd). Throws Error.
    void give(int file, const std::string& name);
    /// The oldest event that was not yet returned; empty when none comes within `patience`. The last 1024 are kept. Throws Error.
    std::optional<Event> next_event(std::chrono::milliseconds patience);

 private:
    /// For 30 s, at the first command 10 s, and 32 MiB. After 3 s that is told on standard error.
    nlohmann::json ask(const std::string& command, const nlohmann::json& arguments) override;
    using Clock = std::chrono::steady_clock;
    /// What one call may take.
    struct Limit {
        Clock::time_point until;
        std::size_t bytes;
        bool late = false;  // `until` is over, and what was there has been read
    };
    std::optional<nlohmann::json> receive(Limit& limit);
    nlohmann::json await(const std::string& command, Limit& limit, Clock::time_point end);
    std::chrono::seconds patience() const;
    void keep(nlohmann::json& line);
    nlohmann::json ask(const std::string& command, const nlohmann::json& arguments, int file);
    void send(const std::string& line, Clock::time_point until, int file);
    [[noreturn]] void fail(const std::string& why) const;
    std::string path_;
    base::UniqueFd socket_;
    pid_t pid_ = 0;
    std::string received_;
    std::size_t seen_ = 0;  // of received_: no line ends there
    std::deque<Event> events_;
    unsigned last_ = 0;  // number of a command
};

}  // namespace vmhost
