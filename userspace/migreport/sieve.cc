/* SPDX-License-Identifier: GPL-2.0-only */
#include "migreport/sieve.h"

namespace migreport {

using migtrace::Event;
using migtrace::Migration;
using migtrace::Migrations;
using migtrace::TraceInfo;

void Sieve::begin(const TraceInfo& info) {
    filter_.emplace(filters_, *info.header);
    for (auto* l : listeners_) l->begin(info);
}

void Sieve::start(const Event& event) {
    for (auto* l : listeners_) l->start(event);
}

void Sieve::comm(const Event& event) {
    for (auto* l : listeners_) l->comm(event);
}

void Sieve::mark(const Event& event) {
    for (auto* l : listeners_) l->mark(event);
}

void Sieve::migration(const Migration& migration) {
    if (!one_by_one_.passes(migration)) return;
    for (auto* l : listeners_) l->migration(migration);
}

void Sieve::migrations(const Migrations& some) {
    if (filter_->passes_all()) {
        for (auto* l : listeners_) l->migrations(some);
        return;
    }
    passed_.clear();
    for (const migtrace::Record& r : some.records())
        if (filter_->passes(r, filter_->wants_comm() ? some.comms().comm(r.pid) : migtrace::Comm()))
            passed_.push_back(r);
    if (passed_.empty()) return;
    const Migrations left(passed_, some.header(), some.comms());
    for (auto* l : listeners_) l->migrations(left);
}

void Sieve::end(const TraceInfo& info) {
    for (auto* l : listeners_) l->end(info);
}

}  // namespace migreport
