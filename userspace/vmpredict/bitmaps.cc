/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmpredict/bitmaps.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <regex>
#include <set>

#include "base/error.h"
#include "vmdirty/activity.h"
#include "vmdirty/bitmap.h"

namespace vmpredict {

namespace {

using std::chrono::milliseconds;

struct File {
    std::string path, process;
    milliseconds end;  // since 1970
};

std::optional<File> parse(const std::string& path) {
    static const std::regex kName(R"(qemu\.bm-(\d{1,10})\.(\d{1,12})(\.(\d{3}))?)");
    const std::string name = std::filesystem::path(path).filename();
    std::smatch part;
    if (!std::regex_match(name, part, kName)) return std::nullopt;
    return File{path, part[1], milliseconds(std::stoll(part[2]) * 1000 + (part[4].matched ? std::stoll(part[4]) : 0))};
}

std::vector<File> by_time(const std::vector<std::string>& paths) {
    std::vector<File> files;
    for (const std::string& path : paths) {
        const auto file = parse(path);
        if (!file) throw base::Error(fmt::format("{}: no bitmap by its name, which is qemu.bm-PID.SECONDS", path));
        files.push_back(*file);
    }
    std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.end < b.end; });
    for (std::size_t i = 1; i < files.size(); i++) {
        if (files[i].process != files[0].process) throw base::Error(fmt::format("{} and {} are of two processes", files[0].path, files[i].path));
        if (files[i].end == files[i - 1].end) throw base::Error(fmt::format("{} and {} are of the same time", files[i - 1].path, files[i].path));
    }
    return files;
}

/// In ms: the middle one of those between two bitmaps.
double usual_interval(const std::vector<File>& files) {
    std::vector<std::int64_t> lengths;
    for (std::size_t i = 1; i < files.size(); i++) lengths.push_back((files[i].end - files[i - 1].end).count());
    const auto middle = lengths.begin() + static_cast<std::ptrdiff_t>(lengths.size() / 2);
    std::nth_element(lengths.begin(), middle, lengths.end());
    return static_cast<double>(*middle);
}

}  // namespace

std::vector<std::string> find_bitmaps(const std::string& folder) {
    std::vector<std::string> found;
    std::set<std::string> processes;
    try {
        for (const auto& entry : std::filesystem::directory_iterator(folder))
            if (const auto file = parse(entry.path())) {
                found.push_back(file->path);
                processes.insert(file->process);
            }
    } catch (const std::filesystem::filesystem_error& error) {
        throw base::Error(fmt::format("cannot read {}: {}", folder, error.code().message()));
    }
    if (found.empty()) throw base::Error(fmt::format("{} has no bitmaps, qemu.bm-PID.SECONDS", folder));
    if (processes.size() > 1) throw base::Error(fmt::format("{} has bitmaps of several processes: name those of one, {}/qemu.bm-{}.*", folder, folder, *processes.begin()));
    return found;
}

Workload read_bitmaps(std::vector<std::string> paths, std::optional<std::uint64_t> pages, std::uint32_t page_size) {
    const std::vector<File> files = by_time(paths);
    if (files.size() <= Workload::kFewestIntervals)
        throw base::Error(fmt::format("too few windows: {} bitmap{}, and {} are the least; watch longer", files.size(), files.size() == 1 ? "" : "s",
                                      Workload::kFewestIntervals + 1));
    const std::uint64_t bits = vmdirty::read_bitmap(files[0].path).pages();
    if (bits == 0) throw base::Error(fmt::format("{} is empty", files[0].path));
    if (pages && (*pages > bits || *pages + 64 <= bits))
        throw base::Error(fmt::format("{} has {} pages, and the memory {}: another size of pages?", files[0].path, bits, *pages));
    vmdirty::Layout layout;
    layout.add(0, bits * vmdirty::kPage, "memory");
    vmdirty::Activity activity(layout, vmdirty::kWindows.back());
    Workload workload(pages.value_or(bits), page_size, usual_interval(files) / 1000);
    for (std::size_t i = 1; i < files.size(); i++) {
        const vmdirty::Bitmap dirty = vmdirty::read_bitmap(files[i].path);
        if (dirty.pages() != bits) throw base::Error(fmt::format("{} has {} pages, and {} has {}", files[0].path, bits, files[i].path, dirty.pages()));
        activity.add(dirty, files[i - 1].end - files[0].end, files[i].end - files[0].end);
        workload.add(std::chrono::duration<double>(files[i].end - files[i - 1].end).count(), dirty.count());
        workload.add_windows(activity.working_sets());
    }
    return workload;
}

}  // namespace vmpredict
