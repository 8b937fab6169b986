/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Keeps what guests do wrong from filling the log.

#include <chrono>
#include <cstddef>
#include <string>
#include <unordered_map>

namespace vmperf {

/// Says how often something may be said.
class QuietLog {
 public:
    using Clock = std::chrono::steady_clock;
    /// The line for `what` of `who` ("192.0.2.7"), with how often it has happened since it was said last; empty when that was less than a
    /// minute ago, or when that one has said much already: a guest can make as many different faults as it likes. What it remembers is bounded.
    std::string line(const std::string& who, const std::string& what, Clock::time_point now);

 private:
    struct Said {
        Clock::time_point when;
        std::size_t kept_back = 0;
    };
    struct Speaker {
        Clock::time_point since;
        std::size_t lines = 0;
    };
    bool may_speak(const std::string& who, Clock::time_point now);
    void forget(Clock::time_point now);
    std::unordered_map<std::string, Said> said_;
    std::unordered_map<std::string, Speaker> speakers_;
};

}  // namespace vmperf
