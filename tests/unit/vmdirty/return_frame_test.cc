/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/return_frame.h"

#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>

using namespace vmdirty;

TEST_CASE("code that is called in another process is that of its files") {
    const vmhost::Process self(::getpid());
    const ReturnCode real = find_return_code(self);
    // The same where it is found first: as what an emulator has made, which may be gone in a moment.
    char* const made = static_cast<char*>(
        ::mmap(reinterpret_cast<void*>(0x10000), 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
    REQUIRE(made != MAP_FAILED);
    std::memcpy(made, reinterpret_cast<const void*>(real.system_call), 16);
    std::memcpy(made + 64, reinterpret_cast<const void*>(real.sigreturn), 16);
    const ReturnCode found = find_return_code(self);
    CHECK(found.system_call == real.system_call);
    CHECK(found.sigreturn == real.sigreturn);
    ::munmap(made, 4096);
}
