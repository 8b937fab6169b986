/* SPDX-License-Identifier: GPL-2.0-only */
// What a peer of mig_mon vm may send, to either end: the same comes out wherever the bytes are cut, and no page is beyond
// the VM. The first byte tells how they are cut.

#include <algorithm>
#include <cstring>

#include "fuzz/harness.h"
#include "vmmig/stream.h"
#include "vmmig/wire_reader.h"

namespace {

using namespace vmmig;

constexpr std::uint64_t kVmPages = 1000;

/// What a reader makes of an input, and whether that ends its stream.
struct Story {
    std::string told, end;
    bool in_message = false;
    bool operator==(const Story&) const = default;
};

struct Listener : PageReader::Listener {
    std::string told;
    std::uint64_t pages = kVmPages;
    void page(std::uint64_t index, const char* data) override {
        fuzz::require(index < pages, fmt::format("page {} of {}", index, pages));
        unsigned sum = 0;
        for (std::size_t i = 0; data && i < kPage; i++) sum = sum * 31 + static_cast<unsigned char>(data[i]);
        told += fmt::format("page {} {} {}\n", index, data != nullptr, sum);
    }
    void handshake() override { told += "handshake\n"; }
    void hello(const Hello& hello) override {
        if (const std::string why = objection(hello); !why.empty()) throw StreamEnd{why};
        pages = hello.vm_size / kPage;
        told += fmt::format("hello {} {} {}\n", pages, hello.flags, hello.channel);
    }
};

template <class Reader>
void feed(Reader& reader, std::string_view bytes, std::size_t most) {
    while (!bytes.empty()) {
        const auto room = reader.room();
        fuzz::require(!room.empty(), "there is no room");
        const std::size_t n = std::min({bytes.size(), room.size(), most});
        std::memcpy(room.data(), bytes.data(), n);
        reader.take(n);
        bytes.remove_prefix(n);
    }
}

Story at_destination(std::string_view bytes, std::size_t most, std::uint64_t awaited = UINT64_MAX) {
    Listener listener;
    PageReader reader(listener, kVmPages);
    reader.await(awaited);
    Story story;
    try {
        feed(reader, bytes, most);
        story.in_message = reader.in_message();
    } catch (const StreamEnd& end) {
        story.end = end.why;
    }
    story.told = std::move(listener.told);
    return story;
}

Story at_source(std::string_view bytes, std::size_t most) {
    RequestReader reader(3);
    Story story;
    std::uint64_t done = 0;
    try {
        feed(reader, bytes, most);
        while (!reader.empty()) {
            story.told += fmt::format("{} ", reader.next());
            done += reader.done();
        }
        story.told += fmt::format("{}", done);
    } catch (const StreamEnd& end) {
        story.end = end.why;
    }
    return story;
}

/// A page that somebody waits for is told before others, and nothing else changes.
void check_awaited(std::string_view bytes, std::size_t most, std::uint64_t awaited) {
    Story story = at_destination(bytes, most), out_of_turn = at_destination(bytes, most, awaited);
    fuzz::require(story.end == out_of_turn.end && story.in_message == out_of_turn.in_message, "it ends in another way");
    if (!story.end.empty()) return;
    std::ranges::sort(story.told);
    std::ranges::sort(out_of_turn.told);
    fuzz::require(story.told == out_of_turn.told, "a page that is awaited changes what is told");
}

void check_hello(std::string_view bytes) {
    HelloMessage message;
    try {
        const std::size_t length = read_hello(bytes, message);
        fuzz::require(length <= bytes.size() && message.refusal.size() <= kMostReason, "a HELLO longer than there is");
        if (length == 0) {
            fuzz::require(bytes.size() < sizeof(Header) + kMostHello + kMostReason, "a HELLO without an end");
            return;
        }
        HelloMessage again;
        const std::string written = write_hello(message);
        fuzz::require(read_hello(written, again) == written.size() && again.refusal == message.refusal, "it is not read as it was written");
    } catch (const StreamEnd&) {
    }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes = fuzz::text_of(data, size).substr(1);
    const std::size_t most = 1 + data[0] * std::size_t{data[0]} / 8;
    fuzz::require(at_destination(bytes, most) == at_destination(bytes, SIZE_MAX), "the destination depends on how bytes are cut");
    fuzz::require(at_source(bytes, most) == at_source(bytes, SIZE_MAX), "the source depends on how bytes are cut");
    check_awaited(bytes, most, data[0]);
    check_hello(bytes);
    return 0;
}
