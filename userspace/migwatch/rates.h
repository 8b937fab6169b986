/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// How many migrations there were since the last look, and since the begin: by cause, by pair of CPUs, by process.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace migwatch {

struct Row {
    std::string name;  ///< "pull_task", "0 > 3", or the name of a process
    std::int32_t pid = 0;
    unsigned from = 0, to = 0;
    std::uint64_t now = 0, total = 0;  ///< since the last look, and since the begin
};

enum class Sort { Rate, Total, Name };
/// By rate and by total the most come first; rows with the same go by name. `reverse` turns that round.
void sort_rows(std::vector<Row>& rows, Sort by, bool reverse);

/// What is seen at a look.
struct Look {
    double seconds = 0;  ///< since the last
    std::uint64_t migrations = 0, total = 0;
    std::uint64_t lost = 0;  ///< events, since the begin
    std::vector<Row> causes, pairs, processes;  ///< of which there were any
};

class Rates {
 public:
    /// So many processes are known at most: those that have not moved since the last look are forgotten then.
    static constexpr std::size_t kMostProcesses = 65536;

    void migration(std::int32_t pid, std::string_view name, unsigned from, unsigned to, const std::string& cause);
    /// So many of a cause have been counted by others; then migration() does not count causes.
    void counted(const std::string& cause, std::uint64_t count);
    void lost(std::uint64_t events) { lost_ += events; }

    /// As if nothing had been seen.
    void begin_anew() { *this = {}; }
    /// `seconds`: since the last look.
    Look look(double seconds);

 private:
    struct Count {
        std::uint64_t now = 0, total = 0;
        std::string name = {};
    };
    void forget_idle();
    std::map<std::string, Count> causes_;
    std::map<std::pair<unsigned, unsigned>, Count> pairs_;
    std::map<std::int32_t, Count> processes_;
    std::uint64_t now_ = 0, total_ = 0, lost_ = 0;
    bool counted_ = false;
};

}  // namespace migwatch
