/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// How much of a process's memory is zeros, which a migration hardly sends.

#include <cstdint>
#include <optional>

#include "vmdirty/layout.h"
#include "vmhost/process.h"

namespace vmdirty {

/// Pages that have only zeros: exact up to 65536 pages, else by as many samples that lie evenly, so that it is known to 0.4 % of all pages (two
/// standard deviations at most). Pages that the process has never touched are not read, and taken for zeros. To be asked before a tracker is
/// started, which marks those, too. Empty where this process may not look.
std::optional<std::uint64_t> count_zero_pages(const vmhost::Process& process, const Layout& layout);

}  // namespace vmdirty
