/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/memory_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>

#include "base/error.h"
#include "vmhost/qemu.h"

namespace vmdirty {

namespace {

using vmhost::Mapping;

std::string name_of(const Mapping& mapping) { return mapping.path.empty() ? "anonymous" : mapping.path; }

bool is_anonymous(const Mapping& m) { return !m.shared && (m.path.empty() || m.path == "[heap]" || m.path.starts_with("[anon")); }

/// Memory of devices, and the kernel's own.
bool is_memory(const Mapping& m) {
    const bool device = m.path.starts_with("/dev/") && !m.path.starts_with("/dev/shm/") && !m.path.starts_with("/dev/zero") &&
                        !m.path.starts_with("/dev/hugepages/");
    return m.writable && !device && !m.path.starts_with("[v") && !m.path.starts_with("anon_inode:") && m.path != "[uprobes]";
}

Layout all_that(const std::vector<Mapping>& mappings, const std::function<bool(const Mapping&)>& wanted) {
    Layout layout;
    for (const Mapping& mapping : mappings)
        if (is_memory(mapping) && wanted(mapping)) layout.add(mapping.begin, mapping.end, name_of(mapping));
    return layout;
}

/// Of a thread, below which lies a page that nobody may touch.
bool is_stack(const std::vector<Mapping>& mappings, std::size_t i) {
    if (i == 0) return false;
    const Mapping& below = mappings[i - 1];
    return below.end == mappings[i].begin && !below.readable && !below.writable;
}

/// QEMU maps each block of memory for itself, with a page behind it that nobody may touch: it is as large as it was asked for.
Layout guest_ram(const std::vector<std::string>& words, const std::vector<Mapping>& mappings) {
    const auto sizes = vmhost::parse_qemu_command(words).ram;
    Layout layout;
    for (std::size_t i = 0; i < mappings.size(); i++)
        if (const Mapping& m = mappings[i]; is_memory(m) && std::ranges::count(sizes, m.end - m.begin) && !is_stack(mappings, i))
            layout.add(m.begin, m.end, name_of(m));
    return layout;
}

std::optional<std::pair<std::uint64_t, std::uint64_t>> addresses(const std::string& text) {
    std::uint64_t begin = 0, end = 0;
    const auto parse = [](std::string_view word, std::uint64_t& number) {
        if (word.starts_with("0x")) word.remove_prefix(2);
        const auto [stop, failure] = std::from_chars(word.data(), word.data() + word.size(), number, 16);
        return failure == std::errc() && stop == word.data() + word.size();
    };
    const auto dash = text.find('-');
    if (dash == text.npos || !parse(std::string_view(text).substr(0, dash), begin) || !parse(std::string_view(text).substr(dash + 1), end))
        return std::nullopt;
    return std::pair(begin, end);
}

/// What is mapped of it; Error when that is nothing.
Layout range(const std::vector<Mapping>& mappings, std::uint64_t begin, std::uint64_t end) {
    if (begin >= end || begin % kPage || end % kPage)
        throw base::UsageError(fmt::format("--range: {:x}-{:x} are no whole pages of {} bytes", begin, end, kPage));
    Layout layout;
    for (const Mapping& m : mappings)
        if (m.begin < end && begin < m.end && m.writable) layout.add(std::max(m.begin, begin), std::min(m.end, end), name_of(m));
    return layout;
}

}  // namespace

Layout choose_memory(const vmhost::Process& process, const std::string& choice) {
    const auto mappings = process.maps();
    const auto words = process.command_line();
    const bool qemu = vmhost::is_qemu(words);
    const std::string wanted = !choice.empty() ? choice : qemu ? "ram" : "heap";
    Layout layout;
    std::string hint = "see /proc/PID/maps";
    if (wanted == "ram") {
        if (!qemu) throw base::Error(fmt::format("--range ram: process {} ({}) is no QEMU", process.pid(), process.name()));
        layout = guest_ram(words, mappings);
        hint = "--qmp asks QEMU itself where it is";
    } else if (wanted == "heap") {
        layout = all_that(mappings, is_anonymous);
    } else if (wanted == "all") {
        layout = all_that(mappings, [](const Mapping&) { return true; });
    } else if (const auto given = addresses(wanted)) {
        layout = range(mappings, given->first, given->second);
    } else {
        throw base::UsageError(fmt::format("--range: '{}' is neither heap, all, ram nor ADDRESS-ADDRESS", wanted));
    }
    if (layout.pages() == 0)
        throw base::Error(fmt::format("process {} ({}) has no memory of --range {} ({})", process.pid(), process.name(), wanted, hint));
    return layout;
}

Layout guest_memory(const vmhost::Process& process, const std::vector<vmhost::RamBlock>& blocks) {
    const auto mappings = process.maps();
    Layout layout;
    for (const auto& block : blocks) {
        const std::uint64_t end = block.address + (block.used + kPage - 1) / kPage * kPage;
        // Neighbours of the same kind are one mapping.
        const bool mapped = end > block.address && std::ranges::any_of(mappings, [&](const Mapping& m) {
            return m.begin <= block.address && end <= m.end && m.writable;
        });
        if (!mapped)
            throw base::Error(fmt::format("QEMU (process {}) says that {} lies at {:x}-{:x}, where it has no memory", process.pid(), block.name,
                                          block.address, end));
        layout.add(block.address, end, block.name);
    }
    if (layout.pages() == 0) throw base::Error(fmt::format("QEMU (process {}) tells of no memory of its VM", process.pid()));
    return layout;
}

}  // namespace vmdirty
