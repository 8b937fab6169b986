/* SPDX-License-Identifier: GPL-2.0-only */
// A line is read by tables: where its fields end says how to move their digits so that the same multiplications serve
// any line.

#include "migtrace/line_scanner.h"

#ifdef __x86_64__
#include <immintrin.h>

#include <cstring>
#endif

namespace migtrace {

#ifdef __x86_64__

namespace {

// "0x" and 16 digits; a blank; the fields.
constexpr std::ptrdiff_t kTimeLength = 18, kFields = kTimeLength + 1;
/// In which all fields and the end of the line have to be.
constexpr std::ptrdiff_t kFieldBytes = 32;

/// How far a group of fields is looked at: one bit for each byte is an index into a table.
constexpr unsigned kGroupBits = 12, kGroups = 1 << kGroupBits;
/// Length of a group that cannot be read: no line is that long.
constexpr std::uint8_t kNoGroup = kFieldBytes;

/// Where the digits of some fields go, by where the fields end. A field of `width` digits at most goes to the bytes
/// before `end`; those in front of it become 0.
class GroupTable {
 public:
    struct Field {
        unsigned width, end;
    };

    template <std::size_t N>
    constexpr explicit GroupTable(const Field (&fields)[N]) {
        for (unsigned ends = 0; ends < kGroups; ends++) {
            for (std::int8_t& from : moves_[ends].from) from = -1;
            lengths_[ends] = 0;
            for (const Field& field : fields) add(ends, field);
        }
    }

    /// Bytes from the first field to the end of the last, what ends it included; or kNoGroup.
    std::uint8_t length(unsigned ends) const { return lengths_[ends]; }
    /// For PSHUFB.
    const std::int8_t* moves(unsigned ends) const { return moves_[ends].from; }

 private:
    constexpr void add(unsigned ends, const Field& field) {
        std::uint8_t& length = lengths_[ends];
        if (length == kNoGroup) return;
        const unsigned begin = length;
        unsigned at = begin;
        while (at < kGroupBits && !(ends >> at & 1)) at++;
        if (at == kGroupBits || at == begin || at - begin > field.width) {
            length = kNoGroup;
            return;
        }
        for (unsigned digit = 1; digit <= at - begin; digit++)
            moves_[ends].from[field.end - digit] = static_cast<std::int8_t>(at - digit);
        length = static_cast<std::uint8_t>(at + 1);
    }

    struct alignas(16) Moves {
        std::int8_t from[16] = {};
    };
    Moves moves_[kGroups] = {};
    std::uint8_t lengths_[kGroups] = {};
};

// Four bytes for each number, and eight for the pid. Of the numbers of events, those with four digits are left out, as
// some are too large.
constexpr GroupTable kCpus({{4, 4}, {4, 8}, {4, 12}});
constexpr GroupTable kPidAndCode({{8, 8}, {3, 12}});
static_assert(kMostEvents >= 1000);

#define MIGTRACE_AVX2 [[gnu::target("avx2,bmi"), gnu::always_inline]] inline

MIGTRACE_AVX2 __m128i load(const void* from) {
    return _mm_loadu_si128(static_cast<const __m128i*>(from));
}

/// A bit for each byte that is `wanted`.
MIGTRACE_AVX2 std::uint32_t where(const __m256i& bytes, char wanted) {
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(wanted))));
}

/// 16 bytes, of which all above 9 are no digits, with the digits of a group where they belong.
MIGTRACE_AVX2 __m128i digits_of(const char* fields, const std::int8_t* moves) {
    return _mm_shuffle_epi8(_mm_sub_epi8(load(fields), _mm_set1_epi8('0')), load(moves));
}

/// Four digits each become a number of 32 bits.
MIGTRACE_AVX2 __m128i numbers_of(__m128i digits) {
    const __m128i pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(10 | 1 << 8));
    return _mm_madd_epi16(pairs, _mm_set1_epi32(100 | 1 << 16));
}

/// Bytes from `first` to `last` become 0xff, others 0.
MIGTRACE_AVX2 __m128i within(__m128i bytes, char first, char last) {
    const __m128i moved = _mm_sub_epi8(bytes, _mm_set1_epi8(first));
    return _mm_cmpeq_epi8(_mm_min_epu8(moved, _mm_set1_epi8(static_cast<char>(last - first))), moved);
}

}  // namespace

bool can_scan_avx2() {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
}

[[gnu::target("avx2,bmi")]]
std::size_t scan_migrations_avx2(const char*& at, const char* end, Record* records, std::size_t most,
                                 std::uint32_t& line) {
    const __m128i nine = _mm_set1_epi8(9);
    // From cpu, from, to, -, the two halves of the pid, code, -: the words of a record behind its time ...
    const __m128i words = _mm_set_epi8(-1, -1, -1, -1, -1, -1, -1, -1, 13, 12, 5, 4, 3, 2, 1, 0);
    // ... and the pid, in its place there.
    const __m128i halves = _mm_set_epi16(0, 0, 1, 10000, 0, 0, 0, 0);
    const __m128i last_byte_first = _mm_set_epi8(-1, -1, -1, -1, -1, -1, -1, -1, 0, 2, 4, 6, 8, 10, 12, 14);
    const __m128i next_line = _mm_set_epi32(1, 0, 0, 0);
    __m128i line_number = _mm_set_epi32(static_cast<int>(line), 0, 0, 0);

    const char* text = at;
    Record* record = records;
    const Record* const full = records + most;
    for (; record < full && end - text >= kFields + kFieldBytes; record++) {
        const char* const fields = text + kFields;
        const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(fields));
        const std::uint32_t feeds = where(bytes, '\n'), ends = where(bytes, ' ') | feeds;
        const unsigned cpus = ends % kGroups, cpus_length = kCpus.length(cpus);
        const unsigned rest = (std::uint64_t{ends} >> cpus_length) % kGroups;
        // Then the fifth field is the first that a line feed ends.
        const unsigned length = cpus_length + kPidAndCode.length(rest);
        const char* const next = fields + _tzcnt_u32(feeds) + 1;
        if (fields + length != next) break;
        std::uint16_t prefix;
        std::memcpy(&prefix, text, sizeof(prefix));
        if (prefix != ('0' | 'x' << 8) || text[kTimeLength] != ' ') break;

        const __m128i time = load(text + 2);
        const __m128i letters = within(time, 'a', 'f');
        const __m128i first = digits_of(fields, kCpus.moves(cpus));
        const __m128i second = digits_of(fields + cpus_length, kPidAndCode.moves(rest));
        const __m128i wrong = _mm_subs_epu8(_mm_max_epu8(first, second), nine);
        if (!_mm_test_all_ones(_mm_or_si128(within(time, '0', '9'), letters)) || !_mm_testz_si128(wrong, wrong)) break;

        // The low four bits of 'a' are 1.
        const __m128i hex = _mm_add_epi8(_mm_and_si128(time, _mm_set1_epi8(15)), _mm_and_si128(letters, nine));
        const __m128i hex_pairs = _mm_maddubs_epi16(hex, _mm_set1_epi16(16 | 1 << 8));
        _mm_storel_epi64(reinterpret_cast<__m128i*>(&record->ts), _mm_shuffle_epi8(hex_pairs, last_byte_first));
        const __m128i numbers = _mm_packus_epi32(numbers_of(first), numbers_of(second));
        line_number = _mm_add_epi32(line_number, next_line);
        const __m128i fields_but_pid = _mm_or_si128(_mm_shuffle_epi8(numbers, words), line_number);
        const __m128i whole = _mm_or_si128(fields_but_pid, _mm_madd_epi16(numbers, halves));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(&record->cpu), whole);
        text = next;
    }
    const auto read = static_cast<std::size_t>(record - records);
    line += static_cast<std::uint32_t>(read);
    at = text;
    return read;
}

#undef MIGTRACE_AVX2

#else

bool can_scan_avx2() {
    return false;
}

std::size_t scan_migrations_avx2(const char*&, const char*, Record*, std::size_t, std::uint32_t&) {
    return 0;
}

#endif

}  // namespace migtrace
