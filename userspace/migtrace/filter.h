/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Which migrations are looked at.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "migtrace/comm_table.h"
#include "migtrace/event.h"
#include "migtrace/header.h"
#include "migtrace/record.h"

namespace migtrace {

/// Values of one property of a migration: only these (`include`), or all but these (`exclude`); not both.
/// Empty: all.
template <class T>
struct Selection {
    std::vector<T> include, exclude;

    bool empty() const { return include.empty() && exclude.empty(); }
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
    Selection<std::string> comm;   ///< of the process when it migrates, see Comm; "" if it has none
    Selection<std::int64_t> cpu_event, cpu_from, cpu_to;  ///< the CPU that recorded it; the CPUs it tells of
    Selection<std::int64_t> pid;                          ///< also for comm events

    /// Throws base::UsageError for a selection that includes and excludes.
    void check() const;
    bool empty() const {
        return cause.empty() && comm.empty() && cpu_event.empty() && cpu_from.empty() && cpu_to.empty() && pid.empty();
    }
};

/// Filters, ready for one trace.
class Filter {
 public:
    /// Throws base::Error for a selection that includes and excludes, and for a cause that `header` does not
    /// name.
    Filter(Filters filters, const TraceHeader& header);

    /// `comm` is looked at only if wants_comm().
    bool passes(const Event& migration, const Comm& comm) const {
        return passes(migration.number, migration, comm);
    }
    bool passes(const Record& migration, const Comm& comm) const {
        return passes(migration.code, migration, comm);
    }
    bool passes_all() const { return passes_all_; }
    bool wants_comm() const { return !filters_.comm.empty(); }
    bool passes_pid(std::int32_t pid) const { return filters_.pid.passes(pid); }

 private:
    bool passes(unsigned cause, const auto& migration, const Comm& comm) const {
        return causes_[cause] && filters_.cpu_event.passes(migration.cpu) &&
               filters_.cpu_from.passes(migration.from) && filters_.cpu_to.passes(migration.to) &&
               passes_pid(migration.pid) && (!wants_comm() || filters_.comm.passes(comm));
    }
    Filters filters_;
    bool passes_all_;
    std::vector<bool> causes_;  // by number
};

}  // namespace migtrace
