/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/layout.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace vmdirty {

void Layout::add(std::uint64_t begin, std::uint64_t end, const std::string& name) {
    if (begin >= end || begin % kPage || end % kPage)
        throw base::Error(fmt::format("{:x}-{:x} is no range of whole pages of {} bytes", begin, end, kPage));
    ranges_.push_back({begin, end, name, pages_});
    pages_ += ranges_.back().pages();
}

const Range& Layout::range_of(std::uint64_t page) const {
    const auto behind = std::upper_bound(ranges_.begin(), ranges_.end(), page,
                                         [](std::uint64_t wanted, const Range& range) { return wanted < range.first_page; });
    return *std::prev(behind);
}

}  // namespace vmdirty
