/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Where the part of each CPU begins in the raw file of the kernel, without reading all of it.

#include <cstdint>
#include <vector>

#include "migtrace/event.h"
#include "migtrace/line_reader.h"

namespace migtrace {

/// Exact where time goes back from one sample to the next, which it does where a part begins that is longer than the
/// distance of two. Others are missed: what reads the runs has to see that one is not in order.
struct RunGuess {
    std::vector<LineReader::Position> begins;  ///< all but the first without their number
    std::vector<Event> starts;                 ///< start lines with which runs begin
    std::uint64_t latest = 0;                  ///< time stamp of the samples
};

/// Of the first file of `lines`, from its first event on.
RunGuess guess_runs(LineReader& lines, const LineReader::Position& first_event);

}  // namespace migtrace
