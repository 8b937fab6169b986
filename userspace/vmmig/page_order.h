/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Which pages precopy sends, and in which order.

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>

#include "vmmig/pacer.h"

namespace vmmig {

/// Hands out pages to the channels. Any thread may call it.
class PageOrder {
 public:
    virtual ~PageOrder() = default;
    /// The next pages of kPage, by index, as many as `pages` has room for or as there are; 0: it is over.
    virtual std::size_t next(std::span<std::uint64_t> pages, Clock::time_point now) = 0;
};

/// 0, 1, 2, ... over and over.
class Passes : public PageOrder {
 public:
    /// A VM of `pages` > 0, over which it goes `passes` times, or for ever.
    explicit Passes(std::uint64_t pages, std::optional<std::uint64_t> passes = {}) : pages_(pages), passes_(passes) {}
    std::size_t next(std::span<std::uint64_t> pages, Clock::time_point now) override;

 private:
    const std::uint64_t pages_;
    const std::optional<std::uint64_t> passes_;
    std::mutex mutex_;
    std::uint64_t next_ = 0, passed_ = 0;
};

}  // namespace vmmig
