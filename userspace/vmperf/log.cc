/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/log.h"

#include <fmt/format.h>

#include "base/terminal.h"

namespace vmperf {

namespace {

constexpr auto kOften = std::chrono::minutes(1);
constexpr std::size_t kMostRemembered = 1024;

}  // namespace

std::string QuietLog::line(const std::string& who, const std::string& what, Clock::time_point now) {
    const auto [known, is_new] = said_.try_emplace(who + "\n" + what);
    Said& said = known->second;
    if (!is_new && now - said.when < kOften) {
        said.kept_back++;
        return "";
    }
    std::string line = base::printable(fmt::format("{}: {}", who, what));
    if (said.kept_back) line += fmt::format(" ({} times since this was said last)", said.kept_back + 1);
    said = {now, 0};
    if (said_.size() > kMostRemembered) forget(now);
    return line;
}

/// What is old; all, when that does not help.
void QuietLog::forget(Clock::time_point now) {
    std::erase_if(said_, [&](const auto& one) { return now - one.second.when >= kOften; });
    if (said_.size() > kMostRemembered) said_.clear();
}

}  // namespace vmperf
