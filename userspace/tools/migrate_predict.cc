/* SPDX-License-Identifier: GPL-2.0-only */
// migrate_predict: will a VM's migration converge, how long will it take, and for how long will the VM stand still?

#include "tools/migrate_predict.h"

#include <fmt/format.h>
#include <unistd.h>

#include <bit>
#include <boost/algorithm/string.hpp>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string_view>

#include "base/error.h"
#include "base/tool_main.h"
#include "base/units.h"
#include "vmdirty/layout.h"
#include "vmpredict/bandwidth.h"
#include "vmpredict/bitmaps.h"
#include "vmpredict/record.h"

namespace {

namespace po = base::po;
using base::CommandLine;
using base::UsageError;
using vmpredict::Plan;

const base::ProgramInfo kInfo = {
    "migrate_predict", "--bandwidth SIZE [OPTION]... [RECORD|FOLDER|BITMAP...]\n       migrate_predict watch --bandwidth SIZE --pid PID [OPTION]...",
    "Tells whether the migration of a VM would converge, how long it would take, what it would send, and for how long the\n"
    "VM would stand still, from a record of the pages that it writes: `vm_dirty_track --output json` (- is standard\n"
    "input), or bitmaps of that or of Qemu-DPT. Exit status 0 where it converges, 2 where not.\n\n"
    "Commands:\n"
    "  watch    measure a VM that runs, and predict each second (has --help)\n",
    "  vm_dirty_track --libvirt web1 --interval 100ms --duration 60s --no-bitmap --output json >web1.json\n"
    "  migrate_predict --bandwidth 110M web1.json\n"
    "      What if web1 were migrated now, over a network that gives 110 MB/s?\n"
    "  migrate_predict --bandwidth 110M --what-if downtime=1s --what-if auto-converge --what-if bandwidth=1G web1.json\n"
    "  migrate_predict watch --libvirt web1 --bandwidth 1100M\n"};

std::optional<std::string> text_of(const CommandLine& line, const char* option) {
    if (!line.has(option)) return std::nullopt;
    const std::string& text = line.get<std::string>(option);
    if (text.empty()) throw UsageError(fmt::format("--{}: a value is missing", option));
    return text;
}

double speed(const std::string& what, const std::string& text) {
    const std::uint64_t bytes = base::parse_size(what, text);
    if (bytes < 1024) throw UsageError(fmt::format("{}: {} bytes per second are no bandwidth; write for example 110M", what, bytes));
    return static_cast<double>(bytes);
}

double downtime(const std::string& what, const std::string& text) {
    const double seconds = std::chrono::duration<double>(base::parse_duration(what, text, std::chrono::milliseconds(1))).count();
    if (seconds > 2000) throw UsageError(fmt::format("{}: QEMU allows 2000 s at most", what));
    return seconds;
}

unsigned count(const std::string& what, const std::string& text, unsigned most) {
    unsigned number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || end != text.data() + text.size() || number < 1 || number > most)
        throw UsageError(fmt::format("{}: '{}' is no number from 1 to {}", what, text, most));
    return number;
}

vmpredict::AutoConverge throttle(const std::string& text) {
    std::vector<std::string> parts;
    boost::split(parts, text, boost::is_any_of(","));
    if (parts.size() != 3) throw UsageError(fmt::format("--throttle: '{}' is no INITIAL,INCREMENT,MAX; QEMU's are 20,10,99", text));
    const auto percent = [](const std::string& part) { return count("--throttle", part, 99) / 100.0; };
    return {percent(parts[0]), percent(parts[1]), percent(parts[2])};
}

/// Puts the value of an option, or of its name in --what-if, into a plan. False: there is no such name.
bool change(Plan& plan, const std::string& what, const std::string& name, const std::string& value) {
    if (name == "downtime")
        plan.downtime = downtime(what, value);
    else if (name == "multifd")
        plan.multifd = count(what, value, 255);
    else if (name == "postcopy")
        plan.postcopy = count(what, value, 1000);
    else
        return false;
    return true;
}

struct Network {
    double bandwidth = 0;
    std::optional<double> limit;
    void put_into(Plan& plan) const {
        plan.bandwidth = limit ? std::min(*limit, bandwidth) : bandwidth;
        plan.link = limit && *limit < bandwidth ? std::optional(bandwidth) : std::nullopt;
    }
};

WhatIf what_if(const std::string& text, const Question& question, Network network) {
    WhatIf changed{text, question.plan, question.spread};
    std::vector<std::string> parts;
    boost::split(parts, text, boost::is_any_of(","));
    for (const std::string& part : parts) {
        const auto equals = part.find('=');
        const std::string name = part.substr(0, equals), what = fmt::format("--what-if {}", name);
        const std::string value = equals == part.npos ? "" : part.substr(equals + 1);
        if (name == "auto-converge" && equals == part.npos) {
            changed.plan.auto_converge = question.plan.auto_converge.value_or(vmpredict::AutoConverge{});
        } else if (name == "bandwidth" && !value.empty()) {
            network.bandwidth = speed(what, value);
            changed.spread = std::nullopt;
        } else if (name == "max-bandwidth" && !value.empty()) {
            network.limit = speed(what, value);
        } else if (value.empty() || !change(changed.plan, what, name, value)) {
            throw UsageError(fmt::format("--what-if: '{}' is none of bandwidth=SIZE, max-bandwidth=SIZE, downtime=TIME, multifd=CHANNELS, postcopy=PASSES "
                                         "and auto-converge", part));
        }
    }
    network.put_into(changed.plan);
    return changed;
}

vmpredict::Bandwidth measured(const std::string& path) {
    if (path == "-") return vmpredict::read_bandwidth(std::cin, "standard input");
    std::ifstream in(path);
    if (!in) throw base::system_error(fmt::format("--bandwidth-from: cannot open {}", path), errno);
    return vmpredict::read_bandwidth(in, path);
}

Network network_of(const CommandLine& line, Question& question) {
    Network network;
    const auto given = text_of(line, "bandwidth"), file = text_of(line, "bandwidth-from");
    if (given && file) throw UsageError("--bandwidth and --bandwidth-from: one or the other");
    if (!given && !file) throw UsageError("what does the network give? --bandwidth SIZE per second, or --bandwidth-from a file of `mig_mon vm --output json`");
    if (const auto limit = text_of(line, "max-bandwidth")) network.limit = speed("--max-bandwidth", *limit);
    if (given) {
        network.bandwidth = speed("--bandwidth", *given);
        return network;
    }
    question.spread = measured(*file);
    network.bandwidth = question.spread->mean;
    return network;
}

miggraph::Output picture(const std::string& file) {
    miggraph::Output output;
    output.file = file;
    const std::string kind = std::filesystem::path(file).extension();
    if (!boost::iequals(kind, ".png") && !boost::iequals(kind, ".svg") && !boost::iequals(kind, ".pdf"))
        throw UsageError(fmt::format("--plot: the name '{}' does not end in .png, .svg or .pdf", file));
    output.format = miggraph::choose_format("", file);
    return output;
}

bool is_bitmap(const std::string& path) { return std::filesystem::path(path).filename().string().starts_with("qemu.bm-"); }

std::uint32_t page_size(const std::string& text) {
    const std::uint64_t size = base::parse_size("--page-size", text);
    if (!std::has_single_bit(size) || size < 512 || size > 1 << 30) throw UsageError("--page-size: a power of two from 512 to 1G");
    return static_cast<std::uint32_t>(size);
}

vmpredict::Workload read(const CommandLine& line) {
    std::vector<std::string> operands = line.operands();
    std::optional<std::uint32_t> size;
    if (const auto text = text_of(line, "page-size")) size = page_size(*text);
    const bool folder = operands.size() == 1 && std::filesystem::is_directory(operands[0]);
    if (folder || (!operands.empty() && is_bitmap(operands[0]))) {
        const std::uint32_t page = size.value_or(vmdirty::kPage);
        std::optional<std::uint64_t> pages;
        if (const auto bytes = text_of(line, "vm-size")) pages = base::parse_size("--vm-size", *bytes) / page;
        return vmpredict::read_bitmaps(folder ? vmpredict::find_bitmaps(operands[0]) : operands, pages, page);
    }
    if (line.has("vm-size")) throw UsageError("--vm-size: that is for bitmaps; a record tells");
    if (operands.size() > 1) throw UsageError(fmt::format("unexpected operand '{}': one RECORD at a time", operands[1]));
    if (operands.empty() && ::isatty(STDIN_FILENO)) throw UsageError("nothing to read: name a record, or pipe one into it");
    if (operands.empty() || operands[0] == "-") return vmpredict::read_record(std::cin, "standard input", size);
    std::ifstream in(operands[0]);
    if (!in) throw base::system_error(fmt::format("cannot open {}", operands[0]), errno);
    return vmpredict::read_record(in, operands[0], size);
}

std::string name_of(const CommandLine& line) {
    const auto& operands = line.operands();
    if (operands.empty() || operands[0] == "-") return "standard input";
    return operands.size() > 1 ? fmt::format("{} bitmaps", operands.size()) : operands[0];
}

int predict(int argc, char** argv) {
    CommandLine line(kInfo, base::Operands::Anywhere);
    add_question(line);
    auto record = line.group("Record").add_options();
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    record("page-size", text("SIZE"), "of a page, where the record does not tell; 4k for bitmaps");
    record("vm-size", text("SIZE"), "of all memory, for bitmaps, which have whole words");
    if (!line.parse(argc, argv)) return 0;
    const auto& operands = line.operands();
    if (line.has("bandwidth-from") && line.get<std::string>("bandwidth-from") == "-" && (operands.empty() || operands[0] == "-"))
        throw UsageError("--bandwidth-from -: the record comes from standard input, too");
    const Question question = read_question(line);
    const vmpredict::Workload workload = read(line);
    if (const std::string why = workload.shortcoming(); !why.empty()) throw base::Error(fmt::format("{}: {}", name_of(line), why));
    return report(question, workload, name_of(line), operands);
}

int run(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "watch") return predict_watch(argc - 1, argv + 1);
    return predict(argc, argv);
}

}  // namespace

void add_question(CommandLine& line) {
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    auto how = line.group("Migration").add_options();
    how("bandwidth", text("SIZE"), "that the network gives, per second: 110M");
    how("bandwidth-from", text("FILE"), "the same as measured by mig_mon vm -s --output json");
    how("max-bandwidth", text("SIZE"), "QEMU's limit of that name, if one is set: it does not hold for the last pass");
    how("downtime", text("TIME")->default_value("300ms"), "that is allowed (QEMU's downtime-limit); a plain number is ms");
    how("multifd", text("CHANNELS"), "with multifd");
    how("auto-converge", po::bool_switch(), "QEMU may slow the VM down");
    how("throttle", text("INITIAL,INCREMENT,MAX"), "by so many percent (=20,10,99)");
    how("postcopy", text("PASSES"), "switch to postcopy after so many passes");
    how("zero-pages", text("PERCENT"), "of the memory that are zeros, where the record does not tell");
    how("what-if", po::value<std::vector<std::string>>()->composing()->value_name("LIST"),
        "a row of a table, with this changed: bandwidth=1G,downtime=1s,auto-converge (or max-bandwidth, multifd, postcopy); several times");
    auto out = line.group("Output").add_options();
    out("output", text("FORM")->default_value("text"), "text or json");
    out("plot", text("FILE"), "a picture, .png, .svg or .pdf: what is left to be sent, over time");
}

Question read_question(const CommandLine& line) {
    Question question;
    const std::string form = line.get<std::string>("output");
    if (form != "text" && form != "json") throw UsageError(fmt::format("--output: '{}' is neither text nor json", form));
    question.json = form == "json";
    if (const auto file = text_of(line, "plot")) question.plot = picture(*file);
    const Network network = network_of(line, question);
    network.put_into(question.plan);
    for (const char* name : {"downtime", "multifd", "postcopy"})
        if (line.has(name)) change(question.plan, fmt::format("--{}", name), name, line.get<std::string>(name));
    const auto percents = text_of(line, "throttle");
    if (line.flag("auto-converge")) question.plan.auto_converge = percents ? throttle(*percents) : vmpredict::AutoConverge{};
    if (percents && !line.flag("auto-converge")) throw UsageError("--throttle: that is for --auto-converge");
    if (const auto zeros = text_of(line, "zero-pages")) question.zero_part = base::parse_percent("--zero-pages", *zeros, base::Zero::Allowed);
    if (line.has("what-if"))
        for (const std::string& list : line.get<std::vector<std::string>>("what-if")) question.what_ifs.push_back(what_if(list, question, network));
    return question;
}

int main(int argc, char** argv) {
    return base::tool_main("migrate_predict", [&] { return run(argc, argv); });
}
