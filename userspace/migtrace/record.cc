/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/record.h"

#include <limits>

namespace migtrace {

namespace {

enum Kind : unsigned { kMigration, kComm, kSlot };

bool fits(std::uint32_t cpu) {
    return cpu <= std::numeric_limits<std::uint16_t>::max();
}

void set_index(Record& record, std::uint32_t index) {
    record.from = static_cast<std::uint16_t>(index);
    record.to = static_cast<std::uint16_t>(index >> 16);
}

std::uint32_t index(const Record& record) {
    return record.from | static_cast<std::uint32_t>(record.to) << 16;
}

}  // namespace

Record Extras::pack(const Event& event) {
    Record record{event.ts, static_cast<std::uint16_t>(event.cpu), 0, 0, event.number, event.pid, event.line};
    if (event.shape == Shape::Migration && fits(event.cpu) && fits(event.from) && fits(event.to)) {
        record.from = static_cast<std::uint16_t>(event.from);
        record.to = static_cast<std::uint16_t>(event.to);
        return record;
    }
    Event kept = event;
    if (event.shape == Shape::Comm) {
        const std::uint32_t name = keep_names_ ? names_.number(event.comm()) : 0;
        if (fits(event.cpu)) {
            record.code = static_cast<std::uint16_t>(event.number + kComm * kMostEvents);
            set_index(record, name);
            return record;
        }
        kept.comm_begin = names_[name].data();
        kept.comm_length = static_cast<std::uint8_t>(names_[name].size());
    }
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back();
    }
    record.code = kSlot * kMostEvents;
    set_index(record, free_.back());
    slots_[free_.back()] = kept;
    free_.pop_back();
    return record;
}

Event Extras::unpack(const Record& record) {
    Event event{};
    switch (record.code / kMostEvents) {
        case kMigration:
            event.from = record.from;
            event.to = record.to;
            event.shape = Shape::Migration;
            break;
        case kComm: {
            const std::string_view comm = names_[index(record)];
            event.comm_begin = comm.data();
            event.comm_length = static_cast<std::uint8_t>(comm.size());
            event.shape = Shape::Comm;
            break;
        }
        default:
            free_.push_back(index(record));
            return slots_[index(record)];
    }
    event.ts = record.ts;
    event.cpu = record.cpu;
    event.pid = record.pid;
    event.line = record.line;
    event.number = record.code % kMostEvents;
    return event;
}

}  // namespace migtrace
