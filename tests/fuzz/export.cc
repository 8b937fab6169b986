/* SPDX-License-Identifier: GPL-2.0-only */
// migrate_export with any command line and any trace: what comes out is JSON.

#define main migrate_export_main
#include "tools/migrate_export.cc"
#undef main

#include <nlohmann/json.hpp>

#include "fuzz/harness.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text_of(data, size);
    migtrace::WalkOptions options;
    bool strict = false;
    try {
        CommandLine line(kInfo);
        add_options(line);
        if (!fuzz::CommandWords(text, "").parse(line)) return 0;
        options = walk_options(line);
        strict = line.flag("strict");
    } catch (const base::UsageError&) {
        return 0;
    }
    const fuzz::File file(text);
    const fuzz::Outcome outcome = fuzz::outcome([&](migtrace::Output& output) {
        migtrace::TraceReader reader({.files = {file.path()}, .strict = strict});
        migtrace::ChromeTrace trace(output);
        migtrace::walk(reader, options, {&trace});
    });
    fuzz::require(outcome.error || nlohmann::json::accept(outcome.text), "not JSON: " + outcome.text);
    return 0;
}
