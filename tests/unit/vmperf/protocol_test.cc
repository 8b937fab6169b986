/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/protocol.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace vmperf;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

using Type = Request::Type;

std::string refusal(std::string_view line) {
    try {
        parse_request(line);
        return "";
    } catch (const base::UsageError& error) {
        return error.what();
    }
}

}  // namespace

TEST_CASE("a client says hello, and then what is to be counted") {
    const auto hello =
        parse_request(R"({"type": "hello", "version": 1, "session": "6f1c", "vm": "web1", "later": {"versions": ["may", "say", "more"]}})");
    CHECK(hello.type == Type::Hello);
    CHECK(hello.session == "6f1c");
    CHECK(hello.vm == "web1");
    const auto start = parse_request(R"({"type": "start", "session": "6f1c", "events": "cycles,faults", "interval_ms": 500, "cpu": 2})");
    CHECK(start.type == Type::Start);
    CHECK_FALSE(start.old);
    CHECK(start.events == "cycles,faults");
    CHECK(start.interval == 500ms);
    CHECK(start.cpu == 2);
    const auto least = parse_request(R"({"type": "start", "session": "a"})");
    CHECK(least.events.empty());
    CHECK_FALSE(least.interval);
    CHECK(least.cpu == 0);
    CHECK(parse_request(R"({"type": "list", "session": "a"})").type == Type::List);
    CHECK(parse_request(R"({"type": "end", "session": "b"})").session == "b");
}

TEST_CASE("clients of the old protocol are understood") {
    const auto start = parse_request(
        R"({"mac": "52:54:00:00:00:01", "ip": "192.168.122.1", "port": 9999, "cpu": 0, "param": " -I 500 -e cache-misses,instructions", "program": "sleep 5"})");
    CHECK(start.old);
    CHECK(start.type == Type::Start);
    CHECK(start.mac == "52:54:00:00:00:01");
    CHECK(start.interval == 500ms);
    CHECK(start.events == "cache-misses,instructions");
    CHECK(start.program == "sleep 5");
    CHECK(parse_request(R"({"mac": "", "ip": "", "port": 1, "cpu": "2", "param": "", "program": ""})").cpu == 2);
    for (const char* end : {"end", "end\r"}) {
        CHECK(parse_request(end).old);
        CHECK(parse_request(end).type == Type::End);
    }
}

TEST_CASE("what a client writes is what a server reads") {
    Request request;
    request.session = "6f1c";
    request.vm = "\"web\"\n";
    CHECK(parse_request(to_line(request)).vm == request.vm);
    request.type = Type::Start;
    request.events = "cycles:u,sched:sched_switch";
    request.interval = 10ms;
    request.cpu = 3;
    request.mac = "52:54:00:00:00:01";
    request.program = "ls -al";
    for (const bool old : {false, true}) {
        request.old = old;
        const auto read = parse_request(to_line(request));
        CHECK(read.old == old);
        CHECK(read.type == Type::Start);
        CHECK(read.session == (old ? "" : request.session));
        CHECK(read.events == request.events);
        CHECK(read.interval == request.interval);
        CHECK(read.cpu == request.cpu);
        CHECK(read.mac == request.mac);
        CHECK(read.program == (old ? request.program : ""));
    }
    request.type = Type::End;
    CHECK(to_line(request) == "end");
    CHECK(to_line(request).find('\n') == std::string::npos);
}

TEST_CASE("nothing but an interval and events is taken from an old client's param") {
    const auto of_param = [](const std::string& param) { return refusal(R"({"cpu": 0, "param": ")" + param + R"("})"); };
    CHECK_THAT(of_param("; touch /tmp/x"), Contains("-I MSEC and -e EVENTS"));
    CHECK_THAT(of_param(" -e cycles -o /etc/passwd"), Contains("\"-o\""));
    CHECK_THAT(of_param(" -e"), Contains("\"-e\""));
    CHECK_THAT(of_param(" -I 0"), Contains("1 to 86400000"));
    CHECK_THAT(of_param(" -I 5x"), Contains("\"-I\""));
    CHECK_THAT(of_param(" -a"), Contains("\"-a\""));
}

TEST_CASE("what is no request is refused with the reason") {
    CHECK_THAT(refusal(""), Contains("object of JSON"));
    CHECK_THAT(refusal("GET / HTTP/1.1"), Contains("GET / HTTP"));
    CHECK_THAT(refusal("endless"), Contains("object of JSON"));
    CHECK_THAT(refusal("[1]"), Contains("object of JSON"));
    CHECK_THAT(refusal("\x01\xff\x1b[2J"), !Contains("\x1b"));
    CHECK_THAT(refusal(std::string(70000, ' ')), Contains("65536 at most"));
    CHECK_FALSE(refusal(std::string(60000, '[')).empty());
    CHECK_FALSE(refusal(R"({"a":)" + std::string(30000, '[') + std::string(30000, ']') + "}").empty());
    CHECK_THAT(refusal(R"({"type": "stop", "session": "a"})"), Contains("not \"stop\""));
    CHECK_THAT(refusal(R"({"type": "hello", "session": "a"})"), Contains("version"));
    CHECK_THAT(refusal(R"({"type": "hello", "version": 2, "session": "a"})"), Contains("1 to 1"));
    CHECK_THAT(refusal(R"({"type": "hello", "version": 1})"), Contains("session"));
    CHECK_THAT(refusal(R"({"type": "start", "session": 7})"), Contains("no text"));
    CHECK_THAT(refusal(R"({"type": "start", "session": "a", "cpu": -1})"), Contains("0 to 4096"));
    CHECK_THAT(refusal(R"({"type": "start", "session": "a", "cpu": 1e3})"), Contains("0 to 4096"));
    CHECK_THAT(refusal(R"({"type": "start", "session": "a", "cpu": 18446744073709551615})"), Contains("0 to 4096"));
    CHECK_THAT(refusal(R"({"type": "start", "session": "a", "interval_ms": 0})"), Contains("interval_ms"));
}
