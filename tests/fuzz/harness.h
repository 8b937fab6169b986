/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What fuzz targets share: their input as a file, what a program prints, and how they say that it is wrong.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/command_line.h"
#include "base/error.h"
#include "base/unique_fd.h"
#include "migtrace/output.h"

/// What libFuzzer calls with each input. Anything but base::Error that comes out of it is a finding.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// A finding unless `holds`.
inline void require(bool holds, const std::string& what) {
    if (!holds) throw std::logic_error(what);
}

/// A regular file in memory.
class File {
 public:
    explicit File(std::string_view text) : fd_(::memfd_create("input", MFD_CLOEXEC)) {
        require(fd_ && ::write(fd_.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()),
                "cannot make a file in memory");
    }
    std::string path() const { return fmt::format("/proc/self/fd/{}", fd_.get()); }

 private:
    base::UniqueFd fd_;
};

/// A pipe whose writer has written all of `text` and is gone.
class Pipe {
 public:
    /// What fits into one; no user needs a privilege for that.
    static constexpr std::size_t kMost = 1 << 20;
    explicit Pipe(std::string_view text) {
        int ends[2];
        require(::pipe2(ends, O_CLOEXEC) == 0, "cannot make a pipe");
        reader_.reset(ends[0]);
        base::UniqueFd writer(ends[1]);
        ::fcntl(writer.get(), F_SETPIPE_SZ, static_cast<int>(kMost));
        require(::write(writer.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()),
                "cannot write to a pipe");
    }
    std::string path() const { return fmt::format("/proc/self/fd/{}", reader_.get()); }

 private:
    base::UniqueFd reader_;
};

/// What a program does: what it prints, and how it fails.
struct Outcome {
    std::string text;
    std::optional<std::string> error;
};

/// Calls `work` with an Output that takes 2 MiB before the disk is full: a short input may well ask for gigabytes.
template <class Work>
Outcome outcome(const Work& work) {
    static std::vector<char> room(2 << 20);
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(::fmemopen(room.data(), room.size(), "w"), std::fclose);
    std::setvbuf(file.get(), nullptr, _IONBF, 0);
    Outcome outcome;
    try {
        migtrace::Output output(file.get());
        output.flush_after([&] { return work(output), 0; });
    } catch (const base::Error& error) {
        outcome.error = error.what();
    }
    outcome.text.assign(room.data(), static_cast<std::size_t>(std::ftell(file.get())));
    return outcome;
}

/// The command line of a program, which is the first line of an input if that begins with "#!", cut at blanks. To the
/// program that line is one more comment. `otherwise` is that of inputs without one.
class CommandWords {
 public:
    CommandWords(std::string_view text, std::string_view otherwise) {
        std::string_view line = text.substr(0, text.find('\n'));
        line = line.starts_with("#!") ? line.substr(2) : otherwise;
        // Strings of C end with the first NUL.
        line = line.substr(0, line.find('\0'));
        words_.emplace_back("program");
        while (!line.empty()) {
            const std::size_t end = std::min(line.find(' '), line.size());
            if (end > 0) words_.emplace_back(line.substr(0, end));
            line.remove_prefix(std::min(end + 1, line.size()));
        }
    }
    /// False for a command line that the program refuses, and for --help and --version, which it would print.
    bool parse(base::CommandLine& line) const {
        std::vector<const char*> argv;
        for (const std::string& word : words_) argv.push_back(word.c_str());
        return line.parse(static_cast<int>(argv.size()), argv.data());
    }

 private:
    std::vector<std::string> words_;
};

/// What an Error refuses is refused.
template <class Work>
void read(Work work) {
    try {
        work();
    } catch (const base::Error&) {
    }
}

}  // namespace fuzz
