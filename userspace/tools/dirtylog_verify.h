/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// The commands of dirtylog_verify, which take the words from their own name on and return the exit status, and what they share.

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/command_line.h"
#include "base/progress.h"
#include "vmverify/findings.h"
#include "vmverify/migration.h"

int verify_run(int argc, char** argv);
int verify_attach(int argc, char** argv);
int verify_compare(int argc, char** argv);
int verify_region(int argc, char** argv);

/// --bandwidth, --downtime, --passes, --cap and --timeout, for commands that migrate.
void add_migration_options(base::CommandLine& line);
/// What they say, without the URI. Throws UsageError.
vmverify::MigrationOptions migration_options(const base::CommandLine& line);

/// --system-map and --output, for commands that compare.
void add_report_options(base::CommandLine& line);
/// What they say must make sense before much is done. Throws UsageError, Error.
void check_report_options(const base::CommandLine& line);

/// Of --boot-timeout, for commands that start a guest.
inline constexpr const char* kBootTimeout = "3m";
/// What it says. Throws UsageError.
std::chrono::seconds boot_patience(const base::CommandLine& line);

/// Throws Error when it is no destination of a migration that is to come.
void check_waits(vmhost::Qmp& destination);

/// The memory of the VM that the monitor is of. Throws Error.
std::unique_ptr<vmverify::Ram> ram_of(vmhost::Qmp& qmp);

/// Notes pages while the source runs, and shows how the migration goes.
class Watch {
 public:
    explicit Watch(const vmverify::Ram& source) : source_(source) {}
    void pass(const vmverify::MigrationFigures& figures);
    /// Of pages of the size that the migration had; nothing before a pass.
    const vmverify::History* history() const { return history_.get(); }

 private:
    const vmverify::Ram& source_;
    std::unique_ptr<vmverify::History> history_;
    base::ProgressLine progress_;
};

/// What is compared, and what is known of how it came to be.
struct Case {
    const vmverify::Ram& first;   ///< of the source
    const vmverify::Ram& second;  ///< of the destination
    std::uint64_t page_size = 4096;
    std::optional<vmverify::MigrationFigures> migration;
    vmverify::MigrationOptions wanted;
    const vmverify::History* history = nullptr;
    std::string known_cause;  ///< of lost pages, told when there are some
};

/// Compares, prints what was found; the exit status: 0 when all is identical, after a migration as it was wanted. Throws Error.
int report(const base::CommandLine& line, const Case& what);

/// Why this QEMU, which counts pages of `page_size` bytes, loses some, if that is known; empty otherwise. Throws Error.
std::string known_cause(vmhost::Qmp& source, std::uint64_t page_size);
