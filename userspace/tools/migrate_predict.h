/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What the two ways to call migrate_predict share.

#include <optional>
#include <string>
#include <vector>

#include "base/command_line.h"
#include "miggraph/plan.h"
#include "vmpredict/prediction.h"

/// Measures a VM that runs, and predicts each second; takes the words from "watch" on and returns the exit status.
int predict_watch(int argc, char** argv);

/// What would be different, as it was written, and the plan with it.
struct WhatIf {
    std::string text;
    vmpredict::Plan plan;
    std::optional<vmpredict::Bandwidth> spread;
};

struct Question {
    vmpredict::Plan plan;
    std::optional<vmpredict::Bandwidth> spread;  ///< where the bandwidth was measured
    std::optional<double> zero_part;             ///< of the pages, as it was given
    std::vector<WhatIf> what_ifs;
    bool json = false;
    miggraph::Output plot;  ///< without a file: none
};

/// Groups of options: how it is migrated, and what is printed.
void add_question(base::CommandLine& line);
/// Throws UsageError, and Error for a file of --bandwidth-from.
Question read_question(const base::CommandLine& line);

/// Of a workload that is long enough.
vmpredict::Prediction answer(const Question& question, const vmpredict::Workload& workload);

/// Prints all of a prediction, draws it, and goes through what might be different. Returns the exit status: 0 where it converges.
int report(const Question& question, const vmpredict::Workload& workload, const std::string& name, const std::vector<std::string>& inputs);

/// "4.1 s (3.9 to 4.4 s), 410.2 MB, downtime 92 ms", or that it does not converge and what it would take.
std::string in_short(const vmpredict::Prediction& prediction);
/// The figures of it as a line of JSON: at that time, in s since 1970, when so much was written.
std::string json_of(const vmpredict::Prediction& prediction, double time, double bytes_per_second);
