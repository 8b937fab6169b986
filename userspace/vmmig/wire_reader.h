/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What the two ends of a stream make of the bytes that come, from wherever they come. A peer may send anything: what it
// may not send ends the stream (StreamEnd), and no message makes its receiver wait for more than kMostHello bytes and a
// page, or keep more.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vmmig/wire.h"

namespace vmmig {

/// A HELLO, or the answer to one.
struct HelloMessage {
    Hello hello;
    std::string refusal;  ///< why the destination does not agree; empty: it does
};

/// The message that `bytes` begin with. Returns its length, 0 when it is not there as a whole. Throws StreamEnd for one
/// that is no HELLO or larger than it may be.
std::size_t read_hello(std::span<const char> bytes, HelloMessage& message);

/// The bytes of a message.
std::string write_hello(const HelloMessage& message);

/// Why a destination cannot do what `hello` wants; empty: it can.
std::string objection(const Hello& hello);

/// The destination's end.
class PageReader {
 public:
    /// What is called for messages, in their order.
    class Listener {
     public:
        /// `data`: kPage bytes, or nullptr for a page of zeros.
        virtual void page(std::uint64_t index, const char* data) = 0;
        virtual void handshake() = 0;
        /// May refuse by throwing StreamEnd.
        virtual void hello(const Hello& hello) = 0;

     protected:
        ~Listener() = default;
    };

    /// A VM of `pages` pages of kPage.
    PageReader(Listener& listener, std::uint64_t pages);

    /// Where the bytes belong that come next; never empty.
    std::span<char> room() { return {inbox_.data() + size_, inbox_.size() - size_}; }
    /// So many have come. Throws StreamEnd, also what the listener throws.
    void take(std::size_t size);
    /// Somebody waits for this page: when it comes, the listener gets it before those that have come in front of it.
    void await(std::uint64_t index) { awaited_ = index; }
    /// Whether there has been a message.
    bool begun() const { return begun_; }
    /// Whether the end of the stream would be in the middle of a message.
    bool in_message() const { return size_ > 0; }
    /// What HELLO has agreed on.
    std::uint64_t pages() const { return pages_; }

 private:
    std::optional<std::size_t> awaited() const;
    std::size_t message(std::size_t at);
    std::size_t page_message(std::uint64_t index, std::size_t at);
    std::size_t hello_message(std::size_t at);
    Listener& listener_;
    std::uint64_t pages_;
    std::uint64_t awaited_ = UINT64_MAX;
    bool zero_pages_ = false, begun_ = false;
    std::vector<char> inbox_;
    std::size_t size_ = 0;
};

/// The source's end: requests for pages.
class RequestReader {
 public:
    /// More than one request under way is for a destination of another kind; it cannot make the source keep more than
    /// these.
    static constexpr std::size_t kMost = 4096;

    explicit RequestReader(std::uint64_t pages_each = 1) : pages_each_(pages_each) {}

    std::span<char> room() { return {inbox_.data() + size_, inbox_.size() - size_}; }
    void take(std::size_t size);
    bool empty() const { return wanted_.empty(); }
    /// The page of kPage that is wanted first, of those that are; a request of a large page wants all that it consists of.
    std::uint64_t next();
    /// Requests whose last page next() has returned, since the call before.
    std::uint64_t done();

 private:
    std::uint64_t pages_each_;
    std::vector<char> inbox_ = std::vector<char>(64 * sizeof(Header));
    std::size_t size_ = 0;
    std::deque<std::uint64_t> wanted_;
    std::uint64_t sent_of_first_ = 0, done_ = 0;
};

}  // namespace vmmig
