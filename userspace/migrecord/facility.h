/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The module and its files, made ready for a recording and left as they were found.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace migrecord {

/// Where debugfs is mounted, from the text of /proc/mounts: /sys/kernel/debug when it is one of several
/// places.
std::optional<std::string> debugfs_mount(std::string_view mounts);

struct FacilityOptions {
    std::string debugfs;                        ///< empty: found or mounted
    std::string module_file;                    ///< empty: modprobe, or where it is built
    std::optional<std::uint64_t> trace_buf_kb;  ///< for loading
    bool keep_module = false;                   ///< do not unload what was loaded
};

class Facility {
 public:
    using Say = std::function<void(const std::string&)>;

    /// Loads the module and mounts debugfs where they are missing. `warn` is told what the user should know.
    /// Throws Error.
    Facility(const FacilityOptions& options, Say warn);
    ~Facility() { restore(); }
    Facility(const Facility&) = delete;
    Facility& operator=(const Facility&) = delete;

    const std::string& debugfs() const { return debugfs_; }

    /// Unloads and unmounts what the constructor loaded and mounted; what fails is a warning.
    void restore();
    /// Leaves everything as it is now: something in there is worth keeping.
    void abandon() { loaded_ = mounted_ = false; }

 private:
    void find_debugfs(const std::string& wanted);
    void load(const FacilityOptions& options);

    Say warn_;
    std::string debugfs_;
    bool loaded_ = false;
    bool mounted_ = false;
    bool keep_module_;
};

}  // namespace migrecord
