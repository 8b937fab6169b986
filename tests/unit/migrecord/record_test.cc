/* SPDX-License-Identifier: GPL-2.0-only */
// Decisions and messages. What the kernel does with the files is proved in a VM: tests/kernel/record.test.
#include "migrecord/record.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "migrecord/facility.h"
#include "migrecord/feature.h"
#include "migrecord/summary.h"

namespace fs = std::filesystem;
using Catch::Contains;
using migrecord::Feature;
using migrecord::Options;
using migrecord::Result;
using namespace std::chrono_literals;

namespace {

/// A directory that looks like the module's part of debugfs; its files are plain ones and keep what is
/// written.
struct FakeDebugfs {
    fs::path path;
    FakeDebugfs() {
        std::string name = (fs::temp_directory_path() / "migscope-test-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()));
        path = name;
    }
    ~FakeDebugfs() { fs::remove_all(path); }
    FakeDebugfs& put(const std::string& file, const std::string& text) {
        fs::create_directories((path / file).parent_path());
        std::ofstream(path / file) << text;
        return *this;
    }
    std::string get(const std::string& file) const {
        std::ifstream in(path / file);
        return {std::istreambuf_iterator<char>(in), {}};
    }
};

const char* const kHeader = "# version 1.0.0\n# nr_cpus 2\n";
const char* const kEvent = "0x0000000000001200 0 1 0 1 7\n";

Result with_trace(std::uint64_t migrations) {
    Result result;
    result.duration = 10200ms;
    result.trace.emplace();
    result.trace->file = "migrate.trace";
    for (std::uint64_t i = 0; i < migrations; i++) result.trace->tally.add(kEvent);
    return result;
}

Options files(bool trace, bool stat, const std::string& output) {
    Options options;
    migrecord::choose_files(options, trace, stat, output);
    return options;
}

}  // namespace

TEST_CASE("a trace is recorded unless statistics are asked for, and both when both are") {
    CHECK(files(false, false, "").trace_file == "migrate.trace");
    CHECK_FALSE(files(false, false, "").stat_file);
    CHECK(files(false, true, "").stat_file == "migrate.stat");
    CHECK_FALSE(files(false, true, "").trace_file);
    CHECK(files(true, true, "").trace_file == "migrate.trace");
    CHECK(files(true, true, "").stat_file == "migrate.stat");
}

TEST_CASE("-o names the file, and statistics beside a trace get .stat behind it") {
    CHECK(files(false, false, "x").trace_file == "x");
    CHECK(files(false, true, "x").stat_file == "x");
    CHECK(files(true, true, "x").trace_file == "x");
    CHECK(files(true, true, "x").stat_file == "x.stat");
    CHECK_THROWS_AS(files(true, true, "-"), base::UsageError);
}

TEST_CASE("debugfs is found where it is mounted") {
    CHECK(migrecord::debugfs_mount("proc /proc proc rw 0 0\nnone /mnt/a\\040b debugfs rw 0 0\n") ==
          "/mnt/a b");
    CHECK(migrecord::debugfs_mount("x /d debugfs rw 0 0\ny /sys/kernel/debug debugfs rw 0 0\n") ==
          "/sys/kernel/debug");
    CHECK_FALSE(migrecord::debugfs_mount("tmpfs /debugfs tmpfs rw 0 0\n"));
    CHECK_FALSE(migrecord::debugfs_mount(""));
}

TEST_CASE("a trace that is on is not taken away from somebody") {
    FakeDebugfs debugfs;
    debugfs.put("migration_trace/enable", "1\n")
        .put("migration_trace/reset", "")
        .put("migration_trace/trace", kHeader);
    Feature trace(Feature::Trace, debugfs.path);
    CHECK_THROWS_WITH(trace.claim(false), Contains("is on already") && Contains("--force"));
    CHECK(debugfs.get("migration_trace/reset").empty());
    trace.claim(true);
    CHECK(debugfs.get("migration_trace/reset") == "0\n");
}

TEST_CASE("a recording that lies in the kernel is not thrown away, and the message says how to save it") {
    FakeDebugfs debugfs;
    debugfs.put("migration_trace/enable", "0\n").put("migration_trace/trace", std::string(kHeader) + kEvent);
    CHECK_THROWS_WITH(Feature(Feature::Trace, debugfs.path).claim(false),
                      Contains("cat ") && Contains("--force"));
    debugfs.put("migration_stat/enable", "0\n").put("migration_stat/stat", "# gettimeofday 1 2\n");
    CHECK_THROWS_WITH(Feature(Feature::Stat, debugfs.path).claim(false), Contains("migration_stat/reset"));
    debugfs.put("migration_trace/trace", kHeader);
    CHECK_NOTHROW(Feature(Feature::Trace, debugfs.path).claim(false));
}

TEST_CASE("a feature that the module lacks is named") {
    FakeDebugfs debugfs;
    debugfs.put("migration_stat/enable", "0\n");
    CHECK_THROWS_WITH(Feature(Feature::Trace, debugfs.path), Contains("built with migration_stat only"));
    CHECK_THROWS_WITH(Feature(Feature::Trace, "/nonexistent"), Contains("--debugfs"));
}

TEST_CASE("the summary is one line for each file") {
    CHECK(migrecord::summary_lines(with_trace(12034)) ==
          std::vector<std::string>{"12034 migrations, 1 CPU, 10.2 s -> migrate.trace (349.0 kB)"});
    CHECK(migrecord::summary_lines(with_trace(1)).at(0) ==
          "1 migration, 1 CPU, 10.2 s -> migrate.trace (29 B)");
    Result both = with_trace(1);
    both.stat.emplace();
    both.stat->file = "-";
    both.stat->tally.add("# period_msec 500\n# field 2 migrate\n0.000 7\n");
    CHECK(migrecord::summary_lines(both).at(1) ==
          "7 migrations in 1 period of 500 ms, 10.2 s -> standard output (44 B)");
    auto json = migrecord::summary_json(both);
    CHECK(json["trace"]["migrations"] == 1);
    CHECK(json["stat"]["periods"] == 1);
    CHECK(json["seconds"] == 10.2);
    CHECK(json["exit_status"] == 0);
}

TEST_CASE("what was lost is said, with what to do") {
    Options options;
    Result result = with_trace(2);
    CHECK(migrecord::summary_warnings(result, options).empty());
    result.trace->stopped_by_itself = true;
    result.stat.emplace();
    auto warnings = migrecord::summary_warnings(result, options);
    REQUIRE(warnings.size() == 2);
    CHECK_THAT(warnings[0], Contains("a buffer was full") && Contains("--trace-buf-kb"));
    CHECK_THAT(warnings[1], Contains("no period was complete"));
}

TEST_CASE("the exit status is the command's, as a shell reports it") {
    Result result;
    CHECK(migrecord::exit_status(result) == 0);
    result.command_status = 7 << 8;
    CHECK(migrecord::exit_status(result) == 7);
    result.command_status = SIGKILL;
    CHECK(migrecord::exit_status(result) == 137);
    result.start_error = ENOENT;
    CHECK(migrecord::exit_status(result) == 127);
    result.start_error = EACCES;
    CHECK(migrecord::exit_status(result) == 126);
}
