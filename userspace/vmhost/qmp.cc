/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/qmp.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace vmhost {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestLine = 16 << 20;
constexpr std::chrono::seconds kPatience{30};

base::UniqueFd connect_unix(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        throw base::Error(fmt::format("cannot connect to {}: a socket's path has at most {} bytes", path, sizeof address.sun_path - 1));
    std::memcpy(address.sun_path, path.data(), path.size());
    base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address))
        throw base::system_error(fmt::format("cannot connect to the QMP socket {}", path), errno,
                                 errno == ECONNREFUSED ? "has the QEMU that made it ended?" : "");
    return fd;
}

bool wait_for(int fd, short what, std::chrono::steady_clock::time_point until) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
        if (left <= 0) return false;
        pollfd event{fd, what, 0};
        const int ready = ::poll(&event, 1, static_cast<int>(left));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) throw base::system_error("waiting for QEMU: poll()", errno);
    }
}

}  // namespace

Qmp::Qmp(const std::string& path) : path_(path), socket_(connect_unix(path)) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size)) fail(std::strerror(errno));
    pid_ = peer.pid;
    if (pid_ == 0) fail("its process is in another pid namespace, a container; run it there, or name the process by its pid");
    // Another client has it: QEMU serves one, and lets others wait.
    const auto until = Clock::now() + std::chrono::seconds(5);
    if (!wait_for(socket_.get(), POLLIN, until)) fail("it does not greet; is another client connected, libvirt for example?");
    if (!receive(until).contains("QMP")) fail("it does not greet as QEMU does");
    execute("qmp_capabilities");
}

void Qmp::fail(const std::string& why) const { throw base::Error(fmt::format("the QMP socket {}: {}", path_, why)); }

void Qmp::send(const std::string& line, Clock::time_point until) {
    for (std::size_t sent = 0; sent < line.size();) {
        if (!wait_for(socket_.get(), POLLOUT, until)) fail(fmt::format("it reads nothing for {} s", kPatience.count()));
        const ssize_t n = ::send(socket_.get(), line.data() + sent, line.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EINTR && errno != EAGAIN) fail(std::strerror(errno));
        sent += static_cast<std::size_t>(std::max<ssize_t>(n, 0));
    }
}

/// The next line.
Json Qmp::receive(Clock::time_point until) {
    for (;;) {
        if (const auto end = received_.find('\n'); end != std::string::npos) {
            Json object = Json::parse(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
            received_.erase(0, end + 1);
            if (!object.is_object()) fail("it says what is no JSON object");
            return object;
        }
        if (received_.size() > kLongestLine) fail(fmt::format("it says a line of more than {} bytes", kLongestLine));
        if (!wait_for(socket_.get(), POLLIN, until)) fail(fmt::format("it says nothing for {} s", kPatience.count()));
        char more[65536];
        const ssize_t n = ::recv(socket_.get(), more, sizeof more, MSG_DONTWAIT);
        if (n == 0) fail("it has closed the connection");
        if (n < 0 && errno != EINTR && errno != EAGAIN) fail(std::strerror(errno));
        received_.append(more, static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    }
}

Json Qmp::execute(const std::string& command, const Json& arguments) {
    const auto until = Clock::now() + kPatience;
    const unsigned number = ++last_;
    send(Json{{"execute", command}, {"arguments", arguments}, {"id", number}}.dump() + "\n", until);
    for (;;) {
        Json answer = receive(until);
        // Events come in between.
        if (answer.value("id", Json()) != number) continue;
        if (answer.contains("return")) return answer["return"];
        const Json error = answer.value("error", Json::object());
        const bool told = error.is_object() && error.contains("desc") && error["desc"].is_string();
        fail(fmt::format("{} is refused: {}", command, told ? error["desc"].get<std::string>() : "without a reason"));
    }
}

std::string Qmp::human(const std::string& command) {
    const Json text = execute("human-monitor-command", {{"command-line", command}});
    if (!text.is_string()) fail(fmt::format("'{}' prints no text", command));
    return text.get<std::string>();
}

}  // namespace vmhost
