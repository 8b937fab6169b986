/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/cpu_groups.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <numeric>

using migtrace::CpuGroups;

namespace {

/// Two threads a core, four cores a cache, two caches a node; cores are numbered anew in each cache.
migtrace::TraceHeader machine(unsigned cpus) {
    migtrace::TraceHeader header;
    for (unsigned cpu = 0; cpu < cpus; cpu++)
        header.add(
            fmt::format("cpu {} core {} llc {} node {} capacity 1024", cpu, cpu % 8 / 2, cpu / 8, cpu / 16),
            "here");
    return header;
}

/// CPUs from 0 on.
CpuGroups group_cpus(const migtrace::TraceHeader& header, unsigned cpus, unsigned most) {
    std::vector<unsigned> all(cpus);
    std::iota(all.begin(), all.end(), 0u);
    return migtrace::group_cpus(header, all, most);
}

}  // namespace

TEST_CASE("few CPUs stand for themselves") {
    const CpuGroups groups = group_cpus(machine(64), 64, 64);
    CHECK(groups.unit == CpuGroups::Unit::Cpu);
    CHECK(groups.size() == 64);
    CHECK(groups.describe(5) == "CPU 5");
}

TEST_CASE("many CPUs are put together by the smallest unit of which there are few enough") {
    CHECK(group_cpus(machine(128), 128, 64).unit == CpuGroups::Unit::Core);
    const CpuGroups caches = group_cpus(machine(256), 256, 64);
    CHECK(caches.unit == CpuGroups::Unit::Cache);
    CHECK(caches.size() == 32);
    CHECK(caches.describe(1) == "cache 1 (CPUs 8-15)");
    const CpuGroups nodes = group_cpus(machine(1024), 1024, 64);
    CHECK(nodes.unit == CpuGroups::Unit::Node);
    CHECK(nodes.size() == 64);
    CHECK(nodes.names[63] == "node 63");
}

TEST_CASE("without a place for every CPU neighbours are put together") {
    for (const migtrace::TraceHeader& header : {migtrace::TraceHeader(), machine(100)}) {
        const CpuGroups groups = group_cpus(header, 130, 64);
        CHECK(groups.unit == CpuGroups::Unit::Block);
        CHECK(groups.size() == 33);
        CHECK(groups.describe(0) == "CPUs 0-3");
        CHECK(groups.describe(32) == "CPUs 128-129");
    }
}

TEST_CASE("sums of groups lose nothing") {
    migtrace::CpuMatrix matrix(128);
    for (unsigned i = 0; i < 1000; i++) matrix.count(i * 7 % 128, i * 13 % 128);
    matrix.count(0, 1);
    for (const CpuGroups& groups : {group_cpus(machine(128), 128, 64), group_cpus({}, 128, 64)}) {
        const auto sums = sum_groups(matrix, groups);
        REQUIRE(sums.size() == groups.size() * groups.size());
        CHECK(std::accumulate(sums.begin(), sums.end(), std::uint64_t{0}) == 1001);
        CHECK(sums[0] == matrix.at(0, 0) + matrix.at(0, 1) + matrix.at(1, 0) + matrix.at(1, 1));
    }
}

TEST_CASE("lists of CPUs are short") {
    CHECK(migtrace::cpu_list({0, 1, 2, 3, 8, 10, 11}) == "0-3,8,10-11");
    CHECK(migtrace::cpu_list({}) == "");
}

TEST_CASE("of many CPUs only those that occur are shown") {
    migtrace::CpuMatrix matrix(8000);
    for (unsigned cpu = 0; cpu < 4; cpu++) matrix.count(cpu, cpu + 1);
    matrix.count(1, 7999);
    CHECK(migtrace::cpus_to_show(matrix, 64) == std::vector<unsigned>{0, 1, 2, 3, 4, 7999});
    CHECK(migtrace::cpus_to_show(migtrace::CpuMatrix(3), 64) == std::vector<unsigned>{0, 1, 2});
    const CpuGroups groups = migtrace::group_cpus({}, {0, 1, 2, 3, 4, 7999}, 64);
    CHECK(groups.unit == CpuGroups::Unit::Cpu);
    CHECK(groups.names.back() == "7999");
    const CpuGroups blocks = migtrace::group_cpus({}, {0, 1, 2, 3, 4, 7999}, 3);
    CHECK(blocks.names == std::vector<std::string>{"0-3", "4", "7999"});
    CHECK(migtrace::group_list(blocks) == "0-3 4 7999");
    CHECK(migtrace::sum_groups(matrix, blocks) == std::vector<std::uint64_t>{3, 1, 1, 0, 0, 0, 0, 0, 0});
}
