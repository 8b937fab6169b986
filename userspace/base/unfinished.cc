/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/unfinished.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>

namespace base {

namespace {

// What a signal handler may touch: lock-free, and never moved. No program writes more files at once; one that
// finds no place is left behind by Ctrl-C as before.
std::array<std::atomic<const char*>, 8> paths;
static_assert(std::atomic<const char*>::is_always_lock_free);
volatile pid_t owner = 0;

/// Its signal takes its old meaning with the call (SA_RESETHAND), so that raising it again ends the program.
void remove_all(int signal_number) {
    // A child process between fork() and exec() has the handler and must leave its parent's files alone.
    if (::getpid() == owner)
        for (const auto& path : paths)
            if (const char* name = path) ::unlink(name);
    ::raise(signal_number);
}

void handle_signals() {
    owner = ::getpid();
    for (int signal_number : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction now = {};
        ::sigaction(signal_number, nullptr, &now);
        if (now.sa_handler != SIG_DFL) continue;
        struct sigaction action = {};
        action.sa_handler = remove_all;
        action.sa_flags = SA_RESETHAND;
        ::sigaction(signal_number, &action, nullptr);
    }
}

}  // namespace

UnfinishedFile::UnfinishedFile(const char* path) {
    handle_signals();
    for (std::size_t i = 0; i < paths.size(); i++) {
        const char* none = nullptr;
        if (!paths[i].compare_exchange_strong(none, path)) continue;
        place_ = static_cast<int>(i);
        return;
    }
}

UnfinishedFile::~UnfinishedFile() {
    if (place_ >= 0) paths[static_cast<std::size_t>(place_)] = nullptr;
}

}  // namespace base
