/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// A trace as it comes, in pieces of any size.

#include <string>
#include <string_view>

#include "migtrace/comm_table.h"
#include "migtrace/header.h"
#include "migwatch/rates.h"

namespace migwatch {

class TraceStream {
 public:
    TraceStream(std::string name, Rates& rates) : name_(std::move(name)), rates_(rates) {}

    /// Throws Error for what is no trace, and for a version that cannot be read.
    void add(std::string_view piece);
    const migtrace::TraceHeader& header() const { return header_; }
    /// That made no sense.
    std::uint64_t skipped_lines() const { return skipped_; }

 private:
    void line(std::string_view text);
    void skip();
    std::string name_;
    Rates& rates_;
    migtrace::TraceHeader header_;
    migtrace::CommTable comms_;
    std::string rest_;        // the begin of a line
    bool overlong_ = false;   // it is too long, and passed over
    std::uint64_t lines_ = 0, skipped_ = 0;
};

}  // namespace migwatch
