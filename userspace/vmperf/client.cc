/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "base/error.h"
#include "base/network.h"
#include "base/terminal.h"

namespace vmperf {

namespace {

using base::Error;
using Json = nlohmann::json;

constexpr std::chrono::milliseconds kConnectPatience{10'000};
constexpr std::chrono::milliseconds kNobodyThere{50};  // between looks at a channel whose other end is not open
constexpr std::size_t kLongestMessage = 1000;
constexpr const char* kIsItRunning = "is perf_kvm_server running on the host?";

using Interfaces = std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)>;

bool same_address(const sockaddr& one, const sockaddr& other) {
    if (one.sa_family != other.sa_family) return false;
    if (one.sa_family == AF_INET)
        return reinterpret_cast<const sockaddr_in&>(one).sin_addr.s_addr == reinterpret_cast<const sockaddr_in&>(other).sin_addr.s_addr;
    if (one.sa_family != AF_INET6) return false;
    const auto &one6 = reinterpret_cast<const sockaddr_in6&>(one), &other6 = reinterpret_cast<const sockaddr_in6&>(other);
    return std::memcmp(&one6.sin6_addr, &other6.sin6_addr, sizeof one6.sin6_addr) == 0;
}

std::string mac_of_interface(const ifaddrs* interfaces, const std::string& name) {
    for (const ifaddrs* one = interfaces; one; one = one->ifa_next) {
        if (!one->ifa_addr || one->ifa_addr->sa_family != AF_PACKET || name != one->ifa_name) continue;
        const auto& link = reinterpret_cast<const sockaddr_ll&>(*one->ifa_addr);
        if (link.sll_halen != 6 || std::all_of(link.sll_addr, link.sll_addr + 6, [](unsigned char byte) { return byte == 0; })) return "";
        return fmt::format("{:02x}", fmt::join(link.sll_addr, link.sll_addr + 6, ":"));
    }
    return "";
}

base::UniqueFd open_channel(const std::string& path) {
    base::UniqueFd fd(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    if (fd) return fd;
    const char* hint = errno == EBUSY    ? "another client uses it: try again when that has ended"
                       : errno == EACCES ? "try as root"
                       : errno == ENOENT ? "the VM has no such channel: use --host, or let the administrator of the host add it to the VM"
                                         : "";
    throw base::system_error("cannot open the channel " + path, errno, hint);
}

std::string text_of(const Json& object, const char* key) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_string()) return "";
    return base::printable(found->get_ref<const std::string&>().substr(0, kLongestMessage));
}

}  // namespace

std::string Place::name() const {
    if (kind == Kind::Channel) return "the channel " + path;
    if (kind == Kind::Socket) return "the socket " + path;
    return fmt::format("{} port {}", host, port);
}

std::string channel_device() {
    std::error_code none;
    if (std::filesystem::exists(kChannelPath, none)) return kChannelPath;
    // Without udev nobody makes the link.
    for (const auto& port : std::filesystem::directory_iterator("/sys/class/virtio-ports", none)) {
        std::string name;
        std::getline(std::ifstream(port.path() / "name"), name);
        if (const auto device = "/dev" / port.path().filename(); name == kChannelName && std::filesystem::exists(device, none)) return device;
    }
    return "";
}

base::UniqueFd connect_to(const Place& place) {
    if (place.kind == Place::Kind::Channel) return open_channel(place.path);
    if (place.kind == Place::Kind::Socket) return base::connect_unix(place.path, kIsItRunning, SOCK_NONBLOCK);
    base::UniqueFd fd = base::connect_tcp(place.host, place.port, kIsItRunning, kConnectPatience);
    if (::fcntl(fd.get(), F_SETFL, O_NONBLOCK) != 0) throw base::system_error(fmt::format("preparing the connection to {}", place.name()), errno);
    return fd;
}

std::string mac_of(int connection) {
    sockaddr_storage own{};
    socklen_t length = sizeof own;
    ifaddrs* list = nullptr;
    if (::getsockname(connection, reinterpret_cast<sockaddr*>(&own), &length) != 0 || ::getifaddrs(&list) != 0) return "";
    const Interfaces interfaces(list, ::freeifaddrs);
    for (const ifaddrs* one = list; one; one = one->ifa_next)
        if (one->ifa_addr && same_address(*one->ifa_addr, reinterpret_cast<const sockaddr&>(own))) return mac_of_interface(list, one->ifa_name);
    return "";
}

std::string new_session() {
    std::uint64_t number = 0;
    if (::getrandom(&number, sizeof number, 0) != sizeof number) throw base::system_error("making a session's number: getrandom()", errno);
    return fmt::format("{:016x}", number);
}

Client::Client(base::UniqueFd connection, Place place, int stop_fd, Patience patience)
    : connection_(std::move(connection)), place_(std::move(place)), stop_fd_(stop_fd), patience_(patience) {}

void Client::send(std::string line) {
    const auto deadline = Clock::now() + patience_.answer;
    line += '\n';
    for (std::string_view rest = line; !rest.empty();) {
        const ssize_t written = ::write(connection_.get(), rest.data(), rest.size());
        if (written > 0) {
            rest.remove_prefix(static_cast<std::size_t>(written));
            continue;
        }
        if (written < 0 && errno != EAGAIN && errno != EINTR)
            throw base::system_error("cannot send to the server at " + place_.name(), errno, kIsItRunning);
        if (Clock::now() >= deadline)
            throw Error(fmt::format("cannot send to the server at {}: nobody reads there ({})", place_.name(), kIsItRunning));
        std::array<pollfd, 2> polled = {{{connection_.get(), POLLOUT, 0}, {stop_fd_, POLLIN, 0}}};
        ::poll(polled.data(), polled.size(), static_cast<int>(kNobodyThere.count()));
        if (polled[1].revents) throw Error("interrupted before counting has begun");
        // The other end of a channel may still be opened, and poll() does not wait for that.
        if (polled[0].revents & POLLHUP) ::poll(nullptr, 0, static_cast<int>(kNobodyThere.count()));
    }
}

void Client::check_patience(Clock::time_point deadline, const char* what) const {
    if (Clock::now() < deadline) return;
    throw Error(fmt::format("the server at {} has not sent {} within {} s ({})", place_.name(), what,
                            std::chrono::duration_cast<std::chrono::seconds>(patience_.answer).count(), kIsItRunning));
}

void Client::wait_for_input(Clock::time_point deadline, const char* what, int stop_fd) const {
    if (buffer_.find('\n') != std::string::npos) return;
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        std::array<pollfd, 2> polled = {{{connection_.get(), POLLIN, 0}, {stop_fd, POLLIN, 0}}};
        if (left.count() > 0 && ::poll(polled.data(), polled.size(), static_cast<int>(left.count())) < 0 && errno != EINTR)
            throw base::system_error("waiting for the server at " + place_.name(), errno);
        if (polled[1].revents) throw Error("interrupted before counting has begun");
        if (polled[0].revents) return;
        check_patience(deadline, what);
    }
}

void Client::read_some() {
    std::array<char, 65536> bytes;
    const ssize_t got = ::read(connection_.get(), bytes.data(), bytes.size());
    if (got > 0) {
        buffer_.append(bytes.data(), static_cast<std::size_t>(got));
        // Lines are taken out as they come: what is longer is one line.
        if (buffer_.size() > kLongestAnswer + bytes.size() || (buffer_.size() > kLongestAnswer && buffer_.find('\n') == std::string::npos))
            throw Error(fmt::format("the server at {} has sent a line of more than {} bytes: it is no perf_kvm_server", place_.name(),
                                    kLongestAnswer));
        return;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    // An old server that is killed, or does not read to the end what it does not understand, resets the connection.
    if (got < 0 && !(errno == ECONNRESET && !answered_)) throw base::system_error("reading from the server at " + place_.name(), errno);
    closed_ = true;
}

std::optional<std::string> Client::next_line() {
    const std::size_t end = buffer_.find('\n');
    if (end == std::string::npos) return std::nullopt;
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 1);
    return line;
}

/// The next one of this session.
std::optional<Json> Client::next_answer() {
    while (const auto line = next_line()) {
        Json object = Json::parse(*line, nullptr, false);
        if (!object.is_object()) {
            // What was meant for somebody before us may begin anywhere.
            if (place_.kind == Place::Kind::Channel) continue;
            foreign_ = !answered_;
            if (foreign_) return std::nullopt;
            throw Error(fmt::format("the server at {} has sent what is no JSON: '{}'", place_.name(), base::printable(line->substr(0, 60))));
        }
        // A request that was refused before its session was read.
        const bool refused = text_of(object, "type") == "error" && text_of(object, "session").empty() && place_.kind != Place::Kind::Channel;
        if (text_of(object, "session") != session_ && !refused) continue;
        answered_ = true;
        if (text_of(object, "type") == "error") throw Error(fmt::format("the server at {} says: {}", place_.name(), text_of(object, "message")));
        return object;
    }
    return std::nullopt;
}

/// The answer of this type, when it has come; null when the server does not speak like this.
Json Client::answer(const char* type) {
    const auto deadline = Clock::now() + patience_.answer;
    for (;;) {
        if (auto object = next_answer())
            if (text_of(*object, "type") == type) return *object;
        if (foreign_ || (closed_ && !answered_)) return nullptr;
        if (closed_) throw Error(fmt::format("the server at {} has closed the connection", place_.name()));
        const std::string awaited = fmt::format("its answer '{}'", type);
        check_patience(deadline, awaited.c_str());
        wait_for_input(deadline, awaited.c_str(), stop_fd_);
        read_some();
    }
}

std::optional<Hello> Client::hello(const Request& request) {
    session_ = request.session;
    send(to_line(request));
    const Json object = answer("hello");
    if (object.is_null() && place_.kind == Place::Kind::Tcp) return std::nullopt;
    if (object.is_null()) throw Error(fmt::format("there is no server at {}: it ends without an answer ({})", place_.name(), kIsItRunning));
    Hello hello{text_of(object, "server"), text_of(object, "vm"), 0};
    if (const auto vcpus = object.find("vcpus"); vcpus != object.end() && vcpus->is_number_unsigned())
        hello.vcpus = static_cast<unsigned>(std::min<std::uint64_t>(vcpus->get<std::uint64_t>(), 65536));
    return hello;
}

void Client::start(const Request& request) {
    old_ = request.old;
    session_ = request.session;
    send(to_line(request));
    if (!old_) answer("started");
}

std::vector<Listed> Client::list() {
    Request request;
    request.type = Request::Type::List;
    request.session = session_;
    send(to_line(request));
    const Json object = answer("list");
    const auto events = object.find("events");
    if (events == object.end() || !events->is_array()) throw Error(fmt::format("the server at {} has sent a list without events", place_.name()));
    std::vector<Listed> listed;
    for (const Json& event : *events) {
        if (!event.is_object()) throw Error(fmt::format("the server at {} has sent a list of what are no events", place_.name()));
        const auto supported = event.find("supported");
        listed.push_back({text_of(event, "event"), text_of(event, "kind"), supported != event.end() && *supported == true});
    }
    return listed;
}

void Client::end() {
    Request request;
    request.type = Request::Type::End;
    request.old = old_;
    request.session = session_;
    ended_ = true;
    send(to_line(request));
}

/// What an old server has sent, in whole lines, and at the end the rest.
std::string Client::received_text() {
    const std::size_t whole = closed_ ? buffer_.size() : buffer_.rfind('\n') + 1;
    const std::string text = base::printable(std::string_view(buffer_).substr(0, whole), "\n\t");
    buffer_.erase(0, whole);
    return text;
}

News Client::receive() {
    News news;
    read_some();
    if (old_) {
        news.text = received_text();
        if (closed_ && !ended_ && news.text.empty()) throw Error(fmt::format("the server at {} has closed the connection", place_.name()));
        return news;
    }
    while (!news.total) {
        const auto object = next_answer();
        if (!object) break;
        const std::string type = text_of(*object, "type");
        if (type == "sample") news.samples.push_back({seconds_from_json(*object), counts_from_json(object->value("counts", Json()))});
        if (type == "end") news.total = total_from_json(*object);
    }
    if (closed_ && !news.total) throw Error(fmt::format("the server at {} has closed the connection", place_.name()));
    return news;
}

}  // namespace vmperf
