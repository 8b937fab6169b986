/* SPDX-License-Identifier: GPL-2.0-only */
#include "migreport/timeline.h"

#include <algorithm>

#include "migtrace/far_end.h"

namespace migreport {

void Timeline::open() {
    if (bins_) return;
    bins_.emplace(info_->begin, info_->header->causes().size());
    last_ = info_->begin;
}

bool Timeline::far(std::uint64_t ts) const {
    return migtrace::is_far_behind(bins_->begin(), last_, ts);
}

bool Timeline::few(std::uint64_t late) const {
    return migtrace::may_be_faults(late, count_);
}

void Timeline::add(std::uint64_t ts, std::size_t cause) {
    if (!late_.empty() || (far(ts) && few(1))) {
        late_.push_back({ts, cause});
        if (!few(late_.size())) add_late();
        return;
    }
    count_++;
    last_ = std::max(last_, ts);
    bins_->add(ts, cause);
}

/// They are too many to be faults.
void Timeline::add_late() {
    for (const Late& late : late_) bins_->add(late.ts, late.cause);
    count_ += late_.size();
    last_ = late_.back().ts;
    late_.clear();
}

void Timeline::migration(const migtrace::Migration& migration) {
    open();
    add(migration.ts, migration.cause);
}

void Timeline::migrations(const migtrace::Migrations& some) {
    open();
    for (const migtrace::Record& r : some.records()) add(r.ts, some.header().cause_index(r.code));
}

void Timeline::end(const migtrace::TraceInfo& info) {
    constexpr std::uint64_t kFewest = 60, kPerColumn = 4;
    shown_end_ = info.end;
    if (!bins_) return;
    cut_ = !late_.empty() || (far(info.end) && few(1));
    if (cut_) shown_end_ = last_;
    bins_->coarsen(std::max(kFewest, count_ / kPerColumn));
}

void Marks::mark(const migtrace::Event& event) {
    if (!places_) places_.emplace(event.ts, 1);
    places_->add(event.ts, 0);
    count_++;
    if (first_.size() < kMost) first_.push_back({event.ts, event.mark, event.cpu, event.pid});
}

}  // namespace migreport
