/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/packet.h"

#include <endian.h>

#include <cstring>

namespace vmmig {

namespace {

struct Wire {
    char name[8];
    std::uint64_t session, number, sent, interval_ns;
};
static_assert(sizeof(Wire) == kPacketSize);
constexpr char kName[8] = {'m', 'i', 'g', '_', 'm', 'o', 'n', '1'};

}  // namespace

std::array<char, kPacketSize> pack(const Packet& packet) {
    Wire wire;
    std::memcpy(wire.name, kName, sizeof kName);
    wire.session = htole64(packet.session);
    wire.number = htole64(packet.number);
    wire.sent = htole64(packet.sent);
    wire.interval_ns = htole64(packet.interval_ns);
    std::array<char, kPacketSize> data;
    std::memcpy(data.data(), &wire, sizeof wire);
    return data;
}

std::optional<Packet> unpack(const char* data, std::size_t size) {
    Wire wire;
    if (size < sizeof wire) return std::nullopt;
    std::memcpy(&wire, data, sizeof wire);
    if (std::memcmp(wire.name, kName, sizeof kName)) return std::nullopt;
    return Packet{le64toh(wire.session), le64toh(wire.number), le64toh(wire.sent), le64toh(wire.interval_ns)};
}

}  // namespace vmmig
