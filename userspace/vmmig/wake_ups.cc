/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmmig/wake_ups.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>

namespace vmmig {

void WakeUps::have_read(std::size_t bytes, std::size_t room) {
    if (rare_) {
        if (bytes < std::min(room, kMany)) set(false);
        return;
    }
    bytes_ += bytes;
    if (!may_wait_ || bytes_ < kLook) return;
    const auto now = Clock::now();
    if (now - since_ < kLookTime) set(true);
    bytes_ = 0;
    since_ = now;
}

void WakeUps::always_at_once() {
    set(false);
    may_wait_ = false;
}

void WakeUps::set(bool rare) {
    rare_ = rare;
    const int bytes = rare ? kMany : 1;
    const timeval patience{0, rare ? kPatience.count() : 0};
    // Where they cannot be set it is slower, and nothing else; but never to wait for much without an end.
    if (::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0)
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes);
}

}  // namespace vmmig
