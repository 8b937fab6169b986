/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What happens when: causes and marks along the time.

#include <cstdint>
#include <optional>
#include <vector>

#include "migreport/bins.h"
#include "migtrace/walk.h"

namespace migreport {

/// Migrations by cause in columns of time.
class Timeline : public migtrace::EventListener {
 public:
    void begin(const migtrace::TraceInfo& info) override { info_ = &info; }
    void migration(const migtrace::Migration& migration) override;
    void migrations(const migtrace::Migrations& some) override;
    /// Few migrations get few columns: a picture of single ones would tell nothing.
    void end(const migtrace::TraceInfo& info) override;

    /// Nothing when there was no migration. The series are the causes in the order of their numbers.
    const std::optional<Bins>& bins() const { return bins_; }
    /// Where the columns end, ns of the kernel's clock. It is the end of the window, unless the last events lie so far
    /// behind that everything else would be one thin line: a damaged time stamp is enough for that.
    std::uint64_t shown_end() const { return shown_end_; }
    bool cut() const { return cut_; }  ///< whether it is not the end of the window

 private:
    struct Late {
        std::uint64_t ts;
        std::size_t cause;
    };
    void open();
    void add(std::uint64_t ts, std::size_t cause);
    void add_late();
    bool far(std::uint64_t ts) const;
    bool few(std::uint64_t late) const;

    const migtrace::TraceInfo* info_ = nullptr;  // of the walk, and no longer
    std::optional<Bins> bins_;
    std::uint64_t count_ = 0, last_ = 0;  // of what is in the columns
    std::vector<Late> late_;              // far behind it, and few so far
    std::uint64_t shown_end_ = 0;
    bool cut_ = false;
};

/// The first marks one by one, and the places of all.
class Marks : public migtrace::EventListener {
 public:
    static constexpr std::size_t kMost = 200;

    void mark(const migtrace::Event& event) override;

    struct Mark {
        std::uint64_t ts, value;
        std::uint32_t cpu;
        std::int32_t pid;
    };
    std::uint64_t count() const { return count_; }
    const std::vector<Mark>& first() const { return first_; }  ///< kMost at most
    /// Columns of time with the marks that lie in them; they count from the first mark. Nothing without a
    /// mark.
    const std::optional<Bins>& places() const { return places_; }

 private:
    std::uint64_t count_ = 0;
    std::vector<Mark> first_;
    std::optional<Bins> places_;
};

}  // namespace migreport
