/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/memory.h"

#include <fstream>
#include <string>

namespace base {

std::optional<std::uint64_t> available_memory() {
    std::ifstream in("/proc/meminfo");
    std::uint64_t sum = 0, kib = 0;
    bool told = false;
    for (std::string name, rest; in >> name >> kib; std::getline(in, rest)) {
        if (name != "MemAvailable:" && name != "SwapFree:") continue;
        sum += kib * 1024;
        told |= name == "MemAvailable:";
    }
    return told ? std::optional(sum) : std::nullopt;
}

}  // namespace base
