/* SPDX-License-Identifier: GPL-2.0-only */
// migrate_extract with any command line and any stat file.

#define main migrate_extract_main
#include "tools/migrate_extract.cc"
#undef main

#include <nlohmann/json.hpp>

#include "fuzz/harness.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text_of(data, size);
    const fuzz::File file(text);
    try {
        migtrace::read_stat({file.path()});
    } catch (const base::Error&) {
    }
    migtrace::Extraction job;
    try {
        CommandLine line(kInfo);
        describe(line);
        if (!fuzz::CommandWords(text, "--extract 2 --ts_rel --ts_gmt --ts_loc --ts_date").parse(line)) return 0;
        job = extraction(line);
    } catch (const base::UsageError&) {
        return 0;
    }
    job.files = {file.path()};
    const fuzz::Outcome outcome = fuzz::outcome([&](migtrace::Output& output) { migtrace::run(job, output); });
    if (outcome.error || job.form != migtrace::Form::Json) return 0;
    for (std::string_view rest = outcome.text; !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        fuzz::require(nlohmann::json::accept(line), fmt::format("not JSON: {}", line));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    }
    return 0;
}
