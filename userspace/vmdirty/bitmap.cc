/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/bitmap.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/unique_fd.h"

namespace vmdirty {

namespace {

/// Of 32 TiB, in bytes.
constexpr std::uintmax_t kLargest = std::uintmax_t{1} << 30;

}  // namespace

static_assert(std::endian::native == std::endian::little, "words are written as they are");

void Bitmap::set(std::uint64_t begin, std::uint64_t end) {
    while (begin < end) {
        const std::uint64_t in_word = std::min(64 - begin % 64, end - begin);
        words_[begin / 64] |= (~std::uint64_t{0} >> (64 - in_word)) << begin % 64;
        begin += in_word;
    }
}

void Bitmap::clear() { std::fill(words_.begin(), words_.end(), 0); }

std::uint64_t Bitmap::count(std::uint64_t begin, std::uint64_t end) const {
    std::uint64_t count = 0;
    while (begin < end) {
        const std::uint64_t in_word = std::min(64 - begin % 64, end - begin);
        const std::uint64_t word = words_[begin / 64] >> begin % 64 & ~std::uint64_t{0} >> (64 - in_word);
        count += static_cast<std::uint64_t>(std::popcount(word));
        begin += in_word;
    }
    return count;
}

void write_bitmap(const std::string& path, const Bitmap& bitmap) {
    base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) throw base::system_error(fmt::format("cannot create {}", path), errno);
    const char* data = reinterpret_cast<const char*>(bitmap.words().data());
    for (std::size_t left = bitmap.words().size() * sizeof(std::uint64_t); left > 0;) {
        const ssize_t n = ::write(fd.get(), data, left);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            const int error = errno;
            ::unlink(path.c_str());
            throw base::system_error(fmt::format("cannot write {}", path), error);
        }
        data += n;
        left -= static_cast<std::size_t>(n);
    }
}

Bitmap read_bitmap(const std::string& path) {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    if (error) throw base::Error(fmt::format("cannot read {}: {}", path, error.message()));
    if (size > kLargest) throw base::Error(fmt::format("{} is no bitmap: {} bytes are more than all memory that there can be", path, size));
    const std::string bytes = base::read_file(path);
    if (bytes.size() % sizeof(std::uint64_t)) throw base::Error(fmt::format("{} is no bitmap: {} bytes are no whole words of 8", path, bytes.size()));
    std::vector<std::uint64_t> words(bytes.size() / sizeof(std::uint64_t));
    std::memcpy(words.data(), bytes.data(), bytes.size());
    return Bitmap(std::move(words));
}

}  // namespace vmdirty
