/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/qmp.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <string_view>

#include "base/error.h"
#include "base/socket.h"
#include "base/tool_main.h"
#include "vmhost/answer.h"

namespace vmhost {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestLine = 16 << 20, kLongestEvent = 64 << 10;
/// Of all that is read for a command: events, answers that nobody waits for, and the answer.
constexpr std::size_t kMostPerCommand = 32 << 20;
constexpr std::size_t kMostEvents = 1024;
constexpr std::chrono::seconds kPatience{30}, kGreetingPatience{5};
/// Who has never answered will hardly do it later; one that has may be at the end of a migration.
constexpr std::chrono::seconds kFirstPatience{10};
/// After that whoever waits is told what for.
constexpr std::chrono::seconds kQuiet{3};

base::UniqueFd connect_unix(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        throw base::Error(fmt::format("cannot connect to {}: a socket's path has at most {} bytes", path, sizeof address.sun_path - 1));
    std::memcpy(address.sun_path, path.data(), path.size());
    base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address))
        throw base::system_error(fmt::format("cannot connect to the QMP socket {}", path), errno,
                                 errno == ECONNREFUSED ? "has the QEMU that made it ended?"
                                 : errno == EACCES     ? "try it as root, or as the user whose QEMU it is"
                                                       : "");
    return fd;
}

bool wait_for(int fd, short what, std::chrono::steady_clock::time_point until) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
        pollfd event{fd, what, 0};
        const int ready = ::poll(&event, 1, static_cast<int>(std::clamp<decltype(left)>(left, 0, std::numeric_limits<int>::max())));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) throw base::system_error("waiting for QEMU: poll()", errno);
        if (left <= 0) return false;
    }
}

/// "timestamp" of an event; empty for what is no time since 1970 that the clock here can tell.
std::optional<std::chrono::system_clock::time_point> time_of(const Json& event) {
    const auto stamp = event.find("timestamp");
    if (stamp == event.end() || !stamp->is_object()) return std::nullopt;
    const auto number = [&](const char* name, std::int64_t end) -> std::optional<std::int64_t> {
        const auto value = stamp->find(name);
        if (value == stamp->end() || !value->is_number_integer()) return std::nullopt;
        const auto found = value->get<std::int64_t>();
        return found >= 0 && found < end ? std::optional(found) : std::nullopt;
    };
    // A time_point counts nanoseconds in 64 bits.
    const auto seconds = number("seconds", 9'000'000'000), microseconds = number("microseconds", 1'000'000);
    if (!seconds || !microseconds) return std::nullopt;
    return std::chrono::system_clock::time_point(std::chrono::seconds(*seconds) + std::chrono::microseconds(*microseconds));
}

}  // namespace

Qmp::Qmp(const std::string& path) : path_(path), socket_(connect_unix(path)) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size)) fail(std::strerror(errno));
    pid_ = peer.pid;
    if (pid_ == 0) fail("its process is in another pid namespace, a container; run it there, or name the process by its pid");
    Limit limit{Clock::now() + kGreetingPatience, kMostPerCommand};
    const auto greeting = receive(limit);
    // Another client has it: QEMU serves one, and lets others wait.
    if (!greeting && !received_.empty()) fail(fmt::format("what it says within {} s is no greeting of QEMU", kGreetingPatience.count()));
    if (!greeting)
        fail(fmt::format("it does not greet within {} s; is another client connected, libvirt for example?", kGreetingPatience.count()));
    if (!greeting->contains("QMP")) fail("it does not greet as QEMU does");
    execute("qmp_capabilities");
}

void Qmp::fail(const std::string& why) const { throw base::Error(fmt::format("the QMP socket {}: {}", path_, why)); }

/// With its first byte goes `file`, unless that is -1.
void Qmp::send(const std::string& line, Clock::time_point until, int file) {
    for (std::size_t sent = 0; sent < line.size();) {
        if (!wait_for(socket_.get(), POLLOUT, until)) fail(fmt::format("it reads nothing for {} s", patience().count()));
        const ssize_t n = base::send_with_fd(socket_.get(), std::string_view(line).substr(sent), sent == 0 ? file : -1, MSG_DONTWAIT);
        if (n < 0 && errno != EINTR && errno != EAGAIN) fail(std::strerror(errno));
        sent += static_cast<std::size_t>(std::max<ssize_t>(n, 0));
    }
}

/// The next line; empty when it takes too long.
std::optional<Json> Qmp::receive(Limit& limit) {
    for (;;) {
        if (const auto end = received_.find('\n', seen_); end != std::string::npos) {
            Json object = parse_object(std::string_view(received_).substr(0, end));
            received_.erase(0, end + 1);
            seen_ = 0;
            if (object.is_discarded()) fail("it says what is no JSON object");
            if (end > kLongestEvent) object.erase("event");
            return object;
        }
        seen_ = received_.size();
        if (received_.size() > kLongestLine) fail(fmt::format("it says a line of more than {} bytes", kLongestLine));
        if (limit.late || !wait_for(socket_.get(), POLLIN, limit.until)) return std::nullopt;
        limit.late = Clock::now() > limit.until;
        char more[65536];
        const ssize_t n = ::recv(socket_.get(), more, sizeof more, MSG_DONTWAIT);
        if (n == 0) fail("it has closed the connection");
        if (n < 0 && errno != EINTR && errno != EAGAIN) fail(std::strerror(errno));
        const auto read = static_cast<std::size_t>(std::max<ssize_t>(n, 0));
        if (read > limit.bytes) fail(fmt::format("it says more than {} MiB, and no answer among them", kMostPerCommand >> 20));
        limit.bytes -= read;
        received_.append(more, read);
    }
}

std::chrono::seconds Qmp::patience() const { return last_ > 1 ? kPatience : kFirstPatience; }

/// The next line, while `command` is not answered; `limit` is the quiet time at first.
Json Qmp::await(const std::string& command, Limit& limit, Clock::time_point end) {
    auto line = receive(limit);
    if (!line && limit.until < end) {
        base::tell(
            fmt::format("the QMP socket {}: no answer to {} within {} s; waiting up to {} s", path_, command, kQuiet.count(), patience().count()));
        limit = {end, limit.bytes};
        line = receive(limit);
    }
    if (!line) fail(fmt::format("no answer to {} within {} s; does its QEMU hang?", command, patience().count()));
    return std::move(*line);
}

/// If it is an event. Those that are ill-formed are dropped.
void Qmp::keep(Json& line) {
    const auto name = line.find("event"), data = line.find("data");
    const auto time = time_of(line);
    if (name == line.end() || !name->is_string() || !time || (data != line.end() && !data->is_object())) return;
    events_.push_back({name->get<std::string>(), data == line.end() ? Json::object() : std::move(*data), *time});
    if (events_.size() > kMostEvents) events_.pop_front();
}

Json Qmp::ask(const std::string& command, const Json& arguments) { return ask(command, arguments, -1); }

void Qmp::give(int file, const std::string& name) { ask("getfd", {{"fdname", name}}, file); }

Json Qmp::ask(const std::string& command, const Json& arguments, int file) {
    const unsigned number = ++last_;
    const auto begin = Clock::now();
    Limit limit{begin + kQuiet, kMostPerCommand};
    send(Json{{"execute", command}, {"arguments", arguments}, {"id", number}}.dump() + "\n", begin + patience(), file);
    for (;;) {
        Json answer = await(command, limit, begin + patience());
        if (const auto id = answer.find("id"); id == answer.end() || *id != number) {
            keep(answer);
            continue;
        }
        try {
            return take_result(answer, command);
        } catch (const base::Error& error) {
            fail(error.what());
        }
    }
}

std::optional<Event> Qmp::next_event(std::chrono::milliseconds patience) {
    Limit limit{Clock::now() + patience, kMostPerCommand};
    while (events_.empty()) {
        auto line = receive(limit);
        if (!line) return std::nullopt;
        keep(*line);
    }
    Event event = std::move(events_.front());
    events_.pop_front();
    return event;
}

}  // namespace vmhost
