/* SPDX-License-Identifier: GPL-2.0-only */
#include "migreport/timeline.h"

namespace migreport {

void Timeline::open() {
    if (!bins_) bins_.emplace(info_->begin, info_->header->causes().size());
}

void Timeline::migration(const migtrace::Migration& migration) {
    open();
    bins_->add(migration.ts, migration.cause);
}

void Timeline::migrations(const migtrace::Migrations& some) {
    open();
    for (const migtrace::Record& r : some.records()) bins_->add(r.ts, some.header().cause_index(r.code));
}

void Marks::mark(const migtrace::Event& event) {
    if (!places_) places_.emplace(event.ts, 1);
    places_->add(event.ts, 0);
    count_++;
    if (first_.size() < kMost) first_.push_back({event.ts, event.mark, event.cpu, event.pid});
}

}  // namespace migreport
