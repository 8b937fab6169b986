/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What headers of kernels before 6.7 lack: PAGEMAP_SCAN and the asynchronous write protection of userfaultfd that it reads and
// sets. Documentation/admin-guide/mm/pagemap.rst, ioctl(2) PAGEMAP_SCAN, include/uapi/linux/fs.h and userfaultfd.h.

#include <sys/ioctl.h>

#include <cstdint>

namespace vmdirty {

struct PageRegion {
    std::uint64_t begin, end, categories;
};

struct ScanArguments {
    std::uint64_t size, flags, begin, end, walk_end, regions, regions_length, most_pages;
    std::uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
static_assert(sizeof(ScanArguments) == 96);

/// Returns how many regions it has filled in; `walk_end` is where it stopped.
const unsigned long kPagemapScan = _IOWR('f', 16, ScanArguments);
/// Flags: what is returned is protected in the same step; and memory that cannot be is an error (EPERM).
constexpr std::uint64_t kScanProtect = 1 << 0, kScanCheckAsync = 1 << 1;
/// A category: written since it was protected.
constexpr std::uint64_t kPageWritten = 1 << 1;

/// UFFD_USER_MODE_ONLY: what an ordinary user may ask for.
constexpr int kUserModeOnly = 1;
/// Features of userfaultfd: UFFD_FEATURE_WP_HUGETLBFS_SHMEM, _WP_UNPOPULATED (pages that are not there yet are protected, too),
/// _WP_ASYNC (the kernel lifts the protection itself when a page is written).
constexpr std::uint64_t kProtectSharedMemory = 1 << 12, kProtectUnpopulated = 1 << 13, kProtectAsync = 1 << 15;

}  // namespace vmdirty
