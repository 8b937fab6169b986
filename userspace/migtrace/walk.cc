/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/walk.h"

#include <algorithm>

namespace migtrace {

namespace {

class Walk {
 public:
    Walk(TraceReader& reader, const WalkOptions& options, const std::vector<EventListener*>& listeners)
        : reader_(reader),
          listeners_(listeners),
          filter_(options.filters, reader.header()),
          window_(options.window, reader.start()) {
        info_.header = &reader.header();
        info_.start = reader.start();
        info_.nr_cpus = options.max_cpu ? *options.max_cpu + 1 : reader.nr_cpus();
    }

    TraceInfo run() {
        Piece piece;
        bool any = false;
        while (!done_ && reader_.next(piece)) {
            if (!any)
                for (EventListener* l : listeners_) l->begin(info_);
            any = true;
            last_ = piece.last;
            if (piece.migrations.empty())
                take(piece.other);
            else
                migrations(piece.migrations);
        }
        if (reader_.order() == ReadOptions::Order::Any) {
            // Only now the start is known.
            info_.start = reader_.start();
            window_ = Window({}, info_.start);
        }
        // Behind an end by time nobody has looked for it.
        if (const auto missing = window_.missing_mark(); missing && !done_) reader_.note(*missing);
        if (const auto reversed = window_.reversed()) reader_.note(*reversed);
        info_.end = window_.end(last_);
        info_.begin = window_.begin().value_or(info_.end);
        for (EventListener* l : listeners_) l->end(info_);
        return info_;
    }

 private:
    void take(const Event& event) {
        switch (event.shape) {
            case Shape::Migration:
                return migration(event);
            case Shape::Comm:
                return comm(event);
            case Shape::Mark:
                return mark(event);
            case Shape::Start:
                for (EventListener* l : listeners_) l->start(event);
                return;
            case Shape::Other:
                return;
        }
    }

    void open() {
        if (info_.opened) return;
        info_.opened = true;
        info_.begin = *window_.begin();
    }

    /// In order of time, each with a time stamp of its own; or in any order, and then without a window.
    void migrations(std::span<const Record> records) {
        if (!filter_.passes_all()) records = filtered(records);
        if (window_.ends() && !records.empty() && window_.ended(records.back().ts)) {
            const auto end = std::find_if(records.begin(), records.end(),
                                          [this](const Record& r) { return window_.ended(r.ts); });
            last_ = end->ts;
            done_ = true;
            records = records.first(static_cast<std::size_t>(end - records.begin()));
        }
        const auto begin = std::find_if(records.begin(), records.end(),
                                        [this](const Record& r) { return window_.begun(r.ts); });
        records = records.subspan(static_cast<std::size_t>(begin - records.begin()));
        if (records.empty()) return;
        open();
        const Migrations some(records, *info_.header, comms_);
        for (EventListener* l : listeners_) l->migrations(some);
    }

    std::span<const Record> filtered(std::span<const Record> records) {
        scratch_.clear();
        for (const Record& r : records)
            if (filter_.passes(r, filter_.wants_comm() ? comms_.comm(r.pid) : Comm()))
                scratch_.push_back(r);
        return scratch_;
    }

    void migration(const Event& event) {
        const Comm comm = comms_.comm(event.pid);
        if (!filter_.passes(event, comm)) return;
        if (window_.ended(event.ts)) {
            done_ = true;
            return;
        }
        if (!window_.begun(event.ts)) return;
        open();
        const Migration migration{event.ts,
                                  event.cpu,
                                  event.from,
                                  event.to,
                                  event.pid,
                                  info_.header->cause_index(event.number),
                                  info_.header->name(event.number),
                                  comm};
        for (EventListener* l : listeners_) l->migration(migration);
    }

    void comm(const Event& event) {
        comms_.set(event.pid, event.comm());
        if (!filter_.passes_pid(event.pid)) return;
        for (EventListener* l : listeners_) l->comm(event);
    }

    void mark(const Event& event) {
        window_.mark(event.ts, event.mark);
        done_ = window_.end_mark_passed();
        if (!window_.begun(event.ts)) return;
        for (EventListener* l : listeners_) l->mark(event);
    }

    TraceReader& reader_;
    const std::vector<EventListener*>& listeners_;
    Filter filter_;
    Window window_;
    CommTable comms_;
    TraceInfo info_;
    std::vector<Record> scratch_;
    std::uint64_t last_ = 0;
    bool done_ = false;
};

}  // namespace

TraceInfo walk(TraceReader& reader, const WalkOptions& options, const std::vector<EventListener*>& listeners) {
    return Walk(reader, options, listeners).run();
}

TraceInfo for_each_migration(TraceReader& reader, const WalkOptions& options,
                             const std::function<void(const Migration&)>& see) {
    struct Caller : EventListener {
        const std::function<void(const Migration&)>& see;
        explicit Caller(const std::function<void(const Migration&)>& s) : see(s) {}
        void migration(const Migration& m) override { see(m); }
    } caller(see);
    return walk(reader, options, {&caller});
}

}  // namespace migtrace
