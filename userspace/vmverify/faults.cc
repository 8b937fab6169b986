/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmverify/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <string_view>

#include "base/error.h"
#include "base/terminal.h"
#include "vmhost/ram_blocks.h"

namespace vmverify {

namespace {

/// Of missing pages, of writes, of pages that are in the page cache but not mapped.
bool has_userfaultfd(const std::string& flags) {
    std::istringstream words(flags);
    for (std::string word; words >> word;)
        if (word == "um" || word == "uw" || word == "ui") return true;
    return false;
}

}  // namespace

std::vector<vmhost::Mapping> mappings_with_userfaultfd(const std::string& smaps) {
    constexpr std::string_view kFlags = "VmFlags:";
    std::istringstream lines(smaps);
    std::string found, mapping;
    for (std::string line; std::getline(lines, line);) {
        // What is told of a mapping begins with a capital letter, the mapping itself with an address.
        if (!line.starts_with(kFlags)) {
            if (line[0] < 'A' || line[0] > 'Z') mapping = line;
        } else if (has_userfaultfd(line.substr(kFlags.size()))) {
            found += mapping + "\n";
        }
    }
    return vmhost::parse_maps(found);
}

void check_faults(vmhost::Monitor& destination) {
    const auto watched = mappings_with_userfaultfd(vmhost::Process(destination.pid()).read("smaps"));
    for (const auto& block : vmhost::ram_blocks(destination)) {
        const auto overlaps = [&](const vmhost::Mapping& mapping) {
            return mapping.begin < block.address + block.used && block.address < mapping.end;
        };
        if (std::ranges::any_of(watched, overlaps))
            throw base::Error(fmt::format("the destination's memory {} is watched by another userfaultfd, so that QEMU (process {}) would get none "
                                          "for postcopy and end in the midst of it: end vm_dirty_track (tracker pagemap-scan) there first",
                                          base::printable(block.name), destination.pid()));
    }
}

}  // namespace vmverify
