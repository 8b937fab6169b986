/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/event.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/file.h"

using namespace vmperf;
using Catch::Matchers::Contains;

namespace {

/// What a kernel shows of a PMU and of a tracepoint.
class Places {
 public:
    Places() {
        write("pmus/cpu/type", "4\n");
        write("pmus/cpu/format/event", "config:0-7,32-35\n");
        write("pmus/cpu/format/umask", "config:8-15\n");
        write("pmus/cpu/format/ldlat", "config1:0-15\n");
        write("pmus/cpu/format/any", "config:21\n");
        write("pmus/cpu/format/odd", "config9:0\n");
        write("pmus/cpu/events/mem-loads", "event=0xcd,umask=0x1,ldlat=3\n");
        write("pmus/cpu_core/type", "21\n");
        write("pmus/cpu_core/format/event", "config:0-7\n");
        write("pmus/cpu_core/events/energy-pkg", "event=0x02\n");
        write("pmus/cpu_core/events/energy-pkg.scale", "2.3283064365386962890625e-10\n");
        write("pmus/cpu_core/events/energy-pkg.unit", "Joules\n");
        write("events/sched/sched_switch/id", "316\n");
    }
    operator EventPlaces() const { return {folder_.path() + "/pmus", {folder_.path() + "/none", folder_.path() + "/events"}}; }

 private:
    void write(const std::string& name, const std::string& text) {
        const std::filesystem::path path = folder_.path() + "/" + name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }
    base::TemporaryFolder folder_;
};

void check(const Event& event, std::uint32_t type, std::uint64_t config) {
    INFO(event.name);
    CHECK(event.attr.type == type);
    CHECK(event.attr.config == config);
}

std::string refusal(std::string_view text, const EventPlaces& places) {
    try {
        parse_events(text, places);
        return "";
    } catch (const base::UsageError& error) {
        return error.what();
    }
}

}  // namespace

TEST_CASE("events have the names that perf gives them") {
    check(parse_event("cycles"), PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES);
    check(parse_event("cpu-cycles"), PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES);
    check(parse_event("branch-instructions"), PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS);
    check(parse_event("ref-cycles"), PERF_TYPE_HARDWARE, PERF_COUNT_HW_REF_CPU_CYCLES);
    check(parse_event("faults"), PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS);
    check(parse_event("cpu-migrations"), PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS);
    check(parse_event("L1-dcache-loads"), PERF_TYPE_HW_CACHE, 0);
    check(parse_event("LLC-store-misses"), PERF_TYPE_HW_CACHE, 2 | 1 << 8 | 1 << 16);
    check(parse_event("dTLB-prefetches"), PERF_TYPE_HW_CACHE, 3 | 2 << 8);
    check(parse_event("r1a8"), PERF_TYPE_RAW, 0x1a8);
    CHECK(parse_event("task-clock").unit == "msec");
    CHECK(parse_event("task-clock").scale == 1e-6);
}

TEST_CASE("events of a PMU are as the kernel describes them") {
    const Places places;
    const Event loads = parse_event("cpu/mem-loads,ldlat=0x20/", places);
    check(loads, 4, 0x1cd);
    CHECK(loads.attr.config1 == (3 | 0x20));
    check(parse_event("cpu/event=0x53c,umask=1,any=0/", places), 4, 0x5'0000'013c);
    const Event energy = parse_event("cpu_core/energy-pkg/", places);
    check(energy, 21, 2);
    CHECK(energy.unit == "Joules");
    CHECK(energy.scale == Approx(2.3283e-10));
    check(parse_event("sched:sched_switch", places), PERF_TYPE_TRACEPOINT, 316);
}

TEST_CASE("modifiers leave out what they do not name") {
    const Places places;
    const Event user = parse_event("cycles:u");
    CHECK((!user.attr.exclude_user && user.attr.exclude_kernel && user.attr.exclude_hv && !user.attr.exclude_guest && !user.attr.exclude_host));
    const Event guest = parse_event("instructions:G");
    CHECK((guest.attr.exclude_host && !guest.attr.exclude_guest && !guest.attr.exclude_user));
    const Event kernel_of_host = parse_event("cpu/mem-loads/kH", places);
    CHECK((kernel_of_host.attr.exclude_user && !kernel_of_host.attr.exclude_kernel && kernel_of_host.attr.exclude_guest &&
           !kernel_of_host.attr.exclude_host));
    const Event both = parse_event("cycles:ukGH");
    CHECK((!both.attr.exclude_user && !both.attr.exclude_kernel && !both.attr.exclude_guest && !both.attr.exclude_host));
    CHECK(parse_event("sched:sched_switch:u", places).attr.exclude_kernel);
}

TEST_CASE("lists of events have commas or blanks, and commas within the slashes of a PMU") {
    const Places places;
    const auto events = parse_events("cycles,cpu/event=1,umask=2/u  faults,,r10 ", places);
    REQUIRE(events.size() == 4);
    CHECK(events[1].name == "cpu/event=1,umask=2/u");
    CHECK(events[3].name == "r10");
    CHECK(parse_events(default_events()).size() == 8);
}

TEST_CASE("what is no event is refused with the reason") {
    const Places places;
    CHECK_THAT(refusal("", places), Contains("none is named"));
    CHECK_THAT(refusal("cycels", places), Contains("'cycels'") && Contains("perf_kvm_client --list"));
    CHECK_THAT(refusal("cycles:x", places), Contains("modifiers u, k, G and H"));
    CHECK_THAT(refusal("context-switches:u", places), Contains("with u it would always be 0"));
    CHECK_THAT(refusal("sched:nothing", places), Contains("no such tracepoint"));
    CHECK_THAT(refusal("ftrace:function", places), Contains("for everybody"));
    CHECK_THAT(refusal("..:passwd", places), Contains("no such tracepoint"));
    CHECK_THAT(refusal("cpu9/cycles/", places), Contains("no PMU 'cpu9'"));
    CHECK_THAT(refusal("cpu/../../pmus/cpu/event=1/", places), Contains("NAME=NUMBER"));
    CHECK_THAT(refusal("cpu/../type/", places), Contains("../type"));
    CHECK_THAT(refusal("cpu/nothing/", places), Contains("neither an event nor a part 'nothing'"));
    CHECK_THAT(refusal("cpu/umask=0x100/", places), Contains("does not fit"));
    CHECK_THAT(refusal("cpu/umask=x/", places), Contains("NAME=NUMBER"));
    CHECK_THAT(refusal("cpu/odd=1/", places), Contains("not known here"));
    // What plants probes or counts what all do, and another thread of the core.
    for (const char* pmu : {"kprobe", "uprobe", "intel_pt", "power", "../pmus/cpu"})
        CHECK_THAT(refusal(std::string(pmu) + "/event=1/", places), Contains("does not count what threads do"));
    CHECK_THAT(refusal("cpu/config=1/", places), Contains("neither an event nor a part 'config'"));
#if defined(__x86_64__)
    CHECK_THAT(refusal("r20003c", places), Contains("other thread of the core"));
    CHECK_THAT(refusal("cpu/event=0x3c,any/", places), Contains("other thread of the core"));
#endif
    CHECK_THAT(refusal("cpu/mem-loads", places), Contains("between two slashes"));
    CHECK_THAT(refusal(std::string(300, 'r'), places), Contains("1 to 256 characters"));
    std::string many;
    for (int i = 0; i < 65; i++) many += "cycles,";
    CHECK_THAT(refusal(many, places), Contains("64 at most"));
}
