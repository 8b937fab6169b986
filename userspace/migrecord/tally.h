/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Counts what a summary says while the text of a trace or a stat file streams by, in whatever pieces.
// Analysis is the business of other libraries; this one must not cost a second pass over a large file.

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace migrecord {

class Tally {
 public:
    void add(std::string_view piece);
    /// After the last piece: a line that has no end counts too.
    void finish();

    std::uint64_t bytes() const { return bytes_; }
    /// Events of a trace, or periods of a stat file.
    std::uint64_t lines() const { return lines_; }
    /// Migrations: of a trace, or the sum of the field `migrate` of a stat file.
    std::uint64_t migrations() const { return migrations_; }
    /// CPUs that recorded something.
    std::size_t cpus() const { return cpus_.size(); }
    /// From the first to the last time stamp of a trace, in nanoseconds.
    std::uint64_t span_ns() const { return lines_ && last_ > first_ ? last_ - first_ : 0; }
    /// A collection of statistics was started (`# gettimeofday`).
    bool started() const { return started_; }
    std::uint64_t period_msec() const { return period_msec_; }

 private:
    void line(std::string_view text);
    void header(std::string_view text);

    std::string rest_;
    std::uint64_t bytes_ = 0, lines_ = 0, migrations_ = 0;
    std::uint64_t first_ = UINT64_MAX, last_ = 0;
    std::uint64_t period_msec_ = 0;
    unsigned migrate_field_ = 0;
    bool started_ = false;
    std::set<std::uint32_t> cpus_;
};

}  // namespace migrecord
