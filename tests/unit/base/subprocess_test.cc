/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/subprocess.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <csignal>

#include "base/signals.h"

using namespace std::chrono_literals;
using End = base::RunResult::End;

TEST_CASE("a program is run with its words as they are, and what it prints is collected") {
    auto result = base::run({"printf", "%s|%s", "a b", "$HOME `id` 'x'"}, 10s);
    CHECK(result.success());
    CHECK(result.output == "a b|$HOME `id` 'x'");
    result = base::run({"sh", "-c", "echo out; echo err >&2; exit 3"}, 10s);
    CHECK(result.end == End::Exited);
    CHECK(result.code == 3);
    CHECK(result.output == "out\n");
    CHECK(result.errors == "err\n");
}

TEST_CASE("a program that does not exist or cannot be executed is reported with its errno") {
    auto result = base::run({"no-such-program-at-all"}, 10s);
    CHECK(result.end == End::NotStarted);
    CHECK(result.code == ENOENT);
    CHECK(base::run({"/etc/passwd"}, 10s).code == EACCES);
}

TEST_CASE("a program that hangs is killed after the limit") {
    auto result = base::run({"sleep", "60"}, 100ms);
    CHECK(result.end == End::TimedOut);
}

TEST_CASE("a program that left a child with its pipes behind does not hold us up") {
    auto start = std::chrono::steady_clock::now();
    auto result = base::run({"sh", "-c", "sleep 5 & echo done"}, 10s);
    CHECK(result.success());
    CHECK(result.output == "done\n");
    CHECK(std::chrono::steady_clock::now() - start < 3s);
}

TEST_CASE("a program is killed when the caller is interrupted") {
    base::UniqueFd cancel(::eventfd(1, EFD_CLOEXEC));
    CHECK(base::run({"sleep", "60"}, 10s, {}, cancel.get()).end == End::Cancelled);
}

TEST_CASE("more output than a pipe holds does not block") {
    auto result = base::run({"sh", "-c", "head -c 3000000 /dev/zero; head -c 300000 /dev/zero >&2"}, 20s);
    CHECK(result.success());
    CHECK(result.output.size() == 3000000);
    CHECK(result.errors.size() == 300000);
}

TEST_CASE("a child executes only when told to, and ends unseen when it never is") {
    { base::Child never({"sh", "-c", "exit 0"}); }
    base::Child child({"sh", "-c", "exit 7"});
    CHECK_FALSE(child.wait(50ms));
    CHECK(child.execute() == 0);
    CHECK(WEXITSTATUS(*child.wait()) == 7);
    base::Child missing({"no-such-program-at-all"});
    CHECK(missing.execute() == ENOENT);
}

TEST_CASE("signals wake a poll once, and a child gets their ordinary meaning") {
    base::StopSignals signals;
    CHECK(signals.take() == 0);
    ::raise(SIGTERM);
    pollfd p = {signals.fd(), POLLIN, 0};
    CHECK(::poll(&p, 1, 0) == 1);
    CHECK(signals.take() == SIGTERM);
    CHECK(signals.take() == 0);
    base::Child child({"sleep", "60"});
    REQUIRE(child.execute() == 0);
    child.kill(SIGINT);
    CHECK(WTERMSIG(*child.wait()) == SIGINT);
}

TEST_CASE("the limit of file sizes is an error here, and ends a child as it would without us") {
    base::ignore_size_limit_signal();
    base::ignore_size_limit_signal();
    ::raise(SIGXFSZ);
    base::Child child({"sleep", "60"});
    REQUIRE(child.execute() == 0);
    child.kill(SIGXFSZ);
    CHECK(WTERMSIG(*child.wait()) == SIGXFSZ);
}
