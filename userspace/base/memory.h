/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <cstdint>
#include <optional>

namespace base {

/// How many bytes programs can have, swap included (/proc/meminfo); nothing where the kernel does not tell.
std::optional<std::uint64_t> available_memory();

}  // namespace base
