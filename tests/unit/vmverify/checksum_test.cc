/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmverify/checksum.h"

#include <catch2/catch.hpp>

using namespace vmverify;

namespace {

std::string bsd_sum(const std::string& text) {
    BsdSum sum;
    sum.add(text);
    return sum.text();
}

std::string sha256(const std::string& text) {
    Sha256 sum;
    sum.add(text);
    return sum.text();
}

}  // namespace

TEST_CASE("sums are those of sum -r") {
    // printf '...' | sum -r
    CHECK(bsd_sum("") == "00000     0");
    CHECK(bsd_sum("a") == "00097     1");
    CHECK(bsd_sum("123456789") == "53615     1");
    CHECK(bsd_sum(std::string(1024, '\xff')) == "33787     1");
    CHECK(bsd_sum(std::string(1025, 'x')).ends_with("     2"));
}

TEST_CASE("SHA-256 is that of FIPS 180-4") {
    CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("what is added in parts has the sum of the whole") {
    BsdSum sum;
    Sha256 sha;
    for (const char* part : {"1234", "", "56789"}) {
        sum.add(part);
        sha.add(part);
    }
    CHECK(sum.text() == bsd_sum("123456789"));
    CHECK(sha.text() == sha256("123456789"));
}
