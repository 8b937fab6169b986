/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/process.h"

#include <dirent.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <cerrno>
#include <charconv>
#include <climits>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/error.h"

namespace vmhost {

namespace {

/// Cuts a hexadecimal number and the `end` behind it from the begin of `rest`.
bool cut_hex(std::string_view& rest, std::uint64_t& number, char end) {
    const auto [stop, failure] = std::from_chars(rest.data(), rest.data() + rest.size(), number, 16);
    if (failure != std::errc() || stop == rest.data() + rest.size() || *stop != end) return false;
    rest.remove_prefix(static_cast<std::size_t>(stop - rest.data()) + 1);
    return true;
}

/// Cuts a word and the blanks behind it.
std::string_view cut_word(std::string_view& rest) {
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(word.size());
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    return word;
}

/// "7f2a40000000-7f2a50000000 rw-p 00000000 00:00 0   [heap]"
bool parse_mapping(std::string_view line, Mapping& mapping) {
    if (!cut_hex(line, mapping.begin, '-') || !cut_hex(line, mapping.end, ' ') || mapping.begin > mapping.end) return false;
    const std::string_view rights = cut_word(line);
    if (rights.size() != 4) return false;
    mapping.readable = rights[0] == 'r';
    mapping.writable = rights[1] == 'w';
    mapping.executable = rights[2] == 'x';
    mapping.shared = rights[3] == 's';
    if (!cut_hex(line, mapping.offset, ' ')) return false;
    cut_word(line);  // the device
    if (cut_word(line).empty()) return false;
    mapping.path = line;
    return true;
}

}  // namespace

std::vector<Mapping> parse_maps(const std::string& text) {
    std::vector<Mapping> mappings;
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        if (!parse_mapping(line, mappings.emplace_back()))
            throw base::Error(fmt::format("line {} of the list of mappings is none: {}", mappings.size(), line));
    }
    return mappings;
}

std::vector<pid_t> all_processes() {
    std::vector<pid_t> pids;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        pid_t pid = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error == std::errc() && end == name.data() + name.size()) pids.push_back(pid);
    }
    std::ranges::sort(pids);
    return pids;
}

Process::Process(pid_t pid) : pid_(pid), pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {
    if (!pidfd_) {
        // EINVAL and, from 6.12 on, ENOENT: the pid of a thread.
        if (errno == ESRCH) throw base::Error(fmt::format("there is no process {}", pid));
        throw base::system_error(fmt::format("cannot watch process {}", pid), errno, "is that the pid of a thread?");
    }
    directory_.reset(::open(fmt::format("/proc/{}", pid).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory_ || !running()) fail(fmt::format("cannot look at /proc/{}", pid), directory_ ? ESRCH : errno);
}

bool Process::running() const {
    pollfd fd{pidfd_.get(), POLLIN, 0};
    return ::poll(&fd, 1, 0) == 0;
}

void Process::check_running() const {
    if (!running()) throw base::Error(fmt::format("process {} has ended", pid_));
}

void Process::fail(const std::string& doing, int error) const {
    check_running();
    throw base::system_error(doing, error,
                             error != EACCES && error != EPERM ? ""
                             : ::geteuid()                     ? "try it as root"
                                                               : "not even root may, in this container");
}

base::UniqueFd Process::open(const std::string& name, int flags) const {
    base::UniqueFd fd(::openat(directory_.get(), name.c_str(), flags | O_CLOEXEC));
    if (!fd) fail(fmt::format("cannot open /proc/{}/{}", pid_, name), errno);
    return fd;
}

std::string Process::read(const std::string& name, std::size_t most) const {
    const base::UniqueFd fd = open(name);
    std::string text;
    for (;;) {
        const std::size_t had = text.size();
        text.resize(had + 65536);
        const ssize_t n = ::read(fd.get(), text.data() + had, 65536);
        if (n < 0 && errno != EINTR) fail(fmt::format("cannot read /proc/{}/{}", pid_, name), errno);
        text.resize(had + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
        if (n == 0) break;
        if (text.size() > most) throw base::Error(fmt::format("/proc/{}/{} has more than {} bytes", pid_, name, most));
    }
    // Files of a process that has ended are empty.
    if (text.empty() && !running()) fail(name, ESRCH);
    return text;
}

std::vector<Mapping> Process::maps() const {
    auto found = parse_maps(read("maps"));
    if (!found.empty()) return found;
    if (status("State").starts_with('Z'))
        throw base::Error(fmt::format("process {} shows no memory: its first thread has ended while others run on, and the kernel shows a "
                                      "process as its first thread sees it",
                                      pid_));
    throw base::Error(fmt::format("process {} ({}) has no memory: it is a part of the kernel", pid_, name()));
}

std::string Process::status(const std::string& name, pid_t thread) const {
    const std::string text = "\n" + read(thread ? fmt::format("task/{}/status", thread) : "status");
    const auto line = text.find("\n" + name + ":");
    if (line == text.npos) return "";
    const auto value = line + name.size() + 2;
    return boost::trim_copy(text.substr(value, text.find('\n', value) - value));
}

std::vector<std::string> Process::command_line() const {
    std::string text = read("cmdline");
    std::vector<std::string> words;
    if (text.ends_with('\0')) text.pop_back();
    if (!text.empty()) boost::split(words, text, [](char c) { return c == '\0'; });
    return words;
}

std::string Process::name(pid_t thread) const {
    return boost::trim_right_copy(read(thread ? fmt::format("task/{}/comm", thread) : "comm"));
}

std::vector<std::string> Process::list(const std::string& name) const {
    base::UniqueFd fd = open(name, O_RDONLY | O_DIRECTORY);
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(fd.get()), ::closedir);
    if (!directory) fail(fmt::format("cannot list /proc/{}/{}", pid_, name), errno);
    fd.release();
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(directory.get()))
        if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    return names;
}

std::set<pid_t> Process::threads() const {
    std::set<pid_t> threads;
    for (const std::string& name : list("task")) threads.insert(std::stoi(name));
    return threads;
}

bool Process::has_thread(pid_t thread) const {
    return ::faccessat(directory_.get(), fmt::format("task/{}", thread).c_str(), F_OK, 0) == 0 && running();
}

std::string Process::link(const std::string& name) const {
    char path[PATH_MAX];
    const ssize_t length = ::readlinkat(directory_.get(), name.c_str(), path, sizeof path);
    if (length < 0 && errno == ENOENT) return "";
    if (length < 0) fail(fmt::format("cannot read /proc/{}/{}", pid_, name), errno);
    return std::string(path, static_cast<std::size_t>(length));
}

}  // namespace vmhost
