/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/process.h"

#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include "base/error.h"

using namespace vmhost;

TEST_CASE("a line of /proc/PID/maps is a mapping") {
    const auto maps = parse_maps(
        "55d0c8a00000-55d0c8a21000 r-xp 00001000 08:01 123                        /usr/bin/a program\n"
        "7f2a40000000-7f2a50000000 rw-s 00000000 00:01 2053                       /memfd:ram (deleted)\n"
        "7ffd1000-7ffd2000 rw-p 00000000 00:00 0 \n");
    REQUIRE(maps.size() == 3);
    CHECK(maps[0].begin == 0x55d0c8a00000);
    CHECK(maps[0].executable);
    CHECK_FALSE(maps[0].writable);
    CHECK(maps[0].offset == 0x1000);
    CHECK(maps[0].path == "/usr/bin/a program");
    CHECK(maps[1].shared);
    CHECK(maps[1].writable);
    CHECK(maps[1].path == "/memfd:ram (deleted)");
    CHECK(maps[2].path.empty());
}

TEST_CASE("what is no list of mappings is refused") {
    for (const char* text : {"x\n", "1-2\n", "2-1 rw-p 00000000 00:00 0\n", "1-2 rw 00000000 00:00 0\n", "1-2 rw-p\n", "1-2 rw-p 0 00:00\n",
                             "11111111111111111-2 rw-p 0 00:00 0\n"}) {
        INFO(text);
        CHECK_THROWS_AS(parse_maps(text), base::Error);
    }
}

TEST_CASE("a process whose first thread has ended shows no memory, and why") {
    const pid_t child = ::fork();
    if (child == 0) {
        std::thread([] { ::pause(); }).detach();
        ::syscall(SYS_exit, 0);
    }
    const Process process(child);
    while (!process.status("State").starts_with('Z')) ::usleep(1000);
    CHECK(process.running());
    CHECK_THROWS_WITH(process.maps(), Catch::Contains("its first thread has ended"));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

TEST_CASE("a process is known until it ends, and after that it is gone") {
    const pid_t child = ::fork();
    if (child == 0) {
        ::pause();
        ::_exit(0);
    }
    const Process process(child);
    CHECK(process.running());
    CHECK_FALSE(process.maps().empty());
    CHECK(process.command_line() == Process(::getpid()).command_line());
    CHECK(process.name() == Process(::getpid()).name());
    CHECK_THROWS_WITH(process.read("maps", 10), Catch::Contains("more than 10 bytes"));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    CHECK_FALSE(process.running());
    CHECK_THROWS_WITH(process.maps(), Catch::Contains("has ended"));
    CHECK_THROWS_WITH(Process(child), Catch::Contains("there is no process"));
}

namespace {

/// As fork(), with that pid; -1 where only root may choose it.
pid_t fork_as(pid_t pid) {
    clone_args how{};
    how.exit_signal = SIGCHLD;
    how.set_tid = reinterpret_cast<std::uint64_t>(&pid);
    how.set_tid_size = 1;
    return static_cast<pid_t>(::syscall(SYS_clone3, &how, sizeof how));
}

pid_t start_child() {
    const pid_t child = ::fork();
    if (child == 0) {
        ::pause();
        ::_exit(0);
    }
    return child;
}

void end_child(pid_t child) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

}  // namespace

TEST_CASE("a process that has ended is not taken for the next one with its pid") {
    const pid_t child = start_child();
    const Process process(child);
    end_child(child);
    const pid_t next = fork_as(child);
    if (next == 0) {
        ::pause();
        ::_exit(0);
    }
    if (next < 0) {
        WARN("not tried, as nobody but root may choose a pid: " << std::strerror(errno));
        CHECK(::geteuid() != 0);
        return;
    }
    REQUIRE(next == child);
    CHECK(Process(child).running());
    CHECK_FALSE(process.running());
    CHECK_THROWS_WITH(process.check_running(), Catch::Contains("has ended"));
    CHECK_THROWS_WITH(process.maps(), Catch::Contains("has ended"));
    CHECK_THROWS_WITH(process.name(), Catch::Contains("has ended"));
    CHECK_THROWS_WITH(process.command_line(), Catch::Contains("has ended"));
    CHECK_THROWS_WITH(process.open("mem"), Catch::Contains("has ended"));
    end_child(next);
}

TEST_CASE("a process that runs another program is the same process") {
    const pid_t child = ::fork();
    if (child == 0) {
        ::raise(SIGSTOP);
        ::execlp("sleep", "sleep", "100", nullptr);
        ::_exit(1);
    }
    const Process process(child);
    const std::string before = process.name();
    ::waitpid(child, nullptr, WUNTRACED);
    ::kill(child, SIGCONT);
    // The kernel shows its words a moment later than its name.
    while (process.name() == before || process.command_line().empty()) ::usleep(1000);
    CHECK(process.running());
    CHECK(process.name() == "sleep");
    CHECK(process.command_line() == std::vector<std::string>{"sleep", "100"});
    CHECK_FALSE(process.maps().empty());
    end_child(child);
    CHECK_THROWS_WITH(process.maps(), Catch::Contains("has ended"));
}
