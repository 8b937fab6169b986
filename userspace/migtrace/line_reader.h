/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Input files as one stream of lines.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"

namespace migtrace {

/// Lines of the files named, one file after another. "-" is standard input, and so is an empty list. The end
/// of a file ends its last line. Nothing is allocated per line, and no line takes more memory than `longest`.
class LineReader {
 public:
    explicit LineReader(std::vector<std::string> files, std::size_t longest = 1 << 16);

    /// The next line, without LF or CRLF; valid until the next call. False at the end of the last file.
    /// Throws base::Error when a file cannot be opened or read.
    bool next(std::string_view& line);

    /// Whether the line was longer than `longest`: it is handed out without what did not fit.
    bool too_long() const { return too_long_; }
    /// Whether the line ended with its file instead of a line feed.
    bool unfinished() const { return unfinished_; }
    /// Number of the line, from 1, counted over all files.
    std::uint64_t number() const { return number_; }
    /// "FILE:LINE" for a number() that has been seen.
    std::string place(std::uint64_t number) const;

    /// Reads everything from the start again. Only when rereadable() was true at the time of construction.
    void rewind();
    /// Whether all files are regular ones with a size, so that reading twice gives the same.
    bool rereadable() const { return rereadable_; }

 private:
    struct File {
        std::string name;
        std::uint64_t first = 0;  // number of its first line
    };
    const std::string& name() const { return files_[current_].name; }
    bool open_next();
    bool fill();
    std::string_view take(std::size_t length, std::size_t skip);
    void skip_rest();

    std::vector<File> files_;
    std::size_t longest_;
    std::size_t current_ = 0;
    bool started_ = false;
    base::UniqueFd own_;
    int fd_ = -1;
    off_t stdin_offset_ = 0;
    bool rereadable_ = false;
    std::vector<char> buffer_;
    std::size_t begin_ = 0, end_ = 0;  // what is in the buffer
    std::uint64_t number_ = 0;
    bool too_long_ = false, unfinished_ = false;
};

}  // namespace migtrace
