/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/log.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "base/error.h"

using vmmig::DirtyLog;
using vmmig::SpikeLog;

namespace {

template <class Log>
Log read(const std::string& text) {
    std::istringstream in(text);
    return std::get<Log>(vmmig::read_log(in, "in"));
}

std::string complaint(const std::string& text) {
    std::istringstream in(text);
    try {
        vmmig::read_log(in, "in");
    } catch (const base::Error& error) {
        return error.what();
    }
    return "none";
}

}  // namespace

TEST_CASE("a spike log has a start and spikes") {
    const auto log = read<SpikeLog>("1700000000,18446744073709551615\n1700000010,512\n");
    CHECK(log.start == 1700000000);
    REQUIRE(log.spikes.size() == 1);
    CHECK(log.spikes[0].end == 1700000010);
    CHECK(log.spikes[0].gap_ms == 512);
    CHECK(read<SpikeLog>("1700000000,18446744073709551615\n").spikes.empty());
}

TEST_CASE("the lines of mm_dirty are read, ours and those of an original one") {
    const auto log = read<DirtyLog>(
        "|   Start Dirty Memory   |\n"
        "dirty-rate: 500 (MB/s), time (ms): 1000, load: 12%\n"
        "dirty-rate: 501 (MB/s), time (ms): 500, load: 12.50%, lat (us): p50=1 p99=2 max=30\n"
        "\n2.1 GB in 4.0 s: 500 MB/s, load 3%\n       1 (us): 17\n");
    REQUIRE(log.seconds.size() == 2);
    CHECK(log.seconds[0].mb_per_second == 500);
    CHECK_FALSE(log.seconds[0].latency);
    CHECK(log.seconds[1].ms == 500);
    CHECK(log.seconds[1].load_percent == 12.5);
    CHECK(log.seconds[1].latency->max_us == 30);
}

TEST_CASE("JSON is read, too") {
    const auto dirty = read<DirtyLog>(
        R"({"type":"second","mb_per_second":5.5,"ms":1000,"cpu_percent":2,"latency_ns":{"p50":100,"p99":200,"max":3000}})"
        "\n"
        R"({"type":"summary","mb_per_second":5})"
        "\n");
    REQUIRE(dirty.seconds.size() == 1);
    CHECK(dirty.seconds[0].latency->max_us == 3);
    const auto spikes =
        read<SpikeLog>(R"({"type":"outage","end":1700000010.5,"gap_ms":512.5,"length_ms":502.5})"
                       "\n");
    REQUIRE(spikes.spikes.size() == 1);
    CHECK(spikes.spikes[0].end == 1700000010.5);
}

TEST_CASE("what cannot be read is told with its line") {
    CHECK_THAT(complaint("1700000000,5\n\noops\n"), Catch::StartsWith("in, line 3: "));
    CHECK_THAT(complaint("1700000000,5,6\n"), Catch::StartsWith("in, line 1: "));
    CHECK_THAT(complaint("1700000000,-5\n"), Catch::StartsWith("in, line 1: "));
    CHECK_THAT(complaint("99999999999999,5\n"), Catch::StartsWith("in, line 1: "));
    CHECK_THAT(complaint("dirty-rate: nan (MB/s), time (ms): 1, load: 1%\n"),
               Catch::StartsWith("in, line 1: "));
    CHECK_THAT(complaint("dirty-rate: 1 (MB/s), time (ms): 1, load: 1%\ndirty-rate: 1 (M"),
               Catch::StartsWith("in, line 2: "));
    CHECK_THAT(complaint("{\"type\":\"outage\",\"end\":-1,\"gap_ms\":1}\n"),
               Catch::StartsWith("in, line 1: "));
    CHECK_THAT(complaint(""), Catch::StartsWith("in has nothing to draw"));
    CHECK_THAT(complaint("1,5\ndirty-rate: 1 (MB/s), time (ms): 1, load: 1%\n"),
               Catch::EndsWith("one by one"));
}
