/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/event.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "migtrace/header.h"

namespace migtrace {

namespace {

/// Wall clocks behind the year 2255 would not fit into 64 bits of nanoseconds.
constexpr std::uint64_t kLastSecond = 9'000'000'000;
/// The kernel's own limit is 15 bytes.
constexpr std::size_t kLongestComm = 255;
constexpr std::string_view kStart = "start_sched_clock";

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/// Walks over the fields of a line.
class Fields {
 public:
    explicit Fields(std::string_view line) : at_(line.data()), end_(at_ + line.size()) {}

    std::string_view next() {
        while (at_ < end_ && is_blank(*at_)) at_++;
        const char* from = at_;
        while (at_ < end_ && !is_blank(*at_)) at_++;
        return {from, static_cast<std::size_t>(at_ - from)};
    }
    std::string_view rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }

 private:
    const char* at_;
    const char* end_;
};

template <class T>
Fault number(std::string_view field, T& value, int base = 10) {
    if (field.empty()) return Fault::Short;
    auto [rest, failure] = std::from_chars(field.data(), field.data() + field.size(), value, base);
    if (failure == std::errc::result_out_of_range) return Fault::OutOfRange;
    return failure == std::errc() && rest == field.data() + field.size() ? Fault::None : Fault::NotANumber;
}

Fault hexadecimal(std::string_view field, std::uint64_t& value) {
    if (field.empty()) return Fault::Short;
    if (field.size() < 3 || field[0] != '0' || (field[1] | 0x20) != 'x') return Fault::NotANumber;
    return number(field.substr(2), value, 16);
}

/// CPUs and processes: from 0 to 2^31 - 1.
template <class T>
Fault small_number(std::string_view field, T& value) {
    std::int32_t number_ = 0;
    Fault fault = number(field, number_);
    if (fault == Fault::None && number_ < 0) return Fault::OutOfRange;
    value = static_cast<T>(number_);
    return fault;
}

Fault event_number(std::string_view field, Event& event) {
    Fault fault = number(field, event.number);
    return fault == Fault::None && event.number >= kMostEvents ? Fault::OutOfRange : fault;
}

Fault parse_start(Fields& fields, Event& event) {
    std::uint64_t seconds = 0, microseconds = 0;
    if (Fault fault = number(fields.next(), seconds); fault != Fault::None) return fault;
    if (Fault fault = number(fields.next(), microseconds); fault != Fault::None) return fault;
    if (seconds > kLastSecond || microseconds >= 1'000'000) return Fault::OutOfRange;
    event.shape = Shape::Start;
    event.number = 0;
    event.wall_us = seconds * 1'000'000 + microseconds;
    return Fault::None;
}

Fault parse_comm(std::string_view rest, Event& event) {
    if (!rest.empty()) rest.remove_prefix(1);
    if (rest.size() > kLongestComm) return Fault::TooLong;
    event.shape = Shape::Comm;
    event.comm_begin = rest.data();
    event.comm_length = static_cast<std::uint8_t>(rest.size());
    return Fault::None;
}

/// The fields behind ". ." in a line that is no migration.
Fault parse_other(Fields& fields, Event& event) {
    std::string_view pid = fields.next(), what = fields.next();
    if (pid == "." && what == kStart) return parse_start(fields, event);
    if (Fault fault = small_number(pid, event.pid); fault != Fault::None) return fault;
    if (Fault fault = event_number(what, event); fault != Fault::None) return fault;
    std::string_view value = fields.next();
    if (value == ":") return parse_comm(fields.rest(), event);
    event.shape = hexadecimal(value, event.mark) == Fault::None ? Shape::Mark : Shape::Other;
    return Fault::None;
}

}  // namespace

const char* describe(Fault fault) {
    switch (fault) {
        case Fault::None:
            return "nothing is wrong";
        case Fault::Short:
            return "it is cut short";
        case Fault::NotANumber:
            return "a field that should be a number is none";
        case Fault::OutOfRange:
            return "a number is negative or too large";
        case Fault::TooLong:
            return "it is too long";
        case Fault::WrongEvent:
            return "it is cut short, or its fields do not fit its kind of event";
        case Fault::Header:
            return "the header line is cut short, or a number in it is missing or out of range";
        case Fault::BrokenOff:
            return "the input ends in the middle of it";
    }
    return "?";
}

bool parse_time_stamp(std::string_view line, std::uint64_t& ts) {
    return hexadecimal(Fields(line).next(), ts) == Fault::None;
}

Fault parse_event(std::string_view line, Event& event) {
    Fields fields(line);
    if (Fault fault = hexadecimal(fields.next(), event.ts); fault != Fault::None) return fault;
    if (Fault fault = small_number(fields.next(), event.cpu); fault != Fault::None) return fault;
    std::string_view from = fields.next(), to = fields.next();
    if (from == "." && to == ".") return parse_other(fields, event);
    event.shape = Shape::Migration;
    event.mark = 0;
    if (Fault fault = small_number(from, event.from); fault != Fault::None) return fault;
    if (Fault fault = small_number(to, event.to); fault != Fault::None) return fault;
    if (Fault fault = small_number(fields.next(), event.pid); fault != Fault::None) return fault;
    return event_number(fields.next(), event);
}

namespace {

/// What stands behind the time stamp in the line that the kernel writes for an event.
void put_line(const Event& e, fmt::memory_buffer& to) {
    auto out = fmt::appender(to);
    switch (e.shape) {
        case Shape::Start:
            fmt::format_to(out, "{} . . . {} {} {}", e.cpu, kStart, e.wall_us / 1'000'000,
                           e.wall_us % 1'000'000);
            break;
        case Shape::Migration:
            fmt::format_to(out, "{} {} {} {} {}", e.cpu, e.from, e.to, e.pid, e.number);
            break;
        case Shape::Comm:
            fmt::format_to(out, "{} . . {} {} : {}", e.cpu, e.pid, e.number, e.comm());
            break;
        case Shape::Mark:
        case Shape::Other:
            fmt::format_to(out, "{} . . {} {} 0x{:08x}", e.cpu, e.pid, e.number, e.mark);
            break;
    }
}

}  // namespace

void sort_equal_times(std::vector<Event>& events) {
    if (events.size() < 2) return;
    struct Keyed {
        std::string line;
        Event event;
    };
    std::vector<Keyed> keyed;
    keyed.reserve(events.size());
    for (const Event& event : events) {
        fmt::memory_buffer line;
        put_line(event, line);
        keyed.push_back({fmt::to_string(line), event});
    }
    std::stable_sort(keyed.begin(), keyed.end(),
                     [](const Keyed& a, const Keyed& b) { return a.line < b.line; });
    std::transform(keyed.begin(), keyed.end(), events.begin(), [](const Keyed& k) { return k.event; });
}

}  // namespace migtrace
