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
    const std::uint32_t name = event.shape == Shape::Comm ? keep(event.comm()) : 0;
    if (event.shape == Shape::Comm && fits(event.cpu)) {
        record.code = static_cast<std::uint16_t>(event.number + kComm * kMostEvents);
        set_index(record, name);
        return record;
    }
    if (free_.empty()) {
        free_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back();
    }
    record.code = kSlot * kMostEvents;
    set_index(record, free_.back());
    slots_[free_.back()] = {event, name};
    free_.pop_back();
    return record;
}

std::uint32_t Extras::keep(std::string_view name) {
    Generation& generation = generations_[young_];
    generation.records++;
    return generation.names.number(keep_names_ ? name : std::string_view()) << 1 | young_;
}

void Extras::give_back(std::uint32_t name, Event& event) {
    Generation& generation = generations_[name & 1];
    generation.records--;
    const std::string_view comm = generation.names[name >> 1];
    event.comm_begin = comm.data();
    event.comm_length = static_cast<std::uint8_t>(comm.size());
}

void Extras::tidy() {
    Generation& old = generations_[young_ ^ 1];
    if (generations_[young_].names.size() < kMostNames || old.records > 0) return;
    old.names = Names();
    young_ ^= 1;
}

Event Extras::unpack(const Record& record) {
    Event event{};
    switch (record.code / kMostEvents) {
        case kMigration:
            event.from = record.from;
            event.to = record.to;
            event.shape = Shape::Migration;
            break;
        case kComm:
            give_back(index(record), event);
            event.shape = Shape::Comm;
            break;
        default: {
            Slot& slot = slots_[index(record)];
            free_.push_back(index(record));
            if (slot.event.shape == Shape::Comm) give_back(slot.name, slot.event);
            return slot.event;
        }
    }
    event.ts = record.ts;
    event.cpu = record.cpu;
    event.pid = record.pid;
    event.line = record.line;
    event.number = record.code % kMostEvents;
    return event;
}

}  // namespace migtrace
