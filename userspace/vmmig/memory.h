/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Memory like a guest's RAM, to be dirtied or sent.

#include <cstddef>
#include <cstdint>

namespace vmmig {

/// What hypervisors track: dirty pages have this size whatever the memory consists of.
constexpr std::size_t kPage = 4096;

/// The size of the pages that the memory consists of.
enum class Backing : std::uint64_t {
    Default = 0,  ///< the kernel's choice: 4 KiB, or transparent huge pages
    Small = 4096, ///< no transparent huge pages
    Huge2M = 2u << 20,
    Huge1G = 1u << 30
};

/// Anonymous private memory, given back when it goes out of scope.
class Memory {
 public:
    /// `bytes` > 0 are rounded up to whole pages of the kind. Throws base::Error when there is not so much (MemAvailable and
    /// SwapFree of /proc/meminfo: more would have the kernel kill this process, or another), for huge pages with the command
    /// that reserves them; a CPU or a kernel may have none of a size.
    Memory(std::uint64_t bytes, Backing backing);
    ~Memory();
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    std::uint8_t* data() const { return data_; }
    std::uint64_t size() const { return size_; }
    std::uint64_t pages() const { return size_ / kPage; }  ///< of 4 KiB

    /// Writes `value` to the first byte of every 4 KiB page, on all CPUs at once, so that all memory is there.
    void preheat(std::uint8_t value);

 private:
    std::uint8_t* data_ = nullptr;
    std::uint64_t size_ = 0;
};

}  // namespace vmmig
