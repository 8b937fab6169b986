/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmpredict/curve.h"

#include <catch2/catch.hpp>

using vmpredict::DirtyCurve;
using Beyond = DirtyCurve::Beyond;

TEST_CASE("who writes new pages all the time has a straight line") {
    const DirtyCurve curve({{0.1, 100}, {1, 1000}, {10, 10000}}, 1e6, Beyond::Slope);
    CHECK(curve.pages(0) == 0);
    CHECK(curve.pages(0.01) == Approx(10));
    CHECK(curve.pages(0.5) == Approx(500));
    CHECK(curve.pages(3) == Approx(3000));
    CHECK(curve.pages(20) == Approx(20000));
    CHECK(curve.pages(1e9) == 1e6);
}

TEST_CASE("who writes the same pages again and again has as many in a short window") {
    const DirtyCurve curve({{0.1, 500}, {1, 500}, {10, 500}}, 1e6, Beyond::Slope);
    CHECK(curve.pages(0.001) == Approx(500));
    CHECK(curve.pages(4) == Approx(500));
    CHECK(curve.pages(100) == Approx(500));
}

TEST_CASE("behind the longest window it goes on as it is told") {
    const std::vector<DirtyCurve::Point> points = {{1, 100}, {2, 150}, {4, 200}};
    CHECK(DirtyCurve(points, 1e6, Beyond::Flat).pages(8) == Approx(200));
    CHECK(DirtyCurve(points, 1e6, Beyond::Slope).pages(8) == Approx(300));
    CHECK(DirtyCurve(points, 1e6, Beyond::Chord).pages(8) == Approx(400));
    CHECK(DirtyCurve(points, 1e6, Beyond::Chord).longest() == 4);
}

TEST_CASE("a longer window never has less, and one point is enough") {
    const DirtyCurve uneven({{10, 90}, {1, 100}}, 1e6, Beyond::Slope);
    CHECK(uneven.pages(10) == Approx(100));
    const DirtyCurve one({{1, 100}}, 1e6, Beyond::Slope);
    CHECK(one.pages(0.5) == Approx(50));
    CHECK(one.pages(2) == Approx(200));
    const DirtyCurve none({{1, 0}, {2, 0}}, 1e6, Beyond::Slope);
    CHECK(none.pages(0.5) == 0);
    CHECK(none.pages(5) == 0);
    const DirtyCurve late({{1, 0}, {2, 10}}, 1e6, Beyond::Slope);
    CHECK(late.pages(0.5) == 0);
    CHECK(late.pages(1.5) == Approx(5));
}
