/* SPDX-License-Identifier: GPL-2.0-only */
#include "migreport/html.h"

#include <algorithm>
#include <iterator>

#include "base/terminal.h"

namespace migreport {

std::string escaped(std::string_view text) {
    std::string safe;
    for (char c : base::printable(text, "\n")) switch (c) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            case '\'':
                safe += "&#39;";
                break;
            default:
                safe += c;
        }
    return safe;
}

std::string grouped(std::string_view number) {
    const std::size_t whole = std::min(number.find('.'), number.size());
    // Four digits are read at a glance.
    if (whole <= 4) return std::string(number);
    std::string text(number.substr(0, (whole - 1) % 3 + 1));
    for (std::size_t at = text.size(); at < whole; at += 3)
        text += fmt::format("<span class=\"g\">{}</span>", number.substr(at, 3));
    return text + std::string(number.substr(whole));
}

std::string grouped(std::uint64_t number) {
    return grouped(fmt::format("{}", number));
}

std::string share(std::uint64_t count, std::uint64_t total) {
    if (total == 0) return "";
    return fmt::format("{:.1f} %", 100.0 * static_cast<double>(count) / static_cast<double>(total));
}

std::string place(double value) {
    std::string text = fmt::format("{:.1f}", value);
    if (text.ends_with(".0")) text.resize(text.size() - 2);
    return text == "-0" ? "0" : text;
}

HtmlTable::HtmlTable(Html& page, std::string_view caption, std::vector<Column> columns)
    : page_(page), columns_(std::move(columns)) {
    page_.raw("<div class=\"scroll\"><table><caption>").text(caption).raw("</caption><thead><tr>");
    for (const Column& column : columns_)
        page_.format("<th scope=\"col\"{}>{}</th>", column.kind == Kind::Number ? " class=\"n\"" : "",
                     column.title);
    page_.raw("</tr></thead><tbody>\n");
}

void HtmlTable::row(const std::vector<std::string>& cells, bool total) {
    page_.raw(total ? "<tr class=\"total\">" : "<tr>");
    for (std::size_t i = 0; i < cells.size(); i++) {
        std::string classes = columns_[i].kind == Kind::Number ? "n" : "";
        if (!columns_[i].style.empty()) classes += (classes.empty() ? "" : " ") + columns_[i].style;
        page_.format("<td{}>{}</td>", classes.empty() ? "" : " class=\"" + classes + "\"", cells[i]);
    }
    page_.raw("</tr>\n");
}

}  // namespace migreport
