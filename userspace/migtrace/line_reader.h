/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Input files as one stream of lines.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "migtrace/line_scanner.h"

namespace migtrace {

/// Lines of the files named, one file after another. "-" is standard input, and so is an empty list. The end
/// of a file ends its last line. Nothing is allocated per line, and no line takes more memory than `longest`.
class LineReader {
 public:
    explicit LineReader(std::vector<std::string> files, std::size_t longest = 1 << 16);

    /// From the next line on; for those whose length is known only when their header has been read.
    void set_longest(std::size_t longest) { longest_ = longest; }

    /// The next line, without LF or CRLF; valid until the next call. False at the end of the last file.
    /// Throws base::Error when a file cannot be opened or read.
    bool next(std::string_view& line);

    /// Reads as many migrations as are in the buffer before any other line, as scan_migrations() does. None does not
    /// mean the end; next() tells.
    std::size_t scan(Record* records, std::size_t most);
    /// The same with scan_times().
    std::size_t scan(RunTracker& tracker);

    /// Whether next() would have to wait: no whole line is in the buffer, and nothing to be read from what is no regular file.
    bool must_wait() const;
    /// Called whenever it has to wait.
    void set_before_wait(std::function<void()> before_wait) { before_wait_ = std::move(before_wait); }

    /// Whether the line was longer than `longest`: it is handed out without what did not fit.
    bool too_long() const { return too_long_; }
    /// Whether the line ended with its file instead of a line feed.
    bool unfinished() const { return unfinished_; }
    /// Number of the line, from 1, counted over all files.
    std::uint64_t number() const { return number_; }
    /// "FILE:LINE" for a number() that has been seen.
    std::string place(std::uint64_t number) const;
    /// The name of the file in which line `number` stands, or "standard input".
    std::string file_name(std::uint64_t number) const;

    /// Whether all files are regular ones with a size, so that reading twice gives the same. What follows is for
    /// those.
    bool rereadable() const { return rereadable_; }

    /// Before a line.
    struct Position {
        std::size_t file = 0;
        std::uint64_t offset = 0;  ///< bytes
        std::uint64_t number = 0;  ///< of the line before it
    };
    Position position() const { return {current_, offset_ - (end_ - begin_), number_}; }
    /// Where the line begins that next() gave.
    const Position& line_begin() const { return line_begin_; }
    /// A reader of its own for what lies between a position and a later one, or the end of its file; with a buffer of
    /// that many bytes. Readers of one file share its descriptor.
    LineReader part(const Position& from, const Position& to, std::size_t buffer);
    /// A reader of its own for everything behind position().
    LineReader rest();
    /// Reads everything from the start again.
    void rewind();

    struct Sample {
        Position begin;  ///< without its number
        std::string line;
    };
    /// The first whole line behind each of `count` places all over the files.
    std::vector<Sample> samples(unsigned count);
    /// Of all files.
    std::uint64_t bytes() const;

 private:
    using Descriptor = std::shared_ptr<base::UniqueFd>;
    struct File {
        std::string name;
        std::uint64_t first = 0;             // number of its first line
        std::weak_ptr<base::UniqueFd> open;  // while anybody reads it
    };
    const File& file_of(std::uint64_t line) const;
    LineReader(const LineReader& other, std::vector<File> files, const Position& from, std::size_t buffer);
    const std::string& name() const { return files_[current_].name; }
    Descriptor open(std::size_t file);
    bool open_next();
    bool fill();
    std::string_view take(std::size_t length, std::size_t skip);
    void skip_rest();
    std::size_t room() const { return buffer_.size() - kScanAhead; }

    std::vector<File> files_;
    std::size_t longest_;
    std::size_t current_ = 0;
    bool started_ = false;
    Descriptor descriptor_;
    std::uint64_t stdin_offset_ = 0;
    std::uint64_t offset_ = 0;          // in the file, behind what is in the buffer
    std::uint64_t limit_ = UINT64_MAX;  // nothing of the file is read behind it
    bool rereadable_ = false;
    std::vector<char> buffer_;
    std::size_t begin_ = 0, end_ = 0;  // what is in the buffer
    std::uint64_t number_ = 0;
    Position line_begin_;
    bool too_long_ = false, unfinished_ = false;
    std::function<void()> before_wait_;
};

}  // namespace migtrace
