/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Goes through a trace once, in time order, and tells those who listen what happens inside filters and
// window. This is the one place that knows the rules of filters, window and names.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "migtrace/comm_table.h"
#include "migtrace/filter.h"
#include "migtrace/trace_reader.h"
#include "migtrace/window.h"

namespace migtrace {

struct WalkOptions {
    Filters filters;
    WindowLimits window;
    std::optional<unsigned> max_cpu;  ///< the largest CPU in tables, instead of what the header says
};

/// What is known of the trace as a whole; the walk keeps it up to date.
struct TraceInfo {
    const TraceHeader* header = nullptr;  ///< that of the reader
    StartOfTrace start;
    unsigned nr_cpus = 1;  ///< CPUs from 0 that tables show
    bool opened = false;   ///< a migration inside filters and window has been seen
    /// The window in ns of the kernel's clock. `begin` counts from `opened` on, both are final in
    /// EventListener::end(): `end` is then the last event read, cut at the end limit.
    std::uint64_t begin = 0, end = 0;

    std::uint64_t duration() const { return end > begin ? end - begin : 0; }
};

/// A process moves. The name of the cause stays valid as long as the walk goes on, the process's until it gets another.
struct Migration {
    std::uint64_t ts;   ///< kernel's clock, ns
    std::uint32_t cpu;  ///< that recorded it
    std::uint32_t from, to;
    std::int32_t pid;
    unsigned cause;  ///< place of the cause in TraceHeader::causes(), from 0
    std::string_view cause_name;
    Comm comm;  ///< name of the process at that time; empty if it has not been named
};

/// Migrations one after another, with what is known of their processes.
class Migrations {
 public:
    Migrations(std::span<const Record> records, const TraceHeader& header, const CommTable& comms)
        : records_(records), header_(header), comms_(comms) {}
    /// For those who look at numbers only; Record::code is the number of the cause in the header.
    std::span<const Record> records() const { return records_; }
    const TraceHeader& header() const { return header_; }
    const CommTable& comms() const { return comms_; }
    /// One in full.
    Migration operator[](std::size_t i) const {
        const Record& r = records_[i];
        return {r.ts,  r.cpu, r.from, r.to, r.pid, header_.cause_index(r.code), header_.cause_name(r.code),
                comms_.comm(r.pid)};
    }

 private:
    std::span<const Record> records_;
    const TraceHeader& header_;
    const CommTable& comms_;
};

/// Is told of events in the order of time, or less order if the reader was asked for less. `info` of begin() lives as long as the walk.
class EventListener {
 public:
    virtual ~EventListener() = default;
    /// Before the first event. Not called when there is none.
    virtual void begin(const TraceInfo& info) { (void)info; }
    /// A CPU starts to record; told whatever window and filters say.
    virtual void start(const Event& event) { (void)event; }
    /// A process gets a name; told whatever the begin of the window and filters other than pid say.
    virtual void comm(const Event& event) { (void)event; }
    /// A mark behind the begin of the window; told whatever filters say.
    virtual void mark(const Event& event) { (void)event; }
    /// A migration inside filters and window.
    virtual void migration(const Migration& migration) { (void)migration; }
    /// Several of them, between which nothing else happens; for listeners that have a quicker way.
    virtual void migrations(const Migrations& some) {
        for (std::size_t i = 0; i < some.records().size(); i++) migration(some[i]);
    }
    /// Behind the last event, also when there was none.
    virtual void end(const TraceInfo& info) { (void)info; }
};

/// Reads to the end, to the end mark, or to the first migration that passes the filters and lies behind the
/// end. Returns what is known then. Throws base::Error as TraceReader and Filter do.
TraceInfo walk(TraceReader& reader, const WalkOptions& options, const std::vector<EventListener*>& listeners);

/// All migrations of a trace inside filters and window, in time order.
TraceInfo for_each_migration(TraceReader& reader, const WalkOptions& options,
                             const std::function<void(const Migration&)>& see);

}  // namespace migtrace
