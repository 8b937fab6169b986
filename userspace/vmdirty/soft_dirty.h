/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The tracker by soft-dirty bits: bit 55 of /proc/PID/pagemap, which writing 4 to /proc/PID/clear_refs clears
// (Documentation/admin-guide/mm/soft-dirty.rst). Both cannot be done at once, so that the process stands still meanwhile.

#include <sys/types.h>

#include <vector>

#include "vmdirty/tracker.h"

namespace vmdirty {

class SoftDirty : public Tracker {
 public:
    /// Throws Error.
    explicit SoftDirty(const Target& target);

    /// Why it does not work on this host; empty if it does.
    static std::string obstacle();

 private:
    void read(Bitmap& dirty) override;
    void read(const Range& range, Bitmap& dirty);
    base::UniqueFd pagemap_, clear_;
    std::vector<std::uint64_t> entries_;
};

}  // namespace vmdirty
