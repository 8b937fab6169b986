/* SPDX-License-Identifier: GPL-2.0-only */
#include "migrecord/feature.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/unique_fd.h"
#include "migrecord/module.h"
#include "migrecord/tally.h"

namespace migrecord {

namespace {

constexpr std::size_t kPiece = 1 << 20;

std::string access_hint(int error) {
    if (error == EACCES)
        return "run migrate_record with sudo; or let a group do it: load the module with gid=NUMBER and give "
               "that group "
               "the right to enter debugfs";
    if (error == EPERM) {
        if (auto mode = lockdown_mode(kernel_state().lockdown))
            return fmt::format(
                "the kernel is in lockdown mode ({}), which closes debugfs: turn Secure Boot off", *mode);
        return "the kernel or its security policy forbids it";
    }
    return "";
}

}  // namespace

const char* Feature::name() const {
    return kind_ == Trace ? "migration_trace" : "migration_stat";
}

std::string Feature::data_file() const {
    return file(kind_ == Trace ? "trace" : "stat");
}

Feature::Feature(Kind kind, const std::string& debugfs) : kind_(kind), directory_(debugfs + "/" + name()) {
    struct stat info;
    if (::stat(file("enable").c_str(), &info) == 0) return;
    int error = errno;
    if (error != ENOENT && error != ENOTDIR)
        throw base::system_error(fmt::format("cannot use {}", directory_), error, access_hint(error));
    const char* other = kind == Trace ? "migration_stat" : "migration_trace";
    if (std::filesystem::exists(debugfs + "/" + other))
        throw base::Error(
            fmt::format("there is no {}: the loaded module was built with {} only; build and load one with "
                        "both features",
                        directory_, other));
    throw base::Error(
        fmt::format("there is no {} although the module {} is loaded; is {} the mounted debugfs? Name "
                    "another place with --debugfs",
                    directory_, kModuleName, debugfs));
}

std::string Feature::read_control(const std::string& name) const {
    base::UniqueFd fd(::open(file(name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) throw base::system_error(fmt::format("cannot open {}", file(name)), errno, access_hint(errno));
    fd.reset();
    return boost::trim_copy(base::read_file(file(name)));
}

void Feature::write_control(const std::string& name, const std::string& value,
                            const std::string& doing) const {
    int error = base::write_control_file(file(name), value + "\n");
    if (error == 0) return;
    std::string hint = access_hint(error);
    if (error == EBUSY) hint = fmt::format("somebody has {} open; try again when it is closed", data_file());
    if (error == ENOMEM)
        hint = kind_ == Trace
                   ? fmt::format("not enough memory for the buffers: write a smaller number to {}", file("buffer_size_kb"))
                   : "";
    throw base::system_error(fmt::format("cannot {}: writing {} to {}", doing, value, file(name)), error,
                             hint);
}

bool Feature::enabled() const {
    return read_control("enable") == "1";
}

bool Feature::empty() const {
    // The header is short, so a recording shows within the first piece.
    base::UniqueFd fd(::open(data_file().c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) throw base::system_error(fmt::format("cannot open {}", data_file()), errno, access_hint(errno));
    std::vector<char> piece(65536);
    Tally tally;
    ssize_t got;
    while ((got = ::read(fd.get(), piece.data(), piece.size())) != 0) {
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw base::system_error(fmt::format("cannot read {}", data_file()), errno);
        tally.add({piece.data(), static_cast<std::size_t>(got)});
        if (tally.lines() || tally.started()) return false;
    }
    tally.finish();
    return tally.lines() == 0 && !tally.started();
}

void Feature::claim(bool force) const {
    if (force) return reset();
    if (enabled())
        throw base::Error(
            fmt::format("{} is on already: somebody else is recording ({} reads 1). Wait for its end, or "
                        "throw its events away with --force",
                        name(), file("enable")));
    if (!empty())
        throw base::Error(
            fmt::format("{} holds a recording that nobody has taken away: save it (cat {} > FILE) and empty "
                        "it (echo 0 > {}), or throw it away with --force",
                        name(), data_file(), file("reset")));
}

void Feature::start() const {
    int error = base::write_control_file(file("enable"), "1\n");
    if (error == EPERM && (enabled() || !empty()))
        throw base::Error(fmt::format("cannot start {}: somebody else has just started it", name()));
    if (error) write_control("enable", "1", fmt::format("start {}", name()));
}

bool Feature::stop() const {
    bool running = enabled();
    write_control("enable", "0", fmt::format("stop {}", name()));
    return running;
}

void Feature::reset() const {
    write_control("reset", "0", fmt::format("empty {}", name()));
}

std::uint64_t Feature::read_number(const std::string& name) const {
    const std::string text = read_control(name);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    // More than the module takes is none of its own.
    if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > UINT32_MAX)
        throw base::Error(fmt::format("{} reads '{}', which is no number above 0", file(name), text));
    return value;
}

std::chrono::milliseconds Feature::period() const { return std::chrono::milliseconds(read_number("period_msec")); }

void Feature::set_period(std::chrono::milliseconds period) const {
    write_control("period_msec", std::to_string(period.count()), "set the period");
}

void Feature::check_has(const std::string& name) const {
    if (!std::filesystem::exists(file(name)))
        throw base::Error(fmt::format("there is no {}: the module {} that is loaded is older than this program; unload it (rmmod {}) and load the new one",
                                      file(name), kModuleName, kModuleName));
}

bool Feature::overwrites() const {
    check_has("overwrite");
    return read_control("overwrite") == "1";
}

void Feature::set_overwrite(bool overwrite) const {
    write_control("overwrite", overwrite ? "1" : "0", overwrite ? "keep the newest events" : "keep the oldest events");
}

std::uint64_t Feature::buffer_kb() const {
    check_has("buffer_size_kb");
    return read_number("buffer_size_kb");
}

void Feature::set_buffer_kb(std::uint64_t kb) const {
    write_control("buffer_size_kb", std::to_string(kb), "set the size of the buffers");
}

base::UniqueFd Feature::open_pipe() const {
    check_has("trace_pipe");
    base::UniqueFd fd(::open(file("trace_pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!fd) throw base::system_error(fmt::format("cannot open {}", file("trace_pipe")), errno, access_hint(errno));
    return fd;
}

void Feature::read(const std::function<void(std::string_view)>& take) const {
    base::UniqueFd fd(::open(data_file().c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) throw base::system_error(fmt::format("cannot open {}", data_file()), errno, access_hint(errno));
    std::vector<char> piece(kPiece);
    ssize_t got;
    while ((got = ::read(fd.get(), piece.data(), piece.size())) != 0) {
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw base::system_error(fmt::format("cannot read {}", data_file()), errno);
        take({piece.data(), static_cast<std::size_t>(got)});
    }
}

}  // namespace migrecord
