/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmverify/faults.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace vmverify;

namespace {

std::string mapping(const std::string& line, const std::string& flags) {
    return line + "\nSize:               1024 kB\nRss:                   0 kB\nVmFlags: " + flags + " \n";
}

}  // namespace

TEST_CASE("mappings with a userfaultfd are found by their flags") {
    const std::string plain = "7f0000000000-7f0000100000 rw-p 00000000 00:00 0 ",
                      watched = "7f1000000000-7f1000100000 rw-s 00001000 00:01 1026  /memfd:ram (deleted)";
    CHECK(mappings_with_userfaultfd("").empty());
    CHECK(mappings_with_userfaultfd(mapping(plain, "rd wr mr mw me ac")).empty());
    for (const char* flag : {"um", "uw", "ui"}) {
        INFO(flag);
        const auto found = mappings_with_userfaultfd(mapping(plain, "rd wr mr mw me ac") + mapping(watched, std::string("rd wr sh ") + flag + " sd") +
                                                     mapping(plain, "rd"));
        REQUIRE(found.size() == 1);
        CHECK(found[0].begin == 0x7f1000000000);
        CHECK(found[0].end == 0x7f1000100000);
    }
    // Only among the flags, and only as a word.
    CHECK(mappings_with_userfaultfd(mapping(plain + " /um uw ui", "rd wr")).empty());
    CHECK(mappings_with_userfaultfd(mapping(plain, "uwm xuw")).empty());
}

TEST_CASE("lines that no kernel writes into smaps") {
    CHECK_THROWS_AS(mappings_with_userfaultfd("VmFlags: uw\n"), base::Error);
    CHECK_THROWS_AS(mappings_with_userfaultfd("no mapping\n\nVmFlags: uw\n"), base::Error);
}

TEST_CASE("smaps of a process that has no userfaultfd") { CHECK(mappings_with_userfaultfd(vmhost::Process(::getpid()).read("smaps")).empty()); }
