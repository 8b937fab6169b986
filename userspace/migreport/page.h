/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// One page of HTML about a trace. It holds all that it needs, asks the network for nothing and forbids the
// browser to; it is complete without its script, which only shows figures under the pointer at once.

#include <string>

#include "migreport/collect.h"

namespace migreport {

/// The same for the same trace: no time of day, no machine is in it. `title` may be empty.
std::string make_page(const Collected& all, const Source& source, const std::string& title);

}  // namespace migreport
