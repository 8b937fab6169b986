/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/stop.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <memory>

#include "base/error.h"

namespace vmdirty {

namespace {

std::vector<pid_t> threads_of(const vmhost::Process& process) {
    base::UniqueFd fd = process.open("task", O_RDONLY | O_DIRECTORY);
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(::fdopendir(fd.get()), ::closedir);
    if (!folder) throw base::system_error(fmt::format("cannot read /proc/{}/task", process.pid()), errno);
    fd.release();
    std::vector<pid_t> threads;
    while (const dirent* entry = ::readdir(folder.get()))
        if (const pid_t id = std::atoi(entry->d_name); id > 0) threads.push_back(id);
    return threads;
}

}  // namespace

base::Error trace_error(const std::string& what, const vmhost::Process& process, pid_t thread, int error) {
    const int tracer = std::atoi(process.status("TracerPid", thread).c_str());
    if (error != EPERM || tracer == 0) return base::system_error(what, error, error == EPERM ? "try it as root" : "");
    std::string name;
    try {
        name = fmt::format(" ({})", vmhost::Process(tracer).name());
    } catch (const base::Error&) {
        // It has ended meanwhile, or is a thread.
    }
    return base::Error(fmt::format("{}: process {}{} traces it already, and there can be only one: end that first", what, tracer, name));
}

pid_t await_stop(pid_t thread, int& status) {
    const timespec step = {0, 20'000};
    for (int i = 0; i < kStopMsec * 50; i++) {
        const pid_t seen = ::waitpid(thread, &status, WNOHANG | __WALL);
        if (seen > 0 || (seen < 0 && errno != EINTR)) return seen;
        ::nanosleep(&step, nullptr);
    }
    return 0;
}

Stop::Stop(const vmhost::Process& process) : process_(process) {
    try {
        // Those that stop last may have started others before.
        while (stop_those_that_run()) {
        }
    } catch (...) {
        release();
        throw;
    }
}

Stop::~Stop() { release(); }

/// Whether there were any.
bool Stop::stop_those_that_run() {
    const std::size_t before = threads_.size();
    for (const pid_t id : threads_of(process_))
        if (std::none_of(threads_.begin(), threads_.end(), [id](const Thread& t) { return t.id == id; })) seize(id);
    for (std::size_t i = before; i < threads_.size(); i++) await(threads_[i]);
    return threads_.size() > before;
}

void Stop::seize(pid_t id) {
    if (::ptrace(PTRACE_SEIZE, id, nullptr, nullptr) == 0) {
        threads_.push_back({id});
        // A thread that ends now ends.
        ::ptrace(PTRACE_INTERRUPT, id, nullptr, nullptr);
    } else if (errno != ESRCH) {
        throw trace_error(fmt::format("cannot stop thread {} of process {} (ptrace)", id, process_.pid()), process_, id, errno);
    }
}

void Stop::await(Thread& thread) {
    int status = 0;
    const pid_t seen = await_stop(thread.id, status);
    if (seen == 0)
        throw base::Error(fmt::format("thread {} of process {} does not stop within {} s", thread.id, process_.pid(), kStopMsec / 1000));
    if (seen < 0 || !WIFSTOPPED(status))
        thread.id = 0;  // it has ended
    else if (status >> 16 == 0)
        thread.signal = WSTOPSIG(status);  // it was about to get it, and gets it when it is let go
}

void Stop::release() {
    for (const Thread& thread : threads_)
        if (thread.id) ::ptrace(PTRACE_DETACH, thread.id, nullptr, thread.signal);
    threads_.clear();
}

}  // namespace vmdirty
