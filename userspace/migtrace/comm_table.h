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

/// Where in a name the part begins that the original analyzer showed: behind the last ": ", so that "X: server" is
/// "server"; 0 in a name without one. Traces hold no name of more than 255 bytes.
inline std::uint8_t comm_tail(std::string_view name) {
    const std::size_t colon = name.rfind(": ");
    return colon == std::string_view::npos ? 0 : static_cast<std::uint8_t>(colon + 2);
}

/// The name of a process. It equals a text that is the whole name, or what stands behind the last ": " in it: users
/// filter by what one report shows them, and mean the same in all of them.
struct Comm {
    std::string_view whole;
    std::uint8_t tail_at = 0;  ///< comm_tail() of it

    Comm() = default;
    Comm(std::string_view name, std::uint8_t tail) : whole(name), tail_at(tail) {}
    explicit Comm(std::string_view name) : Comm(name, comm_tail(name)) {}
    std::string_view tail() const { return whole.substr(tail_at); }
    friend bool operator==(const std::string& text, const Comm& comm) {
        return text == comm.whole || (comm.tail_at > 0 && text == comm.tail());
    }
};

class CommTable {
 public:
    CommTable() { comms_.emplace_back(""); }
    void set(std::int32_t pid, std::string_view comm) {
        const std::uint32_t number = names_.number(comm);
        // Here and not for each migration, of which there are many more.
        if (number == comms_.size()) comms_.emplace_back(names_[number]);
        current_[pid] = number;
    }
    /// Empty for a process that was not named. The text stays valid as long as the table lives.
    const Comm& comm(std::int32_t pid) const { return comms_[current_.get(pid)]; }

 private:
    Names names_;
    std::vector<Comm> comms_;  // by number
    PidMap<std::uint32_t> current_;
};

}  // namespace migtrace
