/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/line_scanner.h"

#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace migtrace {

bool RunTracker::insert(std::uint64_t ts) {
    const std::uint64_t kept = std::min<std::uint64_t>(count_, kSwapDistance);
    auto recent = [&](std::uint64_t back) -> std::uint64_t& { return recent_[(count_ - back) % kSwapDistance]; };
    if (kept == kSwapDistance && ts < recent(kept)) {
        *this = RunTracker{};
        return false;
    }
    swapped_ = true;
    recent_[count_++ % kSwapDistance] = ts;
    for (std::uint64_t back = 1; back < std::min<std::uint64_t>(count_, kSwapDistance); back++) {
        if (recent(back + 1) <= recent(back)) break;
        std::swap(recent(back + 1), recent(back));
    }
    return true;
}

#ifdef __SSE2__

namespace {

// "0x" and 16 digits; the shortest migration has five fields of one digit behind it.
constexpr std::ptrdiff_t kTimeLength = 18, kShortest = kTimeLength + 10;

template <class T>
T load(const char* from) {
    T value;
    std::memcpy(&value, from, sizeof(value));
    return value;
}

/// Bytes from `first` to `first + count - 1` become 0xff, others 0.
__m128i within(__m128i bytes, char first, int count) {
    // There is only a comparison of signed bytes.
    const __m128i moved = _mm_add_epi8(bytes, _mm_set1_epi8(static_cast<char>(0x80 - first)));
    return _mm_cmplt_epi8(moved, _mm_set1_epi8(static_cast<char>(0x80 + count)));
}

/// "0x", 16 hexadecimal digits in lower case, a blank.
[[gnu::always_inline]] inline bool read_time(const char* line, std::uint64_t& ts) {
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(line + 2));
    const __m128i letters = within(text, 'a', 6);
    if (_mm_movemask_epi8(_mm_or_si128(within(text, '0', 10), letters)) != 0xffff) return false;
    if (load<std::uint16_t>(line) != ('0' | 'x' << 8) || line[kTimeLength] != ' ') return false;
    const __m128i digits =
        _mm_add_epi8(_mm_and_si128(text, _mm_set1_epi8(15)), _mm_and_si128(letters, _mm_set1_epi8(9)));
    const __m128i pairs =
        _mm_and_si128(_mm_or_si128(_mm_slli_epi16(digits, 4), _mm_srli_epi16(digits, 8)), _mm_set1_epi16(255));
    const __m128i bytes = _mm_packus_epi16(pairs, pairs);
    ts = __builtin_bswap64(static_cast<std::uint64_t>(_mm_cvtsi128_si64(bytes)));
    return true;
}

/// A bit for each of 32 bytes that is no digit.
std::uint32_t no_digits(const char* text) {
    const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
    const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + 16));
    return ~(static_cast<std::uint32_t>(_mm_movemask_epi8(within(low, '0', 10))) |
             static_cast<std::uint32_t>(_mm_movemask_epi8(within(high, '0', 10))) << 16);
}

/// A bit for each of 16 bytes that is a line feed.
int line_feeds(const char* text) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
    return _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
}

/// Up to eight digits that end before `end`.
std::uint32_t number(const char* begin, unsigned length) {
    // The first digit is in the lowest byte; zeros come in below it. Neighbours are put together in three steps.
    std::uint64_t x = load<std::uint64_t>(begin) << (64 - 8 * length) & 0x0f0f0f0f0f0f0f0f;
    x = (x * 10 + (x >> 8)) & 0x00ff00ff00ff00ff;
    x = (x * 100 + (x >> 16)) & 0x0000ffff0000ffff;
    return static_cast<std::uint32_t>(x * 10000 + (x >> 32));
}

/// Four numbers of one or two digits, each with a blank before it, by where they end.
std::uint64_t four_numbers(const char* a, const char* b, const char* c, const char* d) {
    const std::uint64_t text = load<std::uint16_t>(a - 2) | std::uint64_t{load<std::uint16_t>(b - 2)} << 16 |
                               std::uint64_t{load<std::uint16_t>(c - 2)} << 32 |
                               std::uint64_t{load<std::uint16_t>(d - 2)} << 48;
    // The low four bits of a blank are 0 as well.
    const std::uint64_t digits = text & 0x0f0f0f0f0f0f0f0f;
    return ((digits * 10) & 0x00ff00ff00ff00ff) + (digits >> 8 & 0x00ff00ff00ff00ff);
}

}  // namespace

std::size_t scan_migrations_sse2(const char*& at, const char* end, Record* records, std::size_t most,
                                 std::uint32_t& line) {
    Record* record = records;
    const char* text = at;
    const Record* const full = records + most;
    for (; record < full && end - text >= kShortest; record++) {
        const char* const fields = text + kTimeLength + 1;
        // Where the five fields end. The topmost bits are set so that there always are five.
        std::uint32_t ends = no_digits(fields) | 0xf8000000;
        auto next_end = [&ends] {
            const auto end = static_cast<unsigned>(__builtin_ctz(ends));
            ends &= ends - 1;
            return end;
        };
        const unsigned cpu = next_end(), from = next_end(), to = next_end(), pid = next_end(), code = next_end();
        if (!read_time(text, record->ts)) break;
        const char* const line_end = fields + code;
        if ((fields[cpu] != ' ') | (fields[from] != ' ') | (fields[to] != ' ') | (fields[pid] != ' ') |
            (*line_end != '\n') | (line_end >= end))
            break;
        // Unsigned: an empty field is too long.
        const unsigned pid_length = pid - to - 1;
        if (pid_length - 1 > 7) break;
        if ((cpu - 1 <= 1) & (from - cpu - 2 <= 1) & (to - from - 2 <= 1) & (code - pid - 2 <= 1)) {
            const std::uint64_t four = four_numbers(fields + cpu, fields + from, fields + to, line_end);
            std::memcpy(&record->cpu, &four, sizeof(four));
        } else {
            if ((cpu - 1 > 3) | (from - cpu - 2 > 3) | (to - from - 2 > 3) | (code - pid - 2 > 3)) break;
            const std::uint32_t event = number(fields + pid + 1, code - pid - 1);
            if (event >= kMostEvents) break;
            record->cpu = static_cast<std::uint16_t>(number(fields, cpu));
            record->from = static_cast<std::uint16_t>(number(fields + cpu + 1, from - cpu - 1));
            record->to = static_cast<std::uint16_t>(number(fields + from + 1, to - from - 1));
            record->code = static_cast<std::uint16_t>(event);
        }
        record->pid = static_cast<std::int32_t>(number(fields + to + 1, pid_length));
        record->line = ++line;
        text = line_end + 1;
    }
    at = text;
    return static_cast<std::size_t>(record - records);
}

std::size_t scan_times(const char*& at, const char* end, RunTracker& tracker) {
    // Lines of migrations end here; those that end further behind can be others, and those that end before make no sense.
    constexpr std::ptrdiff_t kEndsFrom = 24, kEndsWithin = 16;
    RunTracker run = tracker;
    const char* text = at;
    std::size_t lines = 0;
    for (;; lines++) {
        if (end - text < kEndsFrom + kEndsWithin) break;
        const int ends = line_feeds(text + kEndsFrom);
        std::uint64_t ts;
        if (ends == 0 || line_feeds(text + kEndsFrom - kEndsWithin) != 0 || !read_time(text, ts)) break;
        if (ts < run.latest()) {
            // Tried on a copy: the caller sees a line that begins a run.
            RunTracker tried = run;
            if (!tried.add(ts)) break;
            run = tried;
        } else
            run.add(ts);
        text += kEndsFrom + __builtin_ctz(static_cast<unsigned>(ends)) + 1;
    }
    at = text;
    tracker = run;
    return lines;
}

#else

// Everything goes the way of the unusual line.
std::size_t scan_migrations_sse2(const char*&, const char*, Record*, std::size_t, std::uint32_t&) {
    return 0;
}

std::size_t scan_times(const char*&, const char*, RunTracker&) {
    return 0;
}

#endif

std::size_t scan_migrations(const char*& at, const char* end, Record* records, std::size_t most, std::uint32_t& line) {
    static const bool avx2 = can_scan_avx2();
    const std::size_t quick = avx2 ? scan_migrations_avx2(at, end, records, most, line) : 0;
    return quick + scan_migrations_sse2(at, end, records + quick, most - quick, line);
}

}  // namespace migtrace
