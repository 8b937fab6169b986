/* SPDX-License-Identifier: GPL-2.0-only */
// mig_mon: the memory and the network of a migrating VM, emulated and measured.

#include "tools/mig_mon.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.h"
#include "base/tool_main.h"
#include "base/version.h"

namespace {

constexpr const char* kHelp =
    "Usage: mig_mon COMMAND [OPTION]...\n\n"
    "Emulates and measures what a live migration of a VM does to memory and network.\n\n"
    "Commands (each has --help):\n"
    "  vm            emulate the streams of a migration, precopy and postcopy\n"
    "  mm_dirty      dirty memory at a rate\n"
    "  server_rr     send packets back,\n"
    "  client_rr     and measure for how long they stay away: the downtime of a network\n"
    "  server        the same one way: receive packets, and watch for gaps,\n"
    "  client        and send them\n"
    "  plot          draw what mm_dirty and these have written\n\n"
    "General:\n"
    "  -h, --help     print this help and exit\n"
    "  -v, --version  print the version and exit\n\n"
    "Examples:\n"
    "  mig_mon vm -d\n"
    "  mig_mon vm -s -H DESTINATION -t precopy -t postcopy\n"
    "      On two hosts: how fast would a migration be between them?\n"
    "  mig_mon mm_dirty -m 2G -r 500M -p random\n"
    "      In a guest: dirty 500 MB each second of 2 GB, page by page at random.\n"
    "  mig_mon server_rr\n"
    "  mig_mon client_rr GUEST 50 spikes.log\n"
    "      In a guest, and outside of it: for how long can it not be reached while it migrates?\n"
    "  mig_mon plot spikes.log\n"
    "      When that was, in the terminal; with -o as a picture.\n";

int run(int argc, char** argv) {
    const std::string_view command = argc > 1 ? argv[1] : "";
    if (command == "mm_dirty") return mm_dirty(argc - 1, argv + 1);
    if (command == "vm") return vm(argc - 1, argv + 1);
    if (command == "plot") return plot(argc - 1, argv + 1);
    if (command == "server" || command == "client" || command == "server_rr" || command == "client_rr")
        return downtime(argc - 1, argv + 1);
    if (command == "-h" || command == "--help") {
        fmt::print("{}", kHelp);
        return 0;
    }
    if (command == "-v" || command == "--version") {
        fmt::print("mig_mon (migscope) {}\n", MIGSCOPE_VERSION);
        return 0;
    }
    if (command.empty()) throw base::UsageError("a command is missing, for example mm_dirty");
    throw base::UsageError(fmt::format("unknown command '{}'", command));
}

}  // namespace

std::string in_megabytes(std::uint64_t bytes) { return fmt::format("{:.1f} MB", static_cast<double>(bytes) / (1 << 20)); }

nlohmann::ordered_json json_of(const base::Histogram& h) {
    return {{"count", h.count()},       {"mean", h.mean()},          {"min", h.min()},
            {"p50", h.percentile(50)},  {"p90", h.percentile(90)},   {"p99", h.percentile(99)},
            {"p99.9", h.percentile(99.9)}, {"max", h.max()}};
}

int main(int argc, char** argv) {
    return base::tool_main("mig_mon", [&] { return run(argc, argv); });
}
