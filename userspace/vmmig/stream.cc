/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/stream.h"

#include <fmt/format.h>

#include <cstring>
#include <ctime>

namespace vmmig {

double StreamFigures::bytes_per_second() const {
    const double seconds = std::chrono::duration<double>(wall).count();
    return seconds > 0 ? static_cast<double>(bytes) / seconds : 0;
}

double StreamFigures::load() const {
    return wall.count() > 0 ? static_cast<double>(cpu.count()) / static_cast<double>(wall.count()) : 0;
}

StreamLaps::StreamLaps(const StreamCounters& counters) : counters_(counters), begin_(now()), last_(begin_) {}

StreamLaps::Mark StreamLaps::now() const {
    timespec cpu{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    return {counters_.pages.load(std::memory_order_relaxed), counters_.bytes.load(std::memory_order_relaxed),
            counters_.requests.load(std::memory_order_relaxed), std::chrono::steady_clock::now(),
            std::chrono::seconds(cpu.tv_sec) + std::chrono::nanoseconds(cpu.tv_nsec)};
}

StreamFigures StreamLaps::between(const Mark& from, const Mark& to) {
    return {to.pages - from.pages, to.bytes - from.bytes, to.requests - from.requests, to.wall - from.wall,
            to.cpu - from.cpu, {}};
}

StreamFigures StreamLaps::lap() {
    const Mark mark = now();
    const StreamFigures figures = between(last_, mark);
    last_ = mark;
    return figures;
}

StreamFigures StreamLaps::total() const { return between(begin_, now()); }

void end_stream(const char* what, int error) { throw StreamEnd{fmt::format("{}: {}", what, std::strerror(error))}; }

}  // namespace vmmig
