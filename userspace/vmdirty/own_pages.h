/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <sys/mman.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "vmdirty/layout.h"

namespace vmdirty {

/// Memory of this process in which the ways of the kernel can be tried.
class OwnPages {
 public:
    /// Throws Error.
    explicit OwnPages(std::size_t pages) : size_(pages * kPage) {
        void* const at = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED) throw base::system_error("cannot map memory to try it on", errno);
        data_ = static_cast<volatile char*>(at);
    }
    ~OwnPages() { ::munmap(const_cast<char*>(data_), size_); }
    OwnPages(const OwnPages&) = delete;
    OwnPages& operator=(const OwnPages&) = delete;
    void write(std::size_t page) { data_[page * kPage] = 1; }
    std::uint64_t begin() const { return reinterpret_cast<std::uint64_t>(data_); }
    std::uint64_t end() const { return begin() + size_; }

 private:
    std::size_t size_;
    volatile char* data_;
};

}  // namespace vmdirty
