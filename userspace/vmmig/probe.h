/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Downtime of a network, measured by UDP packets at an even pace: one way, where the server watches the gaps, or round
// trip, where the server sends everything back and the client watches.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/histogram.h"
#include "base/signals.h"
#include "vmmig/outage.h"
#include "vmmig/wire.h"

namespace vmmig {

struct ProbeOptions {
    std::string host;  ///< client: of the server; server: the address to listen at, empty for all
    std::uint16_t port = kPort;
    bool round_trip = false;
    std::chrono::nanoseconds interval = std::chrono::seconds(1);  ///< client
    std::optional<std::chrono::nanoseconds> duration;
};

struct ProbeFigures {
    std::uint64_t sent = 0, received = 0, lost = 0, duplicates = 0, reordered = 0;
    std::uint64_t refused = 0;  ///< client: how often its own or the other host said that nobody listens, or no way leads there
    base::Histogram latency;    ///< round trip, ns
    base::Histogram late;       ///< client: how late it sent each packet, ns: its own host was busy, and what it says is uncertain by that
    base::Histogram gaps;       ///< between packets, ns
    base::Histogram outages;    ///< lengths, ns
    std::optional<std::chrono::nanoseconds> quiet;  ///< an outage that lasts
};

/// What is told while a probe runs.
struct ProbeListener {
    std::function<void(const std::string&)> peer;         ///< server: a client begins
    std::function<void(const ProbeFigures&)> second;      ///< each second, all since the start
    std::function<void(std::chrono::nanoseconds)> first;  ///< the first gap is known: the interval
    std::function<void(const Outage&)> outage;
};

/// Run until a signal comes or the duration is over; return all figures. Throw base::Error when the host cannot be found
/// or the port not be had; a network that is down is what they are there to see.
ProbeFigures probe_client(const ProbeOptions& options, const base::StopSignals& signals, const ProbeListener& listener);
ProbeFigures probe_server(const ProbeOptions& options, const base::StopSignals& signals, const ProbeListener& listener);

}  // namespace vmmig
