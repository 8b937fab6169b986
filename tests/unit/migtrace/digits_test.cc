/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/digits.h"

#include <catch2/catch.hpp>
#include <random>

using namespace migtrace;

namespace {

/// Small and large numbers below `end`, and those around powers of ten.
std::vector<std::uint32_t> numbers_below(std::uint32_t end) {
    std::vector<std::uint32_t> numbers;
    for (std::uint32_t i = 0; i < 20'000; i++) numbers.push_back(i);
    for (std::uint64_t power = 10; power <= end; power *= 10)
        for (std::uint64_t n : {power - 1, power, power + 1, 5 * power}) numbers.push_back(static_cast<std::uint32_t>(n));
    std::mt19937 random(1);
    for (int i = 0; i < 100'000; i++) numbers.push_back(random() % end);
    std::erase_if(numbers, [end](std::uint32_t n) { return n >= end; });
    return numbers;
}

template <class Put>
std::string text(Put put) {
    char buffer[32];
    return {buffer, put(buffer)};
}

}  // namespace

TEST_CASE("numbers are written as printf does") {
    for (const std::uint32_t n : numbers_below(100'000'000)) {
        for (unsigned width : {1u, 4u, 7u, 8u})
            REQUIRE(text([&](char* at) { return put_padded(at, n, width); }) == fmt::format("{:{}}", n, width));
        REQUIRE(text([&](char* at) { return put_decimal(at, n); }) == fmt::format("{}", n));
    }
    for (const std::uint32_t n : numbers_below(1'000'000'000))
        REQUIRE(text([&](char* at) { return put_nine(at, n); }) == fmt::format("{:09}", n));
}
