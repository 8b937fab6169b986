/* SPDX-License-Identifier: GPL-2.0-only */
// Whole inputs: causes, names, header.
#include "migtrace/import.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "base/error.h"
#include "migtrace/support.h"

using namespace test;
using Catch::Contains;

namespace {

struct Imported {
    std::string text;
    migtrace::ImportSummary summary;
};

Imported import_files(const migtrace::ImportOptions& options) {
    char* memory = nullptr;
    std::size_t size = 0;
    std::FILE* file = ::open_memstream(&memory, &size);
    Imported result;
    auto close = [&] {
        std::fclose(file);
        result.text.assign(memory, size);
        ::free(memory);
    };
    try {
        migtrace::Output output(file);
        result.summary = migtrace::import_trace(options, output);
        output.flush();
    } catch (...) {
        close();
        throw;
    }
    close();
    return result;
}

Imported import_text(const std::string& text, migtrace::ImportOptions options = {}) {
    TempFile file(text);
    options.files = {file.path()};
    return import_files(options);
}

/// A line of ftrace; `us` after second 100.
std::string line(int us, int cpu, const std::string& event) {
    return fmt::format("              sh-101     [{:03}] d..2.   100.{:06}: {}\n", cpu, us, event);
}
std::string waking(int us, int cpu, int pid, int target) {
    return line(us, cpu, fmt::format("sched_waking: comm=a pid={} prio=120 target_cpu={:03}", pid, target));
}
std::string wakeup(int us, int cpu, int pid, int target) {
    return line(us, cpu, fmt::format("sched_wakeup: comm=a pid={} prio=120 target_cpu={:03}", pid, target));
}
std::string new_task(int us, int cpu, int pid, int target) {
    return line(us, cpu,
                fmt::format("sched_wakeup_new: comm=a pid={} prio=120 target_cpu={:03}", pid, target));
}
std::string migrate(int us, int cpu, int pid, int from, int to, const std::string& comm = "a") {
    return line(us, cpu,
                fmt::format("sched_migrate_task: comm={} pid={} prio=120 orig_cpu={} dest_cpu={}", comm, pid,
                            from, to));
}

/// "FROM TO PID NUMBER" of each migration.
std::vector<std::string> moves(const std::string& trace) {
    std::vector<std::string> all;
    for (const std::string& row : rows(trace)) {
        std::istringstream words(row);
        std::string ts, cpu, from, to, pid, number, more;
        words >> ts >> cpu >> from >> to >> pid >> number >> more;
        if (from != "." && more.empty()) all.push_back(fmt::format("{} {} {} {}", from, to, pid, number));
    }
    return all;
}
std::vector<std::string> moves_of(const std::string& text) {
    return moves(import_text(text).text);
}
using Moves = std::vector<std::string>;

std::string sample(const std::string& name) {
    return std::string(IMPORT_SAMPLES) + "/" + name;
}

}  // namespace

TEST_CASE("a migration between the waking and the wakeup of its task is try_to_wake_up") {
    CHECK(moves_of(waking(1, 0, 5, 2) + migrate(2, 0, 5, 2, 3) + wakeup(3, 3, 5, 3)) == Moves{"2 3 5 7"});
}

TEST_CASE("a migration is unknown where its wakeup is not proven") {
    // Nothing at all, only one half, another task, another CPU, awake already.
    CHECK(moves_of(migrate(2, 0, 5, 2, 3)) == Moves{"2 3 5 255"});
    CHECK(moves_of(waking(1, 0, 5, 2) + migrate(2, 0, 5, 2, 3)) == Moves{"2 3 5 255"});
    CHECK(moves_of(migrate(2, 0, 5, 2, 3) + wakeup(3, 3, 5, 3)) == Moves{"2 3 5 255"});
    CHECK(moves_of(waking(1, 0, 6, 2) + migrate(2, 0, 5, 2, 3) + wakeup(3, 3, 5, 3)) == Moves{"2 3 5 255"});
    CHECK(moves_of(waking(1, 1, 5, 2) + migrate(2, 0, 5, 2, 3) + wakeup(3, 3, 5, 3)) == Moves{"2 3 5 255"});
    CHECK(moves_of(waking(1, 0, 5, 1) + migrate(2, 0, 5, 2, 3) + wakeup(3, 3, 5, 3)) == Moves{"2 3 5 255"});
    CHECK(moves_of(waking(1, 0, 5, 2) + wakeup(2, 0, 5, 2) + migrate(3, 0, 5, 2, 3) + wakeup(4, 3, 5, 3)) ==
          Moves{"2 3 5 255"});
    CHECK(moves_of(waking(1, 0, 5, 2) + migrate(2, 0, 5, 2, 3) + wakeup(3, 3, 5, 2)) == Moves{"2 3 5 255"});
    CHECK(moves_of(waking(1, 0, 5, 2) + migrate(2, 0, 5, 2, 3) + waking(3, 3, 5, 3) + wakeup(4, 3, 5, 3)) ==
          Moves{"2 3 5 255"});
}

TEST_CASE("a wakeup on the task's CPU does not prove a later pull by the CPU of the waker") {
    // CPU 0 wakes 5, which wakes up on CPU 2; then CPU 0 pulls it.
    CHECK(moves_of(waking(1, 0, 5, 2) + wakeup(2, 2, 5, 2) + migrate(3, 0, 5, 2, 0) + waking(9, 1, 5, 0) +
                   wakeup(10, 0, 5, 0)) == Moves{"2 0 5 255"});
}

TEST_CASE("events that were lost, make no sense, or stand in the wrong order, prove nothing") {
    CHECK(moves_of(waking(1, 0, 5, 2) + "CPU:1 [LOST 3 EVENTS]\n" + migrate(2, 0, 5, 2, 3) +
                   wakeup(3, 3, 5, 3)) == Moves{"2 3 5 255"});
    CHECK(moves_of(waking(1, 0, 5, 2) + "        sh-101     [001] d..2.   100.000001: sched_wa\n" +
                   migrate(2, 0, 5, 2, 3) + wakeup(3, 3, 5, 3)) == Moves{"2 3 5 255"});
    CHECK(moves_of(waking(9, 0, 5, 2) + migrate(2, 0, 5, 2, 3) + wakeup(3, 3, 5, 3)) == Moves{"2 3 5 255"});
    const Imported back = import_text(migrate(9, 0, 5, 2, 3) + migrate(2, 0, 5, 3, 2));
    REQUIRE(back.summary.warnings.size() == 2);
    CHECK_THAT(back.summary.warnings[0], Contains("goes back in time once") && Contains(":2"));
}

TEST_CASE("a new task that begins on another CPU than its parent's is sched_fork") {
    CHECK(moves_of(new_task(1, 0, 5, 2)) == Moves{"0 2 5 6"});
    CHECK(moves_of(new_task(1, 2, 5, 2)).empty());
}

TEST_CASE("kernels that have both events for a new task count it once") {
    CHECK(moves_of(migrate(1, 0, 5, 0, 2) + new_task(2, 0, 5, 2)) == Moves{"0 2 5 6"});
    CHECK(moves_of(migrate(1, 0, 5, 0, 0) + new_task(2, 0, 5, 0)).empty());
}

TEST_CASE("a migration to the same CPU is none") {
    CHECK(moves_of(migrate(1, 0, 5, 2, 2)).empty());
}

TEST_CASE("migrations that wait for their proof do not change places") {
    CHECK(moves_of(waking(1, 0, 5, 2) + migrate(2, 0, 5, 2, 3) + migrate(3, 1, 6, 0, 1) +
                   migrate(4, 1, 7, 0, 1) + wakeup(5, 3, 5, 3)) ==
          Moves{"2 3 5 7", "0 1 6 255", "0 1 7 255"});
}

TEST_CASE("events at the same microsecond stay in their order") {
    const std::string text =
        import_text(migrate(1, 3, 5, 3, 2) + migrate(1, 2, 5, 2, 1) + migrate(1, 1, 5, 1, 0)).text;
    Trace trace(text, "");
    CHECK(moves(text) == Moves{"3 2 5 255", "2 1 5 255", "1 0 5 255"});
    CHECK_THAT(trace.migrations(), Contains("3 3 2") && Contains("2 2 1") && Contains("1 1 0"));
    std::uint64_t last = 0;
    for (const std::string& row : rows(text)) {
        const std::uint64_t ts = std::stoull(row, nullptr, 16);
        CHECK(ts > last);
        last = ts;
    }
}

TEST_CASE("a name is told when it is new") {
    const std::string text =
        import_text(migrate(1, 0, 5, 0, 1) + migrate(2, 0, 5, 1, 0) + migrate(3, 0, 5, 0, 1, "b : c") +
                    line(4, 0, "task_rename: pid=5 oldcomm=b newcomm=d oom_score_adj=0") +
                    new_task(5, 0, 6, 0) + migrate(6, 0, 5, 0, 1, "d") +
                    migrate(7, 0, 7, 0, 1, std::string("x\x01y\0z", 5)))
            .text;
    std::vector<std::string> names;
    for (const std::string& row : rows(text))
        if (auto colon = row.find(" : "); colon != std::string::npos) names.push_back(row.substr(19));
    CHECK(names == std::vector<std::string>{"0 . . 5 10 : a", "0 . . 5 9 : b : c", "0 . . 5 9 : d",
                                            "0 . . 6 8 : a", "0 . . 7 10 : x?y?z"});
}

TEST_CASE("the number of CPUs is that of the option, of the input, or what occurs") {
    const std::string events = migrate(1, 0, 5, 0, 2);
    CHECK_THAT(import_text(events).text, Contains("# nr_cpus 3\n"));
    CHECK_THAT(import_text("cpus=8\n" + events).text, Contains("# nr_cpus 8\n"));
    CHECK_THAT(import_text("cpus=8\n" + events, {.cpus = 4}).text, Contains("# nr_cpus 4\n"));
    CHECK_THAT(import_text(events + "cpus=8\n").text, Contains("# nr_cpus 3\n"));
    const Imported few = import_text("cpus=2\n" + events);
    CHECK_THAT(few.text, Contains("# nr_cpus 2\n"));
    REQUIRE(!few.summary.warnings.empty());
    CHECK_THAT(few.summary.warnings[0], Contains("--cpus 3"));
}

TEST_CASE("the trace starts with the first event of any kind") {
    const std::string events = waking(0, 1, 5, 2) + migrate(500000, 0, 5, 0, 2);
    CHECK_THAT(import_text(events).text, Contains(" 1 . . . start_sched_clock 100 0\n"));
    CHECK_THAT(import_text(events, {.clock_zero_us = 1281528519'890590}).text,
               Contains(" 1 . . . start_sched_clock 1281528619 890590\n"));
    CHECK(import_text(events).summary.duration == 500'000'000);
}

TEST_CASE("the warnings say what to record") {
    CHECK_THAT(import_text(migrate(1, 0, 5, 0, 2)).summary.warnings.at(0), Contains("sched:sched_waking"));
    CHECK_THAT(import_text(waking(1, 0, 5, 2)).summary.warnings.at(0), Contains("sched:sched_migrate_task"));
    CHECK(import_text(waking(1, 0, 5, 2) + migrate(2, 0, 5, 2, 3) + wakeup(3, 3, 5, 3))
              .summary.warnings.empty());
}

TEST_CASE("lines that make no sense are skipped and counted, or an error with strict") {
    const std::string text =
        "cpus=4\n" + migrate(1, 0, 5, 0, 2) + "what is this\nand this\n" + migrate(2, 0, 5, 2, 0);
    const Imported result = import_text(text);
    CHECK(moves(result.text).size() == 2);
    CHECK_THAT(result.summary.warnings.at(0), Contains("skipped 2 lines") && Contains(":3:"));
    CHECK_THROWS_WITH(import_text(text, {.strict = true}), Contains(":3: the line makes no sense"));
    // The last digits of a number may be missing.
    const std::string cut = text.substr(0, text.size() - 1);
    CHECK(moves(import_text(cut).text).size() == 1);
    CHECK_THAT(import_text(migrate(1, 0, 5, 0, 2) + std::string(70000, 'a') + "\n").summary.warnings.at(0),
               Contains("too long"));
}

TEST_CASE("input without an event is an error that says what is wanted") {
    CHECK_THROWS_WITH(import_text(""), Contains("no event in it"));
    CHECK_THROWS_WITH(import_text("hello\n"), Contains("no event in it") && Contains("1 of its lines"));
    CHECK_THROWS_WITH(import_text("PERFILE2abc"), Contains("perf script --ns -i"));
    CHECK_THROWS_WITH(import_text("\x17\x08\x44tracing6"), Contains("trace-cmd report"));
    migtrace::ImportOptions missing;
    missing.files = {"/nonexistent/trace"};
    CHECK_THROWS_WITH(import_files(missing), Contains("cannot open /nonexistent/trace"));
}

TEST_CASE(
    "each text of a real recording has the migrations of the module's trace, and no cause that contradicts "
    "it") {
    // The clocks of CPUs differ there: in order for each process.
    using Moved = std::map<std::string, std::vector<std::pair<std::string, std::string>>>;
    auto by_pid = [](const Moves& moves) {
        Moved moved;
        for (const std::string& move : moves) {
            std::istringstream words(move);
            std::string from, to, pid, number;
            words >> from >> to >> pid >> number;
            moved[pid].push_back({from + " " + to, number});
        }
        return moved;
    };
    std::ifstream file(sample("module.trace"));
    std::stringstream text;
    text << file.rdbuf();
    const Moved module_moves = by_pid(moves(text.str()));
    for (const char* name : {"ftrace.txt", "trace-cmd.txt", "perf.txt"}) {
        INFO(name);
        migtrace::ImportOptions options;
        options.strict = true;
        options.files = {sample(name)};
        const Imported imported = import_files(options);
        CHECK(imported.summary.warnings.empty());
        CHECK(imported.summary.cpus == 4);
        CHECK(imported.summary.migrations == 30);
        CHECK(imported.summary.try_to_wake_up == 6);
        CHECK(imported.summary.sched_fork == 15);
        const Moved ours = by_pid(moves(imported.text));
        REQUIRE(ours.size() == module_moves.size());
        for (const auto& [pid, list] : module_moves) {
            INFO("pid " << pid);
            REQUIRE(ours.count(pid));
            REQUIRE(ours.at(pid).size() == list.size());
            for (std::size_t i = 0; i < list.size(); i++) {
                CHECK(ours.at(pid)[i].first == list[i].first);
                const std::string& cause = ours.at(pid)[i].second;
                CHECK((cause == "255" || cause == list[i].second));
            }
        }
    }
}

TEST_CASE("mutated input neither crashes nor hangs, and what comes out is a trace") {
    std::string original = "cpus=4\n";
    for (int i = 0; i < 8; i++)
        original += waking(10 * i, 0, i, 2) + migrate(10 * i + 1, 0, i, 2, 3) + wakeup(10 * i + 2, 3, i, 3) +
                    new_task(10 * i + 3, 1, i + 100, 2) +
                    line(10 * i + 4, 0, "task_rename: pid=5 oldcomm=b newcomm=d oom_score_adj=0") +
                    line(10 * i + 5, 0, "tracing_mark_write: 42") + "CPU:3 [LOST 12 EVENTS]\n";
    static const std::string kNasty("\0\n\r\t :.#-+[]()=0x9aF\xff\x80", 23);
    std::mt19937 random(20240229);
    for (int round = 0; round < 3000; round++) {
        std::string text = original;
        for (auto times = random() % 8 + 1; times > 0; times--) {
            const std::size_t from = random() % text.size(), size = random() % 60;
            switch (random() % 5) {
                case 0:
                    text[from] = kNasty[random() % kNasty.size()];
                    break;
                case 1:
                    text.erase(from, size);
                    break;
                case 2:
                    text.insert(random() % text.size(), text.substr(from, size));
                    break;
                case 3:
                    text.insert(from, std::string(random() % 30, "0123456789fF"[random() % 12]));
                    break;
                case 4:
                    if (random() % 8 == 0)
                        text.insert(from, std::string(70000, kNasty[random() % kNasty.size()]));
                    break;
            }
        }
        Imported imported;
        try {
            imported = import_text(text);
        } catch (const base::Error&) {
            continue;
        }
        Trace trace(imported.text, "");
        trace.job.input.strict = true;
        trace.job.report.migrations = trace.job.report.comms = trace.job.report.marks = true;
        CHECK_NOTHROW(print(trace.job));
    }
}

TEST_CASE("migrations that are never decided do not pile up") {
    // Each waits for its wakeup, and none comes.
    std::string text;
    for (int i = 0; i < 40000; i++) text += waking(i / 2, 0, i + 1, 2) + migrate(i / 2, 0, i + 1, 2, 3);
    const Imported imported = import_text(text);
    CHECK(imported.summary.migrations == 40000);
    CHECK(imported.summary.unknown == 40000);
}
