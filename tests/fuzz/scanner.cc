/* SPDX-License-Identifier: GPL-2.0-only */
// The scanner of plain lines: what it takes is what the parser makes of the line, and it does not look further than it
// may.

#include <cstring>

#include "fuzz/harness.h"
#include "migtrace/event.h"
#include "migtrace/line_scanner.h"

namespace {

using namespace migtrace;

/// The text with the room behind it that the scanner wants, and not a byte more.
struct Padded {
    std::size_t size;
    std::unique_ptr<char[]> bytes;
    Padded(std::string_view text, char fill) : size(text.size()), bytes(new char[size + kScanAhead]) {
        std::memcpy(bytes.get(), text.data(), size);
        std::memset(bytes.get() + size, fill, kScanAhead);
    }
    const char* begin() const { return bytes.get(); }
    const char* end() const { return begin() + size; }
};

std::string_view cut_line(const char*& at, const char* end) {
    const char* const from = at;
    const auto* const found = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
    at = found ? found + 1 : end;
    return {from, static_cast<std::size_t>((found ? found : end) - from)};
}

void check_migrations(const Padded& text) {
    constexpr std::size_t kMost = 7;
    std::uint32_t line = 0;
    for (const char* at = text.begin(); at < text.end(); cut_line(at, text.end()), line++) {
        Record records[kMost];
        const char* seen = at;
        const std::size_t count = scan_migrations(at, text.end(), records, kMost, line);
        for (std::size_t i = 0; i < count; i++) {
            const Record& record = records[i];
            Event event{};
            const std::string_view taken = cut_line(seen, text.end());
            fuzz::require(parse_event(taken, event) == Fault::None && event.shape == Shape::Migration,
                          fmt::format("no migration: {}", taken));
            fuzz::require(record.ts == event.ts && record.cpu == event.cpu && record.from == event.from &&
                              record.to == event.to && record.pid == event.pid && record.code == event.number &&
                              record.line == line - count + i + 1,
                          fmt::format("read as {} {} {} {} {} {}: {}", record.ts, record.cpu, record.from, record.to,
                                      record.pid, record.code, taken));
        }
        fuzz::require(seen == at, "it did not stop at the end of a line");
    }
}

void check_times(const Padded& text) {
    RunTracker run, expected;
    for (const char* at = text.begin(); at < text.end(); cut_line(at, text.end())) {
        const char* seen = at;
        const std::size_t count = scan_times(at, text.end(), run);
        for (std::size_t i = 0; i < count; i++) {
            std::uint64_t ts = 0;
            const std::string_view taken = cut_line(seen, text.end());
            fuzz::require(parse_time_stamp(taken, ts), fmt::format("no time stamp: {}", taken));
            fuzz::require(expected.add(ts), fmt::format("begins a new run: {}", taken));
        }
        fuzz::require(seen == at, "it did not stop at the end of a line");
        fuzz::require(run.latest() == expected.latest() && run.swapped() == expected.swapped(),
                      "it does not know what was in order");
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    for (char fill : {'\0', '\n', '7'}) {
        const Padded text(fuzz::text_of(data, size), fill);
        check_migrations(text);
        check_times(text);
    }
    return 0;
}
