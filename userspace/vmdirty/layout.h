/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Which memory of a process is watched, and the numbers of its pages.

#include <cstdint>
#include <string>
#include <vector>

namespace vmdirty {

/// What is counted, whatever pages the memory consists of: what hypervisors track.
constexpr std::uint64_t kPage = 4096;

/// A stretch of a process's memory; its pages are numbered from `first_page` on.
struct Range {
    std::uint64_t begin = 0, end = 0;  ///< addresses, multiples of kPage
    std::string name;
    std::uint64_t first_page = 0;
    std::uint64_t pages() const { return (end - begin) / kPage; }
};

/// Ranges one behind the other; their pages have consecutive numbers.
class Layout {
 public:
    /// Throws Error for a range that is no whole pages, or empty.
    void add(std::uint64_t begin, std::uint64_t end, const std::string& name);
    const std::vector<Range>& ranges() const { return ranges_; }
    std::uint64_t pages() const { return pages_; }
    /// The range that page number `page`, less than pages(), is in.
    const Range& range_of(std::uint64_t page) const;

 private:
    std::vector<Range> ranges_;
    std::uint64_t pages_ = 0;
};

}  // namespace vmdirty
