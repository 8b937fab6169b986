/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "vmverify/ram.h"

/// Memory as the test wants it.
class MemoryRam : public vmverify::Ram {
 public:
    explicit MemoryRam(std::vector<std::pair<std::string, std::string>> blocks) {
        for (auto& [name, bytes] : blocks) {
            blocks_.push_back({name, bytes.size()});
            bytes_.push_back(std::move(bytes));
        }
    }
    void read(std::size_t block, std::uint64_t offset, char* to, std::size_t size) const override {
        std::memcpy(to, bytes_.at(block).data() + offset, size);
    }
    std::string& bytes(std::size_t block) { return bytes_.at(block); }

 private:
    std::vector<std::string> bytes_;
};
