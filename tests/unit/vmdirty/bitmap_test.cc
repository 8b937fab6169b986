/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/bitmap.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <utility>

using vmdirty::Bitmap;
using Runs = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

namespace {

Runs runs(const Bitmap& bitmap) {
    Runs runs;
    bitmap.for_each_run([&](std::uint64_t begin, std::uint64_t end) { runs.emplace_back(begin, end); });
    return runs;
}

}  // namespace

TEST_CASE("a bitmap has the pages that were set, as runs") {
    Bitmap bitmap(200);
    CHECK(runs(bitmap).empty());
    bitmap.set(0, 1);
    bitmap.set(60, 130);
    bitmap.set(199, 200);
    CHECK(runs(bitmap) == Runs{{0, 1}, {60, 130}, {199, 200}});
    CHECK(bitmap.count() == 72);
    CHECK(bitmap.test(129));
    CHECK_FALSE(bitmap.test(130));
    CHECK(bitmap.words().size() == 4);
    CHECK(bitmap.words()[1] == ~std::uint64_t{0});
    bitmap.clear();
    CHECK(bitmap.count() == 0);
    bitmap.set(0, 200);
    CHECK(runs(bitmap) == Runs{{0, 200}});
}

TEST_CASE("whatever is set in a bitmap is there, and nothing else") {
    std::mt19937 random(1);
    for (int round = 0; round < 200; round++) {
        const std::uint64_t pages = 1 + random() % 300;
        Bitmap bitmap(pages);
        std::vector<bool> model(pages);
        for (int i = 0; i < 5; i++) {
            const std::uint64_t begin = random() % pages, end = begin + random() % (pages - begin + 1);
            bitmap.set(begin, end);
            for (std::uint64_t page = begin; page < end; page++) model[page] = true;
        }
        std::vector<bool> seen(pages);
        bitmap.for_each_run([&](std::uint64_t begin, std::uint64_t end) {
            REQUIRE(end > begin);
            for (; begin < end; begin++) seen[begin] = true;
        });
        REQUIRE(seen == model);
        const std::uint64_t begin = random() % pages, end = begin + random() % (pages - begin + 1);
        REQUIRE(bitmap.count(begin, end) == static_cast<std::uint64_t>(std::count(model.begin() + static_cast<std::ptrdiff_t>(begin),
                                                                                  model.begin() + static_cast<std::ptrdiff_t>(end), true)));
    }
}
