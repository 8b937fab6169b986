/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>

#include "base/file.h"
#include "base/network.h"

using namespace vmhost;

namespace {

/// A connection of this process to itself.
struct Connection {
    /// `listen_on` and `connect_to`: addresses of IPv6, so that ::ffff:127.0.0.1 is one of IPv4.
    Connection(const char* listen_on, const char* connect_to) {
        listener.reset(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const int off = 0;
        ::setsockopt(listener.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        ::inet_pton(AF_INET6, listen_on, &address.sin6_addr);
        socklen_t size = sizeof address;
        REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
        REQUIRE(::listen(listener.get(), 1) == 0);
        REQUIRE(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
        ::inet_pton(AF_INET6, connect_to, &address.sin6_addr);
        client.reset(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
        server.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
        REQUIRE(server);
    }
    base::UniqueFd listener, client, server;
};

}  // namespace

TEST_CASE("the other end of a connection on this host is known by the kernel") {
    for (const char* address : {"::1", "::ffff:127.0.0.1"}) {
        INFO(address);
        Connection connection("::", address);
        const auto found = other_end(connection.server.get());
        REQUIRE(found);
        CHECK(found->uid == ::geteuid());
        CHECK(has_socket(Process(::getpid()), found->inode));
        // The two ends are not the same.
        const auto other = other_end(connection.client.get());
        REQUIRE(other);
        CHECK(other->inode != found->inode);
        // A process that does not have it.
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            connection.client.reset();
            for (;;) ::pause();
        }
        Process process(child);
        while (has_socket(process, found->inode)) ::usleep(1000);
        CHECK(has_socket(Process(::getpid()), found->inode));
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        connection.client.reset();
        CHECK_FALSE(other_end(connection.server.get()));
    }
}

TEST_CASE("who listens at a Unix socket is known without a connection") {
    const base::TemporaryFolder folder;
    const std::string path = folder.path() + "/socket";
    const Process self(::getpid());
    CHECK_THROWS_WITH(listens_at(self, path), Catch::Matchers::Contains("No such file"));
    base::UniqueFd listener = base::listen_unix(path, {});
    CHECK(listens_at(self, path));
    // A process that does not have it.
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::close(listener.get());
        for (;;) ::pause();
    }
    const Process process(child);
    while (listens_at(process, path)) ::usleep(1000);
    CHECK(listens_at(self, path));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    // One that was bound to a file of that name, and another file there now.
    std::filesystem::rename(path, path + ".old");
    const base::UniqueFd other = base::listen_unix(path, {});
    CHECK(listens_at(self, path));
    listener.reset();
    CHECK_FALSE(listens_at(self, path + ".old"));
}
