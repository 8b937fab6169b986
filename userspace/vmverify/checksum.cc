/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmverify/checksum.h"

#include <fmt/format.h>

namespace vmverify {

void BsdSum::add(std::string_view data) {
    std::uint32_t sum = sum_;
    for (const char c : data) sum = ((sum >> 1 | sum << 15) + static_cast<unsigned char>(c)) & 0xffff;
    sum_ = sum;
    bytes_ += data.size();
}

std::string BsdSum::text() const { return fmt::format("{:05} {:5}", sum_, (bytes_ + 1023) / 1024); }

std::string Sha256::text() {
    std::uint8_t digest[SHA256_DIGEST_SIZE];
    ::sha256_digest(&state_, sizeof digest, digest);
    return fmt::format("{:02x}", fmt::join(digest, ""));
}

}  // namespace vmverify
