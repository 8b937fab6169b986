/* SPDX-License-Identifier: GPL-2.0-only */
// dirtylog_verify: has a migration copied every page?

#include "tools/dirtylog_verify.h"

#include <fmt/format.h>

#include <string_view>

#include "base/error.h"
#include "base/tool_main.h"
#include "base/version.h"

namespace {

constexpr const char* kHelp =
    "Usage: dirtylog_verify COMMAND [OPTION]...\n\n"
    "Migrates a VM from one QEMU to another, compares all of its memory before it goes on, and tells which pages the\n"
    "migration has lost. QEMU needs no patch.\n\n"
    "Commands (each has --help):\n"
    "  run       start source and destination, with a guest that dirties its memory, and migrate\n"
    "  attach    the same with VMs that you have started\n"
    "  compare   compare two images of memory that attach or run have saved\n"
    "  region    is what a tracker of dirty pages tells enough to copy memory that a guest writes to?\n\n"
    "General:\n"
    "  -h, --help     print this help and exit\n"
    "  -v, --version  print the version and exit\n\n"
    "Examples:\n"
    "  dirtylog_verify run --machine pc\n"
    "      Does this QEMU migrate a PC without losing pages?\n"
    "  dirtylog_verify run --machine vexpress-a15 --workload 'dirtyram 512 512 50' --passes 6 --save\n"
    "      With a workload of your own; ramimage0 and ramimage1 stay.\n"
    "  dirtylog_verify attach --src /run/source.qmp --dst /run/destination.qmp\n"
    "      Your VMs. The destination was started with -incoming defer.\n\n"
    "Exit status: 0 only when all of the memory is identical, after as many passes as were wanted.\n";

int run(int argc, char** argv) {
    const std::string_view command = argc > 1 ? argv[1] : "";
    if (command == "run") return verify_run(argc - 1, argv + 1);
    if (command == "attach") return verify_attach(argc - 1, argv + 1);
    if (command == "compare") return verify_compare(argc - 1, argv + 1);
    if (command == "region") return verify_region(argc - 1, argv + 1);
    if (command == "-h" || command == "--help") {
        fmt::print("{}", kHelp);
        return 0;
    }
    if (command == "-v" || command == "--version") {
        fmt::print("dirtylog_verify (migscope) {}\n", MIGSCOPE_VERSION);
        return 0;
    }
    if (command.empty()) throw base::UsageError("a command is missing, for example run");
    throw base::UsageError(fmt::format("unknown command '{}'", command));
}

}  // namespace

int main(int argc, char** argv) {
    return base::tool_main("dirtylog_verify", [&] { return run(argc, argv); });
}
