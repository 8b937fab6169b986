/* SPDX-License-Identifier: GPL-2.0-only */
// perf_kvm: any line as what a client sends to the server, and as what a server answers.

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "fuzz/harness.h"
#include "vmperf/client.h"
#include "vmperf/event.h"
#include "vmperf/protocol.h"
#include "vmperf/report.h"

namespace {

void request(std::string_view line) {
    const auto request = vmperf::parse_request(line);
    const std::string written = vmperf::to_line(request);
    fuzz::require(written.find('\n') == std::string::npos, "a request of two lines");
    const auto read = vmperf::parse_request(written);
    fuzz::require(read.type == request.type && read.old == request.old && read.cpu == request.cpu && read.interval == request.interval,
                  "what was understood is not what is written");
}

/// Whoever reads it has a terminal.
void show(const vmperf::Total& total) {
    const std::string text =
        vmperf::total_text(total.counts, "x", total.seconds) + vmperf::host_text(total) + vmperf::interval_text(total.counts, 1, 1, true);
    fuzz::require(std::ranges::none_of(text, [](unsigned char c) { return (c < ' ' && c != '\n') || c == 0x7f; }), "a control character in a report");
}

/// A client whose server sends all of it, whatever it is asked. Nothing is waited for: behind the text is the end.
void converse(std::string_view text, vmperf::Place::Kind kind, bool old) {
    std::array<int, 2> ends{};
    fuzz::require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0, "no pair of sockets");
    const base::UniqueFd server(ends[1]);
    vmperf::Client client(base::UniqueFd(ends[0]), {kind, "x", 1, "x"});
    if (::send(server.get(), text.data(), text.size(), MSG_NOSIGNAL) < 0) return;
    ::shutdown(server.get(), SHUT_WR);
    vmperf::Request request;
    request.session = "0";
    request.old = old;
    if (!old && !client.hello(request)) return;
    client.start(request);
    client.end();
    client.finish([](const vmperf::News& news) {
        for (const auto& sample : news.samples) vmperf::interval_text(sample.counts, sample.seconds, 1, true);
        if (news.total) show(*news.total);
    });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(fuzz::text_of(data, size));
    fuzz::read([&] { request(text); });
    fuzz::read([&] { fuzz::require(vmperf::parse_events(text).size() <= 64, "more events than there may be"); });
    const auto answer = nlohmann::json::parse(text, nullptr, false);
    fuzz::read([&] { show(vmperf::total_from_json(answer)); });
    using Kind = vmperf::Place::Kind;
    fuzz::read([&] { converse(text, Kind::Tcp, true); });
    for (const Kind kind : {Kind::Tcp, Kind::Channel}) fuzz::read([&] { converse(text, kind, false); });
    return 0;
}
