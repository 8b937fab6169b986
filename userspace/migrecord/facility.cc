/* SPDX-License-Identifier: GPL-2.0-only */
#include "migrecord/facility.h"

#include <fmt/format.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "migrecord/module.h"

namespace migrecord {

namespace {

constexpr const char* kUsualPlace = "/sys/kernel/debug";

/// Blanks and the like stand in /proc/mounts as \040.
std::string unescape(const std::string& text) {
    auto octal = [](char c) { return c >= '0' && c <= '7'; };
    std::string plain;
    for (std::size_t i = 0; i < text.size(); i++) {
        if (text[i] == '\\' && i + 3 < text.size() && octal(text[i + 1]) && octal(text[i + 2]) &&
            octal(text[i + 3])) {
            plain +=
                static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
            i += 3;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

}  // namespace

std::optional<std::string> debugfs_mount(std::string_view mounts) {
    std::istringstream lines{std::string(mounts)};
    std::optional<std::string> found;
    for (std::string text; std::getline(lines, text);) {
        std::istringstream line(text);
        std::string device, place, type;
        line >> device >> place >> type;
        if (type != "debugfs") continue;
        place = unescape(place);
        if (place == kUsualPlace) return place;
        if (!found) found = place;
    }
    return found;
}

Facility::Facility(const FacilityOptions& options, Say warn)
    : warn_(std::move(warn)), keep_module_(options.keep_module) {
    try {
        load(options);
        find_debugfs(options.debugfs);
    } catch (...) {
        restore();
        throw;
    }
}

void Facility::load(const FacilityOptions& options) {
    // Files that are there already, in a place that was named, need no module that we know of.
    for (const char* name : {"/migration_trace", "/migration_stat"})
        if (!options.debugfs.empty() && std::filesystem::exists(options.debugfs + name) && !module_present())
            return;

    std::vector<std::string> parameters;
    if (options.trace_buf_kb) parameters.push_back(fmt::format("trace_buf_kb={}", *options.trace_buf_kb));
    if (!module_present()) {
        load_module(options.module_file, parameters);
        loaded_ = true;
        return;
    }
    if (!options.module_file.empty())
        warn_(fmt::format("the module {} is loaded already; {} is not used (unload it first: rmmod {})",
                          kModuleName, options.module_file, kModuleName));
}

void Facility::find_debugfs(const std::string& wanted) {
    if (!wanted.empty()) {
        debugfs_ = wanted;
        return;
    }
    std::optional<std::string> found;
    try {
        found = debugfs_mount(base::read_file("/proc/mounts"));
    } catch (const base::Error&) {
        found = kUsualPlace;  // no /proc: then nobody can tell
    }
    debugfs_ = found.value_or(kUsualPlace);
    if (found) return;
    if (::mount("debugfs", kUsualPlace, "debugfs", 0, nullptr) == 0) {
        mounted_ = true;
        return;
    }
    int error = errno;
    if (error == EBUSY) return;
    std::string hint = fmt::format("mount it yourself: mount -t debugfs debugfs {}", kUsualPlace);
    if (error == EPERM || error == EACCES) hint = "run migrate_record with sudo, or let root " + hint;
    if (error == ENODEV) hint = "this kernel was built without CONFIG_DEBUG_FS";
    throw base::system_error(
        fmt::format("debugfs is not mounted and could not be mounted at {}", kUsualPlace), error, hint);
}

void Facility::restore() {
    if (mounted_ && ::umount(kUsualPlace) != 0)
        warn_(fmt::format("debugfs stays mounted at {}: {}", kUsualPlace,
                          std::generic_category().message(errno)));
    mounted_ = false;
    if (loaded_ && !keep_module_)
        if (int error = unload_module())
            warn_(fmt::format("the module {} stays loaded: {}; unload it with: rmmod {}", kModuleName,
                              std::generic_category().message(error), kModuleName));
    loaded_ = false;
}

}  // namespace migrecord
