/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// A record of dirty pages as bitmaps, a file for each interval.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vmpredict/workload.h"

namespace vmpredict {

/// All bitmaps of vm_dirty_track or Qemu-DPT in a folder, in the order of time. Throws Error when there are none, or those of several
/// processes.
std::vector<std::string> find_bitmaps(const std::string& folder);

/// Of bitmaps whose names end in the times of their ends (qemu.bm-PID.SECONDS or .SECONDS.MMM). The first has no begin, and counts for
/// nothing. `pages`: of all memory; without it there is a page for each bit. Throws Error for names without times, for sizes that differ,
/// and for what is not there.
Workload read_bitmaps(std::vector<std::string> files, std::optional<std::uint64_t> pages, std::uint32_t page_size);

}  // namespace vmpredict
