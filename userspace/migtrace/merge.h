/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Brings runs of records that are each in order of time into one.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "migtrace/record.h"

namespace migtrace {

/// Records one after another.
class RecordSource {
 public:
    virtual ~RecordSource() = default;
    /// Up to `most` records; 0 at the end.
    virtual std::size_t fill(Record* to, std::size_t most) = 0;
};

/// A run of which some records are at hand.
class Run {
 public:
    virtual ~Run() = default;
    /// Makes more records available behind those that have been taken; false at the end.
    virtual bool refill() = 0;

    const Record* at = nullptr;
    const Record* end = nullptr;
};
using Runs = std::vector<std::unique_ptr<Run>>;

/// All records in order of time; those with the same time stamp in any order.
class Merge : public RecordSource {
 public:
    explicit Merge(Runs runs);
    std::size_t fill(Record* to, std::size_t most) override;

 private:
    void build();
    std::size_t take_last_run(Record* to, std::size_t most);
    void replay(std::uint64_t time);

    /// A run, and the time of its next record.
    struct Player {
        std::uint64_t time = 0;
        std::uint32_t run = 0;
    };
    // A tournament tree: the leaves are the runs, an inner node holds the loser of its two sides, node 0 the winner.
    Runs runs_;
    std::vector<Player> tree_;
};

/// For those to whom only the order of periods matters: all of a period, then all of the next. Costs no comparison of
/// runs with each other. The first period holds begin <= t <= end, every later one begin < t <= end.
class PeriodMerge : public RecordSource {
 public:
    /// In nanoseconds of the kernel's clock; `period` > 0.
    PeriodMerge(Runs runs, std::uint64_t begin, std::uint64_t period);
    std::size_t fill(Record* to, std::size_t most) override;

 private:
    bool next_period();

    Runs runs_;
    std::uint64_t begin_, period_;
    std::uint64_t end_ = 0;  // of the period
    std::size_t run_ = 0;    // the one that is read
};

/// Records in memory, in pieces, so that growing copies nothing.
class RecordStore {
 public:
    RecordStore() = default;
    RecordStore(RecordStore&&) = default;
    std::size_t size() const { return size_; }
    Record& operator[](std::size_t i) { return pieces_[i / kPiece][i % kPiece]; }
    void add(const Record& record) {
        if (size_ % kPiece == 0) pieces_.push_back(std::make_unique_for_overwrite<Record[]>(kPiece));
        (*this)[size_++] = record;
    }
    /// Adds a record whose time stamp may lie before that of the last ones: puts it in its place among the records from
    /// `first` on.
    void insert(const Record& record, std::size_t first);
    /// Sorts each piece, and returns where they begin.
    std::vector<std::size_t> sort_pieces();
    /// The runs that begin at `begins`, in order. The store outlives them.
    Runs runs(const std::vector<std::size_t>& begins);

 private:
    class PiecewiseRun;
    static constexpr std::size_t kPiece = 1 << 15;
    std::vector<std::unique_ptr<Record[]>> pieces_;
    std::size_t size_ = 0;
};

}  // namespace migtrace
