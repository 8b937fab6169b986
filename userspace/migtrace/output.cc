/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/output.h"

#include <cerrno>

#include "base/error.h"

namespace migtrace {

void Output::flush() {
    if (named_)
        named_->write({buffer_.data(), buffer_.size()});
    else if (buffer_.size() && std::fwrite(buffer_.data(), 1, buffer_.size(), file_) != buffer_.size())
        throw base::system_error("cannot write standard output", errno, "the output is incomplete");
    buffer_.clear();
}

void Output::show() {
    flush();
    if (file_ && std::fflush(file_)) throw base::system_error("cannot write standard output", errno, "the output is incomplete");
}

void Output::hold(std::function<void()> when_much) {
    when_much_ = std::move(when_much);
    full_ = kMuch;
}

void Output::release() {
    when_much_ = nullptr;
    full_ = kFull;
}

void Output::flush_full() {
    if (when_much_) when_much_();
    release();
    flush();
}

namespace {

/// Length of the UTF-8 sequence at the beginning of `text`; 0 when there is none. Unicode 15, table 3-7.
std::size_t utf8_length(std::string_view text) {
    auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    auto tail = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
    const unsigned first = byte(0), second = byte(1);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)) return 0;
        return tail(1) && tail(2) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
        return tail(1) && tail(2) && tail(3) ? 4 : 0;
    }
    return 0;
}

}  // namespace

void put_json_string(fmt::memory_buffer& to, std::string_view text) {
    to.push_back('"');
    while (!text.empty()) {
        const auto c = static_cast<unsigned char>(text.front());
        std::size_t length = utf8_length(text);
        if (length == 0) {
            fmt::format_to(fmt::appender(to), "\\ufffd");
            length = 1;
        } else if (c < 0x20 || c == 0x7f)
            fmt::format_to(fmt::appender(to), "\\u{:04x}", c);
        else {
            if (c == '"' || c == '\\') to.push_back('\\');
            to.append(text.data(), text.data() + length);
        }
        text.remove_prefix(length);
    }
    to.push_back('"');
}

void put_csv_field(fmt::memory_buffer& to, std::string_view text) {
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
        to.append(text.data(), text.data() + text.size());
        return;
    }
    to.push_back('"');
    for (char c : text) {
        if (c == '"') to.push_back('"');
        to.push_back(c);
    }
    to.push_back('"');
}

}  // namespace migtrace
