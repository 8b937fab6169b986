/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/line_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace migtrace {

namespace {

constexpr std::size_t kBuffer = 1 << 18;

/// A regular file that says its size; files of debugfs and proc are regular, but have size 0 and change.
bool is_rereadable(const std::string& name) {
    struct stat status;
    int failed = name == "-" ? ::fstat(STDIN_FILENO, &status) : ::stat(name.c_str(), &status);
    return !failed && S_ISREG(status.st_mode) && status.st_size > 0;
}

std::string shown(const std::string& name) {
    return name == "-" ? "standard input" : name;
}

}  // namespace

LineReader::LineReader(std::vector<std::string> files, std::size_t longest)
    : longest_(longest), buffer_(kBuffer) {
    if (files.empty()) files.push_back("-");
    for (std::string& name : files) files_.push_back({std::move(name)});
    rereadable_ =
        std::all_of(files_.begin(), files_.end(), [](const File& f) { return is_rereadable(f.name); });
    stdin_offset_ = ::lseek(STDIN_FILENO, 0, SEEK_CUR);
}

void LineReader::rewind() {
    for (const File& file : files_)
        if (file.name == "-" && ::lseek(STDIN_FILENO, stdin_offset_, SEEK_SET) < 0)
            throw base::system_error("cannot read standard input a second time", errno);
    started_ = false;
    current_ = begin_ = end_ = 0;
    number_ = 0;
    fd_ = -1;
}

bool LineReader::open_next() {
    if (!started_)
        started_ = true;
    else if (++current_ >= files_.size()) {
        current_ = files_.size() - 1;
        fd_ = -1;
        return false;
    }
    files_[current_].first = number_ + 1;
    begin_ = end_ = 0;
    fd_ = STDIN_FILENO;
    if (name() == "-") return true;
    own_.reset(::open(name().c_str(), O_RDONLY | O_CLOEXEC));
    fd_ = own_.get();
    if (fd_ < 0) throw base::system_error(fmt::format("cannot open {}", name()), errno);
    return true;
}

/// Reads more of the current file behind what is in the buffer; false at its end.
bool LineReader::fill() {
    if (fd_ < 0) return false;
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (end_ == buffer_.size()) buffer_.resize(2 * buffer_.size());
    ssize_t got;
    do got = ::read(fd_, buffer_.data() + end_, buffer_.size() - end_);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        throw base::system_error(fmt::format("cannot read {}", shown(name())), errno,
                                 errno == EBUSY ? "stop the trace first: write 0 to its file enable" : "");
    end_ += static_cast<std::size_t>(got);
    return got > 0;
}

/// The first `length` bytes of the buffer as a line; `skip` bytes that end it are dropped.
std::string_view LineReader::take(std::size_t length, std::size_t skip) {
    std::string_view line(buffer_.data() + begin_, length);
    begin_ += length + skip;
    number_++;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return line;
}

/// Drops what is left of a line that is too long; its beginning stays at the front of the buffer.
void LineReader::skip_rest() {
    for (;;) {
        const char* rest = buffer_.data() + longest_;
        if (const void* found = std::memchr(rest, '\n', end_ - longest_)) {
            begin_ = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data()) + 1;
            return;
        }
        begin_ = 0;
        end_ = longest_;
        if (!fill()) {
            begin_ = end_;
            return;
        }
    }
}

bool LineReader::next(std::string_view& line) {
    too_long_ = unfinished_ = false;
    std::size_t searched = 0;
    for (;;) {
        const char* from = buffer_.data() + begin_;
        if (end_ > begin_ + searched) {
            const void* found = std::memchr(from + searched, '\n', end_ - begin_ - searched);
            std::size_t length =
                found ? static_cast<std::size_t>(static_cast<const char*>(found) - from) : end_ - begin_;
            if (length > longest_) {
                too_long_ = true;
                if (begin_ > 0) {
                    std::memmove(buffer_.data(), from, end_ - begin_);
                    end_ -= begin_;
                    begin_ = 0;
                }
                skip_rest();
                number_++;
                line = std::string_view(buffer_.data(), longest_);
                return true;
            }
            if (found) {
                line = take(length, 1);
                return true;
            }
            searched = length;
        }
        if (fill()) continue;
        if (end_ > begin_) {
            unfinished_ = true;
            line = take(end_ - begin_, 0);
            return true;
        }
        if (!open_next()) return false;
        searched = 0;
    }
}

std::string LineReader::place(std::uint64_t number) const {
    const File* file = &files_.front();
    for (const File& f : files_)
        if (f.first > 0 && f.first <= number) file = &f;
    return fmt::format("{}:{}", file->name == "-" ? "standard input" : file->name,
                       number - std::max<std::uint64_t>(file->first, 1) + 1);
}

}  // namespace migtrace
