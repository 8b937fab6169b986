/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/signals.h"

#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include "base/error.h"
#include "base/unique_fd.h"

namespace base {

namespace {

// What a signal handler may touch: a lock-free number and a descriptor that does not change while handlers
// are set.
volatile std::sig_atomic_t last_signal = 0;
int wake_fd = -1;

constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
std::array<struct sigaction, kSignals.size()> before;
bool active = false;

struct sigaction size_limit_before;
bool size_limit_ignored = false;

void note(int signal_number) {
    int saved = errno;
    last_signal = signal_number;
    std::uint64_t one = 1;
    [[maybe_unused]] auto written = ::write(wake_fd, &one, sizeof one);
    errno = saved;
}

void restore() {
    for (std::size_t i = 0; i < kSignals.size(); i++) ::sigaction(kSignals[i], &before[i], nullptr);
}

}  // namespace

StopSignals::StopSignals() {
    if (active) throw Error("two objects want to handle Ctrl-C");
    wake_fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (wake_fd < 0) throw system_error("preparing for Ctrl-C: eventfd()", errno);
    last_signal = 0;
    for (std::size_t i = 0; i < kSignals.size(); i++) {
        ::sigaction(kSignals[i], nullptr, &before[i]);
        if (kSignals[i] == SIGHUP && before[i].sa_handler == SIG_IGN) continue;
        struct sigaction action = {};
        action.sa_handler = kSignals[i] == SIGPIPE ? SIG_IGN : note;
        action.sa_flags = SA_RESTART;
        ::sigaction(kSignals[i], &action, nullptr);
    }
    active = true;
}

StopSignals::~StopSignals() {
    restore();
    ::close(wake_fd);
    wake_fd = -1;
    active = false;
}

int StopSignals::fd() const {
    return wake_fd;
}

int StopSignals::take() {
    std::uint64_t count = 0;
    if (::read(wake_fd, &count, sizeof count) != sizeof count) return 0;
    return last_signal;
}

void ignore_size_limit_signal() {
    struct sigaction ignore = {};
    ignore.sa_handler = SIG_IGN;
    struct sigaction old = {};
    if (::sigaction(SIGXFSZ, &ignore, &old) != 0 || size_limit_ignored) return;
    size_limit_before = old;
    size_limit_ignored = true;
}

void restore_signals_for_child() {
    if (active) restore();
    if (size_limit_ignored) ::sigaction(SIGXFSZ, &size_limit_before, nullptr);
}

}  // namespace base
