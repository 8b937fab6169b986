/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Filters for some of the listeners of one walk.

#include <optional>
#include <vector>

#include "migtrace/residency.h"
#include "migtrace/walk.h"

namespace migreport {

/// Passes on what it is told, and of migrations those that pass the filters. Views that follow tasks have to
/// see all migrations of a walk, others only some: those stand behind a sieve. The filter of comm events by
/// pid belongs to the walk.
class Sieve : public migtrace::EventListener {
 public:
    /// The listeners outlive the sieve.
    Sieve(const migtrace::Filters& filters, std::vector<migtrace::EventListener*> listeners)
        : filters_(filters), one_by_one_(filters), listeners_(std::move(listeners)) {}

    /// Throws base::Error for a cause that the header does not name.
    void begin(const migtrace::TraceInfo& info) override;
    void start(const migtrace::Event& event) override;
    void comm(const migtrace::Event& event) override;
    void mark(const migtrace::Event& event) override;
    void migration(const migtrace::Migration& migration) override;
    void migrations(const migtrace::Migrations& some) override;
    void end(const migtrace::TraceInfo& info) override;

 private:
    migtrace::Filters filters_;
    migtrace::LateFilter one_by_one_;
    std::optional<migtrace::Filter> filter_;
    std::vector<migtrace::EventListener*> listeners_;
    std::vector<migtrace::Record> passed_;
};

}  // namespace migreport
