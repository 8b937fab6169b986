/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/tap_marks.h"

#include <catch2/catch.hpp>

using namespace vmperf;
using Catch::Matchers::Contains;

TEST_CASE("what comes in by a tap has its mark, and what has the mark leaves by no other") {
    const std::string rules = TapMarks::rules(9999, {{"vnet0", 0x4d530001}, {"vnet1", 0x4d530002}});
    for (const char* family : {"bridge", "inet"}) {
        INFO(family);
        const std::string name = std::string(family) + " migscope_perf_kvm_9999";
        CHECK_THAT(rules, Contains("table " + name + " { flags owner; }\nflush table " + name));
    }
    CHECK_THAT(rules, Contains("iifname \"vnet0\" tcp dport 9999 meta mark set 0x4d530001"));
    CHECK_THAT(rules, Contains("iifname \"vnet1\" tcp dport 9999 meta mark set 0x4d530002"));
    CHECK_THAT(rules, Contains("oifname != \"vnet0\" tcp sport 9999 meta mark 0x4d530001 drop"));
}
