/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The checksums by which people compare images of memory.

#include <nettle/sha2.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace vmverify {

/// That of `sum -r`, of BSD: for each byte 16 bits are rotated to the right by one, and the byte is added.
class BsdSum {
 public:
    void add(std::string_view data);
    /// "12345 262144", as sum(1) prints it: the sum with five digits, and blocks of 1024 bytes.
    std::string text() const;

 private:
    std::uint32_t sum_ = 0;
    std::uint64_t bytes_ = 0;
};

/// SHA-256 (FIPS 180-4), by Nettle.
class Sha256 {
 public:
    Sha256() { ::sha256_init(&state_); }
    void add(std::string_view data) { ::sha256_update(&state_, data.size(), reinterpret_cast<const std::uint8_t*>(data.data())); }
    /// As sha256sum prints it. It starts anew then.
    std::string text();

 private:
    sha256_ctx state_;
};

}  // namespace vmverify
