/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/page_order.h"

namespace vmmig {

std::size_t Passes::next(std::span<std::uint64_t> pages, Clock::time_point) {
    std::lock_guard lock(mutex_);
    std::size_t count = 0;
    while (count < pages.size() && !(passes_ && passed_ >= *passes_)) {
        pages[count++] = next_;
        if (++next_ == pages_) {
            next_ = 0;
            passed_++;
        }
    }
    return count;
}

}  // namespace vmmig
