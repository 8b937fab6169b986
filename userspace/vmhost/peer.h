/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Who is at the other end of a TCP connection from this host to itself, as the kernel knows it.

#include <sys/socket.h>

#include <cstdint>
#include <optional>

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

}  // namespace vmhost
