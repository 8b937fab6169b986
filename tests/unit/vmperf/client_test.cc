/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/client.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "base/error.h"

using namespace vmperf;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using Kind = Place::Kind;

namespace {

/// A client, and the other end of its connection in the hands of the test.
struct Talk {
    explicit Talk(Kind kind, Patience patience = {}) {
        int fds[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
        server.reset(fds[1]);
        ::fcntl(fds[1], F_SETFL, 0);
        client_fd = fds[0];
        Place place;
        place.kind = kind;
        place.path = "/somewhere";
        client.emplace(base::UniqueFd(fds[0]), place, -1, patience);
        request.session = "mine";
    }
    void say(const std::string& text) { REQUIRE(::write(server.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size())); }
    std::string heard() {
        char text[4096];
        const ssize_t got = ::read(server.get(), text, sizeof text);
        return {text, static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
    }
    std::optional<Hello> hello() { return client->hello(request); }
    void start() {
        request.type = Request::Type::Start;
        say("{\"type\":\"started\",\"session\":\"mine\",\"time\":1}\n");
        client->start(request);
    }
    std::optional<Client> client;
    base::UniqueFd server;
    int client_fd;
    Request request;
};

const std::string kHello = R"({"type":"hello","session":"mine","version":1,"server":"1","vm":"web1","vcpus":2})" "\n";
const std::string kSample = R"({"type":"sample","session":"mine","seconds":0.5,"counts":[]})" "\n";
const std::string kEnd = R"({"type":"end","session":"mine","reason":"","seconds":2,"counts":[],"others":[],"vcpus":[]})" "\n";

}  // namespace

TEST_CASE("a client passes over what is for others") {
    Talk talk(Kind::Channel);
    talk.say("unts\": []}\n" + std::string(R"({"type":"error","session":"other","message":"gone"})") + "\n" + R"({"type":"error","message":"gone"})" +
             "\n" + kHello);
    const auto hello = talk.hello();
    REQUIRE(hello);
    CHECK(hello->vm == "web1");
    CHECK(hello->vcpus == 2);
    CHECK_THAT(talk.heard(), Contains("\"hello\"") && Contains("\"mine\""));
}

TEST_CASE("a server that knows no hello is an old one, on a network") {
    for (const char* said : {"", "login: \n", "[]\n"}) {
        Talk talk(Kind::Tcp);
        talk.say(said);
        ::shutdown(talk.server.get(), SHUT_WR);
        CHECK_FALSE(talk.hello());
    }
    Talk talk(Kind::Socket);
    ::shutdown(talk.server.get(), SHUT_WR);
    CHECK_THROWS_WITH(talk.hello(), Contains("there is no server at the socket /somewhere"));
}

TEST_CASE("a server that says nothing, or nothing of use without an end, is not waited for") {
    Talk silent(Kind::Tcp, {50ms});
    CHECK_THROWS_WITH(silent.hello(), Contains("has not sent its answer 'hello'"));
    Talk talk(Kind::Tcp, {200ms});
    std::thread writer([&] {
        const std::string line = R"({"type":"hello","session":"other"})" "\n";
        while (::send(talk.server.get(), line.data(), line.size(), MSG_NOSIGNAL) > 0) continue;
    });
    CHECK_THROWS_WITH(talk.hello(), Contains("has not sent its answer 'hello'"));
    talk.client.reset();
    writer.join();
}

TEST_CASE("nobody who reads is an error, too") {
    Talk talk(Kind::Channel, {50ms});
    const std::string filler(65536, 'x');
    while (::write(talk.client_fd, filler.data(), filler.size()) > 0) continue;
    CHECK_THROWS_WITH(talk.hello(), Contains("nobody reads there"));
}

TEST_CASE("what a server refuses is told without its control characters") {
    Talk talk(Kind::Tcp);
    talk.say(R"({"type":"error","session":"mine","message":"no \u001b[31mVM"})" "\n");
    CHECK_THROWS_WITH(talk.hello(), Contains("says: no \\x1b[31mVM"));
}

TEST_CASE("samples and the end may come at once") {
    Talk talk(Kind::Tcp);
    talk.start();
    talk.say(kSample + kSample + kEnd + kSample);
    const News news = talk.client->receive();
    CHECK(news.samples.size() == 2);
    REQUIRE(news.total);
    CHECK(news.total->seconds == 2);
}

TEST_CASE("a server that closes without an end, or says what makes no sense, is an error") {
    for (const char* said :
         {"", "{\"type\":\"en", "nonsense\n", "{\"type\":\"sample\",\"session\":\"mine\",\"seconds\":-1,\"counts\":[]}\n",
          "{\"type\":\"sample\",\"session\":\"mine\",\"seconds\":1,\"counts\":{}}\n", "{\"type\":\"end\",\"session\":\"mine\",\"seconds\":1}\n"}) {
        Talk talk(Kind::Tcp);
        talk.start();
        talk.say(said);
        ::shutdown(talk.server.get(), SHUT_WR);
        CHECK_THROWS_AS(talk.client->finish([](const News&) {}), base::Error);
    }
}

TEST_CASE("the text of an old server is passed on in whole lines, to its end") {
    Talk talk(Kind::Tcp);
    talk.request.type = Request::Type::Start;
    talk.request.old = true;
    talk.client->start(talk.request);
    talk.say(" 1 a\n 2\x1b");
    CHECK(talk.client->receive().text == " 1 a\n");
    talk.client->end();
    CHECK_THAT(talk.heard(), Contains("\"param\"") && Catch::Matchers::EndsWith("end\n"));
    ::shutdown(talk.server.get(), SHUT_WR);
    std::string rest;
    talk.client->finish([&](const News& news) { rest += news.text; });
    CHECK(rest == " 2\\x1b");
}

TEST_CASE("an old server that goes before it is told to is an error, when all that it said is passed on") {
    Talk talk(Kind::Tcp);
    talk.request.type = Request::Type::Start;
    talk.request.old = true;
    talk.client->start(talk.request);
    talk.say("pmu is occupied, wait and retry\n");
    ::shutdown(talk.server.get(), SHUT_WR);
    CHECK(talk.client->receive().text == "pmu is occupied, wait and retry\n");
    CHECK_THROWS_WITH(talk.client->receive(), Contains("has closed the connection"));
}

TEST_CASE("sessions have numbers of their own") {
    CHECK(new_session().size() == 16);
    CHECK(new_session() != new_session());
}
