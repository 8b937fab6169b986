/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Markup. Whatever comes from a trace or a command line passes through text() or escaped().

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace migreport {

/// `text` for HTML and SVG, between tags and in attributes in double quotes: it cannot end either, is UTF-8,
/// and shows control characters and other bytes as \xNN. Line feeds stay.
std::string escaped(std::string_view text);

/// Digits in groups of three, which are set apart by style alone: who copies or searches the number finds its
/// digits together. `number` may have decimals.
std::string grouped(std::string_view number);
std::string grouped(std::uint64_t number);

/// "12.3 %" of a total; nothing of no total.
std::string share(std::uint64_t count, std::uint64_t total);

/// A place in a picture, with one decimal where it has any.
std::string place(double value);

class Html {
 public:
    Html& raw(std::string_view markup) { return page_ += markup, *this; }
    Html& text(std::string_view text) { return page_ += escaped(text), *this; }
    /// Markup with values in it that need no escape: numbers, colours, what escaped() returned.
    template <class... T>
    Html& format(fmt::format_string<T...> form, T&&... values) {
        fmt::format_to(std::back_inserter(page_), form, std::forward<T>(values)...);
        return *this;
    }
    const std::string& str() const { return page_; }

 private:
    std::string page_;
};

/// A table; cells are markup.
class HtmlTable {
 public:
    enum class Kind { Text, Number };
    struct Column {
        std::string title;  ///< markup
        Kind kind = Kind::Number;
        std::string style = {};  ///< classes of its cells
    };
    HtmlTable(Html& page, std::string_view caption, std::vector<Column> columns);
    /// As many cells as columns.
    void row(const std::vector<std::string>& cells, bool total = false);
    void end() { page_.raw("</tbody></table></div>\n"); }

 private:
    Html& page_;
    std::vector<Column> columns_;
};

}  // namespace migreport
