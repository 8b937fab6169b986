/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/pagemap_scan.h"

#include <fmt/format.h>
#include <linux/userfaultfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "vmdirty/own_pages.h"

namespace vmdirty {

namespace {

/// 0 or an errno.
int register_range(int userfaultfd, std::uint64_t begin, std::uint64_t end) {
    uffdio_register range{};
    range.range = {begin, end - begin};
    range.mode = UFFDIO_REGISTER_MODE_WP;
    return ::ioctl(userfaultfd, UFFDIO_REGISTER, &range) ? errno : 0;
}

/// 0 or an errno.
int agree_on_features(int userfaultfd) {
    uffdio_api api{};
    api.api = UFFD_API;
    api.features = kProtectSharedMemory | kProtectUnpopulated | kProtectAsync;
    return ::ioctl(userfaultfd, UFFDIO_API, &api) ? errno : 0;
}

/// In one scan.
constexpr int kMostRenewals = 1000;

ScanArguments scan_arguments(std::uint64_t begin, std::uint64_t end, PageRegion* regions, std::size_t count) {
    ScanArguments scan{};
    scan.size = sizeof scan;
    scan.flags = kScanProtect | kScanCheckAsync;
    scan.begin = begin;
    scan.end = end;
    scan.regions = reinterpret_cast<std::uint64_t>(regions);
    scan.regions_length = count;
    scan.category_mask = scan.return_mask = kPageWritten;
    return scan;
}

}  // namespace

std::string PagemapScan::obstacle() {
    base::UniqueFd userfaultfd(static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | kUserModeOnly)));
    if (!userfaultfd) return fmt::format("userfaultfd(): {}", std::strerror(errno));
    if (agree_on_features(userfaultfd.get())) return "the kernel has no asynchronous write protection (6.7 has)";
    OwnPages pages(3);
    pages.write(0);
    if (const int error = register_range(userfaultfd.get(), pages.begin(), pages.end()))
        return fmt::format("UFFDIO_REGISTER: {}", std::strerror(error));
    const base::UniqueFd pagemap(::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
    if (!pagemap) return fmt::format("/proc/self/pagemap: {}", std::strerror(errno));
    PageRegion regions[3];
    auto written = [&] {
        ScanArguments scan = scan_arguments(pages.begin(), pages.end(), regions, 3);
        return ::ioctl(pagemap.get(), kPagemapScan, &scan);
    };
    if (written() < 0) return fmt::format("PAGEMAP_SCAN: {}", std::strerror(errno));
    pages.write(1);
    if (written() != 1 || regions[0].begin != pages.begin() + kPage || regions[0].end != pages.begin() + 2 * kPage || written() != 0)
        return "PAGEMAP_SCAN does not tell which page was written";
    return "";
}

PagemapScan::PagemapScan(const Target& target, base::UniqueFd userfaultfd)
    : Tracker(target), userfaultfd_(std::move(userfaultfd)), pagemap_(target.process.open("pagemap")) {
    if (const int error = agree_on_features(userfaultfd_.get()))
        throw base::system_error("the kernel has no asynchronous write protection", error, "Linux 6.7 has");
    for (const Range& range : target_.layout.ranges()) protect(range.begin, range.end, range.name);
}

void PagemapScan::protect(std::uint64_t begin, std::uint64_t end, const std::string& name) {
    if (const int error = register_range(userfaultfd_.get(), begin, end)) refuse(begin, end, name, error);
}

void PagemapScan::refuse(std::uint64_t begin, std::uint64_t end, const std::string& name, int error) const {
    const std::string what = fmt::format("cannot protect {:x}-{:x} ({}) of process {}", begin, end, name, target_.process.pid());
    target_.process.check_running();
    throw base::system_error(what, error,
                             error == EBUSY ? "another userfaultfd has it: another tracker, a postcopy migration or a background snapshot" : "");
}

/// Something has been mapped there since: all of it is new.
void PagemapScan::protect_new(const Range& range, Bitmap& dirty) {
    for (const auto& mapping : target_.process.maps()) {
        const std::uint64_t begin = std::max(mapping.begin, range.begin), end = std::min(mapping.end, range.end);
        if (begin >= end) continue;
        // What is registered already may be registered again; what is gone meanwhile need not be.
        if (const int error = register_range(userfaultfd_.get(), begin, end); error && error != EINVAL && error != ENOMEM)
            refuse(begin, end, range.name, error);
    }
    dirty.set(range.first_page, range.first_page + range.pages());
}

void PagemapScan::scan(const Range& range, Bitmap& dirty) {
    // A process that maps and unmaps all the time may be ahead of the list of its mappings.
    int renewals = 0;
    for (std::uint64_t at = range.begin; at < range.end;) {
        ScanArguments scan = scan_arguments(at, range.end, regions_.data(), regions_.size());
        const int found = ::ioctl(pagemap_.get(), kPagemapScan, &scan);
        if (found < 0) {
            const int error = errno;
            target_.process.check_running();
            if (error == EINTR) continue;
            if (error != EPERM || ++renewals > kMostRenewals)
                throw base::system_error(fmt::format("cannot scan the memory of process {}: PAGEMAP_SCAN", target_.process.pid()), error);
            protect_new(range, dirty);
            continue;
        }
        for (int i = 0; i < found; i++) {
            const auto page = [&](std::uint64_t address) { return range.first_page + (address - range.begin) / kPage; };
            dirty.set(page(regions_[static_cast<std::size_t>(i)].begin), page(regions_[static_cast<std::size_t>(i)].end));
        }
        at = scan.walk_end;
    }
}

void PagemapScan::read(Bitmap& dirty) {
    for (const Range& range : target_.layout.ranges()) scan(range, dirty);
}

}  // namespace vmdirty
