/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/ram_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <optional>

#include "base/error.h"
#include "base/terminal.h"

namespace vmdirty {

namespace {

constexpr std::uint32_t kMagic = 0x5145564d, kVersion = 3;  // "QEVM"
constexpr std::uint8_t kSectionStart = 1, kSectionPart = 2, kSubsection = 5, kConfiguration = 7, kCommand = 8, kFooter = 0x7e;
constexpr std::uint64_t kZero = 0x02, kSizes = 0x04, kPage = 0x08, kEnd = 0x10, kSameBlock = 0x20;
/// Of what can be read only when it is there as a whole; a list of blocks is the longest.
constexpr std::size_t kLongest = 1 << 19;
constexpr std::size_t kMostBlocks = 1024;
constexpr std::uint32_t kMostCapabilities = 1000;

[[noreturn]] void fail(const std::string& why) { throw base::Error("the migration stream of QEMU cannot be read: " + why); }

/// There is not enough yet.
struct Short {};

}  // namespace

/// Big-endian numbers and names. Throws Short at the end.
class RamStream::Input {
 public:
    explicit Input(std::span<const unsigned char> data) : data_(data) {}
    std::uint64_t number(std::size_t bytes) {
        std::uint64_t value = 0;
        for (const unsigned char byte : take(bytes)) value = value << 8 | byte;
        return value;
    }
    std::string name(std::size_t length) {
        const auto bytes = take(length);
        return {bytes.begin(), bytes.end()};
    }
    /// Behind a byte that tells its length.
    std::string name() { return name(number(1)); }
    std::span<const unsigned char> take(std::size_t bytes) {
        if (bytes > data_.size() - at_) throw Short{};
        at_ += bytes;
        return data_.subspan(at_ - bytes, bytes);
    }
    std::uint8_t peek() const {
        if (at_ == data_.size()) throw Short{};
        return data_[at_];
    }
    std::size_t at() const { return at_; }
    std::size_t left() const { return data_.size() - at_; }
    void back_to(std::size_t at) { at_ = at; }

 private:
    std::span<const unsigned char> data_;
    std::size_t at_ = 0;
};

RamStream::RamStream(std::uint32_t page_size, PageListener page) : page_size_(page_size), page_(std::move(page)) {
    if (!std::has_single_bit(page_size) || page_size < 1024 || page_size > 65536) fail(fmt::format("its pages have {} bytes", page_size));
}

std::size_t RamStream::read(std::span<const unsigned char> data) {
    // What was too short stands before it. It may get longer than needed: what is left over was not read.
    const std::size_t before = pending_.size();
    std::string joined;
    std::span<const unsigned char> all = data;
    if (before) {
        joined = std::move(pending_);
        pending_.clear();
        joined.append(reinterpret_cast<const char*>(data.data()), data.size());
        all = {reinterpret_cast<const unsigned char*>(joined.data()), joined.size()};
    }
    Input input(all);
    for (;;) {
        const std::uint64_t skipped = std::min<std::uint64_t>(skip_, input.left());
        input.take(skipped);
        skip_ -= skipped;
        if (skip_ || input.left() == 0) break;
        const std::size_t begin = input.at();
        try {
            if (step(input)) break;
        } catch (const Short&) {
            input.back_to(begin);
            if (input.left() > kLongest) fail(fmt::format("a part of more than {} bytes", kLongest));
            pending_ = input.name(input.left());
            break;
        }
    }
    return input.at() - before;
}

/// Whether a section has ended. Changes nothing before all that it reads is there.
bool RamStream::step(Input& input) {
    switch (state_) {
        case State::Header:
            header(input);
            return false;
        case State::Section:
            section(input);
            return false;
        case State::Memory:
            memory(input);
            return false;
        case State::Footer:
            footer(input);
            return true;
    }
    return false;
}

void RamStream::header(Input& input) {
    const auto magic = input.number(4), version = input.number(4);
    if (magic != kMagic || version != kVersion) fail("it begins as none of version 3");
    state_ = State::Section;
}

void RamStream::section(Input& input) {
    const auto type = input.number(1);
    switch (type) {
        case kConfiguration:
            return configuration(input);
        case kCommand: {
            input.number(2);
            input.take(input.number(2));
            return;
        }
        case kSectionStart: {
            const auto number = input.number(4);
            const std::string name = input.name();
            input.number(4);  // instance
            const auto version = input.number(4);
            if (name != "ram" || version != 4)
                fail(fmt::format("'{}' of version {} migrates while the VM runs, and only RAM is known", base::printable(name), version));
            section_ = static_cast<std::uint32_t>(number);
            break;
        }
        case kSectionPart: {
            const auto number = input.number(4);
            if (blocks_.empty() || number != section_) fail("a section that has not begun");
            break;
        }
        default:
            fail(fmt::format("a section of type {}", type));
    }
    state_ = State::Memory;
}

/// The type of the machine, and what not all VMs have.
void RamStream::configuration(Input& input) {
    const auto length = input.number(4);
    if (length > kLongest) fail(fmt::format("the name of the machine has {} bytes", length));
    input.take(length);
    while (input.peek() == kSubsection) {
        input.number(1);
        const std::string name = input.name();
        input.number(4);  // version
        if (name == "configuration/target-page-bits") {
            const auto bits = input.number(4);
            if (bits > 16 || 1u << bits != page_size_) fail(fmt::format("its pages have {} bits, and {} bytes", bits, page_size_));
        } else if (name == "configuration/capabilities") {
            const auto count = input.number(4);
            if (count > kMostCapabilities) fail(fmt::format("{} capabilities", count));
            for (std::uint64_t i = 0; i < count; i++) input.name();
        } else {
            fail(fmt::format("'{}' is not known", base::printable(name)));
        }
    }
}

void RamStream::memory(Input& input) {
    const std::uint64_t word = input.number(8), flags = word & (page_size_ - 1), address = word - flags;
    switch (flags & ~kSameBlock) {
        case kSizes:
            return block_list(input, address);
        case kEnd:
            state_ = State::Footer;
            return;
        case kZero:
        case kPage:
            break;
        default:
            fail(fmt::format("flags {:#x} of a page", flags));
    }
    std::optional<std::string> name;
    if (!(flags & kSameBlock)) name = input.name();
    if ((flags & ~kSameBlock) == kZero)
        input.number(1);
    else
        skip_ = page_size_;
    if (name) choose_block(*name);
    if (!chosen_) fail("a page of no block");
    if (const Block& block = blocks_[block_]; address >= block.bytes)
        fail(fmt::format("a page at {:#x} in {}, which has {:#x} bytes", address, base::printable(block.name), block.bytes));
    page_(block_, address);
}

void RamStream::block_list(Input& input, std::uint64_t total) {
    if (!blocks_.empty()) fail("a second list of blocks");
    std::vector<Block> blocks;
    for (std::uint64_t listed = 0; listed < total; listed += blocks.back().bytes) {
        std::string name = input.name();
        const auto bytes = input.number(8);
        if (name.empty() || bytes == 0 || bytes > total - listed) fail("a list of blocks with other sizes than it says");
        if (blocks.size() == kMostBlocks) fail(fmt::format("more than {} blocks", kMostBlocks));
        blocks.push_back({std::move(name), bytes});
    }
    if (blocks.empty()) fail("no memory");
    blocks_ = std::move(blocks);
}

void RamStream::choose_block(const std::string& name) {
    const auto found = std::ranges::find(blocks_, name, &Block::name);
    if (found == blocks_.end()) fail(fmt::format("a page of '{}', which is no block", base::printable(name)));
    block_ = static_cast<std::size_t>(found - blocks_.begin());
    chosen_ = true;
}

void RamStream::footer(Input& input) {
    const auto type = input.number(1), number = input.number(4);
    if (type != kFooter || number != section_) fail("a section without an end");
    state_ = State::Section;
}

}  // namespace vmdirty
