/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Sockets by the name of a host, IPv4 and IPv6.

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace vmmig {

/// Connected to the first address of `host` that answers. Throws base::Error that names the host and the reason.
base::UniqueFd connect_tcp(const std::string& host, std::uint16_t port);

/// Listening on `port` at the address or name `host`, or, if that is empty, at all addresses of both families.
/// Throws base::Error.
std::vector<base::UniqueFd> listen_tcp(const std::string& host, std::uint16_t port);

/// A socket that sends to `host` and receives from there only. Throws base::Error when there is no such host; whether it
/// can be reached shows later.
base::UniqueFd connect_udp(const std::string& host, std::uint16_t port);

/// A socket that receives at the address `host`, or, if that is empty, at all addresses of both families, and is told
/// with each packet (IP_PKTINFO, IPV6_PKTINFO) at which. Throws base::Error.
base::UniqueFd bind_udp(const std::string& host, std::uint16_t port);

/// "192.0.2.1:12323", "[2001:db8::1]:12323"
std::string address_name(const sockaddr& address, socklen_t length);

/// The other end of a connection, by address_name().
std::string peer_name(int fd);

/// A peer that vanished without a word is noticed after this time, in ms: what is sent is not acknowledged, or nothing is
/// sent and probes get no answer. One that is there but reads nothing for so long makes send() fail with EAGAIN.
constexpr int kSilentMsec = 15'000;

/// Prepares a connection, of either end: no delay for small messages, and kSilentMsec.
void prepare_stream(int fd);

}  // namespace vmmig
