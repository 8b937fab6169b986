/* SPDX-License-Identifier: GPL-2.0-only */
// dirtylog_verify compare: images of memory that were saved.

#include <fmt/format.h>

#include <tuple>

#include "base/error.h"
#include "base/tool_main.h"
#include "base/units.h"
#include "tools/dirtylog_verify.h"

namespace {

namespace po = base::po;

const base::ProgramInfo kInfo = {
    "dirtylog_verify compare", "[OPTION]... SOURCE DESTINATION",
    "Compares two images of memory that `dirtylog_verify attach` or `run` has saved. What FILE.json tells of its blocks is\n"
    "used if it is there; any other file is one block.\n",
    "  dirtylog_verify compare ramimage0 ramimage1\n"
    "  dirtylog_verify compare a.ram b.ram --system-map System.map --output json\n"};

/// As given, or as one of the files says.
std::uint64_t page_size(const base::CommandLine& line, const vmverify::SavedRam& first, const vmverify::SavedRam& second) {
    if (line.has("page-size")) {
        const std::uint64_t size = base::parse_size("--page-size", line.get<std::string>("page-size"));
        if (size < 512 || size > 2 << 20 || (size & (size - 1))) throw base::UsageError("--page-size: a power of two from 512 to 2M");
        return size;
    }
    for (const std::uint64_t told : {first.page_size(), second.page_size()})
        if (told) return told;
    return 4096;
}

}  // namespace

int verify_compare(int argc, char** argv) {
    base::offer_help_of("dirtylog_verify compare");
    base::CommandLine line(kInfo);
    line.group("Memory").add_options()("page-size", po::value<std::string>()->value_name("SIZE"), "what counts as a page; default: as saved, or 4096");
    add_report_options(line);
    if (!line.parse(argc, argv)) return 0;
    check_report_options(line);
    if (line.operands().size() != 2) throw base::UsageError("two files are compared: SOURCE and DESTINATION");
    const vmverify::SavedRam first(line.operands()[0]), second(line.operands()[1]);
    if (first.described() != second.described()) {
        const auto& [with, without] = first.described() ? std::tie(first, second) : std::tie(second, first);
        throw base::Error(fmt::format("{} is missing, which tells of which blocks of memory {} consists, as {} does for {}", without.description(),
                                      without.path(), with.description(), with.path()));
    }
    return report(line, {first, second, page_size(line, first, second), {}, {}, nullptr, ""});
}
