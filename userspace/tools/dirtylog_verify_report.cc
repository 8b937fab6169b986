/* SPDX-License-Identifier: GPL-2.0-only */
// What dirtylog_verify's commands share: options, and what they print.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/terminal.h"
#include "base/tool_main.h"
#include "base/units.h"
#include "tools/dirtylog_verify.h"

namespace {

namespace po = base::po;
using base::CommandLine;
using base::UsageError;
using vmverify::Comparison;
using vmverify::Finding;
using Json = nlohmann::ordered_json;

/// Of hashes, to tell how old pages are.
constexpr std::uint64_t kMostHistory = std::uint64_t{512} << 20;
/// Places that are printed; JSON has all that are known.
constexpr std::size_t kPrinted = 20;
constexpr std::array kSides = {"source", "destination"};
/// QEMU looks through its bitmap by words of so many pages where it can, and then does not tell the emulated CPU that the
/// pages are clean again: it writes to them without a note.
constexpr std::uint64_t kPagesOfFastPath = 64;
/// The major version of QEMU that does.
constexpr int kSeenWithout = 10;

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

/// Pages that lie side by side and tell the same.
struct Place {
    const Finding* first;
    std::uint64_t pages, bytes;
};

std::vector<Place> places(const std::vector<Finding>& findings, std::uint64_t page_size) {
    std::vector<Place> places;
    for (const Finding& finding : findings) {
        if (!places.empty()) {
            Place& last = places.back();
            const Finding& before = *last.first;
            if (before.block == finding.block && before.offset + last.pages * page_size == finding.offset && before.pass == finding.pass &&
                before.symbols == finding.symbols && before.written.empty() && finding.written.empty()) {
                last.pages++;
                last.bytes += finding.bytes;
                continue;
            }
        }
        places.push_back({&finding, 1, finding.bytes});
    }
    return places;
}

std::string hex(const std::string& bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i++) text += fmt::format("{}{:02x}", i ? i % 8 ? " " : "  " : "", static_cast<unsigned char>(bytes[i]));
    return text;
}

std::string describe(const Finding& finding) {
    std::string text;
    if (finding.age) text += fmt::format("; {:.1f} s old", seconds(*finding.age));
    if (finding.pass) text += fmt::format(", as the source had it in pass {}", *finding.pass);
    if (!finding.written.empty()) text += "; " + finding.written;
    if (!finding.symbols.empty()) text += "; " + finding.symbols;
    return text;
}

void print_differences(const Case& what, const Comparison& comparison, const vmverify::Findings& findings) {
    base::print_line(fmt::format("different     {} of {} pages of {} bytes, in {} bytes", comparison.different_pages, comparison.pages,
                                 what.page_size, comparison.different_bytes));
    const auto list = places(findings.pages(), what.page_size);
    for (std::size_t i = 0; i < std::min(list.size(), kPrinted); i++) {
        const Finding& finding = *list[i].first;
        base::print_line(base::printable(fmt::format("  {} at {:#x}: {} page{}, {} bytes{}", comparison.blocks[finding.block].name, finding.offset,
                                                     list[i].pages, list[i].pages == 1 ? "" : "s", list[i].bytes, describe(finding))));
    }
    if (list.size() > kPrinted) base::print_line(fmt::format("  and {} more places (--output json has them)", list.size() - kPrinted));
    if (const auto& first = findings.first()) {
        base::print_line(base::printable(
            fmt::format("first byte    {} at {:#x}; from {:#x} on:", comparison.blocks[first->block].name, first->offset, first->begin)));
        base::print_line(fmt::format("  source       {}\n  destination  {}", hex(first->first), hex(first->second)));
    }
    if (!what.known_cause.empty()) base::print_line("known cause   " + what.known_cause);
}

/// ", of which 61.2 MB by postcopy"
std::string part(std::uint64_t bytes, const char* way) { return bytes ? fmt::format(", of which {} by {}", base::format_size(bytes), way) : ""; }

void print_text(const Case& what, const Comparison& comparison, const vmverify::Findings& findings) {
    if (const auto& m = what.migration)
        base::print_line(fmt::format("migration     {} passes in {:.1f} s, downtime {} ms, {} of memory sent{}{}", m->passes, seconds(m->total),
                                     m->downtime.count(), base::format_size(m->bytes), part(m->postcopy_bytes, "postcopy"),
                                     part(m->multifd_bytes, "multifd")));
    for (std::size_t i = 0; i < 2; i++)
        base::print_line(fmt::format("{:<13} sum -r {}  SHA-256 {}", kSides[i], comparison.checksums[i].sum, comparison.checksums[i].sha256));
    for (const std::string& block : comparison.left_out) base::print_line(base::printable("not compared  " + block));
    if (comparison.different_pages)
        print_differences(what, comparison, findings);
    else
        base::print_line(
            fmt::format("{:<13} {} pages of {} bytes", comparison.identical() ? "identical" : "the same in", comparison.pages, what.page_size));
}

Json json_of(const Finding& finding, const Comparison& comparison) {
    Json object = {{"block", comparison.blocks[finding.block].name}, {"offset", finding.offset}, {"bytes", finding.bytes}};
    if (finding.pass) object["pass"] = *finding.pass;
    if (finding.age) object["age_ms"] = seconds(*finding.age) * 1000;
    if (!finding.written.empty()) object["written"] = finding.written;
    if (!finding.symbols.empty()) object["symbols"] = finding.symbols;
    return object;
}

void print_json(const Case& what, const Comparison& comparison, const vmverify::Findings& findings) {
    Json object = {{"type", "verification"}, {"identical", comparison.identical()}, {"pages", comparison.pages}, {"page_size", what.page_size},
                   {"different_pages", comparison.different_pages}, {"different_bytes", comparison.different_bytes}};
    if (const auto& m = what.migration)
        object["migration"] = {{"passes", m->passes},
                               {"passes_wanted", what.wanted.passes},
                               {"ms", m->total.count()},
                               {"downtime_ms", m->downtime.count()},
                               {"downtime_allowed_ms", m->allowed.count()},
                               {"bytes", m->bytes},
                               {"postcopy_bytes", m->postcopy_bytes},
                               {"multifd_bytes", m->multifd_bytes}};
    for (std::size_t i = 0; i < 2; i++) object[kSides[i]] = {{"sum_r", comparison.checksums[i].sum}, {"sha256", comparison.checksums[i].sha256}};
    object["blocks"] = Json::array();
    for (const auto& block : comparison.blocks) object["blocks"].push_back({{"name", block.name}, {"size", block.size}});
    object["not_compared"] = comparison.left_out;
    object["differences"] = Json::array();
    for (const Finding& finding : findings.pages()) object["differences"].push_back(json_of(finding, comparison));
    if (const auto& first = findings.first())
        object["first_difference"] = {{"block", comparison.blocks[first->block].name}, {"offset", first->offset}, {"from", first->begin},
                                      {"source", hex(first->first)}, {"destination", hex(first->second)}};
    if (!comparison.identical() && !what.known_cause.empty()) object["known_cause"] = what.known_cause;
    base::print_line(object.dump(-1, ' ', false, Json::error_handler_t::replace));
}

/// Whether the migration was what was wanted; says so if it was less.
bool proves_enough(const Case& what) {
    if (!what.migration) return true;
    const auto& wanted = what.wanted;
    if (what.migration->passes < wanted.passes) {
        base::tell(
            fmt::format("the migration was over after {} passes, {} were wanted: it proves less (lower --bandwidth, or let the guest dirty more)",
                        what.migration->passes, wanted.passes));
        return false;
    }
    if (std::ranges::count(wanted.capabilities, "postcopy-ram") && what.migration->postcopy_bytes == 0) {
        base::tell("the migration was over before it came to postcopy (lower --bandwidth, or let the guest dirty more)");
        return false;
    }
    return true;
}

}  // namespace

void add_migration_options(CommandLine& line) {
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    auto how = line.group("The migration").add_options();
    how("passes", po::value<unsigned>()->value_name("N")->default_value(4), "over the memory, at least, before it may end");
    how("bandwidth", text("RATE"), "QEMU's max-bandwidth, bytes a second: 100M; default: as QEMU has it");
    how("downtime", text("TIME")->default_value("300ms"), "that is allowed after these passes; it is doubled when it is not enough");
    how("cap", po::value<std::vector<std::string>>()->value_name("NAME,...")->composing(),
        "capabilities of QEMU: multifd, postcopy-ram, xbzrle, ...");
    how("timeout", text("TIME")->default_value("10m"), "for all of it");
}

/// A page takes a second, then.
constexpr std::uint64_t kLeastBandwidth = 4096;

vmverify::MigrationOptions migration_options(const CommandLine& line) {
    vmverify::MigrationOptions options;
    options.passes = line.get<unsigned>("passes");
    if (options.passes == 0) throw UsageError("--passes: 1 is the least");
    if (line.has("bandwidth")) {
        options.bandwidth = base::parse_size("--bandwidth", line.get<std::string>("bandwidth"));
        // Less than 10 is no limit at all for QEMU.
        if (*options.bandwidth < kLeastBandwidth)
            throw UsageError(fmt::format("--bandwidth: from {} bytes a second on, as in 100M", kLeastBandwidth));
    }
    const auto downtime = base::parse_duration("--downtime", line.get<std::string>("downtime"), std::chrono::milliseconds(1));
    options.downtime = std::chrono::duration_cast<std::chrono::milliseconds>(downtime);
    if (options.downtime.count() < 1 || options.downtime > std::chrono::seconds(2000)) throw UsageError("--downtime: from 1ms to 2000s");
    options.patience = std::chrono::duration_cast<std::chrono::seconds>(base::parse_duration("--timeout", line.get<std::string>("timeout")));
    if (options.patience.count() < 1) throw UsageError("--timeout: from 1s on");
    if (line.has("cap"))
        for (const std::string& names : line.get<std::vector<std::string>>("cap"))
            for (std::size_t at = 0; at <= names.size();) {
                const std::size_t end = std::min(names.find(',', at), names.size());
                if (end == at) throw UsageError(fmt::format("--cap: a name is missing in '{}'", names));
                options.capabilities.push_back(names.substr(at, end - at));
                at = end + 1;
            }
    return options;
}

void add_report_options(CommandLine& line) {
    auto out = line.group("Output").add_options();
    out("system-map", po::value<std::string>()->value_name("FILE"), "the System.map of the guest's kernel: what is in pages that differ");
    out("output", po::value<std::string>()->value_name("FORM")->default_value("text"), "text or json");
}

void check_report_options(const CommandLine& line) {
    const std::string& form = line.get<std::string>("output");
    if (form != "text" && form != "json") throw UsageError(fmt::format("--output: '{}' is neither text nor json", form));
    if (line.has("system-map")) vmverify::parse_system_map(base::read_file(line.get<std::string>("system-map")));
}

std::chrono::seconds boot_patience(const CommandLine& line) {
    const auto patience = std::chrono::ceil<std::chrono::seconds>(base::parse_duration("--boot-timeout", line.get<std::string>("boot-timeout")));
    if (patience.count() < 1) throw UsageError("--boot-timeout: from 1s on");
    return patience;
}

void check_waits(vmhost::Qmp& destination) {
    if (const std::string status = destination.run_state(); status != "inmigrate")
        throw base::Error(fmt::format("the destination is '{}' and waits for no migration: start it with -incoming defer", status));
}

std::unique_ptr<vmverify::Ram> ram_of(vmhost::Qmp& qmp) {
    return std::make_unique<vmverify::ProcessRam>(vmhost::Process(qmp.pid()), vmhost::ram_blocks(qmp));
}

void Watch::pass(const vmverify::MigrationFigures& figures) {
    if (!history_) history_ = std::make_unique<vmverify::History>(figures.page_size, kMostHistory);
    history_->note(source_, figures.passes);
    progress_.update(fmt::format("pass {}: {} sent", figures.passes, base::format_size(figures.bytes)));
}

int report(const CommandLine& line, const Case& what) {
    const std::string& form = line.get<std::string>("output");
    std::unique_ptr<vmverify::Symbols> symbols;
    if (line.has("system-map"))
        symbols = std::make_unique<vmverify::Symbols>(vmverify::parse_system_map(base::read_file(line.get<std::string>("system-map"))), what.first);
    vmverify::Findings findings(what.history, symbols.get(), what.migration ? what.migration->stopped : vmverify::History::Time());
    base::ProgressLine progress;
    const auto comparison = vmverify::compare(what.first, what.second, what.page_size, [&](const auto& page) { findings.add(page); },
                                              [&](std::uint64_t done) { progress.update(fmt::format("compared: {}", base::format_size(done))); });
    progress.clear();
    form == "json" ? print_json(what, comparison, findings) : print_text(what, comparison, findings);
    return comparison.identical() && proves_enough(what) ? 0 : 1;
}

std::string known_cause(vmhost::Qmp& source, std::uint64_t page_size) {
    const auto version = source.execute("query-version").value("qemu", nlohmann::json::object());
    if (source.execute("query-kvm").value("enabled", true) || version.value("major", kSeenWithout) >= kSeenWithout) return "";
    const auto blocks = vmhost::ram_blocks(source);
    if (blocks.empty() || blocks.front().used % (kPagesOfFastPath * page_size)) return "";
    return fmt::format("old QEMUs that emulate the CPU (TCG; seen with 7.2, not with 10.0) miss writes to memory of a multiple of {} KB: "
                       "give the VM 8 KB less (-m 262136K instead of 256M), or take a newer QEMU",
                       kPagesOfFastPath * page_size / 1024);
}
