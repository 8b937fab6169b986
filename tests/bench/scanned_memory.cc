/* SPDX-License-Identifier: GPL-2.0-only */
// Memory for vm_dirty_track to watch, and what the bare system call takes for the same.
// Usage: scanned_memory small|huge GIB MB_PER_SECOND [SECONDS]. Has so much memory, of small pages or of huge ones where it
// is never written, says "ready", and dirties one page after the other at that rate. With SECONDS a process beside it calls
// PAGEMAP_SCAN each second and nothing else, so many times; prints the CPU time of the median call, in ms.

#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <string>
#include <thread>

#include "protection.h"

namespace {

using Clock = std::chrono::steady_clock;

double cpu_ms() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

[[noreturn]] void dirty(volatile char* data, std::size_t size, std::size_t rate) {
    constexpr std::size_t kPerSecond = 1000;
    std::size_t at = 0, done = 0;
    const auto begin = Clock::now();
    for (std::size_t n = 1;; n++) {
        for (; done < n * rate / kPerSecond; done += bench::kPage) {
            data[at] = 2;
            at = (at + bench::kPage) % size;
        }
        std::this_thread::sleep_until(begin + n * std::chrono::seconds(1) / kPerSecond);
    }
}

void scan(const char* data, std::size_t size, int seconds) {
    const std::string pagemap = "/proc/" + std::to_string(::getppid()) + "/pagemap";
    bench::Scan scan(pagemap.c_str(), data, size);
    std::vector<double> costs;
    const auto begin = Clock::now();
    for (int n = 0; n <= seconds; n++) {
        const double before = cpu_ms();
        scan();
        // At the first all is new.
        if (n > 0) costs.push_back(cpu_ms() - before);
        std::this_thread::sleep_until(begin + std::chrono::seconds(n + 1));
    }
    std::nth_element(costs.begin(), costs.begin() + static_cast<std::ptrdiff_t>(costs.size() / 2), costs.end());
    std::printf("%.4f\n", costs[costs.size() / 2]);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) return 2;
    const std::size_t size = std::strtoull(argv[2], nullptr, 10) << 30, rate = std::strtoull(argv[3], nullptr, 10) << 20;
    char* const data = bench::new_memory(size, std::string(argv[1]) == "huge" ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    // Before it is written: none of it is shared with the scanner.
    int ready[2];
    if (::pipe(ready)) bench::fail("pipe");
    const pid_t writer = ::getpid();
    const pid_t scanner = argc > 4 ? ::fork() : 0;
    if (scanner < 0) bench::fail("fork");
    if (argc > 4 && scanner == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        char byte = 0;
        if (::read(ready[0], &byte, 1) != 1) return 1;
        scan(data, size, std::max(1, std::atoi(argv[4])));
        std::fflush(stdout);
        ::kill(writer, SIGTERM);
        return 0;
    }
    std::memset(data, 1, size);
    if (argc > 4) {
        bench::note_writes(data, size);
        if (::write(ready[1], "", 1) != 1) bench::fail("write");
    } else {
        std::puts("ready");
        std::fflush(stdout);
    }
    dirty(data, size, rate);
}
