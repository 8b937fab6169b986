/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmpredict/record.h"

#include <fmt/format.h>

#include <bit>
#include <chrono>
#include <cmath>

#include "base/error.h"
#include "vmdirty/activity.h"
#include "vmpredict/json_lines.h"

namespace vmpredict {

namespace {

using Json = nlohmann::json;

/// 2^52 bytes, which is what the largest machines can address, and a hundred years in ms.
constexpr double kMostPages = 4503599627370496.0 / 1024, kLongest = 3.2e12;

std::uint64_t whole(const Json& object, const char* member, double least, double most) {
    return static_cast<std::uint64_t>(std::llround(number(object, member, least, most)));
}

std::uint32_t page_size_of(const Json& start, std::optional<std::uint32_t> given) {
    if (!start.contains("page_size") && given) return *given;
    if (!start.contains("page_size")) throw base::Error("the page size is unknown: the record has no 'page_size'; give it with --page-size");
    const std::uint64_t size = whole(start, "page_size", 512, 1 << 30);
    if (!std::has_single_bit(size)) throw base::Error(fmt::format("a page of {} bytes: that is no power of two", size));
    return static_cast<std::uint32_t>(size);
}

Workload begin(const Json& start, std::optional<std::uint32_t> page_size) {
    const std::uint32_t size = page_size_of(start, page_size);
    Workload workload(whole(start, "pages", 1, kMostPages), size, number(start, "interval_ms", 0.5, kLongest) / 1000);
    if (start.contains("zero_pages")) workload.set_zero_pages(whole(start, "zero_pages", 0, kMostPages));
    return workload;
}

void add_interval(const Json& object, Workload& workload) {
    // Of the first nothing is known.
    if (object.contains("all")) return;
    const double seconds = number(object, "ms", 0, kLongest) / 1000;
    if (seconds <= 0) throw base::Error("an interval without length");
    workload.add(seconds, whole(object, "dirty_pages", 0, kMostPages));
    const auto sets = object.find("working_set_pages");
    if (sets == object.end()) return;
    if (!sets->is_object()) throw base::Error("'working_set_pages' is no object");
    for (const auto window : vmdirty::kWindows) {
        const std::string name = vmdirty::window_name(window);
        if (sets->contains(name)) workload.add_window(std::chrono::duration<double>(window).count(), whole(*sets, name.c_str(), 0, kMostPages));
    }
}

}  // namespace

Workload read_record(std::istream& in, const std::string& name, std::optional<std::uint32_t> page_size) {
    std::optional<Workload> workload;
    read_json_lines(in, name, [&](const std::string& type, const Json& object) {
        if (type == "start") {
            if (workload) throw base::Error("a second record begins: give them one by one");
            workload = begin(object, page_size);
        } else if (type == "interval") {
            if (!workload) throw base::Error("an interval before the start of the record");
            add_interval(object, *workload);
        } else if (type != "summary") {
            throw base::Error(fmt::format("type '{}': this is no record of vm_dirty_track --output json", type));
        }
    });
    if (!workload) throw base::Error(fmt::format("{} is empty: no record of vm_dirty_track --output json", name));
    return std::move(*workload);
}

}  // namespace vmpredict
