/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// One of the two directories of the module in debugfs, migration_trace or migration_stat: start, stop, read,
// empty.

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace migrecord {

class Feature {
 public:
    enum Kind { Trace, Stat };

    /// In the debugfs that is mounted at `debugfs`. Throws Error when it cannot be used, with the reason.
    Feature(Kind kind, const std::string& debugfs);

    Kind kind() const { return kind_; }
    /// "migration_trace" or "migration_stat".
    const char* name() const;
    /// The file with the text.
    std::string data_file() const;
    std::string file(const std::string& name) const { return directory_ + "/" + name; }

    bool enabled() const;
    /// Whether a recording lies in it.
    bool empty() const;

    /// Makes sure that it is off and empty. Without `force` an Error explains that somebody uses it, and
    /// `force` throws away what is there.
    void claim(bool force) const;

    /// Throws Error.
    void start() const;
    /// False when it had stopped by itself before. Throws Error.
    bool stop() const;
    /// Empties it. Throws Error.
    void reset() const;

    /// Length of a period of statistics, only while it is empty. Throws Error.
    std::chrono::milliseconds period() const;
    void set_period(std::chrono::milliseconds period) const;

    /// Whether buffers keep the newest events instead of stopping; only while it is empty. Throws Error, also where the module is too old.
    bool overwrites() const;
    void set_overwrite(bool overwrite) const;
    /// KiB for each CPU, of a trace; changed only while it is empty. Throws Error, also where the module is too old.
    std::uint64_t buffer_kb() const;
    void set_buffer_kb(std::uint64_t kb) const;
    /// Events as they come: the file trace_pipe, whose read() does not wait. Throws Error, also where the module is too old.
    base::UniqueFd open_pipe() const;

    /// Reads the text in large pieces. Throws Error, also what `take` throws.
    void read(const std::function<void(std::string_view)>& take) const;

 private:
    void check_has(const std::string& name) const;
    std::string read_control(const std::string& name) const;
    std::uint64_t read_number(const std::string& name) const;
    void write_control(const std::string& name, const std::string& value, const std::string& doing) const;

    Kind kind_;
    std::string directory_;
};

}  // namespace migrecord
