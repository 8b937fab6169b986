/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The sections of a page: a sentence how to read it, a picture, figures, and the command that prints the same
// figures.

#include <vector>

#include "migreport/collect.h"
#include "migreport/html.h"

namespace migreport {

struct Section {
    const char* id;
    const char* title;
    void (*write)(Html& page, const Collected& all, const Source& source);
};

/// In the order of the page.
const std::vector<Section>& sections();

}  // namespace migreport
