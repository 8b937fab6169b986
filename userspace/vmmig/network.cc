/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/network.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/time.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/error.h"

namespace vmmig {

namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

/// "[::1]", as addresses are written before a port: without the brackets.
std::string plain_host(const std::string& host) {
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    return bracketed ? host.substr(1, host.size() - 2) : host;
}

/// What to do about an `error` on the way to `host`.
const char* way_out(const std::string& host, int error) {
    const bool link_local = host.starts_with("fe80:") && host.find('%') == host.npos;
    return link_local && error == EINVAL ? "a link-local address needs its interface: fe80::1%eth0" : "";
}

Addresses resolve(const std::string& named, std::uint16_t port, int type, int flags) {
    const std::string host = plain_host(named);
    addrinfo wanted{};
    wanted.ai_socktype = type;
    wanted.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int failure =
        ::getaddrinfo(host.empty() ? nullptr : host.c_str(), std::to_string(port).c_str(), &wanted, &found);
    if (failure)
        throw base::Error(fmt::format("cannot find the host '{}': {}", host,
                                      failure == EAI_SYSTEM ? std::string(strerror(errno)) : ::gai_strerror(failure)));
    return {found, ::freeaddrinfo};
}

void set(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); }

base::UniqueFd listen_at(const addrinfo& address) {
    base::UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return fd;
    set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    if (address.ai_family == AF_INET6) set(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (::bind(fd.get(), address.ai_addr, address.ai_addrlen) || ::listen(fd.get(), SOMAXCONN)) return {};
    return fd;
}

}  // namespace

base::UniqueFd connect_tcp(const std::string& host, std::uint16_t port) {
    const Addresses addresses = resolve(host, port, SOCK_STREAM, 0);
    int error = 0;
    for (const addrinfo* a = addresses.get(); a; a = a->ai_next) {
        base::UniqueFd fd(::socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (fd && ::connect(fd.get(), a->ai_addr, a->ai_addrlen) == 0) {
            prepare_stream(fd.get());
            return fd;
        }
        error = errno;
    }
    throw base::system_error(fmt::format("cannot connect to {} port {}", host, port), error,
                             error == ECONNREFUSED ? "is `mig_mon vm -d` running there?" : way_out(host, error));
}

std::vector<base::UniqueFd> listen_tcp(const std::string& host, std::uint16_t port) {
    const Addresses addresses = resolve(host, port, SOCK_STREAM, AI_PASSIVE);
    std::vector<base::UniqueFd> sockets;
    int error = 0;
    for (const addrinfo* a = addresses.get(); a; a = a->ai_next) {
        if (base::UniqueFd fd = listen_at(*a))
            sockets.push_back(std::move(fd));
        else if (errno != EAFNOSUPPORT)
            error = errno;
    }
    // A port that is taken in one family only would take the connections of the other.
    if (error || sockets.empty())
        throw base::system_error(fmt::format("cannot listen on port {}{}", port, host.empty() ? "" : " of " + host),
                                 error, error == EADDRINUSE ? "is another mig_mon running? -p takes another port" : way_out(host, error));
    return sockets;
}

base::UniqueFd connect_udp(const std::string& host, std::uint16_t port) {
    const Addresses addresses = resolve(host, port, SOCK_DGRAM, 0);
    int error = 0;
    for (const addrinfo* a = addresses.get(); a; a = a->ai_next) {
        base::UniqueFd fd(::socket(a->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        if (fd && ::connect(fd.get(), a->ai_addr, a->ai_addrlen) == 0) return fd;
        error = errno;
    }
    throw base::system_error(fmt::format("there is no way to {}", host), error, way_out(host, error));
}

base::UniqueFd bind_udp(const std::string& host, std::uint16_t port) {
    int error = 0;
    // All addresses: one socket for both families if the kernel has both.
    const Addresses addresses = host.empty() ? resolve("::", port, SOCK_DGRAM, AI_NUMERICHOST) : resolve(host, port, SOCK_DGRAM, 0);
    const Addresses v4 = host.empty() ? resolve("0.0.0.0", port, SOCK_DGRAM, AI_NUMERICHOST) : Addresses(nullptr, ::freeaddrinfo);
    for (const addrinfo* list : {addresses.get(), v4.get()}) {
        for (const addrinfo* a = list; a; a = a->ai_next) {
            base::UniqueFd fd(::socket(a->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
            if (fd && a->ai_family == AF_INET6) {
                set(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
                set(fd.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
            }
            if (fd && a->ai_family == AF_INET) set(fd.get(), IPPROTO_IP, IP_PKTINFO, 1);
            if (fd && ::bind(fd.get(), a->ai_addr, a->ai_addrlen) == 0) return fd;
            if (!error || errno != EAFNOSUPPORT) error = errno;
        }
    }
    throw base::system_error(fmt::format("cannot receive on UDP port {}{}", port, host.empty() ? "" : " of " + host), error,
                             error == EADDRINUSE ? "is another mig_mon running? --port takes another port" : way_out(host, error));
}

std::string address_name(const sockaddr& address, socklen_t length) {
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (::getnameinfo(&address, length, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV))
        return "an unknown address";
    // How a socket for both families shows IPv4.
    constexpr std::string_view kMapped = "::ffff:";
    if (std::string_view(host).starts_with(kMapped) && std::strchr(host, '.'))
        return fmt::format("{}:{}", host + kMapped.size(), port);
    const bool v6 = std::strchr(host, ':');
    return fmt::format(fmt::runtime(v6 ? "[{}]:{}" : "{}:{}"), host, port);
}

std::string peer_name(int fd) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &length)) return "a peer that is gone";
    return address_name(*reinterpret_cast<const sockaddr*>(&address), length);
}

void prepare_stream(int fd) {
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, kSilentMsec / 3000);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, kSilentMsec / 3000);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, 2);
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kSilentMsec);
    const timeval patience{kSilentMsec / 1000, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

}  // namespace vmmig
