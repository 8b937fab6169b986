/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/seccomp.h"

#include <catch2/catch.hpp>
#include <cstddef>
#include <vector>

using namespace vmdirty;
using Program = std::vector<sock_filter>;

namespace {

constexpr std::uint16_t kLoad = BPF_LD | BPF_W | BPF_ABS, kReturn = BPF_RET | BPF_K;

std::uint32_t run(const Program& program, int number, std::uint64_t argument = 0) {
    seccomp_data call{};
    call.nr = number;
    call.args[0] = argument;
    return run_filter(program, call);
}

}  // namespace

TEST_CASE("a filter is run as the kernel runs it") {
    const Program by_number = {{kLoad, 0, 0, offsetof(seccomp_data, nr)},
                               {BPF_JMP | BPF_JGT | BPF_K, 0, 1, 100},
                               {kReturn, 0, 0, SECCOMP_RET_TRAP},
                               {BPF_JMP | BPF_JSET | BPF_K, 0, 1, 1},
                               {kReturn, 0, 0, SECCOMP_RET_ERRNO | 7},
                               {kReturn, 0, 0, SECCOMP_RET_ALLOW}};
    CHECK(run(by_number, 101) == SECCOMP_RET_TRAP);
    CHECK(run(by_number, 3) == (SECCOMP_RET_ERRNO | 7));
    CHECK(run(by_number, 4) == SECCOMP_RET_ALLOW);
}

TEST_CASE("a filter computes") {
    // ((argument + 5) << 2 ^ 1) by way of memory and the other register
    const Program program = {{kLoad, 0, 0, offsetof(seccomp_data, args)}, {BPF_ALU | BPF_ADD | BPF_K, 0, 0, 5}, {BPF_ST, 0, 0, 3},
                             {BPF_LDX | BPF_MEM, 0, 0, 3},                {BPF_LD | BPF_IMM, 0, 0, 2},         {BPF_STX, 0, 0, 15},
                             {BPF_MISC | BPF_TAX, 0, 0, 0},               {BPF_LD | BPF_MEM, 0, 0, 15},        {BPF_ALU | BPF_LSH | BPF_X, 0, 0, 0},
                             {BPF_ALU | BPF_XOR | BPF_K, 0, 0, 1},        {BPF_RET | BPF_A, 0, 0, 0}};
    CHECK(run(program, 0, 10) == ((15u << 2) ^ 1));
    CHECK(run({{BPF_LD | BPF_LEN, 0, 0, 0}, {BPF_RET | BPF_A, 0, 0, 0}}, 0) == 64);
}

TEST_CASE("what is no filter kills") {
    for (const Program& program : {Program{}, Program{{kLoad, 0, 0, 64}}, Program{{kLoad, 0, 0, ~0u}, {kReturn, 0, 0, SECCOMP_RET_ALLOW}},
                                   Program{{BPF_ST, 0, 0, 16}, {kReturn, 0, 0, SECCOMP_RET_ALLOW}},
                                   Program{{BPF_JMP | BPF_JA, 0, 0, ~0u}, {kReturn, 0, 0, SECCOMP_RET_ALLOW}},
                                   Program{{BPF_LD | BPF_H | BPF_IND, 0, 0, 0}, {kReturn, 0, 0, SECCOMP_RET_ALLOW}}})
        CHECK(run(program, 0) == SECCOMP_RET_KILL_PROCESS);
}
