/* SPDX-License-Identifier: GPL-2.0-only */
// Preloaded into a program (LD_PRELOAD): the kernel then keeps, for the memory that the program maps, which
// pages have been written, so that count_dirty can ask. Only a process itself may request that
// (userfaultfd(2), UFFD_FEATURE_WP_ASYNC, from Linux 6.7 on). COUNT_DIRTY_BYTES: the size of the mapping that
// it is about.

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "vmdirty/pagemap_abi.h"

namespace {

/// The descriptor stays open: closing it ends the tracking.
bool track(void* begin, std::size_t size) {
    const int fd = static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | vmdirty::kUserModeOnly));
    if (fd < 0) return false;
    uffdio_api api{};
    api.api = UFFD_API;
    api.features = vmdirty::kProtectAsync | vmdirty::kProtectUnpopulated;
    if (::ioctl(fd, UFFDIO_API, &api)) return false;
    uffdio_register range{};
    range.range = {reinterpret_cast<std::uint64_t>(begin), size};
    range.mode = UFFDIO_REGISTER_MODE_WP;
    return ::ioctl(fd, UFFDIO_REGISTER, &range) == 0;
}

}  // namespace

extern "C" void* mmap(void* address, std::size_t size, int protection, int flags, int fd,
                      off_t offset) noexcept {
    using Map = void* (*)(void*, std::size_t, int, int, int, off_t);
    static const auto next = reinterpret_cast<Map>(::dlsym(RTLD_NEXT, "mmap"));
    void* mapped = next(address, size, protection, flags, fd, offset);
    const char* wanted = std::getenv("COUNT_DIRTY_BYTES");
    if (mapped != MAP_FAILED && wanted && size == std::strtoull(wanted, nullptr, 10) && !track(mapped, size))
        std::perror("track_writes");
    return mapped;
}
