/* SPDX-License-Identifier: GPL-2.0-only */
#include "migrecord/tally.h"

#include <algorithm>
#include <charconv>

namespace migrecord {

namespace {

/// Cuts the next word off the front of `text`.
std::string_view word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    std::string_view w = text.substr(0, text.find(' '));
    text.remove_prefix(w.size());
    return w;
}

template <class T>
bool number(std::string_view text, T& value, int base = 10) {
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return failure == std::errc() && end == text.data() + text.size();
}

}  // namespace

void Tally::add(std::string_view piece) {
    bytes_ += piece.size();
    for (auto end = piece.find('\n'); end != piece.npos; end = piece.find('\n')) {
        if (rest_.empty()) {
            line(piece.substr(0, end));
        } else {
            rest_ += piece.substr(0, end);
            line(rest_);
            rest_.clear();
        }
        piece.remove_prefix(end + 1);
    }
    rest_ += piece;
}

void Tally::finish() {
    if (!rest_.empty()) line(rest_);
    rest_.clear();
}

void Tally::header(std::string_view text) {
    std::string_view tag = word(text), value = word(text);
    if (tag == "gettimeofday") started_ = true;
    if (tag == "period_msec") number(value, period_msec_);
    if (tag == "field" && word(text) == "migrate" && word(text).empty()) number(value, migrate_field_);
}

void Tally::line(std::string_view text) {
    if (text.starts_with('#')) return header(text.substr(1));
    std::string_view first = word(text);
    if (first.empty()) return;
    lines_++;
    if (first.starts_with("0x")) {
        std::uint64_t time = 0;
        std::uint32_t cpu = 0;
        if (number(first.substr(2), time, 16)) {
            first_ = std::min(first_, time);
            last_ = std::max(last_, time);
        }
        if (number(word(text), cpu)) cpus_.insert(cpu);
        if (word(text) != ".") migrations_++;
        return;
    }
    std::string_view value;
    for (unsigned field = 2; field <= migrate_field_; field++) value = word(text);
    std::uint64_t count = 0;
    if (number(value, count)) migrations_ += count;
}

}  // namespace migrecord
