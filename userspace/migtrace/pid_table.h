/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What is known of each process.

#include <cstdint>
#include <deque>

#include "migtrace/comm_table.h"

namespace migtrace {

/// A T for each process that was asked for, kept in the order of the first time.
template <class T>
class PidTable {
 public:
    struct Entry {
        std::int32_t pid;
        T value;
    };
    T& operator[](std::int32_t pid) {
        std::uint32_t& place = places_[pid];
        if (place == 0) {
            entries_.push_back({pid, T()});
            place = static_cast<std::uint32_t>(entries_.size());
        }
        return entries_[place - 1].value;
    }
    /// Nothing when the process was never asked for.
    T* find(std::int32_t pid) {
        const std::uint32_t place = places_.get(pid);
        return place ? &entries_[place - 1].value : nullptr;
    }
    const std::deque<Entry>& entries() const { return entries_; }

 private:
    std::deque<Entry> entries_;
    PidMap<std::uint32_t> places_;  // in entries_, from 1
};

}  // namespace migtrace
