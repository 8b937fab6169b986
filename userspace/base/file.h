/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Files that are read whole, and files that appear whole or not at all.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unfinished.h"
#include "base/unique_fd.h"

namespace base {

/// The whole of a small file. Throws Error.
std::string read_file(const std::string& path);

/// Writes `text` with one write() to a file that exists: how control files of the kernel are used. 0 or an
/// errno.
int write_control_file(const std::string& path, std::string_view text);

/// Throws Error when `output` is one of the files `inputs` ("-", or none at all: standard input): to write it would destroy what is read.
void refuse_input_as_output(const std::string& output, const std::vector<std::string>& inputs);

/// The same for standard output, which may be a file to which the shell appends.
void refuse_input_as_stdout(const std::vector<std::string>& inputs);

/// Inputs as a message names them: "a, b"; "-", and none at all, are standard input.
std::string input_names(const std::vector<std::string>& inputs);

/// A file under construction. It is written beside its final name and gets that name only in commit(), so
/// that nobody finds half a file under it; without commit() nothing remains, and after Ctrl-C neither. A name that exists and is no
/// regular file (/dev/null, a pipe) is written directly; one that is replaced leaves its permissions to the new one. "-" is standard output, and
/// so are /dev/stdout and the like, whatever is behind them.
/// Throws Error, at the start when the place cannot be written.
class OutputFile {
 public:
    explicit OutputFile(const std::string& path);
    ~OutputFile();
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;

    void write(std::string_view data);
    /// Makes it permanent. With `keep_old` a file that has the name becomes FILE.old.
    void commit(bool keep_old = false);

    const std::string& path() const { return path_; }
    /// Whether it takes its name in commit(); not so for a device, a pipe and standard output.
    bool named_at_end() const { return !temporary_.empty(); }

 private:
    [[noreturn]] void fail(const std::string& doing, int error) const;
    std::string path_, target_, temporary_;
    std::optional<UnfinishedFile> unfinished_;
    UniqueFd fd_;
};

/// A folder in TMPDIR, or /tmp, that nobody else may enter; it goes with all in it at the end of the object. Throws Error.
class TemporaryFolder {
 public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::string& path() const { return path_; }

 private:
    std::string path_;
};

}  // namespace base
