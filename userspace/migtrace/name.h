/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Names of processes, in little memory.

#include <cstdint>
#include <cstring>
#include <deque>
#include <string_view>
#include <utility>
#include <vector>

namespace migtrace {

/// A name in 16 bytes. Up to 15 bytes of text stand in it, which is all that the kernel gives a process
/// (TASK_COMM_LEN is 16 with the NUL); longer ones are on the heap.
class Name {
 public:
    static constexpr std::size_t kLongest = 255;  ///< of what is longer only this much is kept

    Name() = default;
    explicit Name(std::string_view text) { set(text); }
    Name(const Name& other) { set(other); }
    Name(Name&& other) noexcept { swap(other); }
    Name& operator=(Name other) noexcept {
        swap(other);
        return *this;
    }
    ~Name() { drop(); }

    /// `text` is not part of this name.
    void set(std::string_view text) {
        drop();
        const std::size_t size = text.size() < kLongest ? text.size() : kLongest;
        if (size == 0) return;
        if (size > sizeof text_) {
            char* outside = new char[size];
            std::memcpy(text_, &outside, sizeof outside);
        }
        size_ = static_cast<std::uint8_t>(size);
        std::memcpy(data(), text.data(), size);
    }
    /// Whether all of it stands in the object, and padded() is there.
    bool is_short() const { return size_ <= sizeof text_; }
    /// 16 bytes, of which the first 15 are the text and blanks behind it.
    const char* padded() const { return text_; }
    operator std::string_view() const { return {const_cast<Name*>(this)->data(), size_}; }

 private:
    char* data() {
        if (size_ <= sizeof text_) return text_;
        char* outside;
        std::memcpy(&outside, text_, sizeof outside);
        return outside;
    }
    void drop() {
        if (size_ > sizeof text_) delete[] data();
        std::memset(text_, ' ', sizeof text_);
        size_ = 0;
    }
    void swap(Name& other) {
        std::swap(text_, other.text_);
        std::swap(size_, other.size_);
    }

    // Of a long one it is the place of its text: without an alignment, so that it fits beside numbers.
    char text_[15] = {' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' ', ' '};
    std::uint8_t size_ = 0;
};
static_assert(sizeof(Name) == 16 && alignof(Name) == 1);

/// Names that occur often, each kept once.
class Names {
 public:
    Names() { number(""); }
    /// The same number for the same name; 0 is the empty name.
    std::uint32_t number(std::string_view name);
    /// Stays valid as long as the object lives.
    std::string_view operator[](std::uint32_t number) const { return names_[number]; }
    std::size_t size() const { return names_.size(); }

 private:
    static constexpr std::uint32_t kNone = UINT32_MAX;
    std::uint32_t& place(std::string_view name);
    void grow();
    std::deque<Name> names_;
    std::vector<std::uint32_t> table_;  // numbers by hash, with open addressing; its size is a power of two
};

}  // namespace migtrace
