/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The pictures of a page, as SVG inside of HTML. Each has a title and a description for those who do not see
// it, and says in words what would be a broken picture.

#include "migreport/collect.h"
#include "migreport/html.h"
#include "migtrace/cpu_groups.h"

namespace migreport {

/// Causes that occur, the most frequent first: places in Counters::causes().
std::vector<std::size_t> causes_by_count(const migtrace::Counters& counters);

/// A small square in a colour.
std::string swatch(std::string_view colour);

/// Migrations per second by cause, with marks.
void draw_timeline(Html& page, const Collected& all);

/// From group to group of CPUs; `sums` as sum_groups() returns them.
void draw_heat_map(Html& page, const migtrace::CpuGroups& groups, const std::vector<std::uint64_t>& sums,
                   std::uint64_t duration);

/// How long tasks stay, by cause.
void draw_stays(Html& page, const migtrace::Residency& residency);

/// How far tasks move, by cause.
void draw_distances(Html& page, const migtrace::TopologyCounters& topology);

/// Colour of a distance, in the order of migtrace::Distance.
std::string_view distance_colour(std::size_t distance);

}  // namespace migreport
