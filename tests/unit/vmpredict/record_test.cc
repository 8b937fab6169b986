/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmpredict/record.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "vmdirty/bitmap.h"
#include "vmpredict/bandwidth.h"
#include "vmpredict/bitmaps.h"
#include "vmpredict/prediction.h"

using namespace vmpredict;

namespace {

const std::string kStart = R"({"type":"start","time":1,"pid":7,"tracker":"pagemap-scan","interval_ms":100,"page_size":4096,"pages":10000,"zero_pages":2500,"ranges":[]})";
const std::string kFirst = R"({"type":"interval","time":1,"ms":0,"dirty_pages":10000,"pages":10000,"all":true})";

std::string interval(int pages, double ms = 100) {
    return fmt::format(R"({{"type":"interval","time":2,"ms":{},"dirty_pages":{},"pages":10000,"bytes_per_second":1,"working_set_pages":{{"0.1":{},"0.5":{}}}}})", ms,
                       pages, pages, pages * 2);
}

std::string lines(const std::vector<std::string>& lines) { return fmt::format("{}\n", fmt::join(lines, "\n")); }

Workload read(const std::string& text, std::optional<std::uint32_t> page_size = std::nullopt) {
    std::istringstream in(text);
    return read_record(in, "web1.json", page_size);
}

template <class Work>
std::string complaint(Work work) {
    try {
        work();
    } catch (const base::Error& error) {
        return error.what();
    }
    return "none";
}

std::string complaint_of(const std::string& text) {
    return complaint([&] { read(text); });
}

std::vector<std::string> steady(int intervals, int pages = 100) {
    std::vector<std::string> all = {kStart, kFirst};
    for (int i = 0; i < intervals; i++) all.push_back(interval(pages));
    return all;
}

Bandwidth network(const std::string& text) {
    std::istringstream in(text);
    return read_bandwidth(in, "net.json");
}

}  // namespace

TEST_CASE("a record tells memory, zeros, and the pages of each window") {
    const Workload workload = read(lines(steady(10)));
    CHECK(workload.pages() == 10000);
    CHECK(workload.page_size() == 4096);
    CHECK(workload.zero_pages() == 2500);
    CHECK(workload.intervals() == 10);
    CHECK(workload.seconds() == Approx(1));
    CHECK(workload.pages_per_second() == Approx(1000));
    CHECK(workload.longest() == 0.5);
    CHECK(workload.curve(Workload::Level::Mean).pages(0.1) == Approx(100));
    CHECK(workload.curve(Workload::Level::Mean).pages(0.5) == Approx(200));
    CHECK(workload.shortcoming().empty());
    CHECK_FALSE(workload.unsteady());
}

TEST_CASE("bad records are refused with the line and the reason") {
    CHECK_THAT(complaint_of(""), Catch::Contains("web1.json is empty"));
    CHECK_THAT(complaint_of("{\n"), Catch::StartsWith("web1.json, line 1: no JSON object"));
    CHECK_THAT(complaint_of(lines({kFirst})), Catch::Contains("line 1: an interval before the start"));
    CHECK_THAT(complaint_of(lines({kStart, kStart})), Catch::Contains("line 2: a second record begins"));
    CHECK_THAT(complaint_of(lines({kStart, R"({"type":"outage"})"})), Catch::Contains("line 2: type 'outage'"));
    CHECK_THAT(complaint_of(lines({kStart, R"({"type":"interval","ms":100})"})), Catch::Contains("line 2: 'dirty_pages' is missing"));
    CHECK_THAT(complaint_of(lines({kStart, R"({"type":"interval","ms":100,"dirty_pages":-1})"})), Catch::Contains("'dirty_pages' is no number from 0"));
    CHECK_THAT(complaint_of(lines({kStart, R"({"type":"interval","ms":"x","dirty_pages":1})"})), Catch::Contains("'ms' is no number"));
    CHECK_THAT(complaint_of(lines({kStart, R"({"type":"interval","ms":0,"dirty_pages":1})"})), Catch::Contains("an interval without length"));
    CHECK_THAT(complaint_of(lines({kStart, R"({"type":"interval","ms":100,"dirty_pages":1,"working_set_pages":[1]})"})), Catch::Contains("is no object"));
    CHECK_THAT(complaint_of(lines({R"({"type":"start","interval_ms":100,"page_size":4000,"pages":1})"})), Catch::Contains("no power of two"));
}

TEST_CASE("without a page size it has to be given") {
    const std::string text = lines({R"({"type":"start","interval_ms":100,"pages":10})", R"({"type":"interval","ms":100,"dirty_pages":1})"});
    CHECK_THAT(complaint_of(text), Catch::Contains("the page size is unknown") && Catch::Contains("--page-size"));
    CHECK(read(text, 1024).page_size() == 1024);
    CHECK(read(lines(steady(1)), 1024).page_size() == 4096);
}

TEST_CASE("too few windows are no workload") {
    CHECK_THAT(read(lines(steady(0))).shortcoming(), Catch::Contains("too few windows: 0 intervals of 0.1 s, and 5 are the least"));
    CHECK_THAT(read(lines(steady(4))).shortcoming(), Catch::Contains("too few windows: 4 intervals"));
    CHECK(read(lines(steady(5))).shortcoming().empty());
    // What was cut short, or held up, is no window.
    auto torn = steady(2);
    for (int i = 0; i < 6; i++) torn.push_back(interval(5, i % 2 ? 3 : 5000));
    CHECK_THAT(read(lines(torn)).shortcoming(), Catch::Contains("too few windows"));
}

TEST_CASE("a workload that changes is not steady, and the spread shows it") {
    auto all = steady(30, 100);
    for (int i = 0; i < 30; i++) all.push_back(interval(900));
    const Workload workload = read(lines(all));
    REQUIRE(workload.unsteady());
    CHECK(workload.unsteady()->least == Approx(1000));
    CHECK(workload.unsteady()->most == Approx(9000));
    CHECK(workload.curve(Workload::Level::Low).pages(0.1) == Approx(100));
    CHECK(workload.curve(Workload::Level::High).pages(0.1) == Approx(900).epsilon(0.01));
    Plan plan;
    plan.bandwidth = 10 << 20;
    const Prediction prediction = predict(workload, plan);
    CHECK(prediction.least.converges);
    CHECK_FALSE(prediction.most.converges);
    CHECK_FALSE(prediction.is_sure());
    REQUIRE_FALSE(prediction.doubts.empty());
    CHECK_THAT(prediction.doubts[0], Catch::Contains("not steady: 3.9 to 35.2 MB/s"));
    REQUIRE(prediction.surely.bandwidth);
    Plan faster = plan;
    faster.bandwidth = *prediction.surely.bandwidth * 1.01;
    CHECK(predict(workload, faster).most.converges);
    faster.bandwidth = *prediction.surely.bandwidth * 0.9;
    CHECK_FALSE(predict(workload, faster).most.converges);
}

TEST_CASE("what would have to be is enough, and little less is not") {
    const Workload workload = read(lines(steady(100, 400)));
    Plan plan;
    plan.bandwidth = 8 << 20;
    plan.downtime = 0.05;
    const Prediction prediction = predict(workload, plan);
    REQUIRE_FALSE(prediction.expected.converges);
    CHECK_THAT(reason(prediction, workload), Catch::Contains("do not become shorter"));
    REQUIRE(prediction.just.bandwidth);
    REQUIRE(prediction.just.downtime);
    for (const double factor : {1.01, 0.95}) {
        Plan changed = plan;
        changed.bandwidth = *prediction.just.bandwidth * factor;
        CHECK(predict(workload, changed).expected.converges == (factor > 1));
        changed = plan;
        changed.downtime = *prediction.just.downtime * factor;
        CHECK(predict(workload, changed).expected.converges == (factor > 1));
    }
}

TEST_CASE("where the record is short, coarse or knows no zeros, that is told") {
    auto all = steady(10);
    all[0] = R"({"type":"start","interval_ms":1000,"page_size":4096,"pages":100000})";
    for (std::size_t i = 2; i < all.size(); i++) all[i] = R"({"type":"interval","ms":1000,"dirty_pages":100})";
    Plan plan;
    plan.bandwidth = 10 << 20;
    const auto doubts = predict(read(lines(all)), plan).doubts;
    REQUIRE(doubts.size() == 3);
    CHECK_THAT(doubts[0], Catch::Contains("what is written within more than 1 s is not known"));
    CHECK_THAT(doubts[1], Catch::Contains("--interval 100ms"));
    CHECK_THAT(doubts[2], Catch::Contains("--zero-pages"));
    CHECK(predict(read(lines(all)), plan, std::nullopt, 5).doubts.size() == 2);
}

TEST_CASE("bitmaps give what the record of the same tracker gives") {
    const base::TemporaryFolder folder;
    const auto write = [&](const std::string& time, std::uint64_t from, std::uint64_t to) {
        vmdirty::Bitmap bitmap(1000);
        bitmap.set(from, to);
        vmdirty::write_bitmap(fmt::format("{}/qemu.bm-7.{}", folder.path(), time), bitmap);
    };
    CHECK_THAT(complaint([&] { find_bitmaps(folder.path()); }), Catch::Contains("has no bitmaps"));
    write("100.000", 0, 1000);
    CHECK_THAT(complaint([&] { read_bitmaps(find_bitmaps(folder.path()), std::nullopt, 4096); }), Catch::Contains("too few windows: 1 bitmap"));
    // Ten pages at a time, and after five times the same again.
    for (std::uint64_t i = 0; i < 10; i++) write(fmt::format("{}.{:03}", 100 + (i + 1) / 10, (i + 1) % 10 * 100), i % 5 * 10, i % 5 * 10 + 10);
    const Workload workload = read_bitmaps(find_bitmaps(folder.path()), 1000, 4096);
    CHECK(workload.pages() == 1000);
    CHECK(workload.intervals() == 10);
    CHECK(workload.interval() == Approx(0.1));
    CHECK(workload.pages_per_second() == Approx(100));
    CHECK(workload.curve(Workload::Level::Mean).pages(0.5) == Approx(50));
    CHECK(workload.curve(Workload::Level::Mean).pages(1) == Approx(50));
    CHECK(read_bitmaps(find_bitmaps(folder.path()), std::nullopt, 4096).pages() == 1024);
    CHECK_THAT(complaint([&] { read_bitmaps(find_bitmaps(folder.path()), 2000, 4096); }), Catch::Contains("another size of pages?"));
    CHECK_THAT(complaint([&] { read_bitmaps({folder.path() + "/other"}, std::nullopt, 4096); }), Catch::Contains("no bitmap by its name"));
    vmdirty::write_bitmap(folder.path() + "/qemu.bm-7.102", vmdirty::Bitmap(64));
    CHECK_THAT(complaint([&] { read_bitmaps(find_bitmaps(folder.path()), 1000, 4096); }), Catch::Contains("has 64"));
    vmdirty::write_bitmap(folder.path() + "/qemu.bm-8.102", vmdirty::Bitmap(1000));
    CHECK_THAT(complaint([&] { find_bitmaps(folder.path()); }), Catch::Contains("several processes"));
}

TEST_CASE("a file that is no whole words is no bitmap") {
    const base::TemporaryFolder folder;
    const std::string path = folder.path() + "/qemu.bm-1.5";
    base::OutputFile file(path);
    file.write("12345");
    file.commit();
    CHECK_THAT(complaint([&] { vmdirty::read_bitmap(path); }), Catch::Contains("no whole words"));
    CHECK_THAT(complaint([&] { vmdirty::read_bitmap("/dev/null"); }), Catch::Contains("cannot read /dev/null"));
    CHECK_THAT(complaint([&] { vmdirty::read_bitmap(folder.path() + "/gone"); }), Catch::Contains("No such file"));
}

TEST_CASE("a bandwidth is what mig_mon vm tells of its seconds") {
    const std::string second = R"({"type":"second","bytes":1,"pages":1,"ms":1000,"bytes_per_second":)";
    const Bandwidth bandwidth = network(second + "100000}\n" + second + "200000}\n" + second + "300000}\n" + R"({"type":"summary","bytes_per_second":7})" + "\n");
    CHECK(bandwidth.mean == Approx(200000));
    CHECK(bandwidth.low == Approx(100000).epsilon(0.01));
    CHECK(bandwidth.high == Approx(300000).epsilon(0.01));
    CHECK_THAT(complaint([&] { network(second + "1}\n"); }), Catch::Contains("net.json: 1 seconds of a stream, and 3 are the least"));
    CHECK_THAT(complaint([&] { network("what\n"); }), Catch::Contains("net.json, line 1"));
    CHECK_THAT(complaint([&] { network(second + "-5}\n"); }), Catch::Contains("'bytes_per_second' is no number"));
    CHECK_THAT(complaint([&] { network(second + "0}\n" + second + "0}\n" + second + "9}\n"); }), Catch::Contains("nothing was sent"));
}
