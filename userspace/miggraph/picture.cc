/* SPDX-License-Identifier: GPL-2.0-only */
#include "miggraph/picture.h"

#include <fmt/format.h>

#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/signals.h"
#include "miggraph/gnuplot.h"
#include "miggraph/matrix_text.h"

namespace miggraph {

namespace {

void make_directory(const std::string& directory) {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) throw base::Error(fmt::format("cannot make the directory {}: {}", directory, error.message()));
}

/// Throws Error when a file cannot be made there: before the work is done.
void try_place(const std::string& name) {
    std::error_code error;
    auto status = std::filesystem::status(name, error);
    if (name == "-" || (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status) &&
                        !std::filesystem::is_directory(status)))
        return;
    base::OutputFile unused(name);
}

/// gnuplot draws no matrix with characters, so that one is ours.
std::vector<std::string> render(const std::vector<Figure>& figures, const Canvas& canvas,
                                base::StopSignals& signals) {
    std::vector<std::string> pictures(figures.size());
    std::vector<Figure> for_gnuplot;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < figures.size(); i++) {
        const auto* pairs = std::get_if<CpuPairs>(&figures[i].content);
        if (canvas.format == Format::Terminal && pairs) {
            pictures[i] = matrix_text(figures[i], *pairs, canvas.size.width ? canvas.size.width : 79);
            continue;
        }
        for_gnuplot.push_back(figures[i]);
        places.push_back(i);
    }
    if (for_gnuplot.empty()) return pictures;
    std::vector<std::string> drawn = draw(for_gnuplot, canvas, signals);
    for (std::size_t i = 0; i < places.size(); i++) pictures[places[i]] = std::move(drawn[i]);
    return pictures;
}

}  // namespace

void write_pictures(const std::vector<Figure>& figures, const std::vector<std::string>& names,
                    const std::vector<std::string>& inputs, const Canvas& canvas) {
    // From here on Ctrl-C must not leave temporary files behind; before, it simply ends the program.
    base::StopSignals signals;
    for (const auto& name : names) {
        base::refuse_input_as_output(name, inputs);
        try_place(name);
    }
    std::vector<std::string> pictures = render(figures, canvas, signals);
    for (std::size_t i = 0; i < names.size(); i++) {
        base::OutputFile file(names[i]);
        file.write(pictures[i]);
        file.commit();
    }
}

void check_pictures(const std::vector<std::string>& names) {
    check_gnuplot();
    for (const auto& name : names) try_place(name);
}

std::vector<std::string> draw_all(const std::vector<std::string>& operands, const DrawOptions& what,
                                  const Output& output, const Canvas& canvas,
                                  const std::function<void(const std::string&)>& warn) {
    std::vector<Figure> figures;
    std::vector<std::string> names;
    std::set<std::string> taken;
    for (const auto& operand : operands)
        for (const Source& source : find_sources(operand)) {
            std::vector<std::string> notes;
            std::vector<Drawing> drawings = read_drawings(source, what, notes);
            for (const auto& note : notes) warn(note);
            for (const auto& name : file_names(drawings, output, source.name)) {
                if (name != "-" && !taken.insert(name).second)
                    throw base::UsageError(
                        fmt::format("two pictures would be called {}: draw the inputs one by one", name));
                names.push_back(name);
            }
            for (auto& drawing : drawings) figures.push_back(std::move(drawing.figure));
        }
    if (!output.directory.empty()) make_directory(output.directory);
    write_pictures(figures, names, operands, canvas);
    std::erase(names, "-");
    return names;
}

}  // namespace miggraph
