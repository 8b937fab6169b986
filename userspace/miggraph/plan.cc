/* SPDX-License-Identifier: GPL-2.0-only */
#include "miggraph/plan.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <charconv>
#include <filesystem>

#include "base/error.h"
#include "miggraph/text.h"

namespace miggraph {

namespace fs = std::filesystem;

namespace {

const char* extension(Format format) {
    switch (format) {
        case Format::Png:
            return ".png";
        case Format::Svg:
            return ".svg";
        case Format::Pdf:
            return ".pdf";
        case Format::Terminal:
            return ".txt";
    }
    return "";
}

}  // namespace

Format parse_format(const std::string& name) {
    std::string lower = boost::to_lower_copy(name);
    if (lower == "png") return Format::Png;
    if (lower == "svg") return Format::Svg;
    if (lower == "pdf") return Format::Pdf;
    if (lower == "terminal") return Format::Terminal;
    throw base::UsageError(
        fmt::format("--format: '{}' is no format; there are png, svg, pdf and terminal", name));
}

Format choose_format(const std::string& format_option, const std::string& file) {
    if (!format_option.empty()) return parse_format(format_option);
    std::string given = fs::path(file).extension();
    if (given.empty() || file == "-") return Format::Png;
    for (Format format : {Format::Png, Format::Svg, Format::Pdf, Format::Terminal})
        if (boost::iequals(given, extension(format))) return format;
    throw base::UsageError(
        fmt::format("{}: '{}' is no format; names end in .png, .svg, .pdf or .txt", file, given));
}

Size parse_size(const std::string& text, Format format) {
    std::string lower = boost::to_lower_copy(text);
    Size size;
    const char* end = lower.data() + lower.size();
    auto width = std::from_chars(lower.data(), end, size.width);
    bool good = width.ec == std::errc() && width.ptr != end && *width.ptr == 'x';
    if (good) {
        auto height = std::from_chars(width.ptr + 1, end, size.height);
        good = height.ec == std::errc() && height.ptr == end;
    }
    if (!good)
        throw base::UsageError(fmt::format("--size: '{}' is no size; write for example 1200x600", text));
    bool terminal = format == Format::Terminal;
    unsigned least_width = terminal ? 20 : 100, least_height = terminal ? 5 : 100,
             most = terminal ? 1000 : 10000;
    if (size.width < least_width || size.height < least_height || size.width > most || size.height > most)
        throw base::UsageError(fmt::format("--size: {} is out of range: {}x{} to {}x{}", text, least_width,
                                           least_height, most, most));
    return size;
}

Size terminal_size() {
    winsize size = {};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
        return {size.ws_col - 1u,
                std::max<unsigned>(12, std::min<unsigned>(size.ws_row > 2 ? size.ws_row - 2u : 24u, 40))};
    return {79, 24};
}

std::vector<std::string> file_names(const std::vector<Drawing>& drawings, const Output& output,
                                    const std::string& input) {
    std::vector<std::string> names;
    bool one = drawings.size() == 1;
    bool picture = output.format != Format::Terminal;
    std::error_code unknown;
    const bool takes_one = output.file == "-" ? picture : !output.file.empty() && fs::is_other(output.file, unknown);
    if (takes_one && !one)
        throw base::UsageError(fmt::format("-o {} takes one picture, and there are {}: name a file for them",
                                           output.file, drawings.size()));
    for (const Drawing& drawing : drawings) {
        if (output.file == "-" || (output.file.empty() && output.directory.empty() && !picture)) {
            names.push_back("-");
            continue;
        }
        std::string name = drawing.named_by_title ? drawing.name : file_name(input) + "-" + drawing.name;
        name += extension(output.format);
        if (!output.file.empty()) name = one ? output.file : insert_name(output.file, drawing.name);
        names.push_back(output.directory.empty() ? name : (fs::path(output.directory) / name).string());
    }
    return names;
}

}  // namespace miggraph
