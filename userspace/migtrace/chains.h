/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Many short lists in little memory.

#include <cstdint>
#include <deque>
#include <map>
#include <utility>

namespace migtrace {

/// Lists of T whose items all stand in one store. A list is the number of its first item, 0 when it is empty.
template <class T>
class Chains {
 public:
    using List = std::uint32_t;

    /// In front.
    void add(List& list, T value) {
        if (free_ == 0) {
            items_.push_back({std::move(value), list});
            list = static_cast<List>(items_.size());
            return;
        }
        const List item = std::exchange(free_, at(free_).next);
        at(item) = {std::move(value), list};
        list = item;
    }
    /// Removes the first item; the list is not empty.
    void pop(List& list) {
        const List item = std::exchange(list, at(list).next);
        at(item).next = std::exchange(free_, item);
    }
    void clear(List& list) {
        while (list) pop(list);
    }
    /// For a ring, which is known by its last item and leads from there to the first: adds behind the last.
    void append(List& last, T value) {
        if (last) {
            add(rest(last), std::move(value));
            last = rest(last);
        } else {
            add(last, std::move(value));
            rest(last) = last;
        }
    }

    T& operator[](List list) { return at(list).value; }
    const T& operator[](List list) const { return items_[list - 1].value; }
    /// The rest of the list behind its first item: pop() of it removes the second.
    List& rest(List list) { return at(list).next; }
    List rest(List list) const { return items_[list - 1].next; }

 private:
    struct Item {
        T value;
        List next;
    };
    Item& at(List list) { return items_[list - 1]; }
    std::deque<Item> items_;
    List free_ = 0;  // those that are in no list
};

/// Values by a number, for each of many owners of which most have few.
template <class T>
class Keyed {
 public:
    struct Item {
        std::uint64_t key;
        T value;
    };
    using Items = Chains<Item>;
    /// What an owner has.
    struct Of {
        typename Items::List list = 0;
        std::uint8_t count = 0;  // up to kMostInTurn
    };

    /// The value with this key; a new one is T(). `owner` is a number that no other has.
    T& at(Of& of, std::uint32_t owner, std::uint64_t key) {
        const auto known = find(of, owner, key);
        if (known) return items_[known].value;
        items_.add(of.list, {key, T()});
        if (of.count < kMostInTurn && ++of.count == kMostInTurn)
            for (auto item = of.list; item; item = items_.rest(item)) index_[{owner, items_[item].key}] = item;
        else if (of.count == kMostInTurn)
            index_[{owner, key}] = of.list;
        return items_[of.list].value;
    }
    template <class See>
    void for_each(const Of& of, See see) const {
        for (auto item = of.list; item; item = items_.rest(item)) see(items_[item].key, items_[item].value);
    }

 private:
    /// Whoever has more is looked up in the index, so that hostile input does not make long walks.
    static constexpr std::uint8_t kMostInTurn = 32;
    typename Items::List find(const Of& of, std::uint32_t owner, std::uint64_t key) const {
        if (of.count == kMostInTurn) {
            const auto known = index_.find({owner, key});
            return known == index_.end() ? 0 : known->second;
        }
        auto item = of.list;
        while (item && items_[item].key != key) item = items_.rest(item);
        return item;
    }
    Items items_;
    std::map<std::pair<std::uint32_t, std::uint64_t>, typename Items::List> index_;
};

}  // namespace migtrace
