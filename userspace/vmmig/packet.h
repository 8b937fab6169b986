/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What a probe sends. An original server sends it back as it is, and counts it as it counts anything; packets of an
// original client are none of these.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace vmmig {

struct Packet {
    std::uint64_t session = 0;      ///< at random, one for each run of a client
    std::uint64_t number = 0;       ///< from 0
    std::uint64_t sent = 0;         ///< CLOCK_MONOTONIC of the sender, ns
    std::uint64_t interval_ns = 0;  ///< at which packets are sent, whatever the sender says; 0: none will follow, this one does not count

    bool operator==(const Packet&) const = default;
};

/// On the wire: "mig_mon1", then the fields above, little-endian.
constexpr std::size_t kPacketSize = 40;
std::array<char, kPacketSize> pack(const Packet& packet);

/// What has come; nothing when it is none of ours. Bytes behind kPacketSize do not matter.
std::optional<Packet> unpack(const char* data, std::size_t size);

}  // namespace vmmig
