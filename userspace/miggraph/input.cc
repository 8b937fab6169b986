/* SPDX-License-Identifier: GPL-2.0-only */
#include "miggraph/input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/error.h"
#include "base/unique_fd.h"
#include "miggraph/stat_table.h"
#include "miggraph/text.h"
#include "migtrace/foreign.h"
#include "migtrace/header.h"
#include "migtrace/trace_reader.h"

namespace miggraph {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kBeginning = 1 << 20;

std::string shown(const std::string& path) {
    return path == "-" ? "standard input" : path;
}

base::UniqueFd open_source(const std::string& path) {
    base::UniqueFd fd(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                  : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd) return fd;
    std::string hint;
    if (errno == EPERM && fs::path(path).filename() == "trace")
        hint = "while a trace is on it cannot be read: stop it first";
    if (errno == EACCES) hint = "run migrate_graph with sudo, or on a copy of the file";
    throw base::system_error(fmt::format("cannot open {}", shown(path)), errno, hint);
}

ssize_t read_some(int fd, const std::string& path, char* to, std::size_t size) {
    ssize_t got;
    do got = ::read(fd, to, size);
    while (got < 0 && errno == EINTR);
    if (got < 0) throw base::system_error(fmt::format("cannot read {}", shown(path)), errno);
    return got;
}

/// Readers look at the beginning and then read all of it, which a pipe does not allow: it is first copied
/// into memory, which takes the place of standard input. The path to read from is returned.
std::string make_seekable(const std::string& path) {
    base::UniqueFd fd = open_source(path);
    struct stat info = {};
    if (::fstat(fd.get(), &info) == 0 && S_ISDIR(info.st_mode))
        throw base::system_error(fmt::format("cannot read {}", shown(path)), EISDIR);
    if (S_ISREG(info.st_mode)) return path;
    base::UniqueFd memory(::memfd_create("input", MFD_CLOEXEC));
    if (!memory) throw base::system_error("cannot make a file in memory", errno);
    std::vector<char> buffer(1 << 18);
    while (ssize_t got = read_some(fd.get(), path, buffer.data(), buffer.size()))
        for (ssize_t at = 0; at < got;) {
            ssize_t written = ::write(memory.get(), buffer.data() + at, static_cast<std::size_t>(got - at));
            if (written < 0)
                throw base::system_error(fmt::format("cannot keep {} in memory", shown(path)), errno);
            at += written;
        }
    ::lseek(memory.get(), 0, SEEK_SET);
    if (::dup2(memory.get(), STDIN_FILENO) < 0)
        throw base::system_error("cannot make a file in memory", errno);
    std::cin.clear();
    return "-";
}

std::string beginning(const std::string& path) {
    base::UniqueFd fd = open_source(path);
    off_t position = ::lseek(fd.get(), 0, SEEK_CUR);
    std::string text(kBeginning, '\0');
    std::size_t filled = 0;
    while (ssize_t got = read_some(fd.get(), path, text.data() + filled, text.size() - filled))
        filled += static_cast<std::size_t>(got);
    // Standard input shares its position with us.
    ::lseek(fd.get(), position, SEEK_SET);
    text.resize(filled);
    return text;
}

Series read_series_from(const std::string& path) {
    if (path == "-") return read_series(std::cin, shown(path));
    std::ifstream in(path);
    return read_series(in, path);
}

std::vector<Drawing> drawings_of_trace(const std::string& path, const std::string& name,
                                       const DrawOptions& options, std::vector<std::string>& notes) {
    migtrace::TraceReader reader({{path}, false});
    bool fields =
        std::find(options.graphs.begin(), options.graphs.end(), Graph::Field) != options.graphs.end();
    Table table = count_trace(reader, options.period, fields, shown(path));
    for (auto& warning : reader.warnings()) notes.push_back(warning);
    return make_drawings(table, options.graphs, name, options.title, notes);
}

}  // namespace

Kind sniff(std::string_view beginning) {
    while (!beginning.empty()) {
        std::string_view line = beginning.substr(0, beginning.find('\n'));
        beginning.remove_prefix(std::min(beginning.size(), line.size() + 1));
        if (auto text = migtrace::header_text(line)) {
            std::string_view rest = *text, tag = migtrace::cut_word(rest);
            if (tag == "cause" || tag == "loc") return Kind::Trace;
            if (tag == "field" || tag == "period_msec") return Kind::Stat;
            continue;
        }
        std::string_view first = migtrace::cut_word(line);
        if (first.empty()) continue;
        return first.starts_with("0x") || first.starts_with("0X") ? Kind::Trace : Kind::Series;
    }
    return Kind::Series;
}

std::vector<Source> find_sources(const std::string& operand) {
    if (operand == "-") return {{"-", "stdin"}};
    std::error_code error;
    fs::path path(operand);
    if (!fs::is_directory(path, error)) return {{operand, path.filename().string()}};
    std::vector<Source> sources;
    for (auto [directory, file] :
         {std::pair{"migration_trace", "trace"}, std::pair{"migration_stat", "stat"}})
        for (const fs::path& candidate : {path / directory / file, path / file})
            if (fs::exists(candidate, error)) sources.push_back({candidate.string(), directory});
    if (sources.empty())
        throw base::Error(fmt::format("the directory {} holds neither migration_trace nor migration_stat{}",
                                      operand, error ? ": " + error.message() : ""));
    // Of two directories one is usually empty.
    if (sources.size() > 1)
        std::erase_if(sources, [](const Source& source) {
            try {
                std::string text = beginning(source.path);
                return sniff(text) == Kind::Trace ? text.find("\n0x") == text.npos
                                                  : text.find("gettimeofday") == text.npos;
            } catch (const base::Error&) {
                return false;  // it is reported when it is read
            }
        });
    if (sources.empty()) throw base::Error(fmt::format("nothing has been recorded in {}", operand));
    return sources;
}

std::vector<Drawing> read_drawings(const Source& source, const DrawOptions& options,
                                   std::vector<std::string>& notes) {
    std::string path = make_seekable(source.path);
    const std::string text = beginning(path);
    const std::string foreign = migtrace::foreign_file(text, shown(path));
    if (!foreign.empty()) throw base::Error(foreign);
    switch (sniff(text)) {
        case Kind::Trace:
            return drawings_of_trace(path, source.name, options, notes);
        case Kind::Stat:
            if (options.period)
                notes.push_back(
                    fmt::format("{} is a stat file: --period does not change its periods", shown(path)));
            return make_drawings(read_stat(path, notes), options.graphs, source.name, options.title, notes);
        case Kind::Series:
            break;
    }
    Series series = read_series_from(path);
    if (series.skipped > series.times.size())
        throw base::Error(fmt::format("{} is nothing that can be drawn: {} of its lines are no time and value, and only {} are; "
                                      "the first is line {} ({})",
                                      shown(path), series.skipped, series.times.size(), series.first_skipped,
                                      migtrace::kImportHint));
    if (series.skipped)
        notes.push_back(
            fmt::format("{}: {} lines that are no time and value were skipped, the first is line {}",
                        shown(path), series.skipped, series.first_skipped));
    if (!options.graphs.empty()) notes.push_back("--graph has no meaning for times and values");
    return {make_drawing(series, options.title.empty() ? source.name : options.title)};
}

}  // namespace miggraph
