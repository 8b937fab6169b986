/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/libvirt.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace vmhost;

TEST_CASE("virsh passes on what QEMU answers") {
    CHECK(parse_answer("{\"return\":{\"running\":true},\"id\":\"libvirt-413\"}\n\n", "query-status") == nlohmann::json{{"running", true}});
    CHECK_THROWS_WITH(parse_answer(R"({"id":"libvirt-414","error":{"class":"CommandNotFound","desc":"no\u001b such"}})", "x"),
                      "x is refused: no\\x1b such");
    for (const char* text : {"", "error: x", "[]", "{", R"({"id":1})", R"({"error":{"desc":7}})"}) {
        INFO(text);
        CHECK_THROWS_AS(parse_answer(text, "x"), base::Error);
    }
}
