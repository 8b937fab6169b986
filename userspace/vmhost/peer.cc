/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/peer.h"

#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace vmhost {

namespace {

/// TCP_LISTEN of the kernel, which Unix sockets have, too.
constexpr unsigned kListening = 10;

struct Question {
    nlmsghdr header{};
    inet_diag_req_v2 request{};
};

/// Address and port as sock_diag has them. An IPv4 address in the clothes of IPv6 belongs to a socket of IPv4.
sa_family_t put(const sockaddr_storage& address, __be32 (&number)[4], __be16& port) {
    if (address.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
        number[0] = v4.sin_addr.s_addr;
        port = v4.sin_port;
        return AF_INET;
    }
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    port = v6.sin6_port;
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
        std::memcpy(&number[0], v6.sin6_addr.s6_addr + 12, 4);
        return AF_INET;
    }
    std::memcpy(number, v6.sin6_addr.s6_addr, 16);
    return AF_INET6;
}

Question question_about(int tcp_socket) {
    sockaddr_storage mine{}, others{};
    socklen_t size = sizeof mine;
    if (::getsockname(tcp_socket, reinterpret_cast<sockaddr*>(&mine), &size)) throw base::system_error("getsockname()", errno);
    size = sizeof others;
    if (::getpeername(tcp_socket, reinterpret_cast<sockaddr*>(&others), &size)) throw base::system_error("getpeername()", errno);
    Question question;
    question.header.nlmsg_len = sizeof question;
    question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    question.header.nlmsg_flags = NLM_F_REQUEST;
    inet_diag_req_v2& request = question.request;
    request.sdiag_protocol = IPPROTO_TCP;
    request.idiag_states = ~0U;
    request.id.idiag_cookie[0] = request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    // From the other's point of view.
    request.sdiag_family = static_cast<__u8>(put(others, request.id.idiag_src, request.id.idiag_sport));
    put(mine, request.id.idiag_dst, request.id.idiag_dport);
    return question;
}

template <class Asked>
base::UniqueFd ask(const Asked& question) {
    base::UniqueFd netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    if (!netlink) throw base::system_error("asking the kernel for sockets: socket(AF_NETLINK, NETLINK_SOCK_DIAG)", errno);
    if (::send(netlink.get(), &question, sizeof question, 0) != sizeof question)
        throw base::system_error("asking the kernel for sockets: send()", errno);
    return netlink;
}

std::size_t receive(const base::UniqueFd& netlink, char* answer, std::size_t size) {
    const ssize_t got = ::recv(netlink.get(), answer, size, 0);
    if (got < 0) throw base::system_error("asking the kernel for sockets: recv()", errno);
    return static_cast<std::size_t>(got);
}

struct UnixQuestion {
    nlmsghdr header{};
    unix_diag_req request{};
};

/// Whether a listening socket is bound to that file: the kernel tells its device and inode.
bool is_bound_to(const nlmsghdr& header, const struct stat& file) {
    const auto* message = reinterpret_cast<const unix_diag_msg*>(NLMSG_DATA(&header));
    auto left = static_cast<int>(header.nlmsg_len - NLMSG_LENGTH(sizeof *message));
    for (const auto* one = reinterpret_cast<const rtattr*>(message + 1); RTA_OK(one, left); one = RTA_NEXT(one, left)) {
        unix_diag_vfs vfs{};
        if (one->rta_type != UNIX_DIAG_VFS || RTA_PAYLOAD(one) < sizeof vfs) continue;
        std::memcpy(&vfs, RTA_DATA(one), sizeof vfs);
        // Its numbers of devices have 12 and 20 bits.
        return vfs.udiag_vfs_ino == static_cast<__u32>(file.st_ino) && vfs.udiag_vfs_dev == (major(file.st_dev) << 20 | minor(file.st_dev));
    }
    return false;
}

/// The inodes of the sockets that listen there.
std::vector<std::uint64_t> listeners_at(const std::string& path) {
    struct stat file {};
    if (::stat(path.c_str(), &file)) throw base::system_error(fmt::format("cannot look at {}", path), errno);
    UnixQuestion question;
    question.header.nlmsg_len = sizeof question;
    question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    question.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    question.request.sdiag_family = AF_UNIX;
    question.request.udiag_states = 1U << kListening;
    question.request.udiag_show = UDIAG_SHOW_VFS;
    const base::UniqueFd netlink = ask(question);
    std::vector<std::uint64_t> inodes;
    alignas(nlmsghdr) char answer[32768];
    for (;;) {
        std::size_t left = receive(netlink, answer, sizeof answer);
        for (const auto* header = reinterpret_cast<const nlmsghdr*>(answer); NLMSG_OK(header, left); header = NLMSG_NEXT(header, left)) {
            if (header->nlmsg_type == NLMSG_DONE) return inodes;
            if (header->nlmsg_type == NLMSG_ERROR) throw base::Error("the kernel does not tell of Unix sockets (CONFIG_UNIX_DIAG)");
            if (header->nlmsg_len >= NLMSG_LENGTH(sizeof(unix_diag_msg)) && is_bound_to(*header, file))
                inodes.push_back(reinterpret_cast<const unix_diag_msg*>(NLMSG_DATA(header))->udiag_ino);
        }
    }
}

}  // namespace

std::optional<LocalSocket> other_end(int tcp_socket) {
    const Question question = question_about(tcp_socket);
    const base::UniqueFd netlink = ask(question);
    alignas(nlmsghdr) char answer[4096];
    const std::size_t got = receive(netlink, answer, sizeof answer);
    const auto& header = *reinterpret_cast<const nlmsghdr*>(answer);
    if (!NLMSG_OK(&header, got)) throw base::Error("asking the kernel for sockets: half an answer");
    if (header.nlmsg_type == NLMSG_ERROR) {
        const int error = -reinterpret_cast<const nlmsgerr*>(NLMSG_DATA(&header))->error;
        if (error == ENOENT) return std::nullopt;
        throw base::system_error("asking the kernel for sockets", error);
    }
    if (header.nlmsg_len < NLMSG_LENGTH(sizeof(inet_diag_msg))) throw base::Error("asking the kernel for sockets: half an answer");
    const auto& message = *reinterpret_cast<const inet_diag_msg*>(NLMSG_DATA(&header));
    // Where there is no such connection the kernel tells of whoever listens at that port.
    const inet_diag_sockid &asked = question.request.id, &told = message.id;
    const auto is = [&](const __be32* one, const __be32* other) {
        // A socket of IPv6 has IPv4 addresses in the last word.
        if (question.request.sdiag_family == AF_INET) return one[message.idiag_family == AF_INET ? 0 : 3] == other[0];
        return std::memcmp(one, other, 16) == 0;
    };
    if (message.idiag_state == kListening || told.idiag_sport != asked.idiag_sport || told.idiag_dport != asked.idiag_dport ||
        !is(told.idiag_src, asked.idiag_src) || !is(told.idiag_dst, asked.idiag_dst))
        return std::nullopt;
    // Nobody's any more: closed, and the kernel finishes what was sent.
    if (message.idiag_inode == 0) return std::nullopt;
    return LocalSocket{message.idiag_inode, message.idiag_uid};
}

bool has_socket(const Process& process, std::uint64_t inode) {
    const std::string wanted = fmt::format("socket:[{}]", inode);
    for (const std::string& descriptor : process.list("fd"))
        if (process.link("fd/" + descriptor) == wanted) return true;
    return false;
}

bool listens_at(const Process& process, const std::string& path) {
    return std::ranges::any_of(listeners_at(path), [&](std::uint64_t inode) { return has_socket(process, inode); });
}

}  // namespace vmhost
