/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/memory.h"

#include <fmt/format.h>
#include <linux/mman.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/memory.h"

namespace vmmig {

namespace {

/// As sizes are asked for, in powers of 1024.
std::string in_mib(std::uint64_t bytes) { return fmt::format("{:.0f} MiB", static_cast<double>(bytes) / (1 << 20)); }

/// What to do about `pages` huge pages of `size` bytes that cannot be had.
std::string huge_page_hint(std::uint64_t size, std::uint64_t pages) {
    const std::string folder = fmt::format("/sys/kernel/mm/hugepages/hugepages-{}kB", size / 1024);
    if (::access(folder.c_str(), F_OK)) return fmt::format("this machine has no pages of {}", in_mib(size));
    return fmt::format("reserve them first, as root: echo {} > {}/nr_hugepages", pages, folder);
}

}  // namespace

Memory::Memory(std::uint64_t bytes, Backing backing) {
    const std::uint64_t page = std::max<std::uint64_t>(static_cast<std::uint64_t>(backing), kPage);
    const bool huge = page > kPage;
    if (bytes > UINT64_MAX - page)
        throw base::Error(fmt::format("cannot have {} bytes of memory: there is no such number of pages", bytes));
    size_ = (bytes + page - 1) / page * page;
    if (const auto available = base::available_memory(); !huge && available && size_ > *available)
        throw base::Error(fmt::format("cannot have {} of memory: {} are available, of which /proc/meminfo tells",
                                      in_mib(size_), in_mib(*available)));
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    // Huge pages are reserved here, so that a lack of them is an error now and no SIGBUS later.
    if (huge)
        flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | std::countr_zero(page) << MAP_HUGE_SHIFT;
    void* mapped = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (mapped == MAP_FAILED) {
        const int error = errno;
        const std::string kind = huge ? fmt::format(" in {} pages of {}", size_ / page, in_mib(page)) : "";
        throw base::system_error(fmt::format("cannot have {} of memory{}", in_mib(size_), kind), error,
                                 huge ? huge_page_hint(page, size_ / page) : "");
    }
    // A kernel without transparent huge pages says no, and has none.
    if (backing == Backing::Small) ::madvise(mapped, size_, MADV_NOHUGEPAGE);
    data_ = static_cast<std::uint8_t*>(mapped);
}

Memory::~Memory() { ::munmap(data_, size_); }

void Memory::preheat(std::uint8_t value) {
    const std::uint64_t threads = std::clamp<std::uint64_t>(std::thread::hardware_concurrency(), 1, pages());
    auto write = [this, value, threads](std::uint64_t part) {
        const std::uint64_t end = pages() * (part + 1) / threads;
        for (std::uint64_t page = pages() * part / threads; page < end; page++) data_[page * kPage] = value;
    };
    std::vector<std::jthread> others;
    for (std::uint64_t part = 1; part < threads; part++) others.emplace_back(write, part);
    write(0);
}

}  // namespace vmmig
