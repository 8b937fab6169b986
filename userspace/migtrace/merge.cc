/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/merge.h"

#include <algorithm>
#include <utility>

namespace migtrace {

namespace {

void drop_empty(Runs& runs) {
    std::erase_if(runs, [](const std::unique_ptr<Run>& run) { return run->at == run->end && !run->refill(); });
}

}  // namespace

Merge::Merge(Runs runs) : runs_(std::move(runs)) {
    drop_empty(runs_);
    build();
}

/// Plays the whole tournament.
void Merge::build() {
    const auto runs = static_cast<std::uint32_t>(runs_.size());
    tree_.assign(runs, {});
    std::vector<Player> winners(2 * std::size_t{runs});
    for (std::uint32_t i = 0; i < runs; i++) winners[runs + i] = {runs_[i]->at->ts, i};
    for (std::uint32_t node = runs; node-- > 1;) {
        Player winner = winners[2 * node], loser = winners[2 * node + 1];
        if (loser.time < winner.time) std::swap(winner, loser);
        winners[node] = winner;
        tree_[node] = loser;
    }
    if (runs > 1) tree_[0] = winners[1];
}

/// The winner has another time: plays its games again, from its leaf to the top.
void Merge::replay(std::uint64_t time) {
    const auto runs = static_cast<std::uint32_t>(runs_.size());
    Player* const tree = tree_.data();
    std::uint32_t winner = tree[0].run;
    // The way is known before it is gone: that nodes have their times lets the processor fetch all of them at once.
    for (std::uint32_t node = (runs + winner) / 2; node > 0; node /= 2) {
        // Without a branch: which one is earlier nobody can predict.
        const Player other = tree[node];
        const bool loses = other.time < time;
        tree[node] = {loses ? time : other.time, loses ? winner : other.run};
        winner = loses ? other.run : winner;
        time = loses ? other.time : time;
    }
    tree[0] = {time, winner};
}

std::size_t Merge::take_last_run(Record* to, std::size_t most) {
    Run& run = *runs_.front();
    const std::size_t taken = std::min(most, static_cast<std::size_t>(run.end - run.at));
    std::copy_n(run.at, taken, to);
    run.at += taken;
    if (run.at == run.end && !run.refill()) runs_.clear();
    return taken;
}

std::size_t Merge::fill(Record* to, std::size_t most) {
    std::size_t filled = 0;
    while (filled < most && !runs_.empty()) {
        if (runs_.size() == 1) {
            filled += take_last_run(to + filled, most - filled);
            continue;
        }
        Run& run = *runs_[tree_[0].run];
        to[filled++] = *run.at++;
        if (run.at == run.end && !run.refill()) {
            runs_.erase(runs_.begin() + tree_[0].run);
            build();
            continue;
        }
        replay(run.at->ts);
    }
    return filled;
}

PeriodMerge::PeriodMerge(Runs runs, std::uint64_t begin, std::uint64_t period)
    : runs_(std::move(runs)), begin_(begin), period_(period) {
    drop_empty(runs_);
    run_ = runs_.size();
}

/// Goes to the period in which the next record lies; false at the end.
bool PeriodMerge::next_period() {
    drop_empty(runs_);
    run_ = 0;
    if (runs_.empty()) return false;
    std::uint64_t next = UINT64_MAX;
    for (const auto& run : runs_) next = std::min(next, run->at->ts);
    const std::uint64_t periods = next > begin_ ? (next - begin_ - 1) / period_ + 1 : 1;
    const unsigned __int128 end = static_cast<unsigned __int128>(begin_) + static_cast<unsigned __int128>(periods) * period_;
    end_ = end > UINT64_MAX ? UINT64_MAX : static_cast<std::uint64_t>(end);
    return true;
}

std::size_t PeriodMerge::fill(Record* to, std::size_t most) {
    std::size_t filled = 0;
    while (filled < most) {
        if (run_ == runs_.size() && !next_period()) break;
        Run& run = *runs_[run_];
        while (filled < most && run.at != run.end && run.at->ts <= end_) to[filled++] = *run.at++;
        if (filled == most) break;
        if (run.at != run.end || !run.refill()) run_++;
    }
    return filled;
}

void RecordStore::insert(const Record& record, std::size_t first) {
    add(record);
    for (std::size_t i = size_ - 1; i > first && (*this)[i].ts < (*this)[i - 1].ts; i--)
        std::swap((*this)[i], (*this)[i - 1]);
}

std::vector<std::size_t> RecordStore::sort_pieces() {
    std::vector<std::size_t> begins;
    for (std::size_t begin = 0; begin < size_; begin += kPiece) {
        Record* piece = pieces_[begin / kPiece].get();
        std::sort(piece, piece + std::min(kPiece, size_ - begin),
                  [](const Record& a, const Record& b) { return a.ts < b.ts; });
        begins.push_back(begin);
    }
    return begins;
}

class RecordStore::PiecewiseRun : public Run {
 public:
    PiecewiseRun(RecordStore& store, std::size_t begin, std::size_t end) : store_(store), next_(begin), end_(end) {}
    bool refill() override {
        if (next_ >= end_) return false;
        const std::size_t piece_end = std::min(end_, (next_ / kPiece + 1) * kPiece);
        at = &store_[next_];
        end = at + (piece_end - next_);
        next_ = piece_end;
        return true;
    }

 private:
    RecordStore& store_;
    std::size_t next_, end_;
};

Runs RecordStore::runs(const std::vector<std::size_t>& begins) {
    Runs runs;
    for (std::size_t i = 0; i < begins.size(); i++)
        runs.push_back(std::make_unique<PiecewiseRun>(*this, begins[i], i + 1 < begins.size() ? begins[i + 1] : size_));
    return runs;
}

}  // namespace migtrace
