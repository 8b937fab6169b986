/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Which process has which name at the moment.

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
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

/// Names that occur often, each kept once.
class Names {
 public:
    Names() { number(""); }
    /// The same number for the same name; 0 is the empty name.
    std::uint32_t number(std::string_view name);
    /// Stays valid as long as the object lives.
    std::string_view operator[](std::uint32_t number) const { return views_[number]; }

 private:
    std::deque<std::string> names_;
    std::vector<std::string_view> views_;  // of them; quicker to find
    std::unordered_map<std::string_view, std::uint32_t> numbers_;
};

class CommTable {
 public:
    void set(std::int32_t pid, std::string_view comm) { current_[pid] = names_.number(comm); }
    /// Empty for a process that was not named. Stays valid as long as the table lives.
    std::string_view comm(std::int32_t pid) const { return names_[current_.get(pid)]; }

 private:
    Names names_;
    PidMap<std::uint32_t> current_;
};

}  // namespace migtrace
