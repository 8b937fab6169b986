/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The form in which millions of events are scanned, kept and merged.

#include <cstdint>
#include <vector>

#include "migtrace/event.h"
#include "migtrace/header.h"
#include "migtrace/name.h"

namespace migtrace {

/// An event in 24 bytes: a migration as it is, a comm event by the number of its name; what does not fit stands in
/// Extras.
struct Record {
    std::uint64_t ts;             ///< the kernel's clock, ns
    std::uint16_t cpu, from, to;  ///< for other than migrations, `from` and `to` are an index
    std::uint16_t code;           ///< number of the event in the header, plus kMostEvents times the kind
    std::int32_t pid;
    std::uint32_t line;  ///< number in the input, modulo 2^32

    /// Of which there are most; CPUs from 65536 on are not among them.
    bool is_migration() const { return code < kMostEvents; }
};
static_assert(sizeof(Record) == 24);

/// Packs events into records, and gives back what does not fit into one. The memory of an event is used again once it
/// has been unpacked.
class Extras {
 public:
    /// Without `names` comms are empty: to look each up is a tenth of what --stats takes.
    explicit Extras(bool names = true) : keep_names_(names) {}
    Record pack(const Event& event);
    /// Once for each record. The comm stays valid until tidy().
    Event unpack(const Record& record);
    /// Drops names that no record has any more. The comms of events unpacked before are not used from now on.
    void tidy();

 private:
    /// Names that are dropped at once: some hundred kilobytes.
    static constexpr std::uint32_t kMostNames = 1 << 14;
    struct Generation {
        Names names;
        std::uint64_t records = 0;  // that have one of them
    };
    struct Slot {
        Event event;
        std::uint32_t name;
    };
    std::uint32_t keep(std::string_view name);
    void give_back(std::uint32_t name, Event& event);

    bool keep_names_;
    Generation generations_[2];  // the lowest bit of a name's number tells in which it is
    unsigned young_ = 0;         // the one that gets new names
    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_;
};

}  // namespace migtrace
