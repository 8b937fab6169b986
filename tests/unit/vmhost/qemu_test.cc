/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/qemu.h"

#include <catch2/catch.hpp>

using namespace vmhost;
using Words = std::vector<std::string>;
using Sizes = std::vector<std::uint64_t>;

namespace {

constexpr std::uint64_t kMiB = 1 << 20;

Sizes ram(const Words& options) {
    Words words = {"qemu-system-x86_64"};
    words.insert(words.end(), options.begin(), options.end());
    return parse_qemu_command(words).ram;
}

}  // namespace

TEST_CASE("a QEMU is known by its name") {
    CHECK(is_qemu({"qemu-system-x86_64", "-m", "1G"}));
    CHECK(is_qemu({"/usr/libexec/qemu-kvm"}));
    CHECK_FALSE(is_qemu({"qemu-img", "info"}));
    CHECK_FALSE(is_qemu({"vi", "qemu-system-x86_64"}));
    CHECK_FALSE(is_qemu({}));
}

TEST_CASE("a QEMU's command line tells how much memory its VM has") {
    CHECK(ram({}) == Sizes{128 * kMiB});
    CHECK(ram({"-m", "256"}) == Sizes{256 * kMiB});
    CHECK(ram({"-m", "262136K"}) == Sizes{262136 * 1024});
    CHECK(ram({"--m", "size=1G,slots=2,maxmem=4G"}) == Sizes{1024 * kMiB});
    CHECK(ram({"-m", "2G", "-object", "memory-backend-memfd,id=a,size=1G", "-object", "memory-backend-ram,size=1073741824,id=b"}) ==
          Sizes{2048 * kMiB, 1024 * kMiB, 1024 * kMiB});
    CHECK(ram({"-object", R"({"qom-type":"memory-backend-file","id":"pc.ram","size":536870912})", "-m", "512"}) ==
          Sizes{512 * kMiB, 512 * kMiB});
}

TEST_CASE("what makes no sense in a QEMU's command line is passed over") {
    CHECK(ram({"-m"}) == Sizes{128 * kMiB});
    CHECK(ram({"-m", "a lot"}) == Sizes{128 * kMiB});
    CHECK(ram({"-object", "{\"qom-type\":", "-object", "iothread,id=a,size=1", "-m", "1M"}) == Sizes{kMiB});
    CHECK(ram({"-object", "{\"qom-type\":\"memory-backend-ram\",\"size\":[1]}", "-m", "1M"}) == Sizes{kMiB});
}

TEST_CASE("a QEMU's command line tells the name of its VM") {
    CHECK(parse_qemu_command({"qemu-kvm", "-name", "guest=web1,debug-threads=on"}).name == "web1");
    CHECK(parse_qemu_command({"qemu-kvm", "-name", "web2"}).name == "web2");
    // QEMU's way to write a comma.
    CHECK(parse_qemu_command({"qemu-kvm", "-name", "guest=web3,,a,,,debug-threads=on"}).name == "web3,a,");
    CHECK(parse_qemu_command({"qemu-kvm"}).name.empty());
    CHECK(parse_qemu_command({"qemu-kvm", "-name", "a", "-uuid", "2f16c74a-434b-4000-a749-bee4d4cc0bb1", "-m", "1"}).uuid ==
          "2f16c74a-434b-4000-a749-bee4d4cc0bb1");
}
