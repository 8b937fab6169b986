/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/peer.h"

#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/unique_fd.h"

namespace vmhost {

namespace {

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

}  // namespace

std::optional<LocalSocket> other_end(int tcp_socket) {
    const Question question = question_about(tcp_socket);
    const base::UniqueFd netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    if (!netlink) throw base::system_error("asking the kernel for sockets: socket(AF_NETLINK, NETLINK_SOCK_DIAG)", errno);
    if (::send(netlink.get(), &question, sizeof question, 0) != sizeof question)
        throw base::system_error("asking the kernel for sockets: send()", errno);
    alignas(nlmsghdr) char answer[4096];
    const ssize_t got = ::recv(netlink.get(), answer, sizeof answer, 0);
    if (got < 0) throw base::system_error("asking the kernel for sockets: recv()", errno);
    const auto& header = *reinterpret_cast<const nlmsghdr*>(answer);
    if (!NLMSG_OK(&header, static_cast<std::size_t>(got))) throw base::Error("asking the kernel for sockets: half an answer");
    if (header.nlmsg_type == NLMSG_ERROR) {
        const int error = -reinterpret_cast<const nlmsgerr*>(NLMSG_DATA(&header))->error;
        if (error == ENOENT) return std::nullopt;
        throw base::system_error("asking the kernel for sockets", error);
    }
    if (header.nlmsg_len < NLMSG_LENGTH(sizeof(inet_diag_msg))) throw base::Error("asking the kernel for sockets: half an answer");
    const auto& message = *reinterpret_cast<const inet_diag_msg*>(NLMSG_DATA(&header));
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

}  // namespace vmhost
