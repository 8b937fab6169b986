/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Which migrations are looked at.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "migtrace/event.h"
#include "migtrace/header.h"

namespace migtrace {

/// Values of one property of a migration: only these (`include`), or all but these (`exclude`); not both.
/// Empty: all.
template <class T>
struct Selection {
    std::vector<T> include, exclude;

    bool passes(const auto& value) const {
        auto in = [&](const std::vector<T>& list) {
            for (const T& item : list)
                if (item == value) return true;
            return false;
        };
        return include.empty() ? exclude.empty() || !in(exclude) : in(include);
    }
};

/// A migration passes when it passes every selection.
struct Filters {
    Selection<std::string> cause;  ///< names as in the header
    Selection<std::string> comm;   ///< of the process when it migrates; "" if it has none
    Selection<std::int64_t> cpu_event, cpu_from, cpu_to;  ///< the CPU that recorded it; the CPUs it tells of
    Selection<std::int64_t> pid;                          ///< also for comm events

    /// Throws base::UsageError for a selection that includes and excludes.
    void check() const;
};

/// Filters, ready for one trace.
class Filter {
 public:
    /// Throws base::Error for a selection that includes and excludes, and for a cause that `header` does not
    /// name.
    Filter(Filters filters, const TraceHeader& header);

    bool passes(const Event& migration, std::string_view comm) const {
        return causes_[migration.number] && filters_.cpu_event.passes(migration.cpu) &&
               filters_.cpu_from.passes(migration.from) && filters_.cpu_to.passes(migration.to) &&
               passes_pid(migration.pid) && filters_.comm.passes(comm);
    }
    bool passes_pid(std::int32_t pid) const { return filters_.pid.passes(pid); }

 private:
    Filters filters_;
    std::vector<bool> causes_;  // by number
};

}  // namespace migtrace
