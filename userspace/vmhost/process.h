/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Another process, as /proc shows it.

#include <fcntl.h>
#include <sys/types.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace vmhost {

/// A stretch of the address space of a process: a line of /proc/PID/maps.
struct Mapping {
    std::uint64_t begin = 0, end = 0;  ///< addresses
    bool readable = false, writable = false, executable = false, shared = false;
    std::uint64_t offset = 0;  ///< in the file
    std::string path;          ///< of the file; "[heap]", "[stack]", "[anon:...]", ..., or empty
};

/// Reads what /proc/PID/maps says. Throws Error for a line that is none.
std::vector<Mapping> parse_maps(const std::string& text);

/// All processes that there are now.
std::vector<pid_t> all_processes();

/// A process that is never taken for another: when it has ended and its pid is that of a new one, this is still the old one.
class Process {
 public:
    /// Throws Error when there is no such process, or when `pid` is a thread of another.
    explicit Process(pid_t pid);

    pid_t pid() const { return pid_; }
    /// Readable once it has ended (pidfd_open(2)).
    int pidfd() const { return pidfd_.get(); }
    bool running() const;
    /// Throws Error when it has ended.
    void check_running() const;

    /// Opens /proc/PID/NAME. Throws Error, which says so when the process has ended.
    base::UniqueFd open(const std::string& name, int flags = O_RDONLY) const;
    /// The whole of it. Throws Error, also when there are more than `most` bytes.
    std::string read(const std::string& name, std::size_t most = std::size_t{64} << 20) const;
    /// Throws Error, also when it has no memory.
    std::vector<Mapping> maps() const;
    /// What /proc/PID/status says behind NAME, or that of a thread; empty when there is no such line.
    std::string status(const std::string& name, pid_t thread = 0) const;
    /// What it was started with.
    std::vector<std::string> command_line() const;
    /// The name that ps shows ("comm"), or that of a thread.
    std::string name(pid_t thread = 0) const;
    /// The names in the folder /proc/PID/NAME. Throws Error.
    std::vector<std::string> list(const std::string& name) const;
    /// Its threads that run now. Throws Error.
    std::set<pid_t> threads() const;
    /// Whether it has this thread now.
    bool has_thread(pid_t thread) const;
    /// Where the symbolic link /proc/PID/NAME leads; empty when it is gone, as that of a descriptor may be. Throws Error.
    std::string link(const std::string& name) const;

 private:
    [[noreturn]] void fail(const std::string& doing, int error) const;
    pid_t pid_;
    base::UniqueFd pidfd_, directory_;
};

}  // namespace vmhost
