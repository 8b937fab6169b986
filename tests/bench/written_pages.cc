/* SPDX-License-Identifier: GPL-2.0-only */
// What a write to a page costs whoever writes, while nobody looks, while vm_dirty_track does, and when the process asks the kernel
// itself for the same.
// Usage: written_pages MB PERIOD_MS SECONDS [protect]. Writes a byte to each page, once in each period; with `protect` it has its
// pages protected before. Prints ns for a page, the median of the periods.

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <thread>
#include <vector>

#include "protection.h"

namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) return 2;
    const std::size_t size = std::strtoull(argv[1], nullptr, 10) << 20;
    const auto period = std::chrono::milliseconds(std::atoi(argv[2]));
    char* const memory = bench::new_memory(size, MADV_NOHUGEPAGE);
    std::memset(memory, 1, size);
    volatile char* const data = memory;
    std::optional<bench::Scan> renew;
    if (argc > 4) {
        bench::note_writes(memory, size);
        renew.emplace("/proc/self/pagemap", memory, size);
    }
    std::vector<double> costs;
    const auto end = Clock::now() + std::chrono::seconds(std::atoi(argv[3]));
    for (auto next = Clock::now() + period; next < end; next += period) {
        std::this_thread::sleep_until(next);
        if (renew) (*renew)();
        const auto begin = Clock::now();
        for (std::size_t at = 0; at < size; at += bench::kPage) data[at] = 2;
        costs.push_back(std::chrono::duration<double, std::nano>(Clock::now() - begin).count() / static_cast<double>(size / bench::kPage));
    }
    if (costs.empty()) return 2;
    std::nth_element(costs.begin(), costs.begin() + static_cast<std::ptrdiff_t>(costs.size() / 2), costs.end());
    std::printf("%.1f\n", costs[costs.size() / 2]);
}
