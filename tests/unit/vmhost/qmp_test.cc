/* SPDX-License-Identifier: GPL-2.0-only */
// Against a peer that says what a test wants.

#include "vmhost/qmp.h"

#include <fmt/format.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <functional>
#include <thread>

#include "base/error.h"

using namespace vmhost;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

const std::string kGreeting = R"({"QMP": {"version": {}, "capabilities": []}})"
                              "\n";

/// One connection, in a thread.
class Peer {
 public:
    explicit Peer(std::function<void(Peer&)> work) {
        char folder[] = "/tmp/qmp-test.XXXXXX";
        REQUIRE(::mkdtemp(folder));
        folder_ = folder;
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strcpy(address.sun_path, path().c_str());
        listening_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(::bind(listening_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(::listen(listening_.get(), 1) == 0);
        thread_ = std::thread([this, work] {
            connected_.reset(::accept(listening_.get(), nullptr, nullptr));
            work(*this);
            connected_.reset();
        });
    }
    ~Peer() {
        thread_.join();
        std::filesystem::remove_all(folder_);
    }
    std::string path() const { return folder_ + "/qmp"; }

    /// False when nobody listens any more.
    bool say(const std::string& text) {
        for (std::size_t said = 0; said < text.size();) {
            const ssize_t n = ::send(connected_.get(), text.data() + said, text.size() - said, MSG_NOSIGNAL);
            if (n <= 0) return false;
            said += static_cast<std::size_t>(n);
        }
        return true;
    }
    /// The next command; null when there is none.
    Json hear() {
        std::string line;
        for (char c; ::recv(connected_.get(), &c, 1, 0) == 1 && c != '\n';) line += c;
        return Json::parse(line, nullptr, false);
    }
    void answer(const Json& command, const std::string& result = "{}") {
        say(fmt::format(R"({{"id": {}, "return": {}}})", command["id"].dump(), result) + "\n");
    }
    void greet() {
        say(kGreeting);
        answer(hear());
    }
    /// Until the other end is closed.
    void await_end() {
        char c;
        while (::recv(connected_.get(), &c, 1, 0) > 0) {
        }
    }

 private:
    std::string folder_;
    base::UniqueFd listening_, connected_;
    std::thread thread_;
};

/// What is written to standard error while it lives.
class Errors {
 public:
    Errors() : before_(::dup(STDERR_FILENO)), file_(::memfd_create("errors", MFD_CLOEXEC)) { ::dup2(file_.get(), STDERR_FILENO); }
    ~Errors() { ::dup2(before_.get(), STDERR_FILENO); }
    Errors(const Errors&) = delete;
    Errors& operator=(const Errors&) = delete;
    std::string text() const {
        std::string text(4096, 0);
        const ssize_t n = ::pread(file_.get(), text.data(), text.size(), 0);
        return text.substr(0, static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    }

 private:
    base::UniqueFd before_, file_;
};

std::string event(const std::string& name, int number = 0) {
    return fmt::format(R"({{"event": "{0}", "data": {{"n": {1}}}, "timestamp": {{"seconds": 1800000000, "microseconds": {1}}}}})", name, number) +
           "\n";
}

}  // namespace

TEST_CASE("events that come while a command is answered are kept, in their order") {
    Peer peer([](Peer& p) {
        p.greet();
        const Json command = p.hear();
        p.say(event("STOP", 1) + event("MIGRATION", 2));
        p.answer(command, R"({"running": true})");
        p.say(R"({"event": "RESUME", "timestamp": {"seconds": 0, "microseconds": 0}})" "\n");
        p.await_end();
    });
    Qmp qmp(peer.path());
    CHECK(qmp.execute("query-status") == Json{{"running", true}});
    const auto stop = qmp.next_event(0ms), migration = qmp.next_event(0ms), resume = qmp.next_event(10s);
    REQUIRE(stop);
    CHECK(stop->name == "STOP");
    CHECK(stop->data == Json{{"n", 1}});
    CHECK(stop->time == std::chrono::system_clock::from_time_t(1800000000) + 1us);
    REQUIRE(migration);
    CHECK(migration->name == "MIGRATION");
    REQUIRE(resume);
    CHECK(resume->data == Json::object());
    CHECK_FALSE(qmp.next_event(1ms));
}

TEST_CASE("of many events the last are kept") {
    Peer peer([](Peer& p) {
        p.greet();
        const Json command = p.hear();
        for (int i = 0; i < 1500; i++) p.say(event("A", i));
        p.answer(command);
        p.await_end();
    });
    Qmp qmp(peer.path());
    qmp.execute("stop");
    for (int i = 1500 - 1024; i < 1500; i++) {
        const auto next = qmp.next_event(0ms);
        REQUIRE(next);
        REQUIRE(next->data["n"] == i);
    }
    CHECK_FALSE(qmp.next_event(0ms));
}

TEST_CASE("ill-formed events are dropped") {
    Peer peer([](Peer& p) {
        p.greet();
        const Json command = p.hear();
        for (const char* line : {R"({"event": 1, "timestamp": {"seconds": 1, "microseconds": 1}})", R"({"event": "A"})",
                                 R"({"event": "A", "timestamp": 7})",
                                 R"({"event": "A", "timestamp": {"seconds": -1, "microseconds": 0}})",
                                 R"({"event": "A", "timestamp": {"seconds": 18446744073709551615, "microseconds": 0}})",
                                 R"({"event": "A", "timestamp": {"seconds": 99999999999, "microseconds": 0}})",
                                 R"({"event": "A", "timestamp": {"seconds": 1, "microseconds": 1000000}})",
                                 R"({"event": "A", "data": [], "timestamp": {"seconds": 1, "microseconds": 1}})", R"({"id": 77, "return": {}})"})
            p.say(std::string(line) + "\n");
        p.say(event("too long" + std::string(70000, 'x')) + event("GOOD"));
        p.answer(command);
        p.await_end();
    });
    Qmp qmp(peer.path());
    qmp.execute("stop");
    const auto next = qmp.next_event(0ms);
    REQUIRE(next);
    CHECK(next->name == "GOOD");
    CHECK_FALSE(qmp.next_event(0ms));
}

TEST_CASE("a flood of events instead of an answer is an error") {
    Peer peer([](Peer& p) {
        p.greet();
        std::string many;
        for (int i = 0; i < 1000; i++) many += event("A" + std::string(500, 'x'));
        while (p.say(many)) {
        }
    });
    Qmp qmp(peer.path());
    CHECK_THROWS_WITH(qmp.execute("stop"), Catch::Contains("says more than 32 MiB, and no answer"));
}

TEST_CASE("what drips instead of a greeting is none") {
    Peer peer([](Peer& p) {
        while (p.say(" ")) std::this_thread::sleep_for(50ms);
    });
    CHECK_THROWS_WITH(Qmp(peer.path()), Catch::Contains("what it says within 5 s is no greeting of QEMU"));
}

TEST_CASE("who greets and answers nothing is told of, and is not waited for long") {
    Peer peer([](Peer& p) {
        p.say(kGreeting);
        // Other things that it says do not make the time longer.
        while (p.say(event("A"))) std::this_thread::sleep_for(500ms);
    });
    const Errors errors;
    CHECK_THROWS_WITH(Qmp(peer.path()), Catch::Contains("no answer to qmp_capabilities within 10 s"));
    CHECK_THAT(errors.text(), Catch::Contains("no answer to qmp_capabilities within 3 s; waiting up to 10 s"));
}

TEST_CASE("an answer that takes long is taken") {
    Peer peer([](Peer& p) {
        p.greet();
        const Json command = p.hear();
        std::this_thread::sleep_for(4s);
        p.answer(command, R"("late")");
        p.await_end();
    });
    Qmp qmp(peer.path());
    const Errors errors;
    CHECK(qmp.execute("stop") == "late");
    CHECK_THAT(errors.text(), Catch::Contains("no answer to stop within 3 s; waiting up to 30 s"));
}

TEST_CASE("what the other end says of an error may hold anything") {
    Peer peer([](Peer& p) {
        p.greet();
        p.say(fmt::format(R"({{"id": {}, "error": {{"class": "x", "desc": "no\u001b[31m\nway"}}}})", p.hear()["id"].dump()) + "\n");
        p.await_end();
    });
    Qmp qmp(peer.path());
    CHECK_THROWS_WITH(qmp.execute("stop"), Catch::Contains("stop is refused: no\\x1b[31m\\x0away"));
}

TEST_CASE("what is nested deeply does no harm") {
    const std::string deep = std::string(200000, '[') + std::string(200000, ']');
    Peer peer([&](Peer& p) {
        p.greet();
        const Json command = p.hear();
        p.say(fmt::format(R"({{"id": {}, "return": {{}}}})", deep) + "\n");
        p.say(fmt::format(R"({{"event": "A", "data": {{"a": {}}}, "timestamp": {{"seconds": 1, "microseconds": 1}}}})", deep) + "\n");
        p.answer(command, deep);
        p.await_end();
    });
    Qmp qmp(peer.path());
    CHECK(qmp.execute("stop").is_array());
}

TEST_CASE("what is nested deeply does no harm to those who look into it") {
    const std::string deep = std::string(2'000'000, '[') + std::string(2'000'000, ']');
    Peer peer([&](Peer& p) {
        p.greet();
        p.answer(p.hear(), fmt::format(R"({{"enabled": {}, "present": true}})", deep));
        p.answer(p.hear(), fmt::format(R"([1, {{"deep": {}}}, 2])", deep));
        p.await_end();
    });
    Qmp qmp(peer.path());
    CHECK_FALSE(qmp.has_kvm());
    const Json list = qmp.execute("query-migrate");
    REQUIRE(list.size() == 3);
    CHECK(list[2] == 2);
    CHECK(list.dump().size() < 200);
}

TEST_CASE("who hangs up is told of") {
    Peer peer([](Peer& p) {
        p.greet();
        p.hear();
    });
    Qmp qmp(peer.path());
    CHECK_THROWS_WITH(qmp.execute("stop"), Catch::Contains("closed the connection"));
}
