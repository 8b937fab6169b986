/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/report_csv.h"

#include <catch2/catch.hpp>

#include "migtrace/support.h"

using namespace test;
using Catch::Contains;

namespace {

std::string csv(Trace& trace) {
    trace.job.report.form = migtrace::Form::Csv;
    return print(trace.job).text;
}

}  // namespace

TEST_CASE("events of all kinds make one table") {
    Trace trace(named(1, 5, "a \"b\", c") + move(2, 0, 1, 5) + mark(3, "0x0000002a"));
    trace.job.report.migrations = trace.job.report.comms = trace.job.report.marks = true;
    CHECK(csv(trace) ==
          "event,ts,time,rel_ns,cpu,from,to,pid,comm,cause,mark\r\n"
          "set_task_comm," +
              at(1'000'000) +
              ",2010-08-11T12:08:39.501000000Z,,0,,,5,\"a \"\"b\"\", c\",,\r\n"
              "migration," +
              at(2'000'000) +
              ",2010-08-11T12:08:39.502000000Z,2000000,0,0,1,5,\"a \"\"b\"\", c\",wake,\r\n"
              "mark," +
              at(3'000'000) + ",2010-08-11T12:08:39.503000000Z,3000000,0,,,1,,,0x0000002a\r\n");
    trace.job.report.marks_decimal = true;
    CHECK_THAT(csv(trace), Catch::EndsWith(",1,,,42\r\n"));
}

TEST_CASE("a table without rows has its header line") {
    Trace trace("");
    trace.job.report.migrations = true;
    CHECK(csv(trace) == "event,ts,time,rel_ns,cpu,from,to,pid,comm,cause,mark\r\n");
}

TEST_CASE("a carriage return inside a name stands in quotes") {
    Trace trace(named(1, 5, "a\rb") + move(2, 0, 1, 5));
    trace.job.report.comms = true;
    CHECK_THAT(csv(trace), Contains(",\"a\rb\","));
    trace.job.report.safe_names = true;
    CHECK_THAT(csv(trace), Contains(",a\\x0db,"));
}

TEST_CASE("counts are a table of causes and pairs of CPUs") {
    Trace trace(move(500, 0, 1, 5, 1) + move(1000, 0, 1, 5, 2));
    trace.job.stats = true;
    CHECK(csv(trace) ==
          "by,cause,from,to,count,per_second\r\ntotal,,,,2,2\r\ncause,pull,,,1,1\r\ncause,wake,,,1,1\r\n"
          "cpu_pair,,0,1,2,2\r\n");
}

TEST_CASE("processes, start lines and periods are tables") {
    Trace trace(named(1, 5, "one") + named(2, 5, "two") + move(500, 0, 1, 5) + move(2000, 0, 1, 5));
    trace.job.summary_pid = true;
    CHECK(csv(trace) == "pid,count,per_second,comms\r\n5,2,1,\"one, two\"\r\n");
    trace.job.summary_pid = false;
    trace.job.consistency = trace.job.report.starts = true;
    CHECK(csv(trace) == "cpu,ts,time,wall\r\n0,0x000000174876e800,2010-08-11T12:08:39.500000000Z,2010-08-11T12:08:39.500000000Z\r\n");
    trace.job.consistency = trace.job.report.starts = false;
    trace.job.report.form = migtrace::Form::Csv;
    CHECK(trace.period(1000) ==
          "rel_sec,ts,time,migrate\r\n0.000," + at(0) + ",2010-08-11T12:08:39.500000000Z,1\r\n");
}

TEST_CASE("the wall clock of a trace without a start line is left empty") {
    Trace trace(move(2, 0, 1, 5), kHeader);
    trace.job.report.migrations = true;
    CHECK_THAT(csv(trace), Contains("\r\nmigration," + at(2'000'000) + ",,0,0,0,1,5,,wake,\r\n"));
}
