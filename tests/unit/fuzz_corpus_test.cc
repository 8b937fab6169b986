/* SPDX-License-Identifier: GPL-2.0-only */
// Every input in the corpus of the fuzzers, which are in tests/fuzz: those that once were faults stay mended.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/file.h"

using Target = int(const std::uint8_t* data, std::size_t size);

// What the fuzzers' LLVMFuzzerTestOneInput() is called here.
extern "C" {
Target fuzz_stats, fuzz_reader, fuzz_scanner, fuzz_model, fuzz_stat, fuzz_import, fuzz_export, fuzz_graph, fuzz_options, fuzz_packet,
    fuzz_log, fuzz_wire, fuzz_vmhost, fuzz_qmp, fuzz_ramstream, fuzz_ramfile, fuzz_perf, fuzz_domain, fuzz_predict, fuzz_watch;
}

namespace {

/// Calls a target with each of its files, in the order of their names.
void replay(const std::string& name, Target& target) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(FUZZ_CORPUS) / name))
        files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    CHECK_FALSE(files.empty());
    for (const auto& file : files) {
        INFO(file.string());
        const std::string text = base::read_file(file);
        CHECK_NOTHROW(target(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
    }
}

}  // namespace

TEST_CASE("inputs of the fuzzers are read as they should be") {
    replay("stats", fuzz_stats);
    replay("reader", fuzz_reader);
    replay("scanner", fuzz_scanner);
    replay("model", fuzz_model);
    replay("stat", fuzz_stat);
    replay("import", fuzz_import);
    replay("export", fuzz_export);
    replay("graph", fuzz_graph);
    replay("options", fuzz_options);
    replay("packet", fuzz_packet);
    replay("log", fuzz_log);
    replay("wire", fuzz_wire);
    replay("vmhost", fuzz_vmhost);
    replay("qmp", fuzz_qmp);
    replay("ramstream", fuzz_ramstream);
    replay("ramfile", fuzz_ramfile);
    replay("perf", fuzz_perf);
    replay("domain", fuzz_domain);
    replay("predict", fuzz_predict);
    replay("watch", fuzz_watch);
}
