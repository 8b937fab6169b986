/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"

namespace base {

std::string read_file(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) throw system_error(fmt::format("cannot open {}", path), errno);
    std::string text;
    std::array<char, 16384> buffer;
    for (;;) {
        ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw system_error(fmt::format("cannot read {}", path), errno);
        if (got == 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
}

int write_control_file(const std::string& path, std::string_view text) {
    UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd) return errno;
    ssize_t written;
    do written = ::write(fd.get(), text.data(), text.size());
    while (written < 0 && errno == EINTR);
    if (written < 0) return errno;
    return written == static_cast<ssize_t>(text.size()) ? 0 : EIO;
}

std::string input_names(const std::vector<std::string>& inputs) {
    std::string names;
    for (const std::string& input : inputs) {
        if (!names.empty()) names += ", ";
        names += input == "-" ? "standard input" : input;
    }
    return inputs.empty() ? "standard input" : names;
}

namespace {

bool is_one_of(const struct stat& written, const std::vector<std::string>& inputs) {
    if (!S_ISREG(written.st_mode)) return false;
    for (const std::string& input : inputs.empty() ? std::vector<std::string>{"-"} : inputs) {
        struct stat read = {};
        if (input == "-" ? ::fstat(STDIN_FILENO, &read) != 0 : ::stat(input.c_str(), &read) != 0) continue;
        if (read.st_dev == written.st_dev && read.st_ino == written.st_ino) return true;
    }
    return false;
}

}  // namespace

void refuse_input_as_output(const std::string& output, const std::vector<std::string>& inputs) {
    struct stat written = {};
    if (output == "-" || ::stat(output.c_str(), &written) != 0) return;
    if (is_one_of(written, inputs))
        throw Error(fmt::format("{} is the input: it would be lost (name another file with -o)", output));
}

void refuse_input_as_stdout(const std::vector<std::string>& inputs) {
    struct stat written = {};
    if (::fstat(STDOUT_FILENO, &written) == 0 && is_one_of(written, inputs))
        throw Error("standard output is the input, which cannot be read while it is written (write to another file)");
}

namespace {

/// Which of this process's descriptors a name means: "-", "/dev/stdout", "/dev/fd/3".
std::optional<int> own_descriptor(const std::string& path) {
    if (path == "-" || path == "/dev/stdout") return STDOUT_FILENO;
    if (path == "/dev/stderr") return STDERR_FILENO;
    for (const std::string_view folder : {"/dev/fd/", "/proc/self/fd/"}) {
        if (!path.starts_with(folder)) continue;
        int number = 0;
        const char* const end = path.data() + path.size();
        const auto [rest, failure] = std::from_chars(path.data() + folder.size(), end, number);
        if (failure == std::errc() && rest == end) return number;
    }
    return std::nullopt;
}

}  // namespace

OutputFile::OutputFile(const std::string& path) : path_(path), target_(path) {
    // A file behind one is that which others write to as well: to replace it would take what they wrote away.
    if (const auto own = own_descriptor(path)) {
        fd_.reset(::fcntl(*own, F_DUPFD_CLOEXEC, 3));
        if (!fd_) fail("cannot write", errno);
        return;
    }
    struct stat info = {};
    std::optional<mode_t> mode;
    if (::stat(path.c_str(), &info) == 0) {
        if (S_ISDIR(info.st_mode)) fail("cannot write", EISDIR);
        if (!S_ISREG(info.st_mode)) {
            fd_.reset(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
            if (!fd_) fail("cannot write", errno);
            return;
        }
        mode = info.st_mode & 0777;
        // A symbolic link stays one, and what it points to is replaced.
        if (char* real = ::realpath(path.c_str(), nullptr)) {
            target_ = real;
            std::free(real);
        }
    }
    temporary_ = fmt::format("{}.tmp-{}", target_, ::getpid());
    unfinished_.emplace(temporary_.c_str());
    fd_.reset(::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (!fd_) {
        int error = errno;
        unfinished_.reset();
        temporary_.clear();
        fail("cannot create", error);
    }
    // Who might not read the old file may not read the new one.
    if (mode && ::fchmod(fd_.get(), *mode) != 0) fail("cannot set the permissions of", errno);
}

OutputFile::~OutputFile() {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void OutputFile::fail(const std::string& doing, int error) const {
    std::string hint;
    if (error == ENOSPC || error == EDQUOT) hint = "make room, or name another place";
    if (error == EFBIG) hint = "it is larger than files may be here; see ulimit -f";
    if (error == EACCES || error == EROFS || error == ENOENT || error == ENOTDIR || error == EPERM)
        hint = "name a place that can be written";
    throw system_error(fmt::format("{} {}", doing, path_ == "-" ? "standard output" : path_), error, hint);
}

void OutputFile::write(std::string_view data) {
    while (!data.empty()) {
        ssize_t written = ::write(fd_.get(), data.data(), data.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail("cannot write", errno);
        data.remove_prefix(static_cast<std::size_t>(written));
    }
}

void OutputFile::commit(bool keep_old) {
    // Some file systems report a full disk only now.
    if (named_at_end() && ::fdatasync(fd_.get()) != 0 && errno != EINVAL && errno != ENOTSUP)
        fail("cannot write", errno);
    if (::close(fd_.release()) != 0 && errno != EINTR) fail("cannot write", errno);
    if (!named_at_end()) return;
    if (keep_old && std::rename(target_.c_str(), (target_ + ".old").c_str()) != 0 && errno != ENOENT)
        fail("cannot keep the old file as .old of", errno);
    if (std::rename(temporary_.c_str(), target_.c_str()) != 0) fail("cannot create", errno);
    unfinished_.reset();
    temporary_.clear();
}

TemporaryFolder::TemporaryFolder() {
    std::error_code error;
    std::filesystem::path parent = std::filesystem::temp_directory_path(error);
    if (error) parent = "/tmp";
    path_ = (parent / "migscope-XXXXXX").string();
    if (!::mkdtemp(path_.data()))
        throw system_error(fmt::format("cannot make a temporary directory in {}", parent.string()), errno, "name another one in TMPDIR");
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace base
