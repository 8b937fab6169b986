/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/log.h"

#include <fmt/format.h>

#include "base/terminal.h"

namespace vmperf {

namespace {

constexpr auto kOften = std::chrono::minutes(1);
constexpr std::size_t kMostRemembered = 1024;
/// Of one speaker in that time.
constexpr std::size_t kMostLines = 10;

}  // namespace

std::string QuietLog::line(const std::string& who, const std::string& what, Clock::time_point now) {
    std::size_t kept_back = 0;
    if (const auto known = said_.find(who + "\n" + what); known != said_.end()) {
        Said& said = known->second;
        if (now - said.when < kOften) {
            said.kept_back++;
            return "";
        }
        kept_back = said.kept_back;
    }
    if (said_.size() > kMostRemembered) forget(now);
    if (!may_speak(who, now)) return "";
    std::string line = base::printable(fmt::format("{}: {}", who, what));
    if (speakers_[who].lines == kMostLines) line += " (what else it does wrong in this minute is not told)";
    if (kept_back) line += fmt::format(" ({} times since this was said last)", kept_back + 1);
    said_[who + "\n" + what] = {now, 0};
    return line;
}

bool QuietLog::may_speak(const std::string& who, Clock::time_point now) {
    Speaker& speaker = speakers_[who];
    if (now - speaker.since >= kOften) speaker = {now, 0};
    return ++speaker.lines <= kMostLines;
}

/// What is old; all, when that does not help.
void QuietLog::forget(Clock::time_point now) {
    std::erase_if(said_, [&](const auto& one) { return now - one.second.when >= kOften; });
    if (said_.size() > kMostRemembered) said_.clear();
    std::erase_if(speakers_, [&](const auto& one) { return now - one.second.since >= kOften; });
    if (speakers_.size() > kMostRemembered) speakers_.clear();
}

}  // namespace vmperf
