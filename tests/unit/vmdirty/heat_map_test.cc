/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/heat_map.h"

#include <catch2/catch.hpp>

using namespace vmdirty;
using Cells = std::vector<std::vector<double>>;

namespace {

Bitmap bitmap(std::uint64_t begin, std::uint64_t end) {
    Bitmap bitmap(10);
    bitmap.set(begin, end);
    return bitmap;
}

}  // namespace

TEST_CASE("a heat map has a column for each interval while there is room, and then for several") {
    HeatMap map(10, 2, 4);
    CHECK(map.cells().empty());
    for (std::uint64_t i = 0; i < 4; i++) map.add(bitmap(0, i));
    CHECK(map.cells() == Cells{{0, 0}, {0.2, 0}, {0.4, 0}, {0.6, 0}});
    map.add(bitmap(5, 10));
    CHECK(map.cells() == Cells{{0.1, 0}, {0.5, 0}, {0, 1}});
    map.add(bitmap(0, 0));
    CHECK(map.cells() == Cells{{0.1, 0}, {0.5, 0}, {0, 0.5}});
    for (int i = 0; i < 1000; i++) map.add(bitmap(0, 10));
    CHECK(map.cells().size() <= 4);
}

TEST_CASE("a heat map has no more rows than there are pages") {
    HeatMap map(3, 256, 4);
    Bitmap all(3);
    all.set(1, 2);
    map.add(all);
    CHECK(map.cells() == Cells{{0, 1, 0}});
}
