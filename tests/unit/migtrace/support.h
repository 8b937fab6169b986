/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Traces written by hand, and what the library makes of them.

#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "migtrace/analysis.h"

namespace test {

/// A file that goes away with the object.
class TempFile {
 public:
    explicit TempFile(const std::string& text) {
        int fd = ::mkstemp(path_.data());
        if (fd < 0 || ::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) ::abort();
        ::close(fd);
    }
    ~TempFile() { ::unlink(path_.c_str()); }
    TempFile(const TempFile&) = delete;
    TempFile& operator=(const TempFile&) = delete;
    const std::string& path() const { return path_; }

 private:
    std::string path_ = "/tmp/migtrace-test-XXXXXX";
};

/// Two causes, three kinds of comm event, mark; four CPUs.
inline const std::string kHeader =
    "# version 1.0.0\n# nr_cpus 4\n# ts_field 1\n# cause 1 pull\n# cause 2 wake\n"
    "# loc 8 copy_process\n# loc 9 set_task_comm\n# loc 10 task_list\n# loc 11 mark\n";

/// Second 100 of the kernel's clock is half past a second of the wall clock.
inline const std::string kStart = "0x000000174876e800 0 . . . start_sched_clock 1281528519 500000\n";

/// The time stamp of a moment, in nanoseconds after the start.
inline std::string at(long long ns) {
    return fmt::format("0x{:016x}", 100'000'000'000 + ns);
}
/// A migration; `ms` after the start.
inline std::string move(double ms, int from, int to, int pid, int cause = 2) {
    return fmt::format("{} {} {} {} {} {}\n", at(static_cast<long long>(ms * 1e6)), from, from, to, pid,
                       cause);
}
inline std::string mark(double ms, const std::string& value, int pid = 1) {
    return fmt::format("{} 0 . . {} 11 {}\n", at(static_cast<long long>(ms * 1e6)), pid, value);
}
inline std::string named(double ms, int pid, const std::string& comm, int event = 9) {
    return fmt::format("{} 0 . . {} {} : {}\n", at(static_cast<long long>(ms * 1e6)), pid, event, comm);
}

/// What a job prints, and what it warns of.
struct Printed {
    std::string text;
    std::vector<std::string> warnings;
};

template <class Job>
Printed print(const Job& job) {
    char* memory = nullptr;
    std::size_t size = 0;
    std::FILE* file = ::open_memstream(&memory, &size);
    Printed printed;
    try {
        migtrace::Output output(file);
        printed.warnings = output.flush_after([&] { return migtrace::run(job, output); });
    } catch (...) {
        std::fclose(file);
        ::free(memory);
        throw;
    }
    std::fclose(file);
    printed.text.assign(memory, size);
    ::free(memory);
    return printed;
}

/// A job on a trace: `header` and events of one file. Set what is wanted, then print.
struct Trace {
    TempFile file;
    migtrace::Analysis job;
    explicit Trace(const std::string& events, const std::string& header = kHeader + kStart)
        : file(header + events) {
        job.input.files = {file.path()};
    }
    /// Every migration, with the time since the window began.
    std::string migrations() {
        job.report.migrations = true;
        job.report.times.rel = true;
        return print(job).text;
    }
    std::string stats() {
        job.stats = true;
        return print(job).text;
    }
    std::string period(std::uint64_t msec) {
        if (!job.periods) job.periods.emplace();
        job.periods->msec = job.report.period_msec = msec;
        job.periods->all = true;
        return print(job).text;
    }
};

/// The lines of `text` that begin as a row of a stat file does.
inline std::vector<std::string> rows(const std::string& text) {
    std::vector<std::string> all;
    for (std::size_t from = 0; from < text.size();) {
        const std::size_t to = text.find('\n', from);
        const std::string line = text.substr(from, to - from);
        if (!line.empty() && line[0] != '#') all.push_back(line);
        from = to + 1;
    }
    return all;
}

}  // namespace test
