/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/qemu_rate.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <vector>

#include "base/error.h"

using namespace vmdirty;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

/// A QEMU with KVM, or without, that has measured 256 MB/s; with the dirty ring of KVM, or else only its bitmap.
class MeasuringQemu : public vmhost::Monitor {
 public:
    bool kvm = true, ring = true;
    Json rate = 256;
    std::vector<std::string> modes;

    pid_t pid() const override { return ::getpid(); }

 private:
    Json ask(const std::string& command, const Json& arguments) override {
        if (command == "query-kvm") return {{"enabled", kvm}, {"present", true}};
        if (command == "query-dirty-rate") return {{"status", modes.empty() ? "unstarted" : "measured"}, {"dirty-rate", rate}};
        if (command != "calc-dirty-rate") throw base::Error("no command: " + command);
        modes.push_back(arguments.at("mode"));
        if (modes.back() == "dirty-ring" && !ring) throw base::Error("mode dirty-ring is not enabled");
        return Json::object();
    }
};

struct Seen {
    MeasuringQemu qemu;
    vmhost::Process process{::getpid()};
    Layout layout;
    Target target{process, layout, &qemu};
    std::vector<Interval> intervals;

    void track(RateBy by) {
        base::StopSignals signals;
        track_rate(by, target, {.interval = 1s, .duration = 1s}, signals, [&](const Interval& interval) { intervals.push_back(interval); });
    }
};

}  // namespace

TEST_CASE("a QEMU with KVM is asked for its dirty ring, and for its bitmap if it has none") {
    Seen seen;
    seen.qemu.ring = GENERATE(true, false);
    CHECK(rate_obstacle(RateBy::Kvm, &seen.target).empty());
    seen.track(RateBy::Kvm);
    CHECK(seen.qemu.modes == (seen.qemu.ring ? std::vector<std::string>{"dirty-ring"} : std::vector<std::string>{"dirty-ring", "dirty-bitmap"}));
    REQUIRE(seen.intervals.size() == 1);
    const double seconds = std::chrono::duration<double>(seen.intervals[0].end - seen.intervals[0].begin).count();
    CHECK(static_cast<double>(seen.intervals[0].written) == Approx(65536 * seconds).margin(1));
}

TEST_CASE("a QEMU without KVM is never asked for what KVM knows") {
    Seen seen;
    seen.qemu.kvm = false;
    CHECK_THAT(rate_obstacle(RateBy::Kvm, &seen.target), Catch::Contains("without KVM"));
    CHECK(seen.qemu.modes.empty());
    CHECK(rate_obstacle(RateBy::Sampling, &seen.target).empty());
}

TEST_CASE("a rate that is none is not passed on") {
    Seen seen;
    seen.qemu.rate = GENERATE(Json(-1), Json("many"), Json(1ULL << 60), Json());
    CHECK_THROWS_WITH(seen.track(RateBy::Kvm), Catch::Contains("has measured no rate"));
    CHECK(seen.intervals.empty());
}
