/* SPDX-License-Identifier: GPL-2.0-only */
// dirtylog_verify attach: VMs that the user has started, on this host, or one of them on another.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/error.h"
#include "base/file.h"
#include "base/signals.h"
#include "base/tool_main.h"
#include "tools/dirtylog_verify.h"

namespace {

namespace po = base::po;
using base::CommandLine;
using base::UsageError;

const base::ProgramInfo kInfo = {
    "dirtylog_verify attach", "--src QMP --dst QMP [OPTION]...",
    "Migrates a VM between two QEMUs that you have started, and compares all of its memory before the destination goes\n"
    "on; it does when all is identical. The destination has to be started with -incoming defer (or with -incoming URI;\n"
    "then give the same --uri, and --listening). It takes the rights of a debugger of both: root, or their user.\n"
    "With one of the two and --save, the memory is saved when the migration is over: for `dirtylog_verify compare`.\n",
    "  dirtylog_verify attach --src /run/a.qmp --dst /run/b.qmp --passes 5 --bandwidth 100M\n"
    "  dirtylog_verify attach --dst /run/b.qmp --uri tcp:0:4321 --save b.ram\n"
    "      On the destination's host; then, on that of the source:\n"
    "  dirtylog_verify attach --src /run/a.qmp --uri tcp:hostb:4321 --save a.ram\n"
    "      And with both files on one host:\n"
    "  dirtylog_verify compare a.ram b.ram\n"};

void add_options(CommandLine& line) {
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    auto which = line.group("Which").add_options();
    which("src", text("QMP"), "the QMP socket of the source");
    which("dst", text("QMP"), "that of the destination");
    which("uri", text("URI"), "how they reach each other: unix:/run/stream, tcp:host:4321; default for two: a socket in a folder of its own");
    which("listening", po::bool_switch(), "the destination was started with -incoming URI, and listens there");
    which("save", text("FILE"), "with one of them: write its memory there");
    add_migration_options(line);
    add_report_options(line);
}

/// Which of the VMs it is about: a monitor, or nothing.
std::unique_ptr<vmhost::Qmp> monitor(const CommandLine& line, const char* option) {
    return line.has(option) ? std::make_unique<vmhost::Qmp>(line.get<std::string>(option)) : nullptr;
}

/// Whether its memory may be read is found out before anything has happened to it.
void check_rights(const vmhost::Qmp* vm) {
    if (vm) vmhost::Process(vm->pid()).open("mem");
}

void check(const CommandLine& line) {
    const bool both = line.has("src") && line.has("dst");
    if (!line.has("src") && !line.has("dst")) throw UsageError("which VMs? --src QMP and --dst QMP, or one of them with --save FILE");
    if (both && line.has("save")) throw UsageError("--save is for one of the two VMs: with both they are compared at once");
    if (!both && !line.has("save")) throw UsageError("with one VM its memory is saved: --save FILE, and then `dirtylog_verify compare`");
    if (line.flag("listening") && !line.has("dst")) throw UsageError("--listening is about the destination: --dst QMP");
    if (line.flag("listening") && both && !line.has("uri")) throw UsageError("--listening: where? --uri URI");
}

/// As QEMU's process tells it.
uid_t user_of(pid_t pid) {
    const std::string users = vmhost::Process(pid).status("Uid");  // real, effective, ...
    uid_t user = 0;
    const auto begin = std::min(users.find('\t'), users.size() - 1) + 1;
    if (std::from_chars(users.data() + begin, users.data() + users.size(), user).ec != std::errc())
        throw base::Error(fmt::format("/proc/{}/status does not tell whose process it is", pid));
    return user;
}

/// The destination makes a socket there, and the source connects to it.
void give_folder(const std::string& folder, pid_t source, pid_t destination) {
    const uid_t from = user_of(source), to = user_of(destination);
    if (from != to && from != 0)
        throw base::Error(
            fmt::format("the source runs as user {}, the destination as {}: neither may use a socket of the other (say how they reach each "
                        "other: --uri tcp:127.0.0.1:4321)",
                        from, to));
    if (to != ::geteuid() && ::chown(folder.c_str(), to, static_cast<gid_t>(-1)))
        throw base::system_error(fmt::format("cannot give {} to user {}, for the destination's socket", folder, to), errno,
                                 "--uri says how else they reach each other");
}

int both(const CommandLine& line, vmhost::Qmp& source, vmhost::Qmp& destination, vmverify::MigrationOptions& options, base::StopSignals& signals) {
    const base::TemporaryFolder folder;
    if (options.uri.empty()) {
        give_folder(folder.path(), source.pid(), destination.pid());
        options.uri = fmt::format("unix:{}/stream", folder.path());
    }
    const auto memory = ram_of(source);
    Watch watch(*memory);
    const auto figures = vmverify::migrate(&source, &destination, options, signals, [&](const auto& now) { watch.pass(now); });
    const auto copied = ram_of(destination);
    const int status = report(line, {*memory, *copied, figures.page_size, figures, options, watch.history(), known_cause(source, figures.page_size)});
    if (status == 0) {
        destination.execute("cont");
        base::tell("the destination goes on");
    } else {
        base::tell("both VMs are paused; `cont` in the source's monitor goes on there, in the destination's with what it has");
    }
    return status;
}

/// The memory of one VM when the migration is over.
int save_one(const CommandLine& line, vmhost::Qmp* source, vmhost::Qmp* destination, const vmverify::MigrationOptions& options,
             base::StopSignals& signals) {
    const std::string& file = line.get<std::string>("save");
    base::tell(options.uri.empty() ? "waiting for the migration, which you start" : "waiting for the migration");
    const auto figures = vmverify::migrate(source, destination, options, signals, [](const auto&) {});
    const auto memory = ram_of(source ? *source : *destination);
    vmverify::save(*memory, file, source ? figures.page_size : 0);
    if (destination) destination->execute("cont");
    base::print_line(fmt::format("{}: {} bytes; {}", file, memory->size(), destination ? "the destination goes on" : "the source stays paused"));
    return 0;
}

}  // namespace

int verify_attach(int argc, char** argv) {
    base::offer_help_of("dirtylog_verify attach");
    CommandLine line(kInfo, base::Operands::None);
    add_options(line);
    if (!line.parse(argc, argv)) return 0;
    check_report_options(line);
    check(line);
    auto options = migration_options(line);
    if (line.has("uri")) options.uri = line.get<std::string>("uri");
    options.listens = line.flag("listening");
    const auto source = monitor(line, "src"), destination = monitor(line, "dst");
    check_rights(source.get());
    check_rights(destination.get());
    base::StopSignals signals;
    if (destination) check_waits(*destination);
    return source && destination ? both(line, *source, *destination, options, signals)
                                 : save_one(line, source.get(), destination.get(), options, signals);
}
