/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/merge.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

using migtrace::Merge;
using migtrace::PeriodMerge;
using migtrace::Record;
using migtrace::RecordSource;
using migtrace::RecordStore;
using migtrace::Runs;

namespace {

using Times = std::vector<std::uint64_t>;

Record at(std::uint64_t ts) {
    return {ts, 0, 0, 0, 0, 0, 0};
}

struct Stored {
    RecordStore store;
    std::vector<std::size_t> begins;
    Times sorted;
    explicit Stored(const std::vector<Times>& runs) {
        for (const Times& run : runs) {
            begins.push_back(store.size());
            for (std::uint64_t ts : run) store.add(at(ts));
            sorted.insert(sorted.end(), run.begin(), run.end());
        }
        std::sort(sorted.begin(), sorted.end());
    }
};

Times drain(RecordSource& source, std::size_t piece) {
    Times times;
    std::vector<Record> records(piece);
    while (std::size_t n = source.fill(records.data(), piece))
        for (std::size_t i = 0; i < n; i++) times.push_back(records[i].ts);
    CHECK(source.fill(records.data(), piece) == 0);
    return times;
}

std::vector<Times> random_runs(unsigned seed, std::size_t most) {
    std::mt19937 random(seed);
    std::vector<Times> runs(random() % most);
    for (Times& run : runs) {
        run.resize(random() % 100);
        for (auto& ts : run) ts = random() % 500;
        std::sort(run.begin(), run.end());
    }
    return runs;
}

}  // namespace

TEST_CASE("runs are merged, however many, however long") {
    for (unsigned seed = 0; seed < 100; seed++) {
        Stored stored(random_runs(seed, 70));
        Merge merge(stored.store.runs(stored.begins));
        CHECK(drain(merge, 1 + seed % 33) == stored.sorted);
    }
}

TEST_CASE("the last moment there is comes last, and runs that end before it do not hide it") {
    Stored stored({{1, UINT64_MAX}, {UINT64_MAX}, {2}, {}});
    Merge merge(stored.store.runs(stored.begins));
    CHECK(drain(merge, 2) == stored.sorted);
}

TEST_CASE("merged by periods, all of one come before all of the next") {
    for (unsigned seed = 0; seed < 100; seed++) {
        Stored stored(random_runs(seed, 20));
        const std::uint64_t begin = seed % 3 * 100, period = 1 + seed % 60;
        PeriodMerge merge(stored.store.runs(stored.begins), begin, period);
        const Times times = drain(merge, 1 + seed % 33);
        Times sorted = times;
        std::sort(sorted.begin(), sorted.end());
        REQUIRE(sorted == stored.sorted);
        auto index = [&](std::uint64_t ts) { return ts <= begin ? 0 : (ts - begin - 1) / period; };
        for (std::size_t i = 1; i < times.size(); i++) REQUIRE(index(times[i - 1]) <= index(times[i]));
    }
}

TEST_CASE("periods go up to the end of time") {
    Stored stored({{0, UINT64_MAX}, {UINT64_MAX - 1}});
    PeriodMerge merge(stored.store.runs(stored.begins), 5, UINT64_MAX / 2);
    CHECK(drain(merge, 10).size() == 3);
}

TEST_CASE("records are kept over many pieces, put in their place, and sorted piece by piece") {
    RecordStore store;
    for (std::uint64_t i = 0; i < 100000; i++) store.insert(at(i % 10 == 9 ? i - 3 : i), 0);
    REQUIRE(store.size() == 100000);
    for (std::size_t i = 1; i < store.size(); i++) REQUIRE(store[i - 1].ts <= store[i].ts);
    RecordStore other;
    std::mt19937 random(1);
    for (int i = 0; i < 100000; i++) other.add(at(random()));
    Merge merge(other.runs(other.sort_pieces()));
    const Times times = drain(merge, 100);
    CHECK(times.size() == 100000);
    CHECK(std::is_sorted(times.begin(), times.end()));
}
