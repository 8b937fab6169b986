/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Sockets by the name of a host, IPv4 and IPv6.

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace base {

/// Connected to the first address of `host` that answers, each within `patience`, or what the kernel has. Throws Error that names the
/// host and the reason, and `if_refused` when nobody listens there.
UniqueFd connect_tcp(const std::string& host, std::uint16_t port, const std::string& if_refused,
                     std::optional<std::chrono::milliseconds> patience = std::nullopt);

struct ListenOptions {
    std::string if_taken;    ///< what to do when somebody else listens there
    bool free_bind = false;  ///< at an address that the host may get later, too (IP_FREEBIND)
};
/// Listening on `port` at the address or name `host`, or, if that is empty, at all addresses of both families.
/// Throws Error.
std::vector<UniqueFd> listen_tcp(const std::string& host, std::uint16_t port, const ListenOptions& options);

/// Listening at a Unix socket, which only we and root may connect to. What a server that was killed left there is replaced. Throws Error.
UniqueFd listen_unix(const std::string& path, const ListenOptions& options);

/// Connected to a Unix socket. Throws Error, with `if_refused` when nobody listens there.
UniqueFd connect_unix(const std::string& path, const std::string& if_refused, int flags = 0);

/// A socket that sends to `host` and receives from there only. Throws Error when there is no such host; whether it
/// can be reached shows later.
UniqueFd connect_udp(const std::string& host, std::uint16_t port);

/// A socket that receives at the address `host`, or, if that is empty, at all addresses of both families, and is told
/// with each packet (IP_PKTINFO, IPV6_PKTINFO) at which. Throws Error, with `if_taken` when somebody else has the port.
UniqueFd bind_udp(const std::string& host, std::uint16_t port, const std::string& if_taken);

/// "192.0.2.1:12323", "[2001:db8::1]:12323"
std::string address_name(const sockaddr& address, socklen_t length);

/// The other end of a connection, by address_name().
std::string peer_name(int fd);

/// A peer that vanished without a word is noticed after this time, in ms: what is sent is not acknowledged, or nothing is
/// sent and probes get no answer. One that is there but reads nothing for so long makes send() fail with EAGAIN.
constexpr int kSilentMsec = 15'000;

/// Prepares a connection, of either end: no delay for small messages, and kSilentMsec.
void prepare_stream(int fd);

}  // namespace base
