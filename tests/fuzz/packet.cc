/* SPDX-License-Identifier: GPL-2.0-only */
// Packets as they come to mig_mon server and client_rr: one byte how long each is, one how many ms it comes
// after the one before, then the packet.

#include "vmmig/packet.h"

#include <algorithm>
#include <cstring>

#include "fuzz/harness.h"
#include "vmmig/outage.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    vmmig::OutageWatch watch(std::chrono::milliseconds(10));
    vmmig::OutageWatch::Clock::time_point now;
    std::uint64_t packets = 0, outages = 0;
    while (size >= 2) {
        const std::size_t length = std::min<std::size_t>(data[0], size - 2);
        now += std::chrono::milliseconds(data[1]);
        const char* bytes = reinterpret_cast<const char*>(data + 2);
        const auto packet = vmmig::unpack(bytes, length);
        if (packet) {
            const auto again = vmmig::pack(*packet);
            fuzz::require(std::memcmp(again.data(), bytes, again.size()) == 0,
                          "a packet that was understood is packed differently");
        }
        const auto ended = watch.arrived(now, packet ? std::optional(packet->number >> 1) : std::nullopt);
        if (ended) {
            outages++;
            fuzz::require(ended->length.count() > 0 && ended->length < ended->gap,
                          "an outage that is no part of its gap");
        }
        packets++;
        data += 2 + length;
        size -= 2 + length;
    }
    fuzz::require(watch.received() + watch.duplicates() == packets,
                  "a packet is neither new nor a duplicate");
    fuzz::require(watch.reordered() <= watch.received(), "more packets out of order than there were");
    fuzz::require(watch.outages().count() == outages, "an outage is not counted once");
    return 0;
}
