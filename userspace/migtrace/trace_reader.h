/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Reads traces: whatever order the lines have, events come out in the order of `LC_ALL=C sort`.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "migtrace/event.h"
#include "migtrace/header.h"
#include "migtrace/line_reader.h"

namespace migtrace {

struct ReadOptions {
    std::vector<std::string> files;  ///< one after another as one stream; "-", or none: standard input
    bool strict = false;             ///< a line that makes no sense is an error
};

/// The moment from which relative times count.
struct StartOfTrace {
    std::uint64_t ts = 0;       ///< kernel's clock, ns
    std::uint64_t wall_us = 0;  ///< wall clock at `ts`, microseconds since 1970
    bool known = false;  ///< false: there is no start line; `ts` is that of the first event, `wall_us` 0
};

/// Events that wait to be brought into order. What comes in is a few runs in time order (one per CPU) whose
/// neighbours may be swapped.
class EventMerger {
 public:
    void add(const Event& event);
    /// Ends adding and begins taking.
    void finish();
    bool next(Event& event);
    bool drained() const { return heap_.empty(); }
    bool in_order() const { return runs_.size() < 2 && !swapped_; }
    std::size_t size() const { return events_.size(); }
    std::uint64_t last_added_ts() const { return events_.back().ts; }

 private:
    struct Run {
        std::size_t at, end;
    };
    bool earlier(std::size_t a, std::size_t b) const {
        return events_[runs_[a].at].ts < events_[runs_[b].at].ts;
    }
    void sift_down();
    std::vector<Event> events_;
    std::vector<Run> runs_;
    std::vector<std::size_t> heap_;  // of runs, the one with the earliest event first
    bool swapped_ = false;
};

/// How it works: regular files are looked through first. When they are in order, with the whole header in
/// front, they are then read once more event by event; so is a pipe, when the first 65536 events leave no
/// doubt that it is sorted and not CPU after CPU. Everything else is kept in memory (40 bytes per event) and
/// merged.
class TraceReader {
 public:
    explicit TraceReader(ReadOptions options);

    /// The next event in order that the header knows, so its shape fits its number. A comm is valid until the
    /// next call. Throws base::Error for input that cannot be read, and for a line that makes no sense with
    /// `strict`.
    bool next(Event& event);

    /// The first call of these reads as far as is needed to know.
    const TraceHeader& header() { return prepare(), header_; }
    const StartOfTrace& start() { return prepare(), start_; }
    /// As the header says; without it, the largest CPU seen and one.
    unsigned nr_cpus() { return prepare(), header_.nr_cpus().value_or(cpus_seen_); }

    /// The version in the header, read no further than to that line; empty when there is none. Not together
    /// with the other calls.
    std::string find_version();

    /// What a user should know about the part that has been read, one sentence each: lines that were skipped,
    /// events and header lines that are unknown, a missing start.
    std::vector<std::string> warnings() const;
    std::uint64_t skipped_lines() const { return skipped_.count; }

 private:
    struct Note {
        std::uint64_t count = 0;
        std::uint64_t line = 0;  // of the first
        std::string what;        // about the first
        void add(std::uint64_t at, const std::string& about);
    };
    void prepare();
    bool looked_through_in_order();
    void collect();
    bool surely_sorted();
    void note_cpu(const Event& event);
    bool read_event(Event& event);
    void read_header_line(std::string_view text);
    bool pull(Event& event);
    bool fill_group();
    bool known(const Event& event);
    void fault(Fault fault, std::uint64_t line);
    void find_start();

    LineReader lines_;
    bool strict_;
    TraceHeader header_;
    StartOfTrace start_;
    unsigned cpus_seen_ = 1;

    bool prepared_ = false;
    bool streaming_ = false;    // events come from the input, behind those in merger_
    bool header_late_ = false;  // a header line behind an event
    EventMerger merger_;
    TextStore texts_[2];  // comms of the collected events, or of two groups in turn
    unsigned texts_used_ = 0;
    std::vector<Event> group_;  // events with one time stamp
    std::size_t group_at_ = 0;
    std::optional<Event> ahead_;  // the first event behind the group
    std::uint64_t last_ts_ = 0;

    std::vector<bool> cpus_;  // that have been seen
    std::uint32_t last_cpu_ = 0;
    std::uint64_t returns_ = 0;  // to a CPU after events of another
    std::uint64_t events_ = 0;

    Note skipped_, unknown_tags_, unknown_events_, contradictions_;
};

}  // namespace migtrace
