/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Which process has which name at the moment.

#include <cstdint>
#include <string>
#include <string_view>

#include "migtrace/name.h"
#include "migtrace/pid_table.h"

namespace migtrace {

/// Where in a name the part begins that the original analyzer showed: behind the last ": ", so that "X: server" is
/// "server"; 0 in a name without one. Traces hold no name of more than 255 bytes.
inline std::uint8_t comm_tail(std::string_view name) {
    const std::size_t colon = name.rfind(": ");
    return colon == std::string_view::npos ? 0 : static_cast<std::uint8_t>(colon + 2);
}

/// The name of a process. It equals a text that is the whole name, or what stands behind the last ": " in it: users
/// filter by what one report shows them, and mean the same in all of them.
struct Comm {
    std::string_view whole = "";
    std::uint8_t tail_at = 0;  ///< comm_tail() of it

    Comm() = default;
    Comm(std::string_view name, std::uint8_t tail) : whole(name), tail_at(tail) {}
    explicit Comm(std::string_view name) : Comm(name, comm_tail(name)) {}
    std::string_view tail() const { return whole.substr(tail_at); }
    friend bool operator==(const std::string& text, const Comm& comm) {
        return text == comm.whole || (comm.tail_at > 0 && text == comm.tail());
    }
};

/// A name as a process has it.
struct NamedProcess {
    Name name;
    std::uint8_t tail_at = 0;
    Comm comm() const { return Comm(name, tail_at); }
};

class CommTable {
 public:
    void set(std::int32_t pid, std::string_view comm) {
        NamedProcess& process = processes_[pid];
        process.name.set(comm);
        // Here and not for each migration, of which there are many more.
        process.tail_at = comm_tail(comm);
    }
    /// Empty for a process that was not named. The text stays valid until it gets another name.
    Comm comm(std::int32_t pid) const { return process(pid).comm(); }
    /// The same as it is kept, for those who print many.
    const NamedProcess& process(std::int32_t pid) const {
        const NamedProcess* process = processes_.find(pid);
        return process ? *process : nobody_;
    }

 private:
    PidTable<NamedProcess> processes_;
    NamedProcess nobody_;
};

}  // namespace migtrace
