/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Numbers as text where millions are printed: half of what migrate_stats --migrate took went into fmt.

#include <fmt/format.h>

#include <array>
#include <bit>
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

/// The eight digits of `value` < 10^8, 0 to 9 each, the first in the lowest byte. Three steps, each of which halves all
/// numbers at once: of four digits, of two, of one.
inline std::uint64_t eight_digits(std::uint32_t value) {
    const std::uint64_t fours = value / 10'000 | std::uint64_t{value % 10'000} << 32;
    const std::uint64_t hundreds = (fours * 5243 >> 19) & 0x7f'0000'007f;
    const std::uint64_t pairs = hundreds | (fours - 100 * hundreds) << 16;
    const std::uint64_t tens = (pairs * 103 >> 10) & 0x000f'000f'000f'000f;
    return tens | (pairs - 10 * tens) << 8;
}

/// Writes eight bytes and returns what is behind those that count: `value` < 10^8 with blanks in front up to `width`, 1 to 8.
inline char* put_padded(char* to, std::uint32_t value, unsigned width) {
    const std::uint64_t digits = eight_digits(value);
    const unsigned zeros = value ? static_cast<unsigned>(std::countr_zero(digits)) / 8 : 7;
    const std::uint64_t blanks = (std::uint64_t{1} << 8 * zeros) - 1;
    const std::uint64_t text = (digits | 0x3030'3030'3030'3030) ^ (0x1010'1010'1010'1010 & blanks);
    const unsigned skipped = zeros < 8 - width ? zeros : 8 - width;
    const std::uint64_t shifted = text >> 8 * skipped;
    std::memcpy(to, &shifted, sizeof shifted);
    return to + 8 - skipped;
}

/// `value` < 10^9, with nine digits.
inline char* put_nine(char* to, std::uint32_t value) {
    const std::uint64_t text = eight_digits(value / 10) | 0x3030'3030'3030'3030;
    std::memcpy(to, &text, sizeof text);
    to[8] = static_cast<char>('0' + value % 10);
    return to + 9;
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
