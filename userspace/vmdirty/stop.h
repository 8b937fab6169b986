/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <sys/types.h>

#include <vector>

#include "vmhost/process.h"

namespace vmdirty {

/// While it lives no thread of `process` runs (ptrace). Whatever happens to this process they go on when it ends.
class Stop {
 public:
    /// Throws Error, and lets them go on, when one does not stop within 2 s.
    explicit Stop(const vmhost::Process& process);
    ~Stop();
    Stop(const Stop&) = delete;
    Stop& operator=(const Stop&) = delete;

 private:
    struct Thread {
        pid_t id;
        int signal = 0;  // that it was about to get
    };
    bool stop_those_that_run();
    void seize(pid_t id);
    void await(Thread& thread);
    void release();
    const vmhost::Process& process_;
    std::vector<Thread> threads_;
};

}  // namespace vmdirty
