/* SPDX-License-Identifier: GPL-2.0-only */
// What mig_mon mm_dirty is compared with: a loop that writes one byte to each page, and nothing else.
// Usage: plain_dirty MB SECONDS. Prints MB/s, counting 4 KiB for each byte, and how many CPUs it used.

#include <sys/mman.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

int main(int argc, char** argv) {
    using Clock = std::chrono::steady_clock;
    constexpr std::size_t kPage = 4096;
    if (argc != 3) return 2;
    const std::size_t size = std::strtoull(argv[1], nullptr, 10) << 20;
    void* mapped = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return std::perror("mmap"), 1;
    auto* data = static_cast<volatile unsigned char*>(mapped);
    auto round = [&](unsigned char value) {
        for (std::size_t at = 0; at < size; at += kPage) data[at] = value;
    };
    round(1);
    const Clock::time_point begin = Clock::now();
    const std::clock_t before = std::clock();
    const auto length = std::chrono::duration<double>(std::atof(argv[2]));
    double rounds = 0;
    for (; Clock::now() - begin < length; rounds++) round(static_cast<unsigned char>(rounds));
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    std::printf("%.0f %.3f\n", rounds * static_cast<double>(size) / 1048576 / seconds,
                static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC / seconds);
}
