/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The commands of mig_mon. Each takes the words from its own name on and returns the exit status.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/command_line.h"
#include "base/histogram.h"

int mm_dirty(int argc, char** argv);
int vm(int argc, char** argv);
/// server, client, server_rr and client_rr.
int downtime(int argc, char** argv);
int plot(int argc, char** argv);

/// "12.5 MB": of 2^20 bytes, as rates are.
std::string in_megabytes(std::uint64_t bytes);

/// What --output json says of latencies: count, mean, min, percentiles and max, in the histogram's unit.
nlohmann::ordered_json json_of(const base::Histogram& histogram);
