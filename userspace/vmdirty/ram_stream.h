/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The stream of a migrating QEMU (migration/savevm.c and ram.c there): which pages of which block it has. Contents are skipped. What
// says that it is a QEMU may be anything: all is checked, and little is kept.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace vmdirty {

class RamStream {
 public:
    struct Block {
        std::string name;
        std::uint64_t bytes;
    };
    /// A page of QEMU's size: which block, and where in it.
    using PageListener = std::function<void(std::size_t block, std::uint64_t offset)>;

    /// `page_size`: QEMU's, which the stream does not tell; a power of 2 from 1 to 64 KiB, or Error.
    RamStream(std::uint32_t page_size, PageListener page);

    /// Reads as much as is there, at most up to the next end of a section, and returns how much that was. What is too short to be
    /// read waits for more. Throws Error for what is no such stream, and for parts of it that only devices and options can have put in.
    std::size_t read(std::span<const unsigned char> data);

    /// Whether a section has just ended: where QEMU looks what has been written meanwhile, it does it there.
    bool between_sections() const { return state_ == State::Section && pending_.empty(); }

    const std::vector<Block>& blocks() const { return blocks_; }

 private:
    enum class State { Header, Section, Memory, Footer };
    class Input;
    bool step(Input& input);
    void header(Input& input);
    void section(Input& input);
    void configuration(Input& input);
    void memory(Input& input);
    void block_list(Input& input, std::uint64_t total);
    void footer(Input& input);
    void choose_block(const std::string& name);

    const std::uint32_t page_size_;
    const PageListener page_;
    State state_ = State::Header;
    std::string pending_;     // the begin of what was too short
    std::uint64_t skip_ = 0;  // bytes of a page that are to come
    std::vector<Block> blocks_;
    std::size_t block_ = 0;
    bool chosen_ = false;
    std::uint32_t section_ = 0;  // number of that of RAM
};

}  // namespace vmdirty
