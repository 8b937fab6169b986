/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "vmhost/process.h"

namespace vmdirty {

/// As long as it may take until a thread that is traced stops.
constexpr int kStopMsec = 2000;

/// Waits until it stops or ends, and how in `status`, as waitpid() does: returns its id, 0 when it takes longer, or -1 with errno.
/// Allocates no memory.
pid_t await_stop(pid_t thread, int& status);

/// Why ptrace() refuses, with `error`, to do `what` with a thread: somebody else has it, or it is not ours.
base::Error trace_error(const std::string& what, const vmhost::Process& process, pid_t thread, int error);

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
