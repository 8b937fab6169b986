/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Many short lists in little memory.

#include <cstdint>
#include <deque>
#include <utility>

namespace migtrace {

/// Lists of T whose items all stand in one store. A list is the number of its first item, 0 when it is empty; it begins
/// with what was added last.
template <class T>
class Chains {
 public:
    using List = std::uint32_t;

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

}  // namespace migtrace
