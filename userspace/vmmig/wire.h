/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What `mig_mon vm` sends: the messages of the original mig_mon, so that an old one may be at the other end, and HELLO,
// which opens a stream that needs more.
//
// A message is a header in the byte order of its sender, and behind SEND_PAGE one page, behind HELLO a Hello.

#include <cstddef>
#include <cstdint>

#include "vmmig/memory.h"

namespace vmmig {

enum class Magic : std::uint64_t {
    SendPage = 0x123,     ///< source to destination: the page follows
    RequestPage = 0x124,  ///< destination to source: wants the page
    Handshake = 0x125,    ///< source to destination: begin to request pages
    Hello = 0x126,        ///< source to destination, and back with what the destination says to it
};

struct Header {
    Magic magic;
    std::uint64_t page_index;  ///< 0 where there is none
};
static_assert(sizeof(Header) == 16);

/// A page as it is sent. Pages on the wire are as large as what hypervisors track, whatever the memory consists of.
constexpr std::size_t kFrame = sizeof(Header) + kPage;

/// What both ends have to know of each other when a stream is more than the original one: the first message of each
/// channel. The destination answers with the same record, and with 0 in page_index when it agrees; otherwise page_index
/// is the length of the reason, text that follows the record, kMostReason at most.
///
/// New fields go to the end; a receiver takes `size` bytes, kMostHello at most, and leaves what it does not know.
struct Hello {
    static constexpr std::uint32_t kVersion = 1;
    enum Flags : std::uint32_t {
        kUrgentChannel = 1,  ///< the last channel is for pages that were requested
        kZeroPages = 2,      ///< SEND_PAGE with kZeroPage in the index has no page behind it
        kAllFlags = 3,
    };
    std::uint32_t size = sizeof(Hello);
    std::uint32_t version = kVersion;
    /// What the VM's memory consists of, kPage to 1 GiB, a power of two: so much is requested at once, by the index of
    /// its first kPage, and comes as that many frames.
    std::uint32_t page_size = kPage;
    std::uint32_t flags = 0;
    std::uint64_t vm_size = 0;   ///< bytes
    std::uint64_t session = 0;   ///< the same for all channels of a source
    std::uint32_t channel = 0;   ///< from 0
    std::uint32_t channels = 1;  ///< how many there are, kMostChannels at most
};
static_assert(sizeof(Hello) == 40);
constexpr std::size_t kMostHello = 1024, kMostReason = 512;
constexpr std::uint32_t kMostChannels = 256;
constexpr std::uint32_t kLargestPage = 1u << 30;

/// Set in page_index: the page is zero and is not sent.
constexpr std::uint64_t kZeroPage = std::uint64_t{1} << 63;

/// The TCP and UDP port unless another is given.
constexpr std::uint16_t kPort = 12323;

}  // namespace vmmig
