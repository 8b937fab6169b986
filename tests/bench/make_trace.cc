/* SPDX-License-Identifier: GPL-2.0-only */
// Writes a trace of any size for the benchmarks of the analyzers: the same for the same arguments.
//
//   make_trace EVENTS CPUS raw|sorted >trace
//
// raw: CPU after CPU, as the kernel writes it; sorted: as `LC_ALL=C sort` puts it. 20,000 processes that all have a
// name, a wakeup in four of five migrations, a mark in a hundred thousand events, one event in 16 us on the average.
#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr unsigned kProcesses = 20000, kFirstPid = 1000;

struct Event {
    std::uint64_t ts;
    std::uint32_t value;  // pid, with kName and kMark
    std::uint16_t cpu, from, to;
    std::uint8_t number;
};
enum : std::uint8_t { kFork = 6, kWakeup = 7, kCopy = 8, kList = 10, kMark = 11 };

void put(fmt::memory_buffer& out, const Event& e) {
    auto to = fmt::appender(out);
    if (e.number == kMark)
        fmt::format_to(to, "0x{:016x} {} . . {} 11 0x{:08x}\n", e.ts, e.cpu, kFirstPid, e.value);
    else if (e.number == kList || e.number == kCopy)
        fmt::format_to(to, "0x{:016x} {} . . {} {} : task/{}\n", e.ts, e.cpu, e.value, e.number, e.value % 500);
    else
        fmt::format_to(to, "0x{:016x} {} {} {} {} {}\n", e.ts, e.cpu, e.from, e.to, e.value, e.number);
    if (out.size() > (1 << 20)) {
        std::fwrite(out.data(), 1, out.size(), stdout);
        out.clear();
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return std::fputs("usage: make_trace EVENTS CPUS raw|sorted\n", stderr), 2;
    const std::uint64_t events = std::strtoull(argv[1], nullptr, 10);
    const auto cpus = static_cast<unsigned>(std::atoi(argv[2]));
    const bool raw = std::string_view(argv[3]) == "raw";
    std::mt19937_64 random(1);
    fmt::memory_buffer out;
    auto to = fmt::appender(out);
    fmt::format_to(to, "# version 1.0.0\n# nr_cpus {}\n# ts_field 1\n", cpus);
    const char* const kNames[] = {"__migrate_task", "pull_one_task", "pull_rt_task", "pull_task", "push_rt_task",
                                  "sched_fork", "try_to_wake_up", "copy_process", "set_task_comm", "task_list", "mark"};
    for (unsigned i = 1; i <= 11; i++) fmt::format_to(to, "# {} {} {}\n", i < 8 ? "cause" : "loc", i, kNames[i - 1]);

    std::uint64_t ts = 100'000'000'000;
    std::vector<std::vector<Event>> queues(raw ? cpus : 1);
    auto start = [&](unsigned cpu) {
        fmt::format_to(to, "0x{:016x} {} . . . start_sched_clock 1281528519 {:06}\n", ts + cpu * 100, cpu, cpu);
    };
    auto add = [&](const Event& e) { raw ? queues[e.cpu].push_back(e) : put(out, e); };
    if (!raw)
        for (unsigned cpu = 0; cpu < cpus; cpu++) start(cpu);
    const std::uint64_t begin = ts;
    ts += 100'000;
    for (unsigned i = 0; i < kProcesses; i++) add({ts + i, kFirstPid + i, 0, 0, 0, kList});
    ts += 1'000'000;
    for (std::uint64_t i = 0; i < events; i++) {
        const std::uint64_t r = random();
        ts += 1 + r % 32000;
        const auto pid = static_cast<std::uint32_t>(kFirstPid + (r >> 16) % kProcesses);
        const auto cpu = static_cast<std::uint16_t>((r >> 32) % cpus), from = static_cast<std::uint16_t>((r >> 40) % cpus),
                   dest = static_cast<std::uint16_t>((r >> 48) % cpus);
        const unsigned kind = r >> 56;
        if (i % 100'000 == 99'999)
            add({ts, static_cast<std::uint32_t>(i / 100'000), cpu, 0, 0, kMark});
        else if (kind < 2)
            add({ts, pid, cpu, 0, 0, kCopy});
        else
            add({ts, pid, cpu, from, dest, static_cast<std::uint8_t>(kind < 205 ? 7 : 1 + kind % 6)});
    }
    ts = begin;
    for (unsigned cpu = 0; raw && cpu < cpus; cpu++) {
        start(cpu);
        for (const Event& e : queues[cpu]) put(out, e);
    }
    std::fwrite(out.data(), 1, out.size(), stdout);
    return std::fflush(stdout) ? 1 : 0;
}
