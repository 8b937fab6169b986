/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// All memory of a VM that stands still, wherever it is: in a QEMU, or saved in a file.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "vmhost/process.h"
#include "vmhost/ram_blocks.h"

namespace vmverify {

/// A block of memory, as QEMU counts them: "pc.ram", "pc.bios".
struct Block {
    std::string name;
    std::uint64_t size = 0;  ///< bytes
};

class Ram {
 public:
    virtual ~Ram() = default;
    const std::vector<Block>& blocks() const { return blocks_; }
    /// Bytes of all blocks.
    std::uint64_t size() const;
    /// Reads `size` bytes from `offset` on, all of them in block number `block`. Throws Error.
    virtual void read(std::size_t block, std::uint64_t offset, char* to, std::size_t size) const = 0;

 protected:
    std::vector<Block> blocks_;
};

/// That of a QEMU, read from its process (/proc/PID/mem), which takes the rights of a debugger.
class ProcessRam : public Ram {
 public:
    /// Throws Error.
    ProcessRam(vmhost::Process process, const std::vector<vmhost::RamBlock>& blocks);
    void read(std::size_t block, std::uint64_t offset, char* to, std::size_t size) const override;

 private:
    vmhost::Process process_;
    base::UniqueFd memory_;
    std::vector<std::uint64_t> addresses_;
};

/// Of which blocks a file of saved memory consists.
struct Description {
    std::uint64_t page_size = 0;  ///< what QEMU counts as a page in this machine; 0: not told
    std::vector<Block> blocks;
};

/// Reads the JSON that stands in PATH.json, whoever has written it. Throws Error for what cannot be of a file of `file_size` bytes.
Description parse_description(const std::string& text, const std::string& path, std::uint64_t file_size);

/// What save() has written.
class SavedRam : public Ram {
 public:
    /// `path`, and PATH.json if it exists; without, the file is one block. Throws Error, also when the two do not fit.
    explicit SavedRam(const std::string& path);
    void read(std::size_t block, std::uint64_t offset, char* to, std::size_t size) const override;
    /// What QEMU counts as a page in this machine; 0: not told.
    std::uint64_t page_size() const { return page_size_; }
    const std::string& path() const { return path_; }
    /// Where a description of the file is, or would be: PATH.json.
    std::string description() const;
    bool described() const { return described_; }

 private:
    std::string path_;
    bool described_ = false;
    base::UniqueFd file_;
    std::uint64_t page_size_ = 0;
};

/// Writes all blocks one behind the other to `path`, with mode 0600, and which they are to PATH.json. Throws Error.
void save(const Ram& ram, const std::string& path, std::uint64_t page_size);

}  // namespace vmverify
