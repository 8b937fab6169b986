/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Whose sockets are at the other end, as the kernel knows it.

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>

#include "vmhost/process.h"

namespace vmhost {

/// A socket of this host.
struct LocalSocket {
    std::uint64_t inode = 0;
    unsigned uid = 0;  ///< of who made it
};

/// The other end of a connected TCP socket, when that is a socket of this host and of this network namespace too (sock_diag(7));
/// empty when it is another host's, or has been closed. Throws Error.
std::optional<LocalSocket> other_end(int tcp_socket);

/// Whether a process has that socket open now.
bool has_socket(const Process& process, std::uint64_t inode);

/// Whether a process has a socket open that listens at the Unix socket `path`, whoever has made it; nobody is connected to for that. Sockets of
/// this network namespace only. Throws Error, also when there is no such file.
bool listens_at(const Process& process, const std::string& path);

}  // namespace vmhost
