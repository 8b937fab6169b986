/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Who else takes the page faults of a QEMU: postcopy needs them for itself.

#include <string>
#include <vector>

#include "vmhost/monitor.h"
#include "vmhost/process.h"

namespace vmverify {

/// Of what /proc/PID/smaps says: the mappings with a userfaultfd. Throws Error for a line that is none.
std::vector<vmhost::Mapping> mappings_with_userfaultfd(const std::string& smaps);

/// Throws Error when memory of this VM, the destination of a postcopy, has a userfaultfd already: QEMU gets none then, and ends in
/// the midst of it.
void check_faults(vmhost::Monitor& destination);

}  // namespace vmverify
