/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/network.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/error.h"

namespace base {

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
        throw Error(fmt::format("cannot find the host '{}': {}", host,
                                      failure == EAI_SYSTEM ? std::string(strerror(errno)) : ::gai_strerror(failure)));
    return {found, ::freeaddrinfo};
}

void set(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); }

void set_timeout(int fd, int option, std::chrono::milliseconds time) {
    const timeval value{time.count() / 1000, time.count() % 1000 * 1000};
    ::setsockopt(fd, SOL_SOCKET, option, &value, sizeof value);
}

sockaddr_un unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path)
        throw Error(fmt::format("'{}' is no path of a socket: 1 to {} characters", path, sizeof address.sun_path - 1));
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

UniqueFd listen_at(const addrinfo& address, bool free_bind) {
    UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return fd;
    set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    if (address.ai_family == AF_INET6) set(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (free_bind && address.ai_family == AF_INET6) set(fd.get(), IPPROTO_IPV6, IPV6_FREEBIND, 1);
    if (free_bind && address.ai_family == AF_INET) set(fd.get(), IPPROTO_IP, IP_FREEBIND, 1);
    if (::bind(fd.get(), address.ai_addr, address.ai_addrlen) || ::listen(fd.get(), SOMAXCONN)) return {};
    return fd;
}

}  // namespace

UniqueFd connect_tcp(const std::string& host, std::uint16_t port, const std::string& if_refused, std::optional<std::chrono::milliseconds> patience) {
    const Addresses addresses = resolve(host, port, SOCK_STREAM, 0);
    int error = 0;
    for (const addrinfo* a = addresses.get(); a; a = a->ai_next) {
        UniqueFd fd(::socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (fd && patience) set_timeout(fd.get(), SO_SNDTIMEO, *patience);
        if (fd && ::connect(fd.get(), a->ai_addr, a->ai_addrlen) == 0) {
            prepare_stream(fd.get());
            return fd;
        }
        error = errno == EINPROGRESS ? ETIMEDOUT : errno;
    }
    throw system_error(fmt::format("cannot connect to {} port {}", host, port), error,
                             error == ECONNREFUSED ? if_refused : way_out(host, error));
}

std::vector<UniqueFd> listen_tcp(const std::string& host, std::uint16_t port, const ListenOptions& options) {
    const Addresses addresses = resolve(host, port, SOCK_STREAM, AI_PASSIVE);
    std::vector<UniqueFd> sockets;
    int error = 0;
    for (const addrinfo* a = addresses.get(); a; a = a->ai_next) {
        if (UniqueFd fd = listen_at(*a, options.free_bind))
            sockets.push_back(std::move(fd));
        else if (errno != EAFNOSUPPORT)
            error = errno;
    }
    // A port that is taken in one family only would take the connections of the other.
    if (error || sockets.empty())
        throw system_error(fmt::format("cannot listen on port {}{}", port, host.empty() ? "" : " of " + host),
                                 error, error == EADDRINUSE ? options.if_taken : way_out(host, error));
    return sockets;
}

UniqueFd listen_unix(const std::string& path, const ListenOptions& options) {
    const std::string doing = fmt::format("cannot listen at {}", path);
    const sockaddr_un address = unix_address(path);
    const auto* name = reinterpret_cast<const sockaddr*>(&address);
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) throw system_error(doing, errno);
    struct stat file {};
    if (::lstat(path.c_str(), &file) == 0 && S_ISSOCK(file.st_mode)) {
        const UniqueFd test(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (::connect(test.get(), name, sizeof address) == 0 || errno != ECONNREFUSED) throw system_error(doing, EADDRINUSE, options.if_taken);
        ::unlink(path.c_str());
    }
    const mode_t before = ::umask(0177);
    const int failed = ::bind(fd.get(), name, sizeof address) ? errno : 0;
    ::umask(before);
    if (failed) throw system_error(doing, failed, failed == EADDRINUSE ? "another file is there" : "");
    if (::listen(fd.get(), SOMAXCONN)) throw system_error(doing, errno);
    return fd;
}

UniqueFd connect_unix(const std::string& path, const std::string& if_refused, int flags) {
    const sockaddr_un address = unix_address(path);
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address)) {
        const int error = errno;
        throw system_error(fmt::format("cannot connect to {}", path), error,
                           error == ECONNREFUSED || error == ENOENT ? if_refused
                           : error == EACCES                        ? "try it as root"
                                                                    : "");
    }
    return fd;
}

UniqueFd connect_udp(const std::string& host, std::uint16_t port) {
    const Addresses addresses = resolve(host, port, SOCK_DGRAM, 0);
    int error = 0;
    for (const addrinfo* a = addresses.get(); a; a = a->ai_next) {
        UniqueFd fd(::socket(a->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        if (fd && ::connect(fd.get(), a->ai_addr, a->ai_addrlen) == 0) return fd;
        error = errno;
    }
    throw system_error(fmt::format("there is no way to {}", host), error, way_out(host, error));
}

UniqueFd bind_udp(const std::string& host, std::uint16_t port, const std::string& if_taken) {
    int error = 0;
    // All addresses: one socket for both families if the kernel has both.
    const Addresses addresses = host.empty() ? resolve("::", port, SOCK_DGRAM, AI_NUMERICHOST) : resolve(host, port, SOCK_DGRAM, 0);
    const Addresses v4 = host.empty() ? resolve("0.0.0.0", port, SOCK_DGRAM, AI_NUMERICHOST) : Addresses(nullptr, ::freeaddrinfo);
    for (const addrinfo* list : {addresses.get(), v4.get()}) {
        for (const addrinfo* a = list; a; a = a->ai_next) {
            UniqueFd fd(::socket(a->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
            if (fd && a->ai_family == AF_INET6) {
                set(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
                set(fd.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
            }
            if (fd && a->ai_family == AF_INET) set(fd.get(), IPPROTO_IP, IP_PKTINFO, 1);
            if (fd && ::bind(fd.get(), a->ai_addr, a->ai_addrlen) == 0) return fd;
            if (!error || errno != EAFNOSUPPORT) error = errno;
        }
    }
    throw system_error(fmt::format("cannot receive on UDP port {}{}", port, host.empty() ? "" : " of " + host), error,
                             error == EADDRINUSE ? if_taken : way_out(host, error));
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
    set_timeout(fd, SO_SNDTIMEO, std::chrono::milliseconds(kSilentMsec));
    set_timeout(fd, SO_RCVTIMEO, std::chrono::milliseconds(kSilentMsec));
}

}  // namespace base
