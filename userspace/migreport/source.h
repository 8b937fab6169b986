/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "migtrace/residency.h"
#include "migtrace/walk.h"

namespace migreport {

/// What a report is about: files, and which part of them.
struct Source {
    std::vector<std::string> files = {};  ///< as migtrace::ReadOptions
    bool strict = false;
    migtrace::Filters filters = {};
    migtrace::WindowLimits window = {};
    std::optional<unsigned> max_cpu = {};  ///< as migtrace::WalkOptions
    std::chrono::nanoseconds pingpong_time = migtrace::kPingPongTime;
};

}  // namespace migreport
