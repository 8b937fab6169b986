/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// One event line of a trace. (The form in which millions of them are kept: record.h.)

#include <cstdint>
#include <string_view>
#include <vector>

namespace migtrace {

/// The shape of an event line. Which event it is, its number and the header tell together.
enum class Shape : std::uint8_t { Start, Migration, Comm, Mark, Other };

struct Event {
    std::uint64_t ts;  ///< the kernel's clock, ns
    union {
        std::uint64_t mark;      ///< Shape::Mark
        std::uint64_t wall_us;   ///< Shape::Start: wall clock in microseconds since 1970
        const char* comm_begin;  ///< Shape::Comm
    };
    std::uint32_t cpu;       ///< that recorded the event
    std::uint32_t from, to;  ///< Shape::Migration
    std::int32_t pid;        ///< not for Shape::Start
    std::uint32_t line;      ///< number in the input, modulo 2^32
    std::uint16_t number;    ///< of the event in the header; 0 for Shape::Start
    Shape shape;
    std::uint8_t comm_length;

    std::string_view comm() const { return {comm_begin, comm_length}; }
};
static_assert(sizeof(Event) == 40);

/// What is wrong with a line.
enum class Fault : std::uint8_t {
    None,
    Short,
    NotANumber,
    OutOfRange,
    TooLong,
    WrongEvent,
    Header,
    BrokenOff
};
const char* describe(Fault fault);

/// Reads an event line. A line whose end has none of the known forms is Shape::Other. Everything but
/// Event::line is set in `event`; a comm is a part of `line`. `line` is not empty, has no line end, and blanks
/// or tabs at most in front and between the fields.
Fault parse_event(std::string_view line, Event& event);

/// Reads the time stamp at the beginning of an event line; false when there is none.
bool parse_time_stamp(std::string_view line, std::uint64_t& ts);

/// Brings events with the same time stamp into the order that `LC_ALL=C sort` gives their lines.
void sort_equal_times(std::vector<Event>& events);

}  // namespace migtrace
