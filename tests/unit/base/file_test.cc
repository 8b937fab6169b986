/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "base/error.h"

namespace fs = std::filesystem;

namespace {

struct TemporaryDirectory {
    fs::path path;
    TemporaryDirectory() {
        std::string name = (fs::temp_directory_path() / "migscope-test-XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()));
        path = name;
    }
    ~TemporaryDirectory() { fs::remove_all(path); }
    std::size_t entries() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), {}));
    }
};

}  // namespace

TEST_CASE("an output file has its name only after commit") {
    TemporaryDirectory dir;
    std::string name = dir.path / "out";
    {
        base::OutputFile file(name);
        file.write("half");
        CHECK_FALSE(fs::exists(name));
    }
    CHECK(dir.entries() == 0);
    base::OutputFile file(name);
    file.write("who");
    file.write("le");
    file.commit();
    CHECK(base::read_file(name) == "whole");
    CHECK(dir.entries() == 1);
}

TEST_CASE("the file that had the name before is replaced, or kept as .old") {
    TemporaryDirectory dir;
    std::string name = dir.path / "out";
    for (const char* text : {"1", "2", "3"}) {
        base::OutputFile file(name);
        file.write(text);
        file.commit(true);
    }
    CHECK(base::read_file(name) == "3");
    CHECK(base::read_file(name + ".old") == "2");
    base::OutputFile file(name);
    file.write("4");
    file.commit();
    CHECK(base::read_file(name) == "4");
    CHECK(base::read_file(name + ".old") == "2");
}

TEST_CASE("what others write to a descriptor stays when it is an output by its name") {
    TemporaryDirectory dir;
    const std::string name = dir.path / "log";
    const base::UniqueFd log(::open(name.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    for (const char* place : {"/dev/fd/", "/proc/self/fd/"}) {
        REQUIRE(::write(log.get(), "before ", 7) == 7);
        base::OutputFile file(place + std::to_string(log.get()));
        file.write("it ");
        file.commit();
        REQUIRE(::write(log.get(), "after ", 6) == 6);
    }
    CHECK(base::read_file(name) == "before it after before it after ");
    CHECK_THROWS_AS(base::OutputFile("/dev/fd/x"), base::Error);
}

TEST_CASE("a file that replaces another has its permissions") {
    TemporaryDirectory dir;
    std::string name = dir.path / "out";
    { base::OutputFile(name).commit(); }
    fs::permissions(name, fs::perms::owner_read | fs::perms::owner_write);
    base::OutputFile file(name);
    file.commit();
    CHECK(fs::status(name).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("what is read is not written to, by whatever name") {
    TemporaryDirectory dir;
    std::string name = dir.path / "input";
    { base::OutputFile(name).commit(); }
    fs::create_symlink("input", dir.path / "link");
    CHECK_THROWS_WITH(base::refuse_input_as_output(dir.path / "link", {"no such file", name}),
                      Catch::Contains("is the input"));
    CHECK_NOTHROW(base::refuse_input_as_output(dir.path / "other", {name}));
    CHECK_NOTHROW(base::refuse_input_as_output("-", {name}));
    CHECK_NOTHROW(base::refuse_input_as_output("/dev/null", {"/dev/null"}));
}

TEST_CASE("a symbolic link stays a link when its file is replaced") {
    TemporaryDirectory dir;
    fs::create_directory(dir.path / "sub");
    { base::OutputFile(dir.path / "sub" / "real").commit(); }
    fs::create_symlink("sub/real", dir.path / "link");
    base::OutputFile file(dir.path / "link");
    file.write("x");
    file.commit();
    CHECK(fs::is_symlink(dir.path / "link"));
    CHECK(base::read_file(dir.path / "sub" / "real") == "x");
}

TEST_CASE("a device is written directly, and a full one is an error that says so") {
    base::OutputFile null("/dev/null");
    CHECK_FALSE(null.named_at_end());
    null.write("x");
    null.commit(true);
    base::OutputFile full("/dev/full");
    CHECK_THROWS_WITH(full.write("x"), Catch::Contains("/dev/full") && Catch::Contains("No space left"));
}

TEST_CASE("a place that cannot be written is an error at the start") {
    CHECK_THROWS_WITH(base::OutputFile("/nonexistent/dir/out"), Catch::Contains("/nonexistent/dir/out"));
    CHECK_THROWS_WITH(base::OutputFile("/tmp"), Catch::Contains("directory"));
}

TEST_CASE("control files report what the kernel says") {
    CHECK(base::write_control_file("/dev/null", "1") == 0);
    CHECK(base::write_control_file("/dev/full", "1") == ENOSPC);
    CHECK(base::write_control_file("/nonexistent", "1") == ENOENT);
}

TEST_CASE("a signal that ends the program leaves no unfinished file, and ends it") {
    TemporaryDirectory dir;
    const std::string name = dir.path / "out";
    for (int signal_number : {SIGINT, SIGTERM, SIGHUP}) {
        const pid_t child = ::fork();
        if (child == 0) {
            ::signal(signal_number, SIG_DFL);
            base::OutputFile one(name), two(name + "2");
            one.write("half");
            ::raise(signal_number);
            ::_exit(1);
        }
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        CHECK(WIFSIGNALED(status));
        CHECK(WTERMSIG(status) == signal_number);
        CHECK(dir.entries() == 0);
    }
}

TEST_CASE("a signal that is ignored does not touch an unfinished file") {
    TemporaryDirectory dir;
    const std::string name = dir.path / "out";
    const pid_t child = ::fork();
    if (child == 0) {
        ::signal(SIGINT, SIG_IGN);
        base::OutputFile file(name);
        ::raise(SIGINT);
        file.write("whole");
        file.commit();
        ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
    CHECK(base::read_file(name) == "whole");
}
