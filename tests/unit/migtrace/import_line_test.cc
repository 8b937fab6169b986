/* SPDX-License-Identifier: GPL-2.0-only */
// Lines of trace-cmd report, perf script and ftrace.
#include "migtrace/import_line.h"

#include <catch2/catch.hpp>
#include <string>

using namespace migtrace;
using Kind = SchedEvent::Kind;

namespace {

SchedEvent event(const std::string& line) {
    // The event points into the line.
    static std::string kept;
    kept = line;
    SchedEvent event;
    const char* fault = "";
    INFO(line << ": " << fault);
    REQUIRE(parse_sched_line(kept, event, fault) == LineKind::Event);
    return event;
}

LineKind kind(const std::string& line) {
    SchedEvent event;
    const char* fault = nullptr;
    const LineKind kind = parse_sched_line(line, event, fault);
    if (kind == LineKind::Bad) REQUIRE(fault != nullptr);
    return kind;
}

/// A whole line around the fields of an event.
std::string ftrace(const std::string& event) {
    return "              sh-101     [002] d..2.     9.723971: " + event;
}

}  // namespace

TEST_CASE("a migration reads the same in all three forms") {
    for (const std::string line : {"          <idle>-0       [001] d.s3.    17.450910: sched_migrate_task: "
                                   "comm=make pid=15 prio=120 orig_cpu=2 "
                                   "dest_cpu=3",
                                   "          <idle>-0     [001]    17.450910: sched_migrate_task:   "
                                   "comm=make pid=15 prio=120 orig_cpu=2 "
                                   "dest_cpu=3",
                                   "         swapper     0 [001]    17.450910: sched:sched_migrate_task: "
                                   "comm=make pid=15 prio=120 orig_cpu=2 "
                                   "dest_cpu=3"}) {
        const SchedEvent e = event(line);
        CHECK(e.kind == Kind::Migrate);
        CHECK(e.ts == 17'450'910'000);
        CHECK(e.cpu == 1);
        CHECK(e.pid == 15);
        CHECK(e.comm == "make");
        CHECK(e.from == 2);
        CHECK(e.to == 3);
    }
}

TEST_CASE("times have one to nine decimals") {
    CHECK(event("  a 1 [000] 12.5: sched:sched_switch: x").ts == 12'500'000'000);
    CHECK(event("  a 1 [000] 12.000000007: sched:sched_switch: x").ts == 12'000'000'007);
    CHECK(kind("  a 1 [000] 12.0000000071: sched:sched_switch: x") == LineKind::Bad);
    CHECK(kind("  a 1 [000] 99999999999.5: sched:sched_switch: x") == LineKind::Bad);
    CHECK(kind("  a 1 [000] 12345678: sched:sched_switch: x") == LineKind::Bad);
    CHECK(kind("  a 1 [000] 12.3.4: sched:sched_switch: x") == LineKind::Bad);
    CHECK(kind("  a 1 [000] 12.: sched:sched_switch: x") == LineKind::Bad);
    CHECK(kind("  a 1 [000] .5: sched:sched_switch: x") == LineKind::Bad);
}

TEST_CASE("a wakeup reads the same in the form of the kernel and in that of trace-cmd") {
    for (const std::string fields : {"comm=kworker/0:0 pid=7 prio=120 target_cpu=003",
                                     "comm=kworker/0:0 pid=7 prio=120 success=1 target_cpu=003",
                                     "kworker/0:0:7 [120] CPU:003", "kworker/0:0:7 [120] success=1 CPU:003"})
        for (const auto& [name, what] : {std::pair{"sched_waking", Kind::Waking},
                                         {"sched_wakeup", Kind::Wakeup},
                                         {"sched_wakeup_new", Kind::WakeupNew}}) {
            const SchedEvent e = event(ftrace(std::string(name) + ": " + fields));
            CHECK(e.kind == what);
            CHECK(e.comm == "kworker/0:0");
            CHECK(e.pid == 7);
            CHECK(e.to == 3);
        }
}

TEST_CASE("names hold blanks, brackets, and what looks like a field") {
    CHECK(event(ftrace("sched_migrate_task: comm=a b pid=3 c pid=15 prio=120 orig_cpu=2 dest_cpu=3")).comm ==
          "a b pid=3 c");
    CHECK(event(ftrace("sched_migrate_task: comm= pid=15 prio=120 orig_cpu=2 dest_cpu=3")).comm.empty());
    CHECK(event(ftrace("sched_wakeup: a [1] CPU:2:7 [120] CPU:001")).comm == "a [1] CPU:2");
    CHECK(event(ftrace("task_rename: pid=4 oldcomm=x newcomm=y z oom_score_adj=0")).comm == "y z");
    CHECK(event(ftrace("task_newtask: pid=4 comm=x y clone_flags=1200000 oom_score_adj=0")).comm == "x y");
}

TEST_CASE("a task that calls itself like the beginning of a line does not hide its events") {
    const SchedEvent e = event(
        " x-1 [9] 1.1: a-77      [002]    17.5: sched_migrate_task: comm=a pid=15 prio=120 orig_cpu=2 "
        "dest_cpu=3");
    CHECK(e.kind == Kind::Migrate);
    CHECK(e.cpu == 2);
    CHECK(e.ts == 17'500'000'000);
}

TEST_CASE("what is written to trace_marker is no event") {
    const SchedEvent e = event(ftrace(
        "tracing_mark_write: x-1 [000] 1.0: sched_migrate_task: comm=a pid=1 prio=1 orig_cpu=0 dest_cpu=1"));
    CHECK(e.kind == Kind::Other);
}

TEST_CASE("a number in trace_marker is a mark") {
    CHECK(event(ftrace("tracing_mark_write: 42")).mark == 42);
    CHECK(event(ftrace("tracing_mark_write: 42")).pid == 101);
    CHECK(event(ftrace("print: tracing_mark_write: 0x2a")).mark == 42);
    CHECK(event(ftrace("tracing_mark_write: 42 apples")).kind == Kind::Other);
    CHECK(event(ftrace("tracing_mark_write: begin")).kind == Kind::Other);
}

TEST_CASE("columns that options of these tools add are taken") {
    CHECK(event("   sh-123     (    120) [001] .....  12.5: sched_switch: x").cpu == 1);
    CHECK(event("   sh-123     (-------) [001] .....  12.5: sched_switch: x").cpu == 1);
    CHECK(event("   sh-123 [001]  12.5: sched_switch: x").cpu == 1);
    CHECK(event("   sh  120/123 [001]  12.5:  1 sched:sched_switch: x").kind == Kind::Switch);
    CHECK(event("   :-1    -1 [001]  12.5: sched:sched_switch: x").cpu == 1);
}

TEST_CASE("other events and remarks are no faults") {
    CHECK(event(ftrace("sched_stat_runtime: comm=a pid=1 runtime=1 [ns]")).kind == Kind::Other);
    CHECK(event(ftrace("set_task_cpu <-try_to_wake_up")).kind == Kind::Other);
    CHECK(event(ftrace("task_rename: oldcomm=a newcomm=b oom_score_adj=0")).kind == Kind::Other);
    for (const char* line : {"", "   ", "# tracer: nop", "##### CPU 2 buffer started ####", "cpus=4",
                             "CPU 3 is empty", "\tffffffff810c0de0 set_task_cpu+0x0 ([kernel.kallsyms])",
                             " => try_to_wake_up", "           <stack trace>"})
        CHECK(kind(line) == LineKind::Ignored);
}

TEST_CASE("lost events are seen") {
    CHECK(kind("CPU:3 [LOST 12 EVENTS]") == LineKind::Lost);
    CHECK(kind("CPU:3 [12 EVENTS DROPPED]") == LineKind::Lost);
    CHECK(kind("CPU:3 [EVENTS DROPPED]") == LineKind::Lost);
    CHECK(kind("         swapper     0 [001]    17.450910: PERF_RECORD_LOST lost 12") == LineKind::Lost);
}

TEST_CASE("a line that is cut or has numbers that cannot be makes no sense") {
    const std::string whole = ftrace("sched_migrate_task: comm=make pid=15 prio=120 orig_cpu=2 dest_cpu=3");
    for (std::size_t length = 20; length < whole.size(); length++) {
        INFO(whole.substr(0, length));
        CHECK(kind(whole.substr(0, length)) == LineKind::Bad);
    }
    for (const char* fields :
         {"pid=-1 prio=120 orig_cpu=2 dest_cpu=3", "pid=4194305 prio=120 orig_cpu=2 dest_cpu=3",
          "pid=15 prio=120 orig_cpu=-2 dest_cpu=3", "pid=15 prio=120 orig_cpu=8192 dest_cpu=3",
          "pid=15 prio=120 orig_cpu=2 dest_cpu=99999999999999999999",
          "pid=15 prio=120 orig_cpu=2 dest_cpu=3x", "pid=x prio=120 orig_cpu=2 dest_cpu=3",
          "pid=15 prio=120 dest_cpu=3"})
        CHECK(kind(ftrace(std::string("sched_migrate_task: comm=make ") + fields)) == LineKind::Bad);
    CHECK(kind("   sh-123 [9999]  12.5: sched_switch: x") == LineKind::Bad);
    CHECK(kind(ftrace("sched_migrate_task: comm=" + std::string(300, 'a') +
                      " pid=1 prio=1 orig_cpu=0 dest_cpu=1")) == LineKind::Bad);
    CHECK(kind("hello") == LineKind::Bad);
}

TEST_CASE("the number of CPUs stands in front of the events") {
    CHECK(cpus_told("cpus=4") == 4u);
    CHECK(cpus_told("# entries-in-buffer/entries-written: 3709/3709   #P:16") == 16u);
    CHECK(cpus_told("# nrcpus avail : 8") == 8u);
    for (const char* line :
         {"cpus=", "cpus=x", "cpus=0", "cpus=-1", "cpus=8193", "cpus=99999999999", "#P:", "# tracer: nop"})
        CHECK_FALSE(cpus_told(line));
}
