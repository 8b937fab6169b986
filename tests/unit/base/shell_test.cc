/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/shell.h"

#include <catch2/catch.hpp>
#include <chrono>

#include "base/subprocess.h"

using base::shell_quoted;

TEST_CASE("plain words stay as they are, others are quoted") {
    CHECK(shell_quoted("build/migrate.trace-1_2") == "build/migrate.trace-1_2");
    CHECK(shell_quoted("") == "''");
    CHECK(shell_quoted("my trace") == "'my trace'");
    CHECK(shell_quoted("it's") == "'it'\\''s'");
    CHECK(shell_quoted("a\nb'\\") == "$'a\\x0ab\\'\\\\'");
    CHECK(shell_quoted("na\xc3\xafve") == "'na\xc3\xafve'");
    CHECK(shell_quoted("\xff") == "$'\\xff'");
}

TEST_CASE("bash reads a quoted word as it was, whatever is in it") {
    std::string every;
    for (int byte = 1; byte < 256; byte++) every += static_cast<char>(byte);
    for (const std::string& word :
         {every, std::string("$(id) `id` $HOME \"x\" 'y' \\ ; & | < > * ? # ~ ! {a,b}"), std::string("-n"),
          std::string("\x01"), std::string("a\x01")}) {
        const auto said =
            base::run({"bash", "-c", "printf %s " + shell_quoted(word)}, std::chrono::seconds(20));
        REQUIRE(said.success());
        CHECK(said.output == word);
    }
}
