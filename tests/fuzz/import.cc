/* SPDX-License-Identifier: GPL-2.0-only */
// migrate_import with any text of other tracers: what comes out is a trace without a fault, with as many migrations as
// it says.

#define main migrate_import_main
#include "tools/migrate_import.cc"
#undef main

#include "fuzz/harness.h"
#include "migtrace/trace_reader.h"

namespace {

void check_trace(const std::string& text, const migtrace::ImportSummary& summary) {
    const fuzz::File file(text);
    migtrace::TraceReader reader({.files = {file.path()}, .strict = true});
    std::uint64_t migrations = 0;
    migtrace::Event event;
    try {
        while (reader.next(event)) migrations += event.shape == migtrace::Shape::Migration;
    } catch (const base::Error& error) {
        fuzz::require(false, error.what());
    }
    for (const std::string& warning : reader.warnings()) fuzz::require(false, warning);
    fuzz::require(migrations == summary.migrations,
                  fmt::format("{} migrations instead of {}", migrations, summary.migrations));
    fuzz::require(summary.migrations == summary.try_to_wake_up + summary.sched_fork + summary.unknown,
                  "a migration without a cause");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text_of(data, size);
    migtrace::ImportOptions options;
    try {
        CommandLine line(kInfo);
        add_options(line);
        if (!fuzz::CommandWords(text, "").parse(line)) return 0;
        options = import_options(line);
    } catch (const base::UsageError&) {
        return 0;
    }
    const fuzz::File file(text);
    options.files = {file.path()};
    migtrace::ImportSummary summary;
    const fuzz::Outcome outcome =
        fuzz::outcome([&](migtrace::Output& output) { summary = migtrace::import_trace(options, output); });
    if (!outcome.error) check_trace(outcome.text, summary);
    return 0;
}
