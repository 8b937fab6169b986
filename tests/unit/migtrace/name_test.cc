/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/name.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>
#include <string>

#include "migtrace/chains.h"

using migtrace::Chains;
using migtrace::Keyed;
using migtrace::Name;
using migtrace::Names;

TEST_CASE("a name keeps up to 255 bytes, wherever it goes") {
    for (std::size_t size : {0u, 1u, 14u, 15u, 16u, 17u, 200u, 255u, 256u, 1000u}) {
        const std::string text(size, 'x'), kept = text.substr(0, Name::kLongest);
        Name name(text);
        CHECK(std::string_view(name) == kept);
        Name copy(name), moved(std::move(name));
        CHECK(std::string_view(copy) == kept);
        CHECK(std::string_view(moved) == kept);
        copy.set("short");
        CHECK(std::string_view(copy) == "short");
        CHECK(std::string_view(moved) == kept);
        copy = moved;
        CHECK(std::string_view(copy) == kept);
        copy.set({});
        CHECK(std::string_view(copy).empty());
    }
}

TEST_CASE("each of many names has one number, and keeps its place") {
    Names names;
    std::map<std::string, std::uint32_t> numbers = {{"", 0}};
    std::map<std::string, const char*> places;
    for (unsigned i = 0; i < 100'000; i++) {
        const std::string name = "name " + std::to_string(i * 7919 % 50'000) + std::string(i % 3 == 0 ? 0 : 20, 'y');
        const auto [known, is_new] = numbers.emplace(name, numbers.size());
        REQUIRE(names.number(name) == known->second);
        if (is_new) places[name] = names[known->second].data();
    }
    CHECK(names.number("") == 0);
    for (const auto& [name, number] : numbers) REQUIRE(names[number] == name);
    for (const auto& [name, place] : places) REQUIRE(names[numbers[name]].data() == place);
}

TEST_CASE("lists lose what is popped, in the middle too, and its room is used again") {
    Chains<int> chains;
    Chains<int>::List a = 0, b = 0;
    for (int i = 0; i < 5; i++) {
        chains.add(a, i);
        chains.add(b, 10 * i);
    }
    chains.pop(chains.rest(a));  // 3
    const Chains<int>::List was = a;
    chains.pop(a);  // 4
    Chains<int>::List c = 0;
    chains.add(c, 7);
    CHECK(c == was);
    auto all = [&](Chains<int>::List list) {
        std::vector<int> values;
        for (; list; list = chains.rest(list)) values.push_back(chains[list]);
        return values;
    };
    CHECK(all(a) == std::vector{2, 1, 0});
    CHECK(all(b) == std::vector{40, 30, 20, 10, 0});
    chains.clear(b);
    CHECK(b == 0);
    CHECK(all(a) == std::vector{2, 1, 0});
}

TEST_CASE("a ring leads from its last item to the first") {
    Chains<int> chains;
    Chains<int>::List last = 0;
    for (int i = 0; i < 4; i++) chains.append(last, i);
    std::vector<int> values;
    auto at = last;
    do values.push_back(chains[at = chains.rest(at)]);
    while (at != last);
    CHECK(values == std::vector{0, 1, 2, 3});
}

TEST_CASE("values by key, for owners that have few and others that have thousands") {
    Keyed<std::uint64_t> keyed;
    std::map<std::uint32_t, Keyed<std::uint64_t>::Of> owners;
    std::map<std::uint32_t, std::map<std::uint64_t, std::uint64_t>> model;
    std::mt19937 random(1);
    for (int i = 0; i < 50'000; i++) {
        const std::uint32_t owner = random() % 4;
        const std::uint64_t key = std::uint64_t{random() % (owner == 0 ? 5 : owner == 1 ? 33 : 4000)} << 32 | owner;
        keyed.at(owners[owner], owner, key) += 1;
        model[owner][key]++;
    }
    for (const auto& [owner, of] : owners) {
        std::map<std::uint64_t, std::uint64_t> seen;
        keyed.for_each(of, [&](std::uint64_t key, std::uint64_t value) { CHECK(seen.emplace(key, value).second); });
        CHECK(seen == model[owner]);
    }
}
