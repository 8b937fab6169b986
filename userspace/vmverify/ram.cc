/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmverify/ram.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"

namespace vmverify {

namespace {

constexpr std::size_t kChunk = 4 << 20;
constexpr std::size_t kMostBlocks = 65536;
constexpr std::uint64_t kLeastPage = 512, kMostPage = 2 << 20;

/// Reads all `size` bytes. Throws Error behind `what`.
void read_all(int fd, char* to, std::size_t size, std::uint64_t offset, const std::string& what) {
    while (size > 0) {
        const ssize_t n = ::pread(fd, to, size, static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw base::system_error(what, errno);
        if (n == 0) throw base::Error(fmt::format("{}: it has ended", what));
        to += n;
        offset += static_cast<std::uint64_t>(n);
        size -= static_cast<std::size_t>(n);
    }
}

std::string description_of(const std::string& path) { return path + ".json"; }

}  // namespace

Description parse_description(const std::string& text, const std::string& path, std::uint64_t file_size) {
    const std::string name = description_of(path);
    const auto object = nlohmann::json::parse(text, nullptr, false);
    const auto is_size = [](const nlohmann::json& value) { return value.is_number_unsigned() && value.get<std::uint64_t>() > 0; };
    if (!object.is_object() || !object.contains("blocks") || !object["blocks"].is_array() || object["blocks"].size() > kMostBlocks)
        throw base::Error(fmt::format("{} does not tell of which blocks {} consists", name, path));
    Description description;
    if (object.contains("page_size")) {
        const auto& size = object["page_size"];
        if (!is_size(size) || size < kLeastPage || size > kMostPage || !std::has_single_bit(size.get<std::uint64_t>()))
            throw base::Error(fmt::format("{}: page_size is no power of two from {} to {}", name, kLeastPage, kMostPage));
        description.page_size = size;
    }
    std::uint64_t left = file_size;
    for (const auto& block : object["blocks"]) {
        if (!block.is_object() || !block.contains("name") || !block["name"].is_string() || !block.contains("size") || !is_size(block["size"]))
            throw base::Error(fmt::format("{} has a block without a name or a size", name));
        description.blocks.push_back({block["name"], block["size"]});
        if (description.blocks.back().size > left)
            throw base::Error(fmt::format("{} tells of more bytes than the {} of {}: was it cut off?", name, file_size, path));
        left -= description.blocks.back().size;
    }
    if (left > 0) throw base::Error(fmt::format("{} tells of {} bytes less than {} has: do they belong together?", name, left, path));
    return description;
}

std::uint64_t Ram::size() const {
    std::uint64_t size = 0;
    for (const Block& block : blocks_) size += block.size;
    return size;
}

ProcessRam::ProcessRam(vmhost::Process process, const std::vector<vmhost::RamBlock>& blocks)
    : process_(std::move(process)), memory_(process_.open("mem")) {
    for (const auto& block : blocks) {
        blocks_.push_back({block.name, block.used});
        addresses_.push_back(block.address);
    }
}

void ProcessRam::read(std::size_t block, std::uint64_t offset, char* to, std::size_t size) const {
    read_all(memory_.get(), to, size, addresses_[block] + offset,
             fmt::format("cannot read memory of QEMU (process {}), {} at {:#x}", process_.pid(), blocks_[block].name, offset));
}

SavedRam::SavedRam(const std::string& path) : path_(path), file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat info{};
    if (!file_ || ::fstat(file_.get(), &info)) throw base::system_error(fmt::format("cannot read {}", path), errno);
    if (!S_ISREG(info.st_mode)) throw base::Error(fmt::format("{} is no regular file", path));
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (size == 0) throw base::Error(fmt::format("{} is empty", path));
    described_ = ::access(description().c_str(), F_OK) == 0;
    if (!described_) {
        blocks_ = {{"ram", size}};
        return;
    }
    const Description description = parse_description(base::read_file(description_of(path)), path, size);
    blocks_ = description.blocks;
    page_size_ = description.page_size;
}

std::string SavedRam::description() const { return description_of(path_); }

void SavedRam::read(std::size_t block, std::uint64_t offset, char* to, std::size_t size) const {
    for (std::size_t i = 0; i < block; i++) offset += blocks_[i].size;
    read_all(file_.get(), to, size, offset, fmt::format("cannot read {}", path_));
}

void save(const Ram& ram, const std::string& path, std::uint64_t page_size) {
    nlohmann::ordered_json description;
    if (page_size) description["page_size"] = page_size;
    const mode_t mask = ::umask(077);  // it is all that a guest knows
    base::OutputFile file(path), text(description_of(path));
    ::umask(mask);
    std::string chunk(kChunk, '\0');
    for (std::size_t i = 0; i < ram.blocks().size(); i++) {
        const Block& block = ram.blocks()[i];
        description["blocks"].push_back({{"name", block.name}, {"size", block.size}});
        for (std::uint64_t at = 0; at < block.size; at += kChunk) {
            const std::size_t size = std::min<std::uint64_t>(kChunk, block.size - at);
            ram.read(i, at, chunk.data(), size);
            file.write(std::string_view(chunk).substr(0, size));
        }
    }
    text.write(description.dump(1) + "\n");
    file.commit();
    text.commit();
}

}  // namespace vmverify
