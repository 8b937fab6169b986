/* SPDX-License-Identifier: GPL-2.0-only */
#include "miggraph/gnuplot.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gnuplot-iostream.h>
#include <sys/mman.h>
#include <unistd.h>

#include <boost/algorithm/string.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/subprocess.h"
#include "base/unique_fd.h"
#include "miggraph/text.h"

namespace miggraph {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

/// Everything that gnuplot is to do, as a file in memory: it cannot block us, and cannot kill us when it dies
/// early.
base::UniqueFd write_commands(const std::vector<Figure>& figures, const Canvas& canvas) {
    base::UniqueFd memory(::memfd_create("gnuplot-commands", MFD_CLOEXEC));
    if (!memory) throw base::system_error("cannot make a file in memory", errno);
    int copy = ::dup(memory.get());
    FILE* file = copy < 0 ? nullptr : ::fdopen(copy, "w");
    if (!file) throw base::system_error("cannot make a file in memory", errno);
    int error = 0;
    {
        Gnuplot gnuplot(file);  // closes it
        for (std::size_t i = 0; i < figures.size(); i++) {
            Script script = make_script(figures[i], canvas, std::to_string(i));
            for (const auto& block : script.blocks) {
                gnuplot << block.name << " << e\n";
                gnuplot.send1d(block.rows);
            }
            gnuplot << script.commands;
        }
        gnuplot.flush();
        if (!gnuplot) {
            // The stream keeps the reason to itself.
            error = ::write(memory.get(), "\n", 1) < 0 ? errno : ENOMEM;
            // To close the stream writes what is left, and ends the program where that fails.
            base::UniqueFd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
            ::dup2(nowhere.get(), copy);
        }
    }
    if (error)
        throw base::system_error("cannot write the commands for gnuplot", error,
                                 error == EFBIG ? "the limit is that of ulimit -f" : "");
    ::lseek(memory.get(), 0, SEEK_SET);
    return memory;
}

/// Without empty lines around it, and blanks and form feeds at the ends of lines.
std::string trim_lines(const std::string& text) {
    std::vector<std::string> lines;
    boost::split(lines, text, boost::is_any_of("\n\f"));
    for (auto& line : lines) boost::trim_right(line);
    while (!lines.empty() && lines.front().empty()) lines.erase(lines.begin());
    while (!lines.empty() && lines.back().empty()) lines.pop_back();
    return boost::join(lines, "\n") + "\n\n";
}

/// What gnuplot said, without the empty lines around it.
std::string complaint(const base::RunResult& result) {
    std::vector<std::string> lines;
    std::string text = boost::trim_copy(result.errors);
    boost::split(lines, text, boost::is_any_of("\n"));
    std::erase_if(lines, [](const std::string& line) { return boost::trim_copy(line).empty(); });
    text = boost::join(lines, "\n");
    return text.empty() ? "it gave no reason" : text;
}

void require_gnuplot(const base::RunResult& result) {
    if (result.end == base::RunResult::End::NotStarted)
        throw base::Error(fmt::format("cannot run gnuplot: {} (install it: apt install gnuplot-nox)", result.describe()));
}

}  // namespace

void check_gnuplot() { require_gnuplot(base::run({"gnuplot", "--version"}, 10s)); }

bool is_whole_picture(Format format, const std::string& bytes) {
    auto ends = [&](std::string_view end) {
        auto at = bytes.rfind(end);
        return at != std::string::npos && at + end.size() + 16 >= bytes.size();
    };
    switch (format) {
        case Format::Png:
            return bytes.starts_with("\x89PNG\r\n\x1a\n") && ends("IEND");
        case Format::Svg:
            return bytes.starts_with("<?xml") && bytes.find("<svg") != std::string::npos && ends("</svg>");
        case Format::Pdf:
            return bytes.starts_with("%PDF-") && ends("%%EOF");
        case Format::Terminal:
            return !boost::trim_copy(bytes).empty();
    }
    return false;
}

std::vector<std::string> draw(const std::vector<Figure>& figures, const Canvas& canvas, base::StopSignals& signals) {
    base::TemporaryFolder workshop;
    base::UniqueFd commands = write_commands(figures, canvas);
    base::ChildOptions options;
    options.input = commands.get();
    options.directory = workshop.path();
    // -d: the settings of the user's own ~/.gnuplot are for other pictures.
    auto limit = 60s + 2s * figures.size();
    auto result = base::run({"gnuplot", "-d"}, limit, options, signals.fd());
    require_gnuplot(result);
    if (result.end == base::RunResult::End::Cancelled)
        throw base::Interrupted("interrupted; no picture was written", signals.take());
    if (result.end == base::RunResult::End::TimedOut)
        throw base::Error(fmt::format("gnuplot did not end within {} s and was killed", limit.count()));
    if (!result.success())
        throw base::Error(fmt::format("gnuplot failed ({}): {}", result.describe(), complaint(result)));

    std::vector<std::string> pictures;
    for (std::size_t i = 0; i < figures.size(); i++) {
        std::string file = workshop.path() + "/" + std::to_string(i);
        std::error_code missing;
        if (!fs::exists(file, missing))
            throw base::Error(fmt::format("gnuplot wrote no picture of '{}': {}", printable(figures[i].title),
                                          complaint(result)));
        pictures.push_back(base::read_file(file));
        fs::remove(file, missing);
        if (!is_whole_picture(canvas.format, pictures.back()))
            throw base::Error(fmt::format(
                "gnuplot wrote no whole picture of '{}' ({} bytes in {}): is there room? {}",
                printable(figures[i].title), pictures.back().size(), workshop.path(), complaint(result)));
    }
    if (canvas.format == Format::Terminal)
        for (auto& picture : pictures) picture = trim_lines(picture);
    return pictures;
}

}  // namespace miggraph
