/* SPDX-License-Identifier: GPL-2.0-only */
// migrate_extract: single values out of stat files.

#include <fmt/format.h>

#include <cstdio>
#include <limits>

#include "base/command_line.h"
#include "base/error.h"
#include "base/file.h"
#include "base/tool_main.h"
#include "migtrace/analysis.h"
#include "tools/trace_options.h"
#include "migtrace/arguments.h"

namespace {

namespace po = base::po;
using base::CommandLine;
using base::UsageError;
using Item = migtrace::Extraction::Item;

const base::ProgramInfo kInfo = {
    "migrate_extract", "[OPTION]... [FILE]...",
    "Prints an item of the header, or a field of the data, of stat files: of the kernel's "
    "migration_stat/stat and of\n"
    "what migrate_stats --period prints. FILEs are read one after another as one; without a FILE, or where "
    "it is -,\n"
    "standard input is read. Options may be cut to a unique prefix; -option is --option.\n",
    "  migrate_extract --field_num migrate stat\n"
    "      The number of the field that counts all migrations.\n"
    "  migrate_extract --extract 9 stat\n"
    "      Time and rate per second of field 9, to draw it.\n"
    "  migrate_extract --extract 9 --ts_gmt --ts_date --begin_gmt '2010/08/11 12:08' stat\n"
    "      From that minute on, with the time of day.\n"
    "  for field in $(seq $(migrate_extract --min_field stat) $(migrate_extract --max_field stat)); do\n"
    "      migrate_extract --field_name $field stat\n"
    "  done\n"
    "      All names.\n"};

/// Scripts rely on the prefixes of these.
const std::vector<std::string> kOriginalOptions = {
    "begin_gmt",   "begin_loc", "begin_msec",     "end_gmt", "end_loc",   "end_msec",  "extract",
    "field_name",  "field_num", "header_version", "help",    "max_field", "min_field", "nr_cpus",
    "period_msec", "ts_date",   "ts_field",       "ts_gmt",  "ts_loc",    "ts_rel",    "version"};

void add_items(CommandLine& line) {
    auto add = line.group("What to print (exactly one)").add_options();
    auto number = [] { return po::value<std::int64_t>()->value_name("NUM"); };
    add("extract", number(), "per period, its time and the rate per second of field NUM");
    add("field_name", number(), "the name of field NUM");
    add("field_num", po::value<std::string>()->value_name("NAME"),
        "the number of the first field called NAME");
    add("header_version", po::bool_switch(), "the version of the file's format");
    add("max_field", po::bool_switch(), "the largest number of a field");
    add("min_field", po::bool_switch(), "the smallest number of a field");
    add("nr_cpus", po::bool_switch(), "the number of CPUs");
    add("period_msec", po::bool_switch(), "the length of a period in milliseconds");
    add("ts_field", po::bool_switch(), "the number of the field that holds the time");
}

void add_limits(CommandLine& line) {
    auto add = line.group(
                       "Periods that --extract prints\n"
                       "TIME is 'yyyy/mm/dd hh:mm:ss.mmm' or the beginning of that; it is compared as text")
                   .add_options();
    auto time = [] { return po::value<std::string>()->value_name("TIME"); };
    auto msec = [] { return po::value<std::int64_t>()->value_name("MSEC"); };
    add("begin_msec", msec(), "from MSEC milliseconds on");
    add("end_msec", msec(), "up to MSEC milliseconds");
    add("begin_gmt", time(), "from TIME on, UTC");
    add("end_gmt", time(), "up to TIME, UTC");
    add("begin_loc", time(), "from TIME on, local time");
    add("end_loc", time(), "up to TIME, local time");
}

void add_form(CommandLine& line) {
    auto add = line.group("Form").add_options();
    add("ts_rel", po::bool_switch(), "times in seconds since the beginning (the default)");
    add("ts_gmt", po::bool_switch(), "time of day, UTC");
    add("ts_loc", po::bool_switch(), "time of day, local time; also --ts_local");
    add("ts_date", po::bool_switch(), "the date in front of the time of day");
    add("output", po::value<std::string>()->value_name("FORM")->default_value("text"),
        "text; json: an object per line; csv: a table");
    line.alias("ts_local", "ts_loc");
}

/// The one item that is asked for.
std::pair<Item, std::string> item(const CommandLine& line) {
    static const std::vector<std::pair<std::string, Item>> kItems = {
        {"extract", Item::Values},        {"field_name", Item::FieldName},
        {"field_num", Item::FieldNumber}, {"header_version", Item::Version},
        {"max_field", Item::MaxField},    {"min_field", Item::MinField},
        {"nr_cpus", Item::NrCpus},        {"period_msec", Item::PeriodMsec},
        {"ts_field", Item::TsField}};
    std::optional<std::pair<Item, std::string>> found;
    for (const auto& [option, item] : kItems) {
        const bool takes_value = option == "extract" || option.starts_with("field_");
        if (!(takes_value ? line.has(option) : line.flag(option))) continue;
        if (found)
            throw UsageError(
                fmt::format("--{} and --{}: only one item can be printed at a time", found->second, option));
        found = {item, option};
    }
    if (!found)
        throw UsageError("nothing to print; ask for data with --extract NUM or for an item of the header");
    return *found;
}

unsigned field_number(const CommandLine& line, const std::string& option) {
    const auto number = line.get<std::int64_t>(option);
    if (number < 0 || number > std::numeric_limits<int>::max())
        throw UsageError(fmt::format("--{}: {} is no number of a field", option, number));
    return static_cast<unsigned>(number);
}

std::optional<std::string> time(const CommandLine& line, const std::string& option) {
    if (!line.has(option)) return std::nullopt;
    const auto& text = line.get<std::string>(option);
    if (!migtrace::is_time_prefix(text))
        throw UsageError(fmt::format(
            "--{}: '{}' is no time; write 'yyyy/mm/dd hh:mm:ss.mmm' or the beginning of that", option, text));
    return text;
}

std::optional<std::int64_t> msec(const CommandLine& line, const std::string& option) {
    return line.has(option) ? std::optional(line.get<std::int64_t>(option)) : std::nullopt;
}

migtrace::Extraction extraction(const CommandLine& line) {
    migtrace::Extraction what;
    what.files = line.operands();
    what.form = output_form(line);
    const auto [wanted, option] = item(line);
    what.item = wanted;
    if (wanted == Item::Values || wanted == Item::FieldName) what.field = field_number(line, option);
    if (wanted == Item::FieldNumber) what.name = line.get<std::string>(option);
    what.times = {.rel = line.flag("ts_rel"),
                  .gmt = line.flag("ts_gmt"),
                  .local = line.flag("ts_loc"),
                  .date = line.flag("ts_date")};
    what.begin_msec = msec(line, "begin_msec");
    what.end_msec = msec(line, "end_msec");
    what.begin_gmt = time(line, "begin_gmt");
    what.end_gmt = time(line, "end_gmt");
    what.begin_local = time(line, "begin_loc");
    what.end_local = time(line, "end_loc");
    return what;
}

void warn_of_idle_options(const CommandLine& line, const migtrace::Extraction& what) {
    std::vector<std::string> times = {"ts_rel", "ts_gmt", "ts_loc", "ts_date"};
    if (what.item != Item::Values) {
        times.insert(times.end(), {"begin_msec", "end_msec", "begin_gmt", "end_gmt", "begin_loc", "end_loc"});
        warn_of_idle(line, times, "--extract");
    } else if (what.form != migtrace::Form::Text)
        warn_of_idle(line, times, "--output text");
    else if (!what.times.gmt && !what.times.local)
        warn_of_idle(line, {"ts_date"}, "--ts_gmt or --ts_loc");
}

void describe(CommandLine& line) {
    add_items(line);
    add_limits(line);
    add_form(line);
    line.keep_prefixes_of(kOriginalOptions);
}

int run(int argc, char** argv, migtrace::Output& output) {
    CommandLine line(kInfo);
    describe(line);
    if (!line.parse(argc, argv)) return 0;
    base::refuse_input_as_stdout(line.operands());
    const migtrace::Extraction what = extraction(line);
    for (const std::string& warning : migtrace::run(what, output)) base::warn(warning);
    warn_of_idle_options(line, what);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    return base::tool_main("migrate_extract", [&] {
        migtrace::Output output(stdout);
        return output.flush_after([&] { return run(argc, argv, output); });
    });
}
