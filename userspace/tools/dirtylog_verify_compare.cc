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
    "Compares two images of memory that `dirtylog_verify attach` or `run` has saved, with what FILE.json tells of their\n"
    "blocks. Files without it, as pmemsave of QEMU writes them, are one block of whole pages.\n",
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

/// Nothing else tells whether a file without a description is memory at all.
void check_whole_pages(const vmverify::SavedRam& ram, std::uint64_t page_size) {
    if (ram.described()) return;
    if (ram.size() % page_size)
        throw base::Error(fmt::format("{} has {} bytes, which are no whole pages of {}, and no {} that tells of its blocks: it is no memory that was "
                                      "saved, or was cut off (--page-size, if that is not what counts as a page)",
                                      ram.path(), ram.size(), page_size, ram.description()));
    base::tell(fmt::format("there is no {}: {} is taken for one block of memory", ram.description(), ram.path()));
}

}  // namespace

int verify_compare(int argc, char** argv) {
    base::offer_help_of("dirtylog_verify compare");
    base::CommandLine line(kInfo);
    line.group("Memory").add_options()("page-size", po::value<std::string>()->value_name("SIZE"),
                                       "what counts as a page; default: as saved, or 4096");
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
    const std::uint64_t pages = page_size(line, first, second);
    check_whole_pages(first, pages);
    check_whole_pages(second, pages);
    return report(line, {first, second, pages, {}, {}, nullptr, ""});
}
