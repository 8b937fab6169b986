/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/foreign.h"

#include <fmt/format.h>

#include "base/shell.h"

namespace migtrace {

namespace {

struct Foreign {
    std::string_view magic, what, command, reader;
};

// Of the files that perf (perf.data-file-format.txt), trace-cmd (trace-cmd.dat(5)) and compressors write.
constexpr Foreign kForeign[] = {
    {"PERFILE", "a binary recording of perf", "perf script --ns -i", " | migrate_import"},
    {"\x17\x08\x44tracing", "a binary recording of trace-cmd", "trace-cmd report -t -i", " | migrate_import"},
    {"\x1f\x8b", "compressed", "zcat", ""},
    {"\xfd" "7zXZ", "compressed", "xzcat", ""},
    {"\x28\xb5\x2f\xfd", "compressed", "zstdcat", ""},
    {"BZh", "compressed", "bzcat", ""},
    {"\x04\x22\x4d\x18", "compressed", "lz4cat", ""},
};

}  // namespace

std::string foreign_file(std::string_view first_line, const std::string& name) {
    for (const Foreign& f : kForeign)
        if (first_line.starts_with(f.magic))
            return fmt::format("{} is {}; give its text: {} {}{}{}", name, f.what, f.command,
                               name == "standard input" ? "FILE" : base::shell_quoted(name), f.reader, f.reader.empty() ? " | ..." : "");
    return "";
}

}  // namespace migtrace
