/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/wire_reader.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "vmmig/sender.h"
#include "vmmig/session.h"
#include "vmmig/stream.h"

using namespace vmmig;

namespace {

std::string header(std::uint64_t magic, std::uint64_t index = 0) {
    std::string bytes(16, '\0');
    std::memcpy(bytes.data(), &magic, 8);
    std::memcpy(bytes.data() + 8, &index, 8);
    return bytes;
}

std::string frame(std::uint64_t index, char content) { return header(0x123, index) + std::string(kPage, content); }

/// Notes what a reader calls, a word each.
struct Notes : PageReader::Listener {
    std::string words;
    void page(std::uint64_t index, const char* data) override {
        words += "page" + std::to_string(index) + (data ? std::string(1, data[kPage - 1]) : "zero") + " ";
    }
    void handshake() override { words += "handshake "; }
    void hello(const Hello& hello) override { words += "hello" + std::to_string(hello.channel) + " "; }
};

/// Gives `bytes` to a reader, at most `most` at once.
template <class Reader>
void feed(Reader& reader, std::string_view bytes, std::size_t most = SIZE_MAX) {
    while (!bytes.empty()) {
        const auto room = reader.room();
        const std::size_t n = std::min({bytes.size(), room.size(), most});
        std::memcpy(room.data(), bytes.data(), n);
        reader.take(n);
        bytes.remove_prefix(n);
    }
}

/// Why the stream ends; empty if it does not.
std::string end_of(std::string_view bytes, std::uint64_t pages = 100) {
    Notes notes;
    PageReader reader(notes, pages);
    try {
        feed(reader, bytes);
    } catch (const StreamEnd& end) {
        return end.why;
    }
    return {};
}

Hello some_hello() {
    Hello hello;
    hello.vm_size = 10 * kPage;
    hello.session = 7;
    return hello;
}

std::string refusal(const Hello& hello, Sessions& sessions) {
    try {
        sessions.join(hello);
    } catch (const StreamEnd& end) {
        return end.why;
    }
    return {};
}

}  // namespace

TEST_CASE("messages are the same wherever the bytes are cut") {
    Hello hello = some_hello();
    hello.flags = Hello::kZeroPages;
    std::string zero = header(0x123, 6 | kZeroPage);
    const std::string bytes = write_hello({hello, {}}) + header(0x125) + frame(5, 'a') + zero + frame(9, 'b');
    for (std::size_t most : {std::size_t{1}, std::size_t{7}, std::size_t{16}, std::size_t{4095}, SIZE_MAX}) {
        Notes notes;
        PageReader reader(notes, 1);
        feed(reader, bytes, most);
        CHECK(notes.words == "hello0 handshake page5a page6zero page9b ");
        CHECK_FALSE(reader.in_message());
        CHECK(reader.pages() == 10);
    }
}

TEST_CASE("a page that somebody waits for is told before those that came with it, and once") {
    Hello hello = some_hello();
    hello.flags = Hello::kZeroPages;
    const std::string bytes = write_hello({hello, {}}) + frame(1, 'a') + header(0x123, 2 | kZeroPage) + frame(3, 'b') + frame(4, 'c');
    Notes notes;
    PageReader reader(notes, 10);
    const std::size_t greeting = bytes.size() - 3 * kFrame - 16;
    feed(reader, bytes.substr(0, greeting));
    SECTION("among others") {
        reader.await(3);
        feed(reader, bytes.substr(greeting));
        CHECK(notes.words == "hello0 page3b page1a page2zero page4c ");
    }
    SECTION("a page of zeros") {
        reader.await(2);
        feed(reader, bytes.substr(greeting));
        CHECK(notes.words == "hello0 page2zero page1a page3b page4c ");
    }
    SECTION("not when it is not there as a whole") {
        reader.await(4);
        feed(reader, bytes.substr(greeting, 3 * kFrame));
        CHECK(notes.words == "hello0 page1a page2zero page3b ");
        feed(reader, bytes.substr(greeting + 3 * kFrame));
        CHECK(notes.words == "hello0 page1a page2zero page3b page4c ");
    }
    SECTION("not behind another message") {
        reader.await(9);
        feed(reader, frame(1, 'a') + header(0x125) + frame(9, 'b'));
        CHECK(notes.words == "hello0 page1a handshake page9b ");
    }
    CHECK_FALSE(reader.in_message());
}

TEST_CASE("what a source may not send ends the stream, and the reason says what is wrong with it") {
    using Catch::Contains;
    CHECK_THAT(end_of("GET / HTTP/1.0\r\n\r\n"), Contains("no source of mig_mon"));
    CHECK_THAT(end_of(std::string("\0\0\0\0\0\0\1\x23", 8) + std::string(8, '\0')), Contains("another byte order"));
    CHECK_THAT(end_of(frame(1, 'a') + std::string(4096, 'a')), Contains("another size than 4096"));
    CHECK_THAT(end_of(header(0x123, 100)), Contains("give both ends the same -S"));
    CHECK_THAT(end_of(header(0x123, kZeroPage | 1)), Contains("the same -S"));
    CHECK_THAT(end_of(frame(1, 'a') + write_hello({some_hello(), {}})), Contains("behind other messages"));
    CHECK_THAT(end_of(header(0x126) + std::string(1000, '\xff')), Contains("a HELLO of 4294967295 bytes"));
    CHECK_THAT(end_of(header(0x126, UINT64_MAX)), Contains("a reason of"));
    CHECK(end_of(frame(99, 'a')).empty());
}

TEST_CASE("a HELLO is bounded, and what a newer one has more is left") {
    HelloMessage message;
    const std::string bytes = write_hello({some_hello(), "because"});
    CHECK(read_hello(bytes, message) == bytes.size());
    CHECK(message.refusal == "because");
    CHECK(message.hello.vm_size == 10 * kPage);
    for (std::size_t size = 0; size < bytes.size(); size++) CHECK(read_hello(std::string_view(bytes).substr(0, size), message) == 0);
    std::string newer = write_hello({some_hello(), {}}) + std::string(60, 'n');
    newer[16] = 100;
    CHECK(read_hello(newer, message) == 116);
    newer[16] = 39;
    CHECK_THROWS_AS(read_hello(newer, message), StreamEnd);
    CHECK_THROWS_AS(read_hello(header(0x123), message), StreamEnd);
    CHECK(write_hello({some_hello(), std::string(100'000, 'x')}).size() == 16 + 40 + kMostReason);
}

TEST_CASE("a destination agrees to what it can do, and to channels that belong together") {
    Sessions sessions(1 << 20);
    Hello hello = some_hello();
    hello.channels = 2;
    const auto memory = sessions.join(hello);
    CHECK(memory->pages() == 10);
    CHECK_FALSE(refusal(hello, sessions).empty());
    Hello second = hello;
    second.channel = 1;
    Hello other = second;
    other.vm_size *= 2;
    CHECK_FALSE(refusal(other, sessions).empty());
    CHECK(sessions.join(second) == memory);
    other.session++;
    CHECK(sessions.join(other) != memory);

    const auto refused = [&](auto change) {
        Hello wrong = some_hello();
        wrong.session = 99;
        change(wrong);
        return !refusal(wrong, sessions).empty();
    };
    CHECK_FALSE(refused([](Hello&) {}));
    CHECK(refused([](Hello& h) { h.page_size = 0; }));
    CHECK(refused([](Hello& h) { h.page_size = 6000; }));
    CHECK(refused([](Hello& h) { h.page_size = 512; }));
    CHECK(refused([](Hello& h) { h.page_size = 1u << 31; }));
    CHECK(refused([](Hello& h) { h.vm_size = 4095; }));
    CHECK(refused([](Hello& h) { h.vm_size = UINT64_MAX; }));
    CHECK(refused([](Hello& h) { h.flags = 4; }));
    CHECK(refused([](Hello& h) { h.version = 0; }));
    CHECK(refused([](Hello& h) { h.channels = 0; }));
    CHECK(refused([](Hello& h) { h.channel = 1; }));
    CHECK(refused([](Hello& h) { h.channels = 1000; }));
}

TEST_CASE("a session ends with its last channel") {
    Sessions sessions(1 << 20);
    sessions.join(some_hello());
    CHECK(refusal(some_hello(), sessions).empty());
}

TEST_CASE("requests are answered in order, large pages piece by piece") {
    RequestReader reader(3);
    feed(reader, header(0x124, 10) + header(0x124, 20), 5);
    std::vector<std::uint64_t> pages;
    while (!reader.empty()) pages.push_back(reader.next());
    CHECK(pages == std::vector<std::uint64_t>{10, 11, 12, 20, 21, 22});
    CHECK(reader.done() == 2);
    CHECK(reader.done() == 0);
}

TEST_CASE("a destination that floods, or sends something else than requests, is not listened to any longer") {
    RequestReader reader;
    CHECK_THROWS_AS(feed(reader, header(0x123)), StreamEnd);
    RequestReader flooded;
    std::string flood;
    for (std::size_t i = 0; i <= RequestReader::kMost; i++) flood += header(0x124, i);
    CHECK_THROWS_AS(feed(flooded, flood), StreamEnd);
}

TEST_CASE("frames go out in parts, and a reader finds the pages again") {
    std::mt19937 random(5);
    for (double zero_pages : {0.0, 0.3, 1.0}) {
        Frames frames(zero_pages);
        Notes notes;
        PageReader reader(notes, 1000);
        Hello hello = some_hello();
        hello.vm_size = 1000 * kPage;
        hello.flags = Hello::kZeroPages;
        feed(reader, write_hello({hello, {}}));
        std::vector<std::uint64_t> pages;
        std::size_t complete = 0, zero = 0;
        for (int n = 0; n < 20; n++) {
            std::vector<std::uint64_t> batch(1 + random() % Frames::kMost);
            for (auto& page : batch) page = random() % 1000;
            frames.put(batch);
            pages.insert(pages.end(), batch.begin(), batch.end());
            while (!frames.empty()) {
                // Now and then what a frame that has begun needs to be whole.
                auto part = frames.rest_of_frame();
                if (part.empty() || random() % 2) part = frames.rest().first(1 + random() % frames.rest().size());
                feed(reader, {part.data(), part.size()});
                complete += frames.sent(part.size());
            }
            CHECK(frames.rest_of_frame().empty());
            CHECK_FALSE(reader.in_message());
        }
        CHECK(complete == pages.size());
        std::size_t at = notes.words.find(' ') + 1;
        for (const auto page : pages) {
            const std::string word = "page" + std::to_string(page);
            REQUIRE(notes.words.compare(at, word.size(), word) == 0);
            at = notes.words.find(' ', at) + 1;
            zero += notes.words.compare(at - 5, 4, "zero") == 0;
        }
        CHECK(static_cast<double>(zero) / static_cast<double>(pages.size()) == Approx(zero_pages).margin(0.1));
    }
}
