/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmverify/vm.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <csignal>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "base/terminal.h"
#include "vmverify/guest.h"

namespace vmverify {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kStartPatience{30};
constexpr std::size_t kQuoted = 400;
constexpr std::streamoff kRead = 1 << 20;

/// Not more than its end: a guest may print whatever it likes.
std::string read_end(const std::string& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) return "";
    const std::streamoff size = file.tellg();
    file.seekg(std::max<std::streamoff>(0, size - kRead));
    return {std::istreambuf_iterator<char>(file), {}};
}

/// For people.
std::string quoted_end(const std::string& path) {
    std::string text = boost::trim_copy(read_end(path));
    if (text.size() > kQuoted) text = "... " + text.substr(text.size() - kQuoted);
    return base::printable(text, "\n");
}

/// Nothing when it does not listen.
std::unique_ptr<vmhost::Qmp> connect(const std::string& monitor) {
    try {
        return std::make_unique<vmhost::Qmp>(monitor);
    } catch (const base::Error&) {
        return nullptr;
    }
}

std::size_t count(const std::string& text, const std::string& wanted) {
    std::size_t found = 0;
    for (std::size_t at = text.find(wanted); at != text.npos; at = text.find(wanted, at + wanted.size())) found++;
    return found;
}

/// Whether one of those that say `ended` at their end has ended with a status that is not 0.
bool any_failed(const std::string& console, const std::string& ended) {
    for (std::size_t at = console.find(ended); at != console.npos; at = console.find(ended, at)) {
        at += ended.size();
        if (at < console.size() && console[at] >= '1' && console[at] <= '9') return true;
    }
    return false;
}

}  // namespace

Vm::Vm(const std::string& name, std::vector<std::string> words, const std::string& folder)
    : name_(name), console_(fmt::format("{}/{}.console", folder, name)), messages_(fmt::format("{}/{}.log", folder, name)) {
    const std::string monitor = fmt::format("{}/{}.qmp", folder, name);
    words.insert(words.end(), {"-qmp", fmt::format("unix:{},server=on,wait=off", monitor), "-serial", "file:" + console_});
    const base::UniqueFd messages(::open(messages_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    const base::UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!messages || !nothing) throw base::system_error(fmt::format("cannot write {}", messages_), errno);
    base::ChildOptions options;
    options.input = nothing.get();
    options.output = options.errors = messages.get();
    options.ends_with_us = true;
    child_ = std::make_unique<base::Child>(words, options);
    if (const int error = child_->execute())
        throw base::system_error(fmt::format("cannot run {}", words[0]), error,
                                 error == ENOENT && words[0].find('/') == std::string::npos ? "scripts/setup installs it" : "");
    // It makes its socket, and listens there a moment later.
    for (const auto until = Clock::now() + kStartPatience; !qmp_;) {
        if (const auto status = child_->wait(std::chrono::milliseconds(20))) fail_ended(*status);
        if (::access(monitor.c_str(), F_OK) == 0) qmp_ = connect(monitor);
        if (!qmp_ && Clock::now() > until) fail("QEMU does not answer at its monitor");
    }
}

Vm::~Vm() {
    child_->kill(SIGKILL);
    child_->wait();
}

void Vm::fail(const std::string& why) const {
    const std::string said = quoted_end(messages_);
    throw base::Error(fmt::format("{}: {}{}", name_, why, said.empty() ? "" : "; it says: " + said));
}

void Vm::check_running() {
    // It closes its monitor a moment before.
    if (const auto status = child_->wait(std::chrono::milliseconds(200))) fail_ended(*status);
}

void Vm::fail_ended(int status) const {
    base::RunResult how;
    how.end = WIFSIGNALED(status) ? base::RunResult::End::Killed : base::RunResult::End::Exited;
    how.code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
    fail(fmt::format("QEMU has ended ({})", how.describe()));
}

void Vm::check_workloads() const {
    const std::string said = read_end(console_);
    for (const auto& [name, ended] : {std::pair{"dirtyram", kWriterEnded}, std::pair{"a workload", kWorkloadEnded}})
        if (any_failed(said, ended)) fail(fmt::format("{} has failed in the guest; its console: {}", name, quoted_end(console_)));
}

bool Vm::console_has(const std::string& text) const { return count(read_end(console_), text) > 0; }

void Vm::wait_for_console(const std::string& text, std::size_t times, std::chrono::seconds patience, base::StopSignals& signals) {
    const auto until = Clock::now() + patience;
    for (;;) {
        const std::string said = read_end(console_);
        if (count(said, text) >= times) return;
        if (said.find("Kernel panic") != said.npos) fail(fmt::format("the guest's kernel panics; its console: {}", quoted_end(console_)));
        if (any_failed(said, kWriterEnded) || count(said, kWriterEnded) >= times)
            fail(fmt::format("dirtyram has ended in the guest before it has said '{}'; its console: {}", text, quoted_end(console_)));
        if (Clock::now() > until)
            fail(fmt::format("after {} s the guest has not said '{}' (allow more with --boot-timeout); its console: {}", patience.count(), text,
                             said.empty() ? "nothing" : quoted_end(console_)));
        pollfd fds[] = {{signals.fd(), POLLIN, 0}, {child_->fd(), POLLIN, 0}};
        ::poll(fds, 2, 50);
        if (const int signal = signals.take()) throw base::Interrupted("nothing was compared", signal);
        if (fds[1].revents) check_running();
    }
}

}  // namespace vmverify
