/* SPDX-License-Identifier: GPL-2.0-only */
// dirtylog_verify run: a guest of its own.

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/signals.h"
#include "base/tool_main.h"
#include "base/units.h"
#include "tools/dirtylog_verify.h"
#include "vmverify/machine.h"
#include "vmverify/vm.h"

namespace {

namespace po = base::po;
using base::CommandLine;
using base::UsageError;

/// Those of the dirty-logging tests for ARM.
const std::vector<std::string> kWorkloads = {"dirtyram 512 512 50", "dirtyram 512 512 50", "dirtyram 50 50 5"};
constexpr const char* kReadyOfDirtyram = "pages written,";

std::string machine_list() {
    std::string list;
    for (const auto& kind : vmverify::machine_kinds()) list += fmt::format("  {:<13} {}, {} of memory\n", kind.name, kind.about, kind.default_memory);
    return list;
}

base::ProgramInfo info() {
    return {"dirtylog_verify run", "[OPTION]...",
            "Starts source and destination from the QEMU that is installed, lets the guest dirty its memory, migrates, and\n"
            "compares all memory before the destination goes on. Machines:\n" + machine_list(),
            "  dirtylog_verify run --machine pc --memory 512M --bandwidth 100M --passes 8\n"
            "  dirtylog_verify run --machine virt --cap multifd\n"
            "  dirtylog_verify run --machine virt --cap postcopy-ram --bandwidth 8M --passes 2\n"
            "  dirtylog_verify run --machine pc --qemu ./qemu-system-x86_64 --workload 'dirtyram 4000 2000 100' --output json\n"};
}

void add_options(CommandLine& line) {
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    auto vm = line.group("The VM").add_options();
    vm("machine", text("NAME")->default_value("pc"), "which one");
    vm("memory", text("SIZE"), "512M, 1G, 262136K");
    vm("cpus", po::value<unsigned>()->value_name("N")->default_value(2), "of the guest");
    vm("host-pages", text("SIZE")->default_value("4k"), "4k, or 2m: huge pages of the host");
    vm("accel", text("NAME")->default_value("tcg,thread=multi"), "QEMU's -accel: kvm where that works");
    vm("qemu", text("PROGRAM"), "another QEMU than the installed one");
    vm("qemu-arg", po::value<std::vector<std::string>>()->value_name("WORD")->composing(), "one more word for both QEMUs; may be repeated");
    auto guest = line.group("The guest").add_options();
    guest("workload", po::value<std::vector<std::string>>()->value_name("COMMAND")->composing(),
          "what runs in it, may be repeated; default: dirtyram 512 512 50, twice, and dirtyram 50 50 5");
    guest("kernel", text("FILE"), "another kernel than that of scripts/setup");
    guest("initrd", text("FILE"), "a guest of your own, which starts its workload by itself");
    guest("append", text("WORDS")->default_value(""), "more words for the kernel");
    guest("dtb", text("FILE"), "the device tree, where the machine needs one");
    guest("ready", text("TEXT"), "what a guest of your own prints on its serial line when its workload runs");
    guest("boot-timeout", text("TIME")->default_value(kBootTimeout), "until its workload runs");
    add_migration_options(line);
    add_report_options(line);
    auto out = line.group("Files").add_options();
    out("save", po::bool_switch(), "write ramimage0 and ramimage1, the memory of source and destination");
}

struct Guest {
    vmverify::MachineOptions machine;
    std::string ready;      // on the serial line,
    std::size_t times = 1;  // so many times
};

Guest guest(const CommandLine& line, const vmverify::MachineKind& kind, const std::string& folder) {
    Guest guest;
    guest.machine.memory = base::parse_size("--memory", line.has("memory") ? line.get<std::string>("memory") : kind.default_memory);
    guest.machine.cpus = line.get<unsigned>("cpus");
    if (guest.machine.cpus == 0) throw UsageError("--cpus: a guest has one at least");
    const std::string& pages = line.get<std::string>("host-pages");
    if (pages != "4k" && pages != "2m") throw UsageError(fmt::format("--host-pages: '{}' is neither 4k nor 2m", pages));
    if (pages == "2m") guest.machine.pages = vmverify::HostPages::Huge2M;
    guest.machine.accelerator = line.get<std::string>("accel");
    if (line.has("qemu")) guest.machine.program = line.get<std::string>("qemu");
    if (line.has("qemu-arg")) guest.machine.more = line.get<std::vector<std::string>>("qemu-arg");
    guest.machine.append = line.get<std::string>("append");
    const bool own = line.has("initrd");
    if (own && line.has("workload")) throw UsageError("--workload and --initrd: your own guest starts its workload by itself");
    if (own && !(line.has("kernel") && line.has("ready"))) throw UsageError("--initrd: a guest of your own needs --kernel and --ready, too");
    if (!own && line.has("ready")) throw UsageError("--ready is for a guest of your own (--initrd)");
    if (own) {
        guest.machine.kernel = line.get<std::string>("kernel");
        guest.machine.initrd = line.get<std::string>("initrd");
        guest.ready = line.get<std::string>("ready");
        if (guest.ready.empty()) throw UsageError("--ready: a text is missing");
    } else {
        const auto files = vmverify::guest_files(kind.architecture);
        auto workloads = line.has("workload") ? line.get<std::vector<std::string>>("workload") : kWorkloads;
        guest.machine.kernel = line.has("kernel") ? line.get<std::string>("kernel") : files.kernel;
        if (kind.needs_device_tree) guest.machine.device_tree = files.device_tree;
        guest.ready = vmverify::kStarted;
        std::size_t writers = 0;
        for (std::string& command : workloads) {
            const bool writes = command.starts_with("dirtyram ");
            command = writes ? vmverify::writer(command) : vmverify::workload(command);
            writers += writes;
        }
        guest.machine.initrd = vmverify::write_initramfs(folder, files, workloads);
        if (writers > 0) {
            guest.ready = kReadyOfDirtyram;
            guest.times = writers;
        }
    }
    if (line.has("dtb")) guest.machine.device_tree = line.get<std::string>("dtb");
    for (const std::string& file : {guest.machine.kernel, guest.machine.initrd, guest.machine.device_tree})
        if (!file.empty() && !std::ifstream(file)) throw base::system_error(fmt::format("cannot read {}", file), errno);
    return guest;
}

vmverify::MigrationFigures migrate(vmverify::Vm& source, vmverify::Vm& destination, const vmverify::MigrationOptions& options,
                                   base::StopSignals& signals, Watch& watch) {
    try {
        return vmverify::migrate(&source.qmp(), &destination.qmp(), options, signals, [&](const auto& now) { watch.pass(now); });
    } catch (const base::Interrupted&) {
        throw;
    } catch (const vmverify::TimedOut&) {
        // The destination has ended because the migration was cancelled.
        throw;
    } catch (const base::Error&) {
        source.check_running();
        destination.check_running();
        throw;
    }
}

}  // namespace

int verify_run(int argc, char** argv) {
    base::offer_help_of("dirtylog_verify run");
    CommandLine line(info(), base::Operands::None);
    add_options(line);
    if (!line.parse(argc, argv)) return 0;
    check_report_options(line);
    const auto& kind = vmverify::machine_kind(line.get<std::string>("machine"));
    auto migration = migration_options(line);
    const base::TemporaryFolder folder;
    const Guest guest = ::guest(line, kind, folder.path());
    auto words = vmverify::command_line(kind, guest.machine);
    base::StopSignals signals;
    base::ProgressLine progress;
    progress.update("the guest boots");
    vmverify::Vm source("source", words, folder.path());
    vmverify::set_capabilities(source.qmp(), migration.capabilities);  // those that it does not know are told at once
    source.wait_for_console(guest.ready, guest.times, boot_patience(line), signals);
    words.insert(words.end(), {"-incoming", "defer", "-S"});
    vmverify::Vm destination("destination", words, folder.path());
    migration.uri = fmt::format("unix:{}/stream", folder.path());

    const auto memory = ram_of(source.qmp());
    Watch watch(*memory);
    const auto figures = migrate(source, destination, migration, signals, watch);
    source.check_workloads();
    if (source.console_has(vmverify::kWorkloadEnded)) base::tell("a workload has ended in the guest before the migration was over: it proves less");
    const auto copied = ram_of(destination.qmp());
    if (line.flag("save")) {
        vmverify::save(*memory, "ramimage0", figures.page_size);
        vmverify::save(*copied, "ramimage1", figures.page_size);
    }
    return report(line, {*memory, *copied, figures.page_size, figures, migration, watch.history(), known_cause(source.qmp(), figures.page_size)});
}
