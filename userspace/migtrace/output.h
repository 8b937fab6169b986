/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <fmt/format.h>

#include <cstdio>
#include <functional>
#include <string_view>

#include "base/file.h"

namespace migtrace {

/// Collects what a report prints and writes it in large pieces.
class Output {
 public:
    explicit Output(std::FILE* file) : file_(file) {}
    explicit Output(base::OutputFile& file) : named_(&file) {}

    /// Append here, then call flush_if_full() at the end of a line.
    fmt::memory_buffer& buffer() { return buffer_; }
    void put(std::string_view text) { buffer_.append(text.data(), text.data() + text.size()); }
    template <class... T>
    void format(fmt::format_string<T...> form, T&&... values) {
        fmt::format_to(fmt::appender(buffer_), form, std::forward<T>(values)...);
    }
    void flush_if_full() {
        if (buffer_.size() >= full_) flush_full();
    }
    /// From now on nothing is written, so that it can be dropped, until release() or until it has become much; then
    /// `when_much` is called before it is written.
    void hold(std::function<void()> when_much);
    void release();
    /// Forgets what is held.
    void drop() { buffer_.clear(); }
    /// Throws base::Error when not everything can be written. What is not flushed is lost.
    void flush();
    /// The same, so that whoever looks on sees it now.
    void show();
    /// Calls `work` and flushes behind it, also when it throws: what was printed before an error is seen.
    template <class Work>
    auto flush_after(const Work& work) {
        try {
            auto result = work();
            flush();
            return result;
        } catch (...) {
            flush();
            throw;
        }
    }

 private:
    static constexpr std::size_t kFull = 1 << 16, kMuch = 4 << 20;
    void flush_full();
    std::FILE* file_ = nullptr;
    base::OutputFile* named_ = nullptr;  // instead of file_
    std::size_t full_ = kFull;
    std::function<void()> when_much_;
    fmt::memory_buffer buffer_;
};

/// Appends `text` as a JSON string. Bytes that are no UTF-8 become U+FFFD.
void put_json_string(fmt::memory_buffer& to, std::string_view text);

/// Appends `text` as a field of CSV (RFC 4180), in quotes where it needs them.
void put_csv_field(fmt::memory_buffer& to, std::string_view text);

}  // namespace migtrace
