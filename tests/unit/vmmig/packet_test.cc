/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/packet.h"

#include <catch2/catch.hpp>
#include <string>

using vmmig::Packet;

TEST_CASE("a packet is understood as it was sent, also with something behind it") {
    const Packet packet{0x0123456789abcdef, 7, UINT64_MAX, 10'000'000};
    const auto data = vmmig::pack(packet);
    CHECK(vmmig::unpack(data.data(), data.size()) == packet);
    const std::string longer = std::string(data.data(), data.size()) + "more";
    CHECK(vmmig::unpack(longer.data(), longer.size()) == packet);
}

TEST_CASE("on the wire is the name, and numbers with the low byte first") {
    const auto data = vmmig::pack({0x0102, 3, 4, 5});
    CHECK(std::string(data.data(), 10) == "mig_mon1\x02\x01");
    CHECK(data[16] == 3);
    CHECK(data[24] == 4);
    CHECK(data[32] == 5);
}

TEST_CASE("what is shorter or has another name is no packet of ours") {
    auto data = vmmig::pack({1, 2, 3, 4});
    CHECK_FALSE(vmmig::unpack(data.data(), data.size() - 1));
    CHECK_FALSE(vmmig::unpack("echo", 4));
    data[7] = '2';
    CHECK_FALSE(vmmig::unpack(data.data(), data.size()));
}
