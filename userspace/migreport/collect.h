/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Everything that a page is made of, counted in one pass over the trace.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "migreport/processes.h"
#include "migreport/source.h"
#include "migreport/timeline.h"
#include "migtrace/counters.h"
#include "migtrace/residency.h"
#include "migtrace/topology.h"

namespace migreport {

/// What was counted. Memory grows with the number of processes and of CPUs, not with the length of the trace.
struct Collected {
    explicit Collected(const Source& source)
        : residency(source.filters), pingpong(source.filters, source.pingpong_time) {}

    migtrace::Counters counters;
    migtrace::TopologyCounters topology;  ///< empty when the header does not tell where CPUs stand
    Processes processes;
    Timeline timeline;
    migtrace::Residency residency;
    migtrace::PingPong pingpong;
    Marks marks;

    migtrace::TraceHeader header;
    migtrace::TraceInfo info;           ///< its `header` is the one above
    std::vector<std::string> warnings;  ///< what the user should know of the input, one sentence each
};

/// Is told from time to time how many migrations have been read, and how far in time that is (ns since the
/// start).
using Progress = std::function<void(std::uint64_t migrations, std::uint64_t elapsed)>;

/// Reads the trace once. Throws base::Error as migtrace::walk() does, for an input that is no trace, and for
/// one in which there is nothing.
std::unique_ptr<Collected> collect(const Source& source, const Progress& progress);

}  // namespace migreport
