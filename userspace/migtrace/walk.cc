/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/walk.h"

#include "migtrace/comm_table.h"

namespace migtrace {

namespace {

void cut_comm(Event& event) {
    const std::size_t colon = event.comm().rfind(": ");
    if (colon == std::string_view::npos) return;
    event.comm_begin += colon + 2;
    event.comm_length = static_cast<std::uint8_t>(event.comm_length - colon - 2);
}

class Walk {
 public:
    Walk(TraceReader& reader, const WalkOptions& options, const std::vector<EventListener*>& listeners)
        : reader_(reader),
          listeners_(listeners),
          comm_rule_(options.comms),
          filter_(options.filters, reader.header()),
          window_(options.window, reader.start()) {
        info_.header = &reader.header();
        info_.start = reader.start();
        info_.nr_cpus = options.max_cpu ? *options.max_cpu + 1 : reader.nr_cpus();
    }

    void run() {
        Event event;
        bool any = false;
        while (!done_ && reader_.next(event)) {
            if (!any)
                for (EventListener* l : listeners_) l->begin(info_);
            any = true;
            last_ = event.ts;
            take(event);
        }
        info_.end = window_.end(last_);
        info_.begin = window_.begin().value_or(info_.end);
        for (EventListener* l : listeners_) l->end(info_);
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

    void migration(const Event& event) {
        std::string_view comm = comms_.comm(event.pid);
        if (!filter_.passes(event, comm)) return;
        if (window_.ended(event.ts)) {
            done_ = true;
            return;
        }
        if (!window_.begun(event.ts)) return;
        if (!info_.opened) {
            info_.opened = true;
            info_.begin = *window_.begin();
        }
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

    void comm(Event event) {
        if (comm_rule_ == CommRule::AfterLastColon) cut_comm(event);
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
    CommRule comm_rule_;
    Filter filter_;
    Window window_;
    CommTable comms_;
    TraceInfo info_;
    std::uint64_t last_ = 0;
    bool done_ = false;
};

}  // namespace

void walk(TraceReader& reader, const WalkOptions& options, const std::vector<EventListener*>& listeners) {
    Walk(reader, options, listeners).run();
}

TraceInfo for_each_migration(TraceReader& reader, const WalkOptions& options,
                             const std::function<void(const Migration&)>& see) {
    struct Caller : EventListener {
        const std::function<void(const Migration&)>& see;
        TraceInfo info;
        explicit Caller(const std::function<void(const Migration&)>& s) : see(s) {}
        void migration(const Migration& m) override { see(m); }
        void end(const TraceInfo& i) override { info = i; }
    } caller(see);
    walk(reader, options, {&caller});
    return caller.info;
}

}  // namespace migtrace
