/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What QEMU does when it migrates a VM, reckoned: docs/prediction.md derives it.

#include <cstdint>
#include <optional>
#include <vector>

#include "vmpredict/curve.h"

namespace vmpredict {

/// Bytes that QEMU sends for a page besides its contents (migration/ram.c: address and flags), and for one that has only zeros.
constexpr double kPageHeader = 8, kZeroPage = 9;
/// With multifd: 8 for its offset, and its part of what stands in front of each packet of 512 KiB (migration/multifd.h, MultiFDPacket_t).
constexpr double kMultifdPacket = 320, kMultifdPacketBytes = 512 << 10;

struct Memory {
    std::uint64_t pages = 0;
    std::uint32_t page_size = 4096;
    std::uint64_t zero_pages = 0;
    double bytes() const { return static_cast<double>(pages) * page_size; }
};

/// QEMU's parameters cpu-throttle-initial, cpu-throttle-increment and max-cpu-throttle, as parts of 1.
struct AutoConverge {
    double initial = 0.20, increment = 0.10, most = 0.99;
};

/// How it is migrated.
struct Plan {
    double bandwidth = 0;                 ///< of the stream, in bytes per second
    std::optional<double> link;           ///< what the network can do; then `bandwidth` is a limit that QEMU keeps (max-bandwidth)
    double downtime = 0.3;                ///< that is allowed (downtime-limit), in s
    unsigned multifd = 0;                 ///< channels; 0: without
    std::optional<AutoConverge> auto_converge;
    std::optional<unsigned> postcopy;     ///< switched to after so many passes, at least 1
    double last_speed() const { return link.value_or(bandwidth); }
};

/// What is sent between two looks at what has been written meanwhile.
struct Pass {
    enum class Kind {
        Running,  ///< the VM runs here
        Stopped,  ///< it stands still: the last pass
        Postcopy  ///< it runs there already
    };
    Kind kind = Kind::Running;
    double pages = 0, zero_pages = 0;  ///< sent; zero pages are part of both
    double bytes = 0, seconds = 0;
    double dirty = 0;     ///< pages that are to be sent after it
    double written = 0;   ///< different pages that the VM has written in it
    double throttle = 0;  ///< of its CPUs while it lasts, a part of 1
};

struct Migration {
    bool converges = false;
    std::vector<Pass> passes;  ///< those of the begin, and the last: kMostPasses at most
    std::size_t pass_count = 0;
    double seconds = 0, bytes = 0;  ///< until it is over; where it does not converge: until that shows
    double downtime = 0;            ///< s
    double allowed = 0;             ///< bytes that fit into the downtime that is allowed
    double left = 0;                ///< pages at the end of a pass, the fewest, where it does not converge
    static constexpr std::size_t kMostPasses = 1000;
};

/// A migration of a VM that writes its memory like `curve`.
Migration migrate(const Memory& memory, const DirtyCurve& curve, const Plan& plan);

/// The same by the model that others use (docs/prediction.md): so many pages per second, each of them another, and all memory, but for zeros, in
/// the first pass.
Migration migrate_at_constant_rate(const Memory& memory, double pages_per_second, const Plan& plan);

}  // namespace vmpredict
