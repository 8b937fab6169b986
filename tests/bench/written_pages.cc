/* SPDX-License-Identifier: GPL-2.0-only */
// What a write to a page costs whoever writes, while nobody looks, while vm_dirty_track does, and when the process asks the kernel
// itself for the same.
// Usage: written_pages MB PERIOD_MS SECONDS [protect]. Writes a byte to each page, once in each period; with `protect` it has its
// pages protected before. Prints ns for a page, the median of the periods.

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

#include "vmdirty/pagemap_abi.h"

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kPage = 4096;

[[noreturn]] void fail(const char* what) {
    std::perror(what);
    std::exit(1);
}

/// Pages of this process whose writes the kernel notes.
class Protection {
 public:
    Protection(char* data, std::size_t size) : begin_(reinterpret_cast<std::uint64_t>(data)), end_(begin_ + size) {
        userfaultfd_ = static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | vmdirty::kUserModeOnly));
        pagemap_ = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
        if (userfaultfd_ < 0 || pagemap_ < 0) fail("userfaultfd, pagemap");
        uffdio_api api{UFFD_API, vmdirty::kProtectAsync | vmdirty::kProtectUnpopulated, 0};
        uffdio_register area{{begin_, size}, UFFDIO_REGISTER_MODE_WP, 0};
        if (::ioctl(userfaultfd_, UFFDIO_API, &api) || ::ioctl(userfaultfd_, UFFDIO_REGISTER, &area)) fail("userfaultfd");
    }
    void renew() const {
        vmdirty::ScanArguments scan{};
        scan.size = sizeof scan;
        scan.flags = vmdirty::kScanProtect | vmdirty::kScanCheckAsync;
        scan.begin = begin_;
        scan.end = end_;
        scan.category_mask = scan.return_mask = vmdirty::kPageWritten;
        if (::ioctl(pagemap_, vmdirty::kPagemapScan, &scan) < 0) fail("PAGEMAP_SCAN");
    }

 private:
    std::uint64_t begin_, end_;
    int userfaultfd_, pagemap_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) return 2;
    const std::size_t size = std::strtoull(argv[1], nullptr, 10) << 20;
    const auto period = std::chrono::milliseconds(std::atoi(argv[2]));
    void* const mapped = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) fail("mmap");
    ::madvise(mapped, size, MADV_NOHUGEPAGE);
    std::memset(mapped, 1, size);
    const Protection* const protection = argc > 4 ? new Protection(static_cast<char*>(mapped), size) : nullptr;
    auto* const data = static_cast<volatile char*>(mapped);
    std::vector<double> costs;
    const auto end = Clock::now() + std::chrono::seconds(std::atoi(argv[3]));
    for (auto next = Clock::now() + period; next < end; next += period) {
        std::this_thread::sleep_until(next);
        if (protection) protection->renew();
        const auto begin = Clock::now();
        for (std::size_t at = 0; at < size; at += kPage) data[at] = 2;
        costs.push_back(std::chrono::duration<double, std::nano>(Clock::now() - begin).count() / static_cast<double>(size / kPage));
    }
    if (costs.empty()) return 2;
    std::nth_element(costs.begin(), costs.begin() + static_cast<std::ptrdiff_t>(costs.size() / 2), costs.end());
    std::printf("%.1f\n", costs[costs.size() / 2]);
}
