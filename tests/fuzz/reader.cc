/* SPDX-License-Identifier: GPL-2.0-only */
// The reader of traces, in all its ways, against one that is slow and simple: every event comes out once, in order,
// however the lines lie in files, and the same number of lines makes no sense.

#include <algorithm>

#include "fuzz/harness.h"
#include "migtrace/trace_reader.h"

namespace {

using namespace migtrace;
using Order = ReadOptions::Order;

struct Listing {
    std::vector<std::string> events;  // without comms
    std::vector<std::string> comms;   // of the same events
    std::vector<std::uint64_t> times;
    std::vector<Shape> shapes;
    std::uint64_t skipped = 0;
    std::vector<std::string> warnings;
    bool failed = false;
};

std::string shown(const Event& e) {
    std::string text = fmt::format("{:016x} {} {} {} ", e.ts, e.cpu, static_cast<int>(e.shape), e.number);
    if (e.shape == Shape::Start) return text + fmt::format("{}", e.wall_us);
    text += fmt::format("{} ", e.pid);
    if (e.shape == Shape::Migration) return text + fmt::format("{} {}", e.from, e.to);
    return e.shape == Shape::Comm ? text : text + fmt::format("{:x}", e.mark);
}

void add(Listing& listing, const Event& event) {
    listing.events.push_back(shown(event));
    listing.comms.emplace_back(event.shape == Shape::Comm ? event.comm() : "");
    listing.times.push_back(event.ts);
    listing.shapes.push_back(event.shape);
}

/// Reads as run() of analysis.cc does.
Listing read(ReadOptions options) {
    for (;;) {
        Listing listing;
        try {
            TraceReader reader(options);
            Event event;
            while (reader.next(event)) add(listing, event);
            listing.skipped = reader.skipped_lines();
            listing.warnings = reader.warnings();
        } catch (const OutOfOrder&) {
            options.optimistic = false;
            if (options.order == Order::Any) options.order = Order::Full;
            continue;
        } catch (const base::Error&) {
            listing = {};
            listing.failed = true;
        }
        return listing;
    }
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

bool fits(const Event& event, const TraceHeader& header, Listing& listing) {
    if (event.shape == Shape::Start) return true;
    const Role role = header.role(event.number);
    if (role == Role::Unknown || role == Role::OtherLoc) return false;
    if ((role == Role::Cause && event.shape == Shape::Migration) || (role == Role::Comm && event.shape == Shape::Comm) ||
        (role == Role::Mark && event.shape == Shape::Mark))
        return true;
    listing.skipped++;
    return false;
}

Listing read_slowly(std::string_view text) {
    constexpr std::size_t kLongest = 1 << 16;
    Listing listing;
    TraceHeader header;
    std::vector<Event> events;
    for (std::string_view line : lines_of(text)) {
        const bool too_long = line.size() > kLongest;
        if (too_long)
            line = line.substr(0, kLongest);
        else if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (auto words = header_text(line)) {
            try {
                if (header.add(*words, "") == TraceHeader::Result::Malformed) listing.skipped++;
            } catch (const base::Error&) {
                listing.failed = true;
                return listing;
            }
            continue;
        }
        if (line.find_first_not_of(" \t") == line.npos) continue;
        Event event{};
        if (too_long || parse_event(line, event) != Fault::None)
            listing.skipped++;
        else
            events.push_back(event);
    }
    std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.ts < b.ts; });
    for (auto from = events.begin(); from != events.end();) {
        const auto to = std::find_if(from, events.end(), [&](const Event& e) { return e.ts != from->ts; });
        std::vector<Event> group(from, to);
        sort_equal_times(group);
        for (const Event& event : group)
            if (fits(event, header, listing)) add(listing, event);
        from = to;
    }
    return listing;
}

/// Whether no event comes behind one of a later period; comm events may.
bool periods_in_order(const Listing& listing, std::uint64_t start, std::uint64_t period) {
    auto index = [&](std::uint64_t ts) { return ts > start ? (ts - start - 1) / period : 0; };
    std::uint64_t last = 0;
    for (std::size_t i = 0; i < listing.times.size(); i++) {
        if (listing.shapes[i] == Shape::Comm) continue;
        if (index(listing.times[i]) < last) return false;
        last = index(listing.times[i]);
    }
    return true;
}

void compare(const char* way, Listing got, Listing expected, bool in_order) {
    fuzz::require(got.failed == expected.failed, fmt::format("{}: {}", way, got.failed ? "failed" : "did not fail"));
    if (got.failed) return;
    if (!in_order) {
        std::sort(got.events.begin(), got.events.end());
        std::sort(expected.events.begin(), expected.events.end());
    }
    for (std::size_t i = 0; i < std::min(got.events.size(), expected.events.size()); i++)
        fuzz::require(got.events[i] == expected.events[i],
                      fmt::format("{}: event {} is {} instead of {}", way, i, got.events[i], expected.events[i]));
    fuzz::require(got.events.size() == expected.events.size(),
                  fmt::format("{}: {} events instead of {}", way, got.events.size(), expected.events.size()));
    // Without order names mean nothing.
    fuzz::require(!in_order || got.comms == expected.comms, fmt::format("{}: other names", way));
    fuzz::require(got.skipped == expected.skipped,
                  fmt::format("{}: {} lines skipped instead of {}", way, got.skipped, expected.skipped));
}

/// What counts when order and names do not: no comm events, but how far all events go.
Listing summary(Listing listing) {
    std::vector<std::string> events;
    for (std::size_t i = 0; i < listing.events.size(); i++)
        if (listing.shapes[i] != Shape::Comm) events.push_back(listing.events[i]);
    const auto latest = std::max_element(listing.times.begin(), listing.times.end());
    if (latest != listing.times.end()) events.push_back(fmt::format("latest {}", *latest));
    listing.events = std::move(events);
    return listing;
}

/// Where the first line begins that begins in the second half.
std::size_t middle(std::string_view text) {
    const std::size_t end = text.find('\n', text.size() / 2);
    return end == text.npos ? text.size() : end + 1;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > fuzz::Pipe::kMost) return -1;
    const std::string_view text = fuzz::text_of(data, size);
    const Listing expected = read_slowly(text);
    const fuzz::File file(text);
    const Listing whole = read({.files = {file.path()}}), straight = read({.files = {file.path()}, .optimistic = true});
    compare("as a file", whole, expected, true);
    compare("as a file that looks sorted", straight, expected, true);
    fuzz::require(whole.warnings == straight.warnings,
                  fmt::format("as a file it warns:\n{}\nand when it looks sorted:\n{}",
                              fmt::join(whole.warnings, "\n"), fmt::join(straight.warnings, "\n")));
    compare("in any order", summary(read({.files = {file.path()}, .order = Order::Any})), summary(expected), false);

    const fuzz::File first(text.substr(0, middle(text))), second(text.substr(middle(text)));
    compare("as two files", read({.files = {first.path(), second.path()}}), expected, true);
    const fuzz::Pipe pipe(text);
    compare("through a pipe", read({.files = {pipe.path()}}), expected, true);

    constexpr std::uint64_t kPeriod = 1000;
    for (const bool optimistic : {false, true}) {
        const Listing listing =
            read({.files = {file.path()}, .order = Order::Periods, .period = kPeriod, .optimistic = optimistic});
        compare("by periods", summary(listing), summary(expected), false);
        if (listing.failed) continue;
        TraceReader reader({.files = {file.path()}});
        fuzz::require(periods_in_order(listing, reader.start().ts, kPeriod), "periods are not in order");
        fuzz::require(listing.warnings == whole.warnings, "by periods it warns otherwise");
    }
    return 0;
}
