/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Which channels of a destination belong to one source.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "vmmig/memory.h"
#include "vmmig/wire.h"

namespace vmmig {

/// The memory of a VM of `vm_bytes`, in `most_bytes` at most: of a larger VM several pages share a place.
std::shared_ptr<Memory> vm_memory(std::uint64_t vm_bytes, std::uint64_t most_bytes);

/// Sources that have said HELLO. Any thread may call it.
class Sessions {
 public:
    explicit Sessions(std::uint64_t memory_bytes) : memory_bytes_(memory_bytes) {}

    /// A channel joins its source, or is the first of it: the memory that it shares with the others, as long as one of them
    /// keeps it. Throws StreamEnd when the destination cannot do what the HELLO wants, or it does not fit the others.
    std::shared_ptr<Memory> join(const Hello& hello);

 private:
    struct Session {
        Hello first;
        std::weak_ptr<Memory> memory;
        std::set<std::uint32_t> channels;
    };
    void forget_gone();
    const std::uint64_t memory_bytes_;
    std::mutex mutex_;
    std::map<std::uint64_t, Session> sessions_;
};

}  // namespace vmmig
