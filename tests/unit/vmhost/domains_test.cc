/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/domains.h"

#include <libvirt/libvirt.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "base/error.h"

using namespace vmhost;
using namespace std::chrono_literals;

namespace {

/// A hypervisor without machines that libvirt has for tests, within this process: it has one domain, "test".
constexpr const char* kMock = "test:///default";

/// What a watch has told.
class Told {
 public:
    DomainWatch::News news() {
        return {[this](std::vector<Domain> domains) { set(domains_, std::move(domains)); }, [this](std::string why) { set(trouble_, std::move(why)); }};
    }
    /// Whether so many domains are told of soon.
    bool domains(std::size_t number) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 20s, [&] { return domains_ && domains_->size() == number; });
    }
    std::string trouble() {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 20s, [&] { return trouble_.has_value(); });
        return trouble_.value_or("none");
    }

 private:
    template <class Value>
    void set(std::optional<Value>& place, Value value) {
        const std::lock_guard lock(mutex_);
        place = std::move(value);
        changed_.notify_all();
    }
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<std::vector<Domain>> domains_;
    std::optional<std::string> trouble_;
};

}  // namespace

TEST_CASE("domains that run are listed") {
    const auto domains = running_domains(kMock);
    REQUIRE(domains.size() == 1);
    CHECK(domains[0].name == "test");
    CHECK(domains[0].pid == 0);
}

TEST_CASE("domains that come and go are told of as they do") {
    DomainWatch watch(kMock);
    Told told;
    watch.start(told.news());
    REQUIRE(told.domains(1));
    const std::unique_ptr<virConnect, decltype(&::virConnectClose)> session(::virConnectOpen(kMock), ::virConnectClose);
    REQUIRE(session);
    const std::unique_ptr<virDomain, decltype(&::virDomainFree)> domain(::virDomainLookupByName(session.get(), "test"), ::virDomainFree);
    REQUIRE(domain);
    REQUIRE(::virDomainDestroy(domain.get()) == 0);
    CHECK(told.domains(0));
    REQUIRE(::virDomainCreate(domain.get()) == 0);
    CHECK(told.domains(1));
}

TEST_CASE("that libvirt is away is told, and who watches ends all the same") {
    DomainWatch watch("qemu+unix:///system?socket=/no/such/socket");
    Told told;
    watch.start(told.news());
    CHECK_THAT(told.trouble(), Catch::Matchers::Contains("/no/such/socket"));
}
