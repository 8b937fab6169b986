/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/shadow.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/memory.h"

namespace vmdirty {

namespace {

/// Read and compared at once: it stays in the cache.
constexpr std::uint64_t kChunk = 64 * kPage;

}  // namespace

std::string Shadow::obstacle(const Target* target) {
    try {
        if (target) find_parts(*target);
    } catch (const base::Error& error) {
        return error.what();
    }
    return "";
}

std::vector<Shadow::Part> Shadow::find_parts(const Target& target) {
    std::vector<Part> parts;
    const auto mappings = target.process.maps();
    for (const Range& range : target.layout.ranges()) {
        const auto mapping = std::find_if(mappings.begin(), mappings.end(),
                                          [&](const auto& m) { return m.begin <= range.begin && range.end <= m.end; });
        if (mapping == mappings.end() || !mapping->shared)
            throw base::Error(fmt::format("{:x}-{:x} ({}) of process {} is not shared, so that nothing can be compared with it "
                                          "(QEMU: -object memory-backend-memfd,share=on)",
                                          range.begin, range.end, range.name, target.process.pid()));
        parts.push_back({range, target.process.open(fmt::format("map_files/{:x}-{:x}", mapping->begin, mapping->end)),
                         mapping->offset + (range.begin - mapping->begin)});
    }
    return parts;
}

Shadow::Shadow(const Target& target) : Tracker(target), parts_(find_parts(target)), now_(kChunk) {
    const std::uint64_t bytes = target.layout.pages() * kPage;
    if (const auto available = base::available_memory(); available && bytes > *available)
        throw base::Error(fmt::format("a copy of {} MiB is needed, and {} MiB are available", bytes >> 20, *available >> 20));
    copy_.resize(bytes);
}

void Shadow::compare(const Part& part, Bitmap& dirty) {
    const std::uint64_t bytes = part.range.end - part.range.begin;
    for (std::uint64_t at = 0; at < bytes;) {
        const std::size_t wanted = std::min(kChunk, bytes - at);
        const ssize_t n = ::pread(part.file.get(), now_.data(), wanted, static_cast<off_t>(part.offset + at));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw base::system_error(fmt::format("cannot read the memory {} of process {}", part.range.name, target_.process.pid()), errno);
        // Behind the end of a file that was cut nothing can have been written.
        if (n < static_cast<ssize_t>(kPage)) return;
        const std::uint64_t pages = static_cast<std::uint64_t>(n) / kPage;
        for (std::uint64_t page = 0; page < pages; page++) {
            const std::uint64_t number = part.range.first_page + at / kPage + page;
            char* const before = copy_.data() + number * kPage;
            if (std::memcmp(before, now_.data() + page * kPage, kPage) == 0) continue;
            std::memcpy(before, now_.data() + page * kPage, kPage);
            dirty.set(number, number + 1);
        }
        at += pages * kPage;
    }
}

void Shadow::read(Bitmap& dirty) {
    for (const Part& part : parts_) compare(part, dirty);
}

}  // namespace vmdirty
