/* SPDX-License-Identifier: GPL-2.0-only */
// What migrate_predict prints and draws.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/tool_main.h"
#include "base/units.h"
#include "miggraph/picture.h"
#include "tools/migrate_predict.h"

namespace {

using Json = nlohmann::ordered_json;
using vmpredict::Migration;
using vmpredict::Pass;
using vmpredict::Prediction;
using vmpredict::Workload;

/// Of a migration that takes more of them those of the begin and the end are printed.
constexpr std::size_t kFirstPasses = 12, kLastPasses = 3;
/// What is recommended is a little more than what would just do.
constexpr double kMargin = 1.02;

double megabytes(double bytes) { return bytes / (1 << 20); }
std::string time_of(double seconds) { return base::format_duration(std::chrono::nanoseconds(std::llround(seconds * 1e9))); }
std::string size_of(double bytes) { return bytes < 10240.0 * (1 << 20) ? fmt::format("{:.1f} MB", megabytes(bytes)) : fmt::format("{:.1f} GB", megabytes(bytes) / 1024); }

/// As --bandwidth takes it: "131M", whole and not less.
std::string bandwidth_option(double bytes) { return fmt::format("{:.0f}M", std::ceil(megabytes(bytes * kMargin))); }
std::string downtime_option(double seconds) { return fmt::format("{:.0f}ms", std::ceil(seconds * kMargin * 1000)); }

std::string of_needed(const vmpredict::Needed& needed, bool limited) {
    const char* option = limited ? "--max-bandwidth" : "--bandwidth";
    std::vector<std::string> ways;
    if (needed.bandwidth) ways.push_back(fmt::format("{} {}", option, bandwidth_option(*needed.bandwidth)));
    if (needed.downtime) ways.push_back(fmt::format("--downtime {}", downtime_option(*needed.downtime)));
    return ways.empty() ? "neither a faster network nor a longer downtime" : fmt::format("{}", fmt::join(ways, ", or "));
}

/// "3.9 to 4.4 s"
std::string range(const Prediction& prediction, double Migration::*figure, std::string (*text)(double)) {
    // Passes come in steps: a little less that is written may by chance take a step more.
    const auto value = [&](const Migration& migration) { return migration.converges ? migration.*figure : HUGE_VAL; };
    const auto [low, high] = std::minmax({value(prediction.least), value(prediction.expected), value(prediction.most)});
    const auto end = [&](double value) { return std::isfinite(value) ? text(value) : std::string("never"); };
    return end(low) == end(high) ? "" : fmt::format(" ({} to {})", end(low), end(high));
}

std::string kind_of(const Pass& pass) {
    if (pass.kind == Pass::Kind::Stopped) return "VM stopped";
    if (pass.kind == Pass::Kind::Postcopy) return "postcopy";
    return pass.throttle > 0 ? fmt::format("CPUs slowed by {:.0f} %", pass.throttle * 100) : "";
}

void print_pass(std::size_t number, const Pass& pass, double page_size) {
    const std::string kind = kind_of(pass);
    base::print_line(fmt::format("{:>5} {:>12.0f} {:>12} {:>12} {:>12}{}{}", number, pass.pages, size_of(pass.bytes), time_of(pass.seconds),
                                 size_of(pass.dirty * page_size), kind.empty() ? "" : "   ", kind));
}

void print_passes(const Migration& migration, double page_size) {
    base::print_line(fmt::format("{:>5} {:>12} {:>12} {:>12} {:>12}", "PASS", "PAGES", "SENT", "TIME", "DIRTY THEN"));
    const std::size_t kept = migration.passes.size(), last = std::min(kept, kLastPasses);
    const bool all = migration.pass_count == kept && kept <= kFirstPasses + kLastPasses;
    for (std::size_t i = 0; i < (all ? kept : kFirstPasses); i++) print_pass(i + 1, migration.passes[i], page_size);
    if (all) return;
    if (!migration.converges) {
        base::print_line("  ... and so on");
        return;
    }
    base::print_line("  ...");
    // The last that are kept need not be the last but one.
    const std::size_t from = migration.pass_count == kept ? kept - last : kept - 1;
    for (std::size_t i = from; i < kept; i++) print_pass(migration.pass_count - (kept - 1 - i), migration.passes[i], page_size);
}

void print_workload(const Workload& workload, const Prediction& prediction, const std::string& name) {
    const double page = workload.page_size();
    const vmpredict::DirtyCurve curve = workload.curve(Workload::Level::Mean);
    std::string text = fmt::format("{}: {} in {} intervals, {:.1f} MB/s", name, time_of(workload.seconds()), workload.intervals(),
                                   megabytes(workload.pages_per_second() * page));
    for (const double window : {1.0, 10.0, 60.0})
        if (window > workload.interval() && window <= workload.longest() * 1.01)
            text += fmt::format("; {:.1f} MB of different pages in {:.0f} s", megabytes(curve.pages(window) * page), window);
    base::print_line(text);
    const auto& memory = prediction.memory;
    base::print_line(fmt::format("memory {}, of which {:.0f} % are zeros; {}", size_of(memory.bytes()),
                                 100 * static_cast<double>(memory.zero_pages) / static_cast<double>(memory.pages),
                                 prediction.plan.link ? fmt::format("{:.1f} MB/s, and {:.1f} MB/s in the last pass", megabytes(prediction.plan.bandwidth),
                                                                    megabytes(*prediction.plan.link))
                                                      : fmt::format("{:.1f} MB/s", megabytes(prediction.plan.bandwidth))));
}

void print_answer(const Prediction& prediction, const Workload& workload) {
    const Migration& expected = prediction.expected;
    const bool limited = prediction.plan.link.has_value();
    if (expected.converges) {
        base::print_line(fmt::format("converges: {}{}, {}{} sent, downtime {}{}", time_of(expected.seconds), range(prediction, &Migration::seconds, time_of),
                                     size_of(expected.bytes), range(prediction, &Migration::bytes, size_of), time_of(expected.downtime),
                                     range(prediction, &Migration::downtime, time_of)));
    } else {
        base::print_line("does not converge");
    }
    base::print_line("because " + vmpredict::reason(prediction, workload));
    if (!expected.converges) base::print_line("it would with " + of_needed(prediction.just, limited));
    if (!prediction.is_sure()) base::print_line("not sure: within the spread of the windows it may end the other way");
    if (!prediction.most.converges) base::print_line("for the windows in which most is written it takes " + of_needed(prediction.surely, limited));
    for (const std::string& doubt : prediction.doubts) base::print_line("note: " + doubt);
}

void print_constant_rate(const Migration& guess) {
    base::print_line(fmt::format("a model with a constant rate of dirty pages would say: {}",
                                 guess.converges ? fmt::format("{}, {}, downtime {}", time_of(guess.seconds), size_of(guess.bytes), time_of(guess.downtime))
                                                 : std::string("does not converge")));
}

Migration constant_rate(const Prediction& prediction, const Workload& workload) {
    // What everybody measures: the different pages of a second.
    return vmpredict::migrate_at_constant_rate(prediction.memory, workload.curve(Workload::Level::Mean).pages(1), prediction.plan);
}

Json json_of(const Migration& migration) {
    Json object = {{"converges", migration.converges}};
    const auto figure = [&](double value) { return migration.converges ? Json(value) : Json(nullptr); };
    object["total_ms"] = figure(migration.seconds * 1000);
    object["bytes"] = figure(std::round(migration.bytes));
    object["downtime_ms"] = figure(migration.downtime * 1000);
    return object;
}

Json json_of(const vmpredict::Needed& needed) {
    return {{"bytes_per_second", needed.bandwidth ? Json(std::round(*needed.bandwidth)) : Json(nullptr)},
            {"downtime_ms", needed.downtime ? Json(*needed.downtime * 1000) : Json(nullptr)}};
}

Json json_of(const Pass& pass) {
    static constexpr const char* kKinds[] = {"running", "stopped", "postcopy"};
    Json object = {{"kind", kKinds[static_cast<int>(pass.kind)]},
                   {"pages", std::round(pass.pages)},
                   {"zero_pages", std::round(pass.zero_pages)},
                   {"bytes", std::round(pass.bytes)},
                   {"ms", pass.seconds * 1000},
                   {"dirty_pages", std::round(pass.dirty)}};
    if (pass.throttle > 0) object["throttle_percent"] = pass.throttle * 100;
    return object;
}

Json figures(const Prediction& prediction, const char* type) {
    Json object = {{"type", type}};
    object.update(json_of(prediction.expected));
    object["sure"] = prediction.is_sure();
    object["least"] = json_of(prediction.least);
    object["most"] = json_of(prediction.most);
    object["bytes_per_second"] = std::round(prediction.plan.bandwidth);
    object["allowed_downtime_ms"] = prediction.plan.downtime * 1000;
    object["allowed_bytes"] = std::round(prediction.expected.allowed);
    if (!prediction.expected.converges) object["needed"] = json_of(prediction.just);
    if (!prediction.most.converges) object["surely_needed"] = json_of(prediction.surely);
    object["doubts"] = prediction.doubts;
    return object;
}

std::string dumped(const Json& object) { return object.dump(-1, ' ', false, Json::error_handler_t::replace); }

void print_json(const Prediction& prediction, const Workload& workload, const std::string& name) {
    Json object = figures(prediction, "prediction");
    object["reason"] = vmpredict::reason(prediction, workload);
    object["record"] = name;
    object["memory"] = {{"pages", prediction.memory.pages}, {"page_size", prediction.memory.page_size}, {"zero_pages", prediction.memory.zero_pages}};
    object["workload"] = {{"ms", workload.seconds() * 1000},
                          {"intervals", workload.intervals()},
                          {"bytes_per_second", std::round(workload.pages_per_second() * workload.page_size())},
                          {"steady", !workload.unsteady().has_value()}};
    object["constant_rate"] = json_of(constant_rate(prediction, workload));
    object["pass_count"] = prediction.expected.pass_count;
    object["passes"] = Json::array();
    for (const Pass& pass : prediction.expected.passes) object["passes"].push_back(json_of(pass));
    base::print_line(dumped(object));
}

void print_what_ifs(const Question& question, const Workload& workload, const Prediction& as_is) {
    std::size_t width = 5;
    for (const WhatIf& what_if : question.what_ifs) width = std::max(width, what_if.text.size());
    if (!question.json) {
        base::print_line(fmt::format("\n{:<{}}  {:>9}  {:>12}  {:>11}  {:>9}", "WHAT IF", width, "CONVERGES", "TOTAL", "SENT", "DOWNTIME"));
    }
    const auto row = [&](const std::string& text, const Prediction& prediction) {
        if (question.json) {
            Json object = figures(prediction, "what_if");
            object["if"] = text;
            base::print_line(dumped(object));
            return;
        }
        const Migration& m = prediction.expected;
        const std::string verdict = fmt::format("{}{}", m.converges ? "yes" : "no", prediction.is_sure() ? "" : "?");
        base::print_line(fmt::format("{:<{}}  {:>9}  {:>12}  {:>11}  {:>9}", text, width, verdict, m.converges ? time_of(m.seconds) : "-",
                                     m.converges ? size_of(m.bytes) : "-", m.converges ? time_of(m.downtime) : "-"));
    };
    if (!question.json) row("as is", as_is);
    for (const WhatIf& what_if : question.what_ifs) {
        Question changed = question;
        changed.plan = what_if.plan;
        changed.spread = what_if.spread;
        row(what_if.text, answer(changed, workload));
    }
}

/// What is left to be sent, over time.
miggraph::Timeline timeline(const Prediction& prediction) {
    miggraph::Timeline timeline;
    timeline.y_label = "left to be sent [MB]";
    timeline.lines = {{"left to be sent", {}}, {"fits into the downtime that is allowed", {}}};
    const Migration& migration = prediction.expected;
    const double page = prediction.memory.page_size;
    const auto at = [&](double time, double pages) {
        timeline.times.push_back(time);
        timeline.lines[0].values.push_back(megabytes(pages * page));
        timeline.lines[1].values.push_back(megabytes(migration.allowed));
    };
    double now = 0, left = static_cast<double>(prediction.memory.pages);
    for (const Pass& pass : migration.passes) {
        at(now, left);
        now += pass.seconds;
        at(now, std::max(left - pass.pages, 0.0));
        left = pass.dirty;
    }
    return timeline;
}

void draw(const Question& question, const Prediction& prediction, const std::string& name, const std::vector<std::string>& inputs) {
    const std::string what = fmt::format("{}: {}", std::filesystem::path(name).filename().string(), in_short(prediction));
    miggraph::Canvas canvas;
    canvas.format = question.plot.format;
    miggraph::write_pictures({{"A migration, predicted", what, timeline(prediction)}}, {question.plot.file}, inputs, canvas);
}

}  // namespace

std::string in_short(const Prediction& prediction) {
    const Migration& m = prediction.expected;
    if (!m.converges) return "does not converge; it would with " + of_needed(prediction.just, prediction.plan.link.has_value());
    return fmt::format("{}{}, {}, downtime {}", time_of(m.seconds), range(prediction, &Migration::seconds, time_of), size_of(m.bytes), time_of(m.downtime));
}

std::string json_of(const Prediction& prediction, double time, double bytes_per_second) {
    Json object = {{"type", "second"}, {"time", time}, {"dirty_bytes_per_second", std::round(bytes_per_second)}};
    Json more = figures(prediction, "second");
    more.erase("type");
    object.update(more);
    return dumped(object);
}

Prediction answer(const Question& question, const Workload& workload) {
    std::optional<std::uint64_t> zeros;
    if (question.zero_part) zeros = static_cast<std::uint64_t>(std::llround(*question.zero_part * static_cast<double>(workload.pages())));
    return vmpredict::predict(workload, question.plan, question.spread, zeros);
}

int report(const Question& question, const Workload& workload, const std::string& name, const std::vector<std::string>& inputs) {
    if (!question.plot.file.empty()) miggraph::check_pictures({question.plot.file});
    const Prediction prediction = answer(question, workload);
    if (question.json) {
        print_json(prediction, workload, name);
    } else {
        print_workload(workload, prediction, name);
        print_passes(prediction.expected, workload.page_size());
        print_answer(prediction, workload);
        print_constant_rate(constant_rate(prediction, workload));
    }
    if (!question.what_ifs.empty()) print_what_ifs(question, workload, prediction);
    if (!question.plot.file.empty()) draw(question, prediction, name, inputs);
    return prediction.expected.converges ? 0 : 2;
}
