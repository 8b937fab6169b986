/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/text_table.h"

#include <algorithm>

namespace migtrace {

TextTable::TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {
    for (Column& column : columns_)
        for (const std::string& line : column.title) column.width = std::max(column.width, line.size());
}

void TextTable::print(Output& output, const std::function<void()>& rows) {
    output_ = nullptr;
    rows();
    output_ = &output;
    put_titles();
    put_rule(true);
    output.put("\n");
    rows();
}

void TextTable::row(const std::vector<std::string>& cells) {
    for (std::size_t i = 0; i < cells.size(); i++) {
        if (output_)
            put_cell(columns_[i], cells[i]);
        else
            columns_[i].width = std::max(columns_[i].width, cells[i].size());
    }
    end_line();
}

void TextTable::put_titles() {
    std::size_t lines = 0;
    for (const Column& column : columns_) lines = std::max(lines, column.title.size());
    for (std::size_t i = 0; i < lines; i++) {
        for (const Column& column : columns_) {
            const std::size_t above = lines - column.title.size();
            put_cell(column, i < above ? "" : column.title[i - above]);
        }
        end_line();
    }
}

void TextTable::put_rule(bool titles) {
    for (const Column& column : columns_) {
        const bool drawn = !column.title.empty() && (titles || column.side == Side::Right);
        // The last column of text may be of any length.
        const bool open = &column == &columns_.back() && column.side == Side::Left;
        put_cell(column, drawn ? std::string(open ? column.title.back().size() : column.width, '-') : "");
    }
    end_line();
}

void TextTable::put_cell(const Column& column, std::string_view text) {
    const std::size_t blanks = column.width - std::min(column.width, text.size());
    line_ += "  ";
    if (column.side == Side::Right) line_.append(blanks, ' ');
    line_ += text;
    if (column.side == Side::Left) line_.append(blanks, ' ');
}

void TextTable::end_line() {
    if (output_) {
        line_.resize(line_.find_last_not_of(' ') + 1);
        output_->put(line_);
        output_->put("\n");
        output_->flush_if_full();
    }
    line_.clear();
}

std::string short_time(double nanoseconds) {
    struct Unit {
        const char* name;
        double length;
    };
    constexpr Unit kUnits[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"h", 3600e9}};
    const Unit* unit = &kUnits[0];
    // What would be rounded to 1000 belongs to the next unit.
    for (const Unit& u : kUnits)
        if (nanoseconds >= u.length * (u.length >= 3600e9 ? 1 : 0.9995)) unit = &u;
    const double value = nanoseconds / unit->length;
    const int decimals = unit->length == 1 ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    return fmt::format("{:.{}f} {}", value, decimals, unit->name);
}

}  // namespace migtrace
