/* SPDX-License-Identifier: GPL-2.0-only */
#include "migreport/timeline.h"

#include <algorithm>

namespace migreport {

void Timeline::open() {
    if (!bins_) bins_.emplace(info_->begin, info_->header->causes().size());
}

void Timeline::migration(const migtrace::Migration& migration) {
    open();
    count_++;
    bins_->add(migration.ts, migration.cause);
}

void Timeline::migrations(const migtrace::Migrations& some) {
    open();
    count_ += some.records().size();
    for (const migtrace::Record& r : some.records()) bins_->add(r.ts, some.header().cause_index(r.code));
}

void Timeline::end(const migtrace::TraceInfo&) {
    constexpr std::uint64_t kFewest = 60, kPerColumn = 4;
    if (bins_) bins_->coarsen(std::max(kFewest, count_ / kPerColumn));
}

void Marks::mark(const migtrace::Event& event) {
    if (!places_) places_.emplace(event.ts, 1);
    places_->add(event.ts, 0);
    count_++;
    if (first_.size() < kMost) first_.push_back({event.ts, event.mark, event.cpu, event.pid});
}

}  // namespace migreport
