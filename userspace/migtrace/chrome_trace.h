/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Migrations as a picture that one can walk through: the JSON form of the Trace Event Format, which Perfetto
// (ui.perfetto.dev) and chrome://tracing show.

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "migtrace/output.h"
#include "migtrace/walk.h"

namespace migtrace {

/// Listens to a walk and writes JSON as it goes. Each CPU is a thread: a track. A migration is a short slice
/// on the CPU that the task leaves, one on the CPU that it comes to, and an arrow between them; its category
/// is the cause. A mark is a line across all tracks. Times count from the start of the trace.
class ChromeTrace : public EventListener {
 public:
    /// Writes to `output`, which outlives the object.
    explicit ChromeTrace(Output& output) : output_(output) {}

    void begin(const TraceInfo& info) override;
    void mark(const Event& event) override;
    void migration(const Migration& migration) override;
    void end(const TraceInfo& info) override;

    std::uint64_t shown() const { return ids_; }  ///< migrations
    /// What the user should be warned of, one sentence each.
    std::vector<std::string> warnings() const;

 private:
    /// How long a slice is shown, ns: long enough to be clicked on, unless the next one on the track comes
    /// earlier. Viewers drop slices that overlap without one being inside the other.
    static constexpr std::uint64_t kSlice = 1000;
    /// Migrations that wait for what comes within that time.
    static constexpr std::size_t kMostWaiting = 256;

    struct Waiting {
        Migration migration;  // its name is in `comm`, because that of the process may change meanwhile
        Name comm;
        std::uint64_t from_end, to_end;  // of its slices
    };
    void open();
    void separate();
    void know_cpu(std::uint32_t cpu);
    void put_head(const char* phase, std::uint32_t cpu, std::uint64_t ts);
    void put_name(const Migration& migration);
    void put_slice(const Waiting& waiting, std::uint32_t cpu, std::uint64_t end);
    void put_arrow(const Migration& migration, std::uint32_t cpu, const char* phase);
    void put_front();
    void cut_slices(std::uint32_t cpu, std::uint64_t ts);

    Output& output_;
    StartOfTrace start_;
    bool open_ = false, any_ = false;
    std::vector<bool> cpus_;  // that have a name
    std::deque<Waiting> waiting_;
    std::uint64_t ids_ = 0, written_ = 0, left_out_ = 0;
};

}  // namespace migtrace
