/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Numbers as text where millions are printed: half of what migrate_stats --migrate took went into fmt.

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace migtrace {

/// "00" to "99".
inline constexpr auto kDigitPairs = [] {
    std::array<char, 200> pairs{};
    for (int i = 0; i < 100; i++) {
        pairs[static_cast<std::size_t>(2 * i)] = static_cast<char>('0' + i / 10);
        pairs[static_cast<std::size_t>(2 * i) + 1] = static_cast<char>('0' + i % 10);
    }
    return pairs;
}();

// All of these write from `to` on and return what is behind.

/// `value` < 100, with two digits.
inline char* put_pair(char* to, std::uint32_t value) {
    std::memcpy(to, kDigitPairs.data() + 2 * std::size_t{value}, 2);
    return to + 2;
}

/// `value` < 10^9, with nine digits.
inline char* put_nine(char* to, std::uint32_t value) {
    const std::uint32_t high = value / 100'000, low = value % 100'000;
    to = put_pair(to, high / 100);
    to = put_pair(to, high % 100);
    *to++ = static_cast<char>('0' + low / 10'000);
    to = put_pair(to, low / 100 % 100);
    return put_pair(to, low % 100);
}

/// At most 20 digits.
inline char* put_decimal(char* to, std::uint64_t value) {
    if (value < 10) {
        *to++ = static_cast<char>('0' + value);
        return to;
    }
    if (value < 100) return put_pair(to, static_cast<std::uint32_t>(value));
    char text[20];
    char* begin = text + sizeof(text);
    while (value >= 100) {
        put_pair(begin -= 2, static_cast<std::uint32_t>(value % 100));
        value /= 100;
    }
    if (value >= 10)
        put_pair(begin -= 2, static_cast<std::uint32_t>(value));
    else
        *--begin = static_cast<char>('0' + value);
    const auto length = static_cast<std::size_t>(text + sizeof(text) - begin);
    std::memcpy(to, begin, length);
    return to + length;
}

inline char* put_text(char* to, std::string_view text) {
    std::memcpy(to, text.data(), text.size());
    return to + text.size();
}

/// `to` - `from`: the difference of two times of the kernel's clock may be larger than a signed number.
inline std::string difference_text(std::uint64_t from, std::uint64_t to) {
    return to >= from ? fmt::format("{}", to - from) : fmt::format("-{}", from - to);
}

/// Makes room for `most` more characters behind what is in `buffer`; end_text() tells how far it was used.
inline char* begin_text(fmt::memory_buffer& buffer, std::size_t most) {
    const std::size_t size = buffer.size();
    buffer.resize(size + most);
    return buffer.data() + size;
}
inline void end_text(fmt::memory_buffer& buffer, const char* end) {
    buffer.resize(static_cast<std::size_t>(end - buffer.data()));
}

}  // namespace migtrace
