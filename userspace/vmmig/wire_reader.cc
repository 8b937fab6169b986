/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/wire_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "vmmig/stream.h"

namespace vmmig {

namespace {

/// Read at once: so little that it stays in the cache until it is stored.
constexpr std::size_t kInbox = 31 * kFrame;
static_assert(kInbox > kMostHello + sizeof(Header));

template <class T>
T copy_of(const char* bytes) {
    T value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
}

/// What is wrong with a header whose magic is unknown; `begun`: others were right before.
std::string nonsense(std::uint64_t magic, bool begun) {
    if (__builtin_bswap64(magic) >> 4 == 0x12)
        return "its messages have another byte order: it runs on a machine of the other endianness";
    if (begun)
        return fmt::format("behind a page comes {:#x} where a message should begin: its pages have another size than {}, or it "
                           "sends nonsense",
                           magic, kPage);
    return fmt::format("its first message has the magic {:#x}: it is no source of mig_mon", magic);
}

}  // namespace

std::size_t read_hello(std::span<const char> bytes, HelloMessage& message) {
    if (bytes.size() < sizeof(Header)) return 0;
    const auto header = copy_of<Header>(bytes.data());
    if (header.magic != Magic::Hello)
        throw StreamEnd{fmt::format("a message with the magic {:#x} comes instead of HELLO", static_cast<std::uint64_t>(header.magic))};
    if (header.page_index > kMostReason) throw StreamEnd{fmt::format("a reason of {} bytes", header.page_index)};
    const std::span<const char> record = bytes.subspan(sizeof header);
    if (record.size() < sizeof(std::uint32_t)) return 0;
    const auto size = copy_of<std::uint32_t>(record.data());
    if (size < sizeof(Hello) || size > kMostHello) throw StreamEnd{fmt::format("a HELLO of {} bytes", size)};
    if (record.size() < size + header.page_index) return 0;
    message.hello = copy_of<Hello>(record.data());
    message.refusal.assign(record.data() + size, header.page_index);
    return sizeof header + size + header.page_index;
}

std::string write_hello(const HelloMessage& message) {
    const std::string reason = message.refusal.substr(0, kMostReason);
    const Header header{Magic::Hello, reason.size()};
    Hello hello = message.hello;
    hello.size = sizeof hello;
    std::string bytes(sizeof header + sizeof hello, '\0');
    std::memcpy(bytes.data(), &header, sizeof header);
    std::memcpy(bytes.data() + sizeof header, &hello, sizeof hello);
    return bytes + reason;
}

std::string objection(const Hello& hello) {
    if (hello.version == 0) return "there is no version 0 of HELLO";
    if (hello.flags & ~std::uint32_t{Hello::kAllFlags})
        return fmt::format("unknown flags {:#x} in HELLO: it comes from a newer mig_mon", hello.flags & ~std::uint32_t{Hello::kAllFlags});
    if (!std::has_single_bit(hello.page_size) || hello.page_size < kPage || hello.page_size > kLargestPage)
        return fmt::format("pages of {} bytes: they may have {} to {}, a power of two", hello.page_size, kPage, kLargestPage);
    if (hello.vm_size < hello.page_size || hello.vm_size >= kZeroPage)
        return fmt::format("a VM of {} bytes with pages of {}", hello.vm_size, hello.page_size);
    if (hello.channels > kMostChannels) return fmt::format("{} channels: there may be {}", hello.channels, kMostChannels);
    if (hello.channel >= hello.channels) return fmt::format("channel {} of {}", hello.channel, hello.channels);
    return {};
}

PageReader::PageReader(Listener& listener, std::uint64_t pages) : listener_(listener), pages_(pages), inbox_(kInbox) {}

void PageReader::take(std::size_t size) {
    size_ += size;
    const std::optional<std::size_t> first = awaited();
    const std::size_t behind_first = first ? *first + message(*first) : 0;
    std::size_t at = 0;
    while (const std::size_t length = at == first ? behind_first - at : message(at)) at += length;
    size_ -= at;
    std::memmove(inbox_.data(), inbox_.data() + at, size_);
}

/// Where the page is for which somebody waits, if it is there as a whole, behind nothing but other pages.
std::optional<std::size_t> PageReader::awaited() const {
    if (awaited_ == UINT64_MAX) return {};
    for (std::size_t at = 0; at + kFrame <= size_;) {
        const auto header = copy_of<Header>(inbox_.data() + at);
        if (header.magic != Magic::SendPage) return {};
        const bool zero = zero_pages_ && (header.page_index & kZeroPage);
        if ((zero ? header.page_index & ~kZeroPage : header.page_index) == awaited_) return at;
        at += zero ? sizeof header : kFrame;
    }
    return {};
}

/// Does what the message at `at` wants, and returns its length; 0 when it is not there as a whole.
std::size_t PageReader::message(std::size_t at) {
    if (at + sizeof(Header) > size_) return 0;
    const auto header = copy_of<Header>(inbox_.data() + at);
    std::size_t length;
    switch (header.magic) {
        case Magic::SendPage:
            length = page_message(header.page_index, at);
            break;
        case Magic::Handshake:
            listener_.handshake();
            length = sizeof header;
            break;
        case Magic::Hello:
            length = hello_message(at);
            break;
        default:
            throw StreamEnd{nonsense(static_cast<std::uint64_t>(header.magic), begun_)};
    }
    begun_ |= length > 0;
    return length;
}

std::size_t PageReader::page_message(std::uint64_t index, std::size_t at) {
    const bool zero = zero_pages_ && (index & kZeroPage);
    if (zero) index &= ~kZeroPage;
    // Nobody has to send the page to be told.
    if (index >= pages_)
        throw StreamEnd{fmt::format("it sent page {} of a VM that has {} here: give both ends the same -S", index, pages_)};
    if (!zero && at + kFrame > size_) return 0;
    listener_.page(index, zero ? nullptr : inbox_.data() + at + sizeof(Header));
    return zero ? sizeof(Header) : kFrame;
}

std::size_t PageReader::hello_message(std::size_t at) {
    if (begun_) throw StreamEnd{"HELLO comes behind other messages"};
    HelloMessage message;
    const std::size_t length = read_hello(std::span(inbox_).subspan(at, size_ - at), message);
    if (length == 0) return 0;
    listener_.hello(message.hello);
    zero_pages_ = message.hello.flags & Hello::kZeroPages;
    pages_ = message.hello.vm_size / kPage;
    return length;
}

void RequestReader::take(std::size_t size) {
    size_ += size;
    std::size_t at = 0;
    for (; at + sizeof(Header) <= size_; at += sizeof(Header)) {
        const auto header = copy_of<Header>(inbox_.data() + at);
        if (header.magic != Magic::RequestPage)
            throw StreamEnd{fmt::format("the destination sent a message with the magic {:#x}, which is no request for a page",
                                        static_cast<std::uint64_t>(header.magic))};
        if (wanted_.size() == kMost)
            throw StreamEnd{fmt::format("the destination has requested {} pages without waiting for one", kMost)};
        wanted_.push_back(header.page_index);
    }
    size_ -= at;
    std::memmove(inbox_.data(), inbox_.data() + at, size_);
}

std::uint64_t RequestReader::next() {
    const std::uint64_t page = wanted_.front() + sent_of_first_;
    if (++sent_of_first_ == pages_each_) {
        wanted_.pop_front();
        sent_of_first_ = 0;
        done_++;
    }
    return page;
}

std::uint64_t RequestReader::done() { return std::exchange(done_, 0); }

}  // namespace vmmig
