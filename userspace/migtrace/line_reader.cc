/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/line_reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace migtrace {

namespace {

/// What a pipe holds, and small enough to stay in the cache between being read and being looked at: with four times as
/// much reading takes three times as long.
constexpr std::size_t kBuffer = 1 << 17;
constexpr std::size_t kSample = 512;

/// Size of a regular file; 0 for anything else. Files of debugfs and proc are regular, but have size 0 and change.
std::uint64_t regular_size(const std::string& name) {
    struct stat status;
    int failed = name == "-" ? ::fstat(STDIN_FILENO, &status) : ::stat(name.c_str(), &status);
    return !failed && S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
}

std::string shown(const std::string& name) {
    return name == "-" ? "standard input" : name.empty() ? "''" : name;
}

}  // namespace

LineReader::LineReader(std::vector<std::string> files, std::size_t longest)
    : longest_(longest), buffer_(kBuffer + kScanAhead) {
    if (files.empty()) files.push_back("-");
    for (std::string& name : files) files_.push_back({std::move(name), 0, {}});
    rereadable_ =
        std::all_of(files_.begin(), files_.end(), [](const File& f) { return regular_size(f.name) > 0; });
    const off_t offset = ::lseek(STDIN_FILENO, 0, SEEK_CUR);
    if (offset > 0) stdin_offset_ = static_cast<std::uint64_t>(offset);
}

LineReader::LineReader(const LineReader& other, std::vector<File> files, const Position& from, std::size_t buffer)
    : files_(std::move(files)),
      longest_(other.longest_),
      current_(from.file),
      started_(true),
      stdin_offset_(other.stdin_offset_),
      offset_(from.offset),
      rereadable_(true),
      buffer_(buffer + kScanAhead),
      number_(from.number) {}

LineReader LineReader::part(const Position& from, const Position& to, std::size_t buffer) {
    // It needs no other files, and there may be thousands of parts.
    LineReader part(*this, {files_[from.file]}, {0, from.offset, from.number}, buffer);
    if (from.file == to.file) part.limit_ = to.offset;
    part.descriptor_ = open(from.file);
    return part;
}

LineReader LineReader::rest() {
    LineReader rest(*this, files_, position(), kBuffer);
    rest.descriptor_ = open(current_);
    return rest;
}

void LineReader::rewind() {
    started_ = false;
    current_ = begin_ = end_ = 0;
    number_ = 0;
    descriptor_.reset();
}

LineReader::Descriptor LineReader::open(std::size_t index) {
    File& file = files_[index];
    if (Descriptor known = file.open.lock()) return known;
    // Standard input is not ours to close.
    const int fd = file.name == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                    : ::open(file.name.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        throw base::system_error(fmt::format("cannot open {}", shown(file.name)), errno,
                                 errno == EACCES ? "run it with sudo, or on a copy" : "");
    auto descriptor = std::make_shared<base::UniqueFd>(fd);
    file.open = descriptor;
    return descriptor;
}

bool LineReader::open_next() {
    if (!started_)
        started_ = true;
    else if (current_ + 1 >= files_.size()) {
        descriptor_.reset();
        return false;
    } else
        current_++;
    files_[current_].first = number_ + 1;
    begin_ = end_ = 0;
    descriptor_ = open(current_);
    offset_ = name() == "-" ? stdin_offset_ : 0;
    return true;
}

bool LineReader::must_wait() const {
    if (rereadable_ || !descriptor_) return false;
    if (std::memchr(buffer_.data() + begin_, '\n', end_ - begin_)) return false;
    pollfd poller = {descriptor_->get(), POLLIN, 0};
    return ::poll(&poller, 1, 0) == 0;
}

/// Reads more of the current file behind what is in the buffer; false at its end.
bool LineReader::fill() {
    if (!descriptor_) return false;
    if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    if (end_ == room()) buffer_.resize(2 * room() + kScanAhead);
    if (before_wait_ && must_wait()) before_wait_();
    const std::size_t wanted = std::min<std::uint64_t>(room() - end_, limit_ - std::min(limit_, offset_));
    ssize_t got;
    do got = rereadable_
                 ? ::pread(descriptor_->get(), buffer_.data() + end_, wanted, static_cast<off_t>(offset_))
                 : ::read(descriptor_->get(), buffer_.data() + end_, wanted);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        throw base::system_error(fmt::format("cannot read {}", shown(name())), errno,
                                 errno == EBUSY ? "stop the trace first: write 0 to its file enable" : "");
    end_ += static_cast<std::size_t>(got);
    offset_ += static_cast<std::uint64_t>(got);
    return got > 0;
}

std::size_t LineReader::scan(Record* records, std::size_t most) {
    const char* at = buffer_.data() + begin_;
    auto line = static_cast<std::uint32_t>(number_);
    const std::size_t lines = scan_migrations(at, buffer_.data() + end_, records, most, line);
    begin_ = static_cast<std::size_t>(at - buffer_.data());
    number_ += lines;
    return lines;
}

std::size_t LineReader::scan(RunTracker& tracker) {
    const char* at = buffer_.data() + begin_;
    const std::size_t lines = scan_times(at, buffer_.data() + end_, tracker);
    begin_ = static_cast<std::size_t>(at - buffer_.data());
    number_ += lines;
    return lines;
}

/// The first `length` bytes of the buffer as a line; `skip` bytes that end it are dropped.
std::string_view LineReader::take(std::size_t length, std::size_t skip) {
    std::string_view line(buffer_.data() + begin_, length);
    line_begin_ = position();
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
                line_begin_ = position();
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

const LineReader::File& LineReader::file_of(std::uint64_t number) const {
    const File* file = &files_.front();
    for (const File& f : files_)
        if (f.first > 0 && f.first <= number) file = &f;
    return *file;
}

std::string LineReader::place(std::uint64_t number) const {
    const File& file = file_of(number);
    return fmt::format("{}:{}", shown(file.name), number - std::max<std::uint64_t>(file.first, 1) + 1);
}

std::string LineReader::file_name(std::uint64_t number) const { return shown(file_of(number).name); }

std::vector<LineReader::Sample> LineReader::samples(unsigned count) {
    std::vector<Sample> samples;
    const auto share = static_cast<unsigned>(std::max<std::size_t>(count / files_.size(), 2));
    for (std::size_t i = 0; i < files_.size(); i++) {
        const Descriptor descriptor = open(i);
        const std::uint64_t size = regular_size(files_[i].name);
        for (unsigned k = 0; k < share; k++) {
            char text[kSample];
            const std::uint64_t offset = size / share * k;
            const ssize_t got = ::pread(descriptor->get(), text, kSample, static_cast<off_t>(offset));
            if (got <= 0) continue;
            const std::string_view read(text, static_cast<std::size_t>(got));
            const std::size_t before = read.find('\n');
            const std::size_t end = before == read.npos ? before : read.find('\n', before + 1);
            if (end == read.npos) continue;
            samples.push_back({{i, offset + before + 1, 0}, std::string(read.substr(before + 1, end - before - 1))});
        }
    }
    return samples;
}

std::uint64_t LineReader::bytes() const {
    std::uint64_t sum = 0;
    for (const File& file : files_) sum += regular_size(file.name);
    return sum;
}

}  // namespace migtrace
