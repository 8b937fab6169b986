/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Where what is watched comes from: the module, shared with whoever uses it already, or a stream of somebody else's.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "migrecord/facility.h"
#include "migrecord/feature.h"
#include "migwatch/stat_tail.h"

namespace migwatch {

class Session {
 public:
    virtual ~Session() = default;
    /// Readable when there is more of the trace; read() of it ends with 0 at the end.
    virtual int fd() const = 0;
    /// Adds what others count by cause. Throws Error.
    virtual void read_counts(Rates&) {}
    /// The first that is read happened before: somebody else has recorded it.
    virtual bool has_past() const { return false; }
    /// What it is called in messages.
    virtual std::string name() const = 0;
};

/// The module. What was off is switched on, and off again at the end; a trace or statistics that somebody else has switched on are
/// shared, and left alone. `period`: of statistics that are switched on. Throws Error.
std::unique_ptr<Session> watch_module(const migrecord::FacilityOptions& options, std::chrono::milliseconds period,
                                      const std::function<void(const std::string&)>& warn);

/// A file, a pipe, or standard input ("-"). Throws Error.
std::unique_ptr<Session> watch_file(const std::string& path);

}  // namespace migwatch
