/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What is known of each process.

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace migtrace {

/// A value for each process: an array in pages where Linux can have processes (pid below 2^22), a hash map
/// above. A value that was not set is T().
template <class T>
class PidMap {
 public:
    T get(std::int32_t pid) const {
        const auto n = static_cast<std::uint32_t>(pid);
        if (n >= kDense) {
            auto it = sparse_.find(n);
            return it == sparse_.end() ? T() : it->second;
        }
        return n / kPage < pages_.size() && pages_[n / kPage] ? (*pages_[n / kPage])[n % kPage] : T();
    }
    T& operator[](std::int32_t pid) {
        const auto n = static_cast<std::uint32_t>(pid);
        if (n >= kDense) return sparse_[n];
        if (n / kPage >= pages_.size()) pages_.resize(n / kPage + 1);
        auto& page = pages_[n / kPage];
        if (!page) page = std::make_unique<Page>();
        return (*page)[n % kPage];
    }

 private:
    static constexpr std::uint32_t kPage = 256, kDense = (1 << 22) + 1;
    using Page = std::array<T, kPage>;
    std::vector<std::unique_ptr<Page>> pages_;
    std::unordered_map<std::uint32_t, T> sparse_;
};

/// A T for each process that was asked for, kept in the order of the first time.
template <class T>
class PidTable {
 public:
    struct Entry {
        std::int32_t pid;
        T value;
    };
    T& operator[](std::int32_t pid) {
        std::uint32_t& place = places_[pid];
        if (place == 0) {
            entries_.push_back({pid, T()});
            place = static_cast<std::uint32_t>(entries_.size());
        }
        return entries_[place - 1].value;
    }
    /// Nothing when the process was never asked for.
    const T* find(std::int32_t pid) const {
        const std::uint32_t place = places_.get(pid);
        return place ? &entries_[place - 1].value : nullptr;
    }
    T* find(std::int32_t pid) { return const_cast<T*>(std::as_const(*this).find(pid)); }
    const std::deque<Entry>& entries() const { return entries_; }

 private:
    std::deque<Entry> entries_;
    PidMap<std::uint32_t> places_;  // in entries_, from 1
};

}  // namespace migtrace
