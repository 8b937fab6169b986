/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// How often the kernel wakes a thread that reads a stream.

#include <cstddef>

#include "vmmig/pacer.h"

namespace vmmig {

/// How much must be there before the kernel wakes a thread that reads (SO_RCVLOWAT). A thread that reads faster than the
/// other end sends is woken up for each piece, which takes both ends longer than the piece itself. While much comes it may
/// as well sleep until there is more to do. What comes slowly, or is waited for, is read at once.
///
/// A recv() of the socket may fail with EAGAIN: then nothing has come for kPatience.
class WakeUps {
 public:
    explicit WakeUps(int socket) : socket_(socket), since_(Clock::now()) {}

    /// `bytes` have been read, of which there was room for `room`; 0: the time was over.
    void have_read(std::size_t bytes, std::size_t room);
    /// From now on somebody waits for what comes.
    void always_at_once();

 private:
    static constexpr std::size_t kMany = 256 << 10;
    /// So much in this time is fast: 256 KiB take a millisecond at most.
    static constexpr std::size_t kLook = 8 << 20;
    static constexpr std::chrono::milliseconds kLookTime{32};
    /// When less comes then it is slow again.
    static constexpr std::chrono::microseconds kPatience{10'000};

    void set(bool rare);
    const int socket_;
    bool rare_ = false, may_wait_ = true;
    std::size_t bytes_ = 0;
    Clock::time_point since_;
};

}  // namespace vmmig
