/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Memory whose writes the kernel notes, and the bare system call that asks for them: what vm_dirty_track is measured against.

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "vmdirty/pagemap_abi.h"

namespace bench {

constexpr std::size_t kPage = 4096;

[[noreturn]] inline void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

/// Not there until it is written. `advice`: MADV_HUGEPAGE or MADV_NOHUGEPAGE.
inline char* new_memory(std::size_t size, int advice) {
    void* const mapped = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) fail("mmap");
    ::madvise(mapped, size, advice);
    return static_cast<char*>(mapped);
}

/// Of this process: from now on the kernel notes writes to it.
inline void note_writes(const char* data, std::size_t size) {
    const int userfaultfd = static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | vmdirty::kUserModeOnly));
    uffdio_api api{UFFD_API, vmdirty::kProtectAsync | vmdirty::kProtectUnpopulated, 0};
    uffdio_register area{{reinterpret_cast<std::uint64_t>(data), size}, UFFDIO_REGISTER_MODE_WP, 0};
    if (userfaultfd < 0 || ::ioctl(userfaultfd, UFFDIO_API, &api) || ::ioctl(userfaultfd, UFFDIO_REGISTER, &area)) fail("userfaultfd");
}

/// Which pages have been written since the call before, as PAGEMAP_SCAN lists them.
class Scan {
 public:
    Scan(const char* pagemap, const char* data, std::size_t size)
        : begin_(reinterpret_cast<std::uint64_t>(data)), end_(begin_ + size), pagemap_(::open(pagemap, O_RDONLY | O_CLOEXEC)), regions_(8192) {
        if (pagemap_ < 0) fail(pagemap);
    }
    void operator()() {
        for (std::uint64_t at = begin_; at < end_;) {
            vmdirty::ScanArguments scan{};
            scan.size = sizeof scan;
            scan.flags = vmdirty::kScanProtect | vmdirty::kScanCheckAsync;
            scan.begin = at;
            scan.end = end_;
            scan.regions = reinterpret_cast<std::uint64_t>(regions_.data());
            scan.regions_length = regions_.size();
            scan.category_mask = scan.return_mask = vmdirty::kPageWritten;
            if (::ioctl(pagemap_, vmdirty::kPagemapScan, &scan) < 0) fail("PAGEMAP_SCAN");
            at = scan.walk_end;
        }
    }

 private:
    std::uint64_t begin_, end_;
    int pagemap_;
    std::vector<vmdirty::PageRegion> regions_;
};

}  // namespace bench
