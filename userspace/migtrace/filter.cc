/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/filter.h"

#include <fmt/format.h>

#include "base/error.h"

namespace migtrace {

namespace {

template <class T>
void check_one(const Selection<T>& selection, const char* name) {
    if (!selection.include.empty() && !selection.exclude.empty())
        throw base::UsageError(
            fmt::format("--{0} and --{0}_exclude exclude each other; give one of them", name));
}

void check_cause(const std::string& name, const TraceHeader& header) {
    std::string known;
    for (const auto& [number, cause] : header.causes()) {
        if (cause == name) return;
        known += ' ' + cause;
    }
    throw base::Error(fmt::format("unknown cause '{}'; the header of the trace names{}", name,
                                  known.empty() ? " none" : ":" + known));
}

}  // namespace

void Filters::check() const {
    check_one(cause, "cause");
    check_one(comm, "comm");
    check_one(cpu_event, "cpu_event");
    check_one(cpu_from, "cpu_from");
    check_one(cpu_to, "cpu_to");
    check_one(pid, "pid");
}

Filter::Filter(Filters filters, const TraceHeader& header)
    : filters_(std::move(filters)), passes_all_(filters_.empty()), causes_(kMostEvents) {
    filters_.check();
    for (const auto* names : {&filters_.cause.include, &filters_.cause.exclude})
        for (const std::string& name : *names) check_cause(name, header);
    for (const auto& [number, name] : header.causes()) causes_[number] = filters_.cause.passes(name);
}

}  // namespace migtrace
