/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What a guest and its host say to each other: one JSON object a line.
//
//     client  {"type": "hello", "version": 1, "session": "6f1c"}
//     server  {"type": "hello", "version": 1, "session": "6f1c", "server": "0.1.0", "vm": "web1", "vcpus": 2}
//     client  {"type": "start", "session": "6f1c", "events": "cycles,faults", "interval_ms": 500, "cpu": 0}
//     server  {"type": "started", "session": "6f1c", "time": 1795352245.25}
//     server  {"type": "sample", "session": "6f1c", "seconds": 0.5, "counts": [{"event": "cycles", ...}, ...]}     each 500 ms
//     client  {"type": "end", "session": "6f1c"}
//     server  {"type": "end", "session": "6f1c", "reason": "", "seconds": 2.25, "counts": [...], "others": [...],
//              "vcpus": [{"vcpu": 0, "run_ns": 2100000000, "wait_ns": 3100000, "migrations": 4}, ...]}
//
// "seconds" are since the start, "counts" of a sample since the one before, those of the end since the start. "others" is what the threads of
// QEMU that run no vCPU came to. "reason" is empty when the client has ended it, else why it ended. "vcpus" are the threads that run them:
// "vcpu" is missing where one thread runs all. `{"type": "list", "session": ...}` instead of "start" is answered with
// `{"type": "list", "session": ..., "events": [{"event": "cycles", "kind": "hardware", "supported": false}, ...]}`. At any time there may come
// {"type": "error", "session": "6f1c", "message": "..."} from the server, which then closes a TCP connection. After an end, a list or an
// error the next hello may come on a channel. A channel of virtio-serial may still hold what was meant for a client before: whatever has
// another session is passed over.
//
// Old clients (perf-kvm of 2015) send one object without "type", and a line "end"; they are answered with the text that `perf
// stat` prints, and then the connection is closed:
//
//     {"mac": "52:54:00:...", "ip": "192.168.122.1", "port": 9999, "cpu": 0, "param": " -I 500 -e cycles,faults", "program": "sleep 5"}

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace vmperf {

constexpr int kProtocolVersion = 1;
constexpr const char* kChannelName = "org.migscope.perf.0";
constexpr const char* kDefaultHost = "192.168.122.1";  ///< of the host, in the network that libvirt makes
constexpr int kDefaultPort = 9999;
/// Nobody needs a longer line, neither here nor there.
constexpr std::size_t kLongestRequest = 65536, kLongestAnswer = std::size_t{4} << 20;

/// The Unix socket for the administrator of the host: /run/migscope/perf_kvm.sock, or, of a server that an ordinary user runs, the same below
/// $XDG_RUNTIME_DIR.
std::string default_socket();

struct Request {
    enum class Type { Hello, List, Start, End } type = Type::Hello;
    bool old = false;                                   ///< a start or an end of the old protocol
    std::string session;                                ///< chosen by the client; empty for old ones
    std::string events;                                 ///< as parse_events() takes them; empty: the default ones
    std::optional<std::chrono::milliseconds> interval;  ///< how often samples are sent; without: only the end
    unsigned cpu = 0;                                   ///< 0: all virtual CPUs, otherwise number cpu - 1
    std::string vm;                                     ///< in a hello, for the administrator of the host: which VM; empty: one's own
    std::string mac;                                    ///< of the client's network card, as it says itself
    std::string program;                                ///< what the guest of an old client runs meanwhile: for the title of the report
};

/// A line of a client. Throws UsageError for anything that is not what it has to be.
Request parse_request(std::string_view line);

/// The line for a request, without the newline: of the new protocol, or of the old one if `request.old`.
std::string to_line(const Request& request);

}  // namespace vmperf
