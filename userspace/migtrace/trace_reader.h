/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Reads traces: whatever order the lines have, events come out in the order of `LC_ALL=C sort`.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "migtrace/event.h"
#include "migtrace/header.h"
#include "migtrace/line_reader.h"
#include "migtrace/merge.h"
#include "migtrace/record.h"

namespace migtrace {

struct ReadOptions {
    std::vector<std::string> files;  ///< one after another as one stream; "-", or none: standard input
    bool strict = false;             ///< a line that makes no sense is an error

    /// In which order events are wanted. Less order costs less where the input is not sorted. Names mean nothing without
    /// order: unless it is Full only one comm event is told, the latest, without its name.
    enum class Order {
        Full,
        Periods,  ///< only that those of a period come before those of the next; it may be more
        Any
    };
    Order order = Order::Full;
    std::uint64_t period = 0;  ///< for Order::Periods: length in ns; they count from the start of the trace
    /// Files that look sorted are read only once: any call may throw OutOfOrder when they turn out not to be, or to have
    /// a header line that comes late. The caller then forgets what it has been told, and reads again without this and
    /// with full order. The same goes for Order::Any.
    bool optimistic = false;
    /// Called before it waits for more of a pipe whose header says that it is in the order of time: all events up to there have been told.
    std::function<void()> before_wait = {};
};

/// See ReadOptions::optimistic.
class OutOfOrder : public base::Error {
 public:
    using base::Error::Error;
};

/// The moment from which relative times count.
struct StartOfTrace {
    std::uint64_t ts = 0;       ///< kernel's clock, ns
    std::uint64_t wall_us = 0;  ///< wall clock at `ts`, microseconds since 1970
    bool known = false;  ///< false: there is no start line; `ts` is that of the first event, `wall_us` 0
};

/// Some events, one after another: migrations, or one event of any kind.
struct Piece {
    std::span<const Record> migrations;  ///< each with a cause that the header names; valid until the next call
    Event other;                         ///< when there are no `migrations`; fits what the header says of its number
    std::uint64_t last;                  ///< latest time stamp of it
};

/// How it works: regular files are looked through first, at their time stamps only. When they are in order, with the
/// whole header in front, they are then read from front to back; otherwise every run that is in order (the part of a
/// CPU) is read by itself, and runs are merged. For periods samples are enough, with `optimistic`. So is a pipe, in memory (24 bytes per event),
/// until its first 65536 events leave no doubt that it is sorted and not CPU after CPU; one whose header says so is told as it comes. What has thousands of runs is sorted in memory.
class TraceReader {
 public:
    explicit TraceReader(ReadOptions options);

    /// The next events in order that the header knows. Throws base::Error for input that cannot be read, and for a
    /// line that makes no sense with `strict`.
    bool next(Piece& piece);
    /// The same one by one. Not together with the other.
    bool next(Event& event);

    /// The first call of these reads as far as is needed to know.
    const TraceHeader& header() { return prepare(), header_; }
    /// With Order::Any known behind the last event only.
    const StartOfTrace& start() { return prepare(), start_; }
    /// As the header says; without it, the largest CPU seen and one.
    unsigned nr_cpus() { return prepare(), header_.nr_cpus().value_or(cpus_seen_); }

    ReadOptions::Order order() const { return options_.order; }

    /// With `optimistic`: looks through what has not been read yet, and throws OutOfOrder now or not any more.
    void look_ahead();

    /// The version in the header, read no further than to that line; empty when there is none. Not together
    /// with the other calls.
    std::string find_version();

    /// What a user should know about the part that has been read, one sentence each: lines that were skipped,
    /// events and header lines that are unknown, a missing start.
    std::vector<std::string> warnings() const;
    /// One more of them.
    void note(std::string warning) { notes_.push_back(std::move(warning)); }
    std::uint64_t skipped_lines() const { return skipped_.count; }
    /// Events of each CPU that are said to be missing.
    const std::map<unsigned, std::uint64_t>& lost() const { return lost_; }
    /// What the input is if its first line is that of another kind of file: see foreign_file().
    const std::string& foreign() const { return foreign_; }

 private:
    class Lines;
    class FileRun;
    struct Note {
        std::uint64_t count = 0;
        std::uint64_t line = 0;  // of the first
        std::string what;        // about the first
        void add(std::uint64_t at, const std::string& about);
    };

    void prepare();
    void choose_source();
    bool begins_plainly();
    bool guess_source();
    void merge_periods();
    bool read_straight();
    bool looks_sorted();
    bool header_complete() const { return header_.nr_cpus() && !header_.causes().empty(); }
    void find_runs();
    void find_runs_from(std::string_view line, RunTracker& tracker);
    bool runs_are_in_order() const;
    bool few_per_period() const;
    Runs file_runs();
    void collect();
    bool surely_sorted() const;
    bool live() const { return header_.in_time_order() && !lines_.rereadable(); }

    void read_header_line(std::string_view text);
    void note_start(const Event& event);
    void note_turn(std::uint32_t cpu);
    void note_cpu(std::uint32_t cpu);
    std::size_t read_records(LineReader& lines, Record* to, std::size_t most);
    bool read_event(LineReader& lines, Event& event, bool may_wait);
    bool put_off(const Event& event);
    void fault(Fault fault, std::uint64_t line);

    bool settle();
    bool refill();
    void note_earliest();
    std::size_t count_plain();
    void take_group();
    bool known(const Event& event);
    [[noreturn]] void out_of_order(std::uint32_t line);

    LineReader lines_;
    ReadOptions options_;
    TraceHeader header_;
    StartOfTrace start_;
    std::optional<Event> start_event_;  // `start_` is of it
    std::string foreign_;
    unsigned cpus_seen_ = 1;

    bool prepared_ = false;
    bool header_read_ = false;  // header lines have been seen when looking through
    bool header_late_ = false;  // a header line behind an event
    bool assumed_ = false;      // that a file is in order
    std::optional<StartOfTrace> guessed_;  // with where the runs of a file begin; until all of it has been read
    bool any_order_ = false;    // of events as they come out
    Extras extras_;
    std::unique_ptr<RecordSource> source_;

    // Records from source_: up to at_ they are handed out; from ready_ on others with the same time stamp may follow.
    std::vector<Record> batch_;
    std::size_t at_ = 0, ready_ = 0, have_ = 0;
    std::vector<Event> group_;  // taken from the batch: events with one time stamp
    std::size_t group_at_ = 0;
    std::vector<char> is_cause_;  // by Record::code
    std::uint64_t piece_last_ = 0;
    // Of those that were put off.
    std::optional<Event> latest_comm_;
    std::uint64_t earliest_comm_ = UINT64_MAX;
    Piece piece_{};  // for next(Event&)

    // What looking through has found.
    std::vector<LineReader::Position> found_;  // where runs begin
    std::uint64_t found_events_ = 0;
    bool found_swapped_ = false;
    bool starts_with_start_ = false;
    std::uint64_t latest_ = 0;
    RecordStore store_;

    std::vector<bool> cpus_;  // that have been seen
    std::uint32_t last_cpu_ = 0;
    std::uint64_t returns_ = 0;  // to a CPU after events of another
    std::uint64_t events_ = 0;

    std::map<unsigned, std::uint64_t> lost_;  // events by CPU
    Note skipped_, unknown_tags_, unknown_events_, contradictions_;
    std::vector<std::string> notes_;
};

}  // namespace migtrace
