/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The client's end of a conversation (protocol.h). Nothing that comes from the other end is believed.

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "vmperf/protocol.h"
#include "vmperf/report.h"

namespace vmperf {

constexpr const char* kChannelPath = "/dev/virtio-ports/org.migscope.perf.0";

/// Where a server is reached.
struct Place {
    enum class Kind { Tcp, Socket, Channel } kind = Kind::Tcp;
    std::string host = kDefaultHost;
    std::uint16_t port = kDefaultPort;
    std::string path;  ///< of a Unix socket or a channel
    std::string name() const;
};

/// The guest's end of the channel to its host; empty if it has none.
std::string channel_device();

/// Connected to `place`. Throws Error.
base::UniqueFd connect_to(const Place& place);

/// The MAC address of the network card that a TCP connection uses; empty if it uses none.
std::string mac_of(int connection);

/// 16 digits that no other client has.
std::string new_session();

/// What a server says of itself and of the VM.
struct Hello {
    std::string server, vm;
    unsigned vcpus = 0;  ///< 0: it does not tell
};

struct Listed {
    std::string event, kind;
    bool supported = false;
};

/// What comes while counting goes on, and at its end.
struct Sample {
    double seconds = 0;
    std::vector<EventCount> counts;
};
struct News {
    std::vector<Sample> samples;
    std::optional<Total> total;
    std::string text;  ///< of a server that speaks the old protocol
};

/// How long is waited for an answer.
struct Patience {
    std::chrono::milliseconds answer{10'000};
};

class Client {
 public:
    /// `stop_fd`: hello(), start() and list() give up when it becomes readable. Negative: none.
    Client(base::UniqueFd connection, Place place, int stop_fd = -1, Patience patience = {});

    /// Nothing: the server is one that does not know this protocol. Throws Error.
    std::optional<Hello> hello(const Request& request);
    /// When it returns counting has begun; with the old protocol it soon does. Throws Error.
    void start(const Request& request);
    /// Instead of start(). Throws Error.
    std::vector<Listed> list();
    /// Sends the end of what start() began. Throws Error.
    void end();

    /// Readable when receive() has something to do.
    int fd() const { return connection_.get(); }
    /// What has come; does not wait. Throws Error when the server has gone, refuses to go on or says what makes no sense.
    News receive();
    /// Waits for the end, and gives `news` what comes until then. Throws Error.
    template <class Take>
    void finish(Take&& take) {
        const auto deadline = Clock::now() + patience_.answer;
        for (bool ended = false; !ended;) {
            check_patience(deadline, "the end");
            wait_for_input(deadline, "the end", -1);
            const News news = receive();
            ended = news.total.has_value() || closed_;
            take(news);
        }
    }

 private:
    using Clock = std::chrono::steady_clock;
    void send(std::string line);
    /// Throws Error when it is at an end.
    void check_patience(Clock::time_point deadline, const char* what) const;
    void wait_for_input(Clock::time_point deadline, const char* what, int stop_fd) const;
    void read_some();
    std::optional<std::string> next_line();
    std::optional<nlohmann::json> next_answer();
    nlohmann::json answer(const char* type);
    std::string received_text();

    base::UniqueFd connection_;
    Place place_;
    int stop_fd_;
    Patience patience_;
    std::string session_, buffer_;
    bool old_ = false, closed_ = false, ended_ = false, answered_ = false, foreign_ = false;
};

}  // namespace vmperf
