/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// One event line of a trace, in the form in which millions of them are kept and merged.

#include <cstdint>
#include <memory>
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

/// Keeps the names that events point to.
class TextStore {
 public:
    const char* keep(std::string_view text);
    /// Forgets everything that was kept; the memory is used again.
    void clear();

 private:
    static constexpr std::size_t kChunk = 1 << 16;
    std::vector<std::unique_ptr<char[]>> chunks_;
    std::size_t chunk_ = 0, used_ = 0;
};

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

/// Reads an event line. A line whose end has none of the known forms is Shape::Other. Everything but `line`
/// is set in `event`; a comm is kept in `texts`. `line` is not empty, has no line end, and blanks or tabs at
/// most in front and between the fields.
Fault parse_event(std::string_view line, Event& event, TextStore& texts);

/// Reads the time stamp at the beginning of an event line; false when there is none.
bool parse_time_stamp(std::string_view line, std::uint64_t& ts);

/// Brings events with the same time stamp into the order that `LC_ALL=C sort` gives their lines.
void sort_equal_times(std::vector<Event>& events);

}  // namespace migtrace
