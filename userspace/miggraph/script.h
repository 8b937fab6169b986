/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Figures as commands of gnuplot (5.4 or newer). All text from outside is quoted here.

#include <string>
#include <tuple>
#include <vector>

#include "miggraph/figure.h"

namespace miggraph {

enum class Format { Png, Svg, Pdf, Terminal };

struct Size {
    unsigned width = 0, height = 0;  ///< pixels; characters in a terminal; 0: what suits the figure
};

struct Canvas {
    Format format = Format::Png;
    Size size;
    bool colour = true;  ///< in a terminal
};

/// How one figure is drawn: data that gnuplot keeps under a name, then commands.
struct Script {
    struct Block {
        std::string name;  ///< "$d0"
        std::vector<std::tuple<double, double, double>> rows;
    };
    std::vector<Block> blocks;
    std::string commands;
};

/// Draws `figure` into `file`, a name without special characters in gnuplot's working directory.
Script make_script(const Figure& figure, const Canvas& canvas, const std::string& file);

/// The size of a figure for which none was asked.
Size default_size(const Figure& figure, Format format);

}  // namespace miggraph
