/* SPDX-License-Identifier: GPL-2.0-only */
// dirtylog_verify region: is a tracker of dirty pages enough to copy memory that a guest writes to?

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/signals.h"
#include "base/tool_main.h"
#include "base/units.h"
#include "tools/dirtylog_verify.h"
#include "vmdirty/memory_choice.h"
#include "vmdirty/tracker.h"
#include "vmverify/machine.h"
#include "vmverify/region.h"
#include "vmverify/vm.h"

namespace {

namespace po = base::po;
using base::CommandLine;
using base::UsageError;

/// After the writers have ended there has to be a clean bitmap soon.
constexpr std::chrono::seconds kCleanPatience{60};
constexpr unsigned kMostStarts = 20;
constexpr const char* kEnded = "dirtylog_verify: writers have ended";
const std::vector<std::string> kWorkloads = {"dirtyram 512 512 50", "dirtyram 2048 100 20", "dirtyram 50 50 5"};

const base::ProgramInfo kInfo = {
    "dirtylog_verify region", "[OPTION]...",
    "Starts a guest with a device whose memory is shared with this program (ivshmem). Programs in the guest dirty it; it is\n"
    "copied once, and then only the pages that a tracker of vm_dirty_track names, until they have ended and a bitmap is\n"
    "clean. Then original and copy have to be the same: a page that the tracker has missed shows.\n",
    "  dirtylog_verify region\n"
    "  dirtylog_verify region --machine virt --tracker shadow --size 64M --duration 30s\n"};

void add_options(CommandLine& line) {
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    auto vm = line.group("The VM").add_options();
    vm("machine", text("NAME")->default_value("pc"), "pc, virt or virt-arm: it needs PCI");
    vm("size", text("SIZE")->default_value("8M"), "of the device's memory: a power of two");
    vm("workload", po::value<std::vector<std::string>>()->value_name("COMMAND")->composing(),
       "dirtyram INITIAL PERIODIC MSEC; may be repeated");
    vm("duration", text("TIME")->default_value("5s"), "of the writing");
    vm("boot-timeout", text("TIME")->default_value(kBootTimeout), "until the guest writes");
    vm("qemu", text("PROGRAM"), "another QEMU than the installed one");
    vm("qemu-arg", po::value<std::vector<std::string>>()->value_name("WORD")->composing(), "one more word for QEMU; may be repeated");
    auto how = line.group("The tracker").add_options();
    how("tracker", text("NAME"), "see vm_dirty_track --list-trackers; default: the best that works");
    how("interval", text("TIME")->default_value("100ms"), "between two bitmaps");
    add_report_options(line);
}

std::uint64_t size_option(const CommandLine& line) {
    const std::uint64_t size = base::parse_size("--size", line.get<std::string>("size"));
    if (size < 1 << 20 || size > std::uint64_t{1} << 30 || (size & (size - 1))) throw UsageError("--size: a power of two from 1M to 1G");
    return size;
}

std::chrono::nanoseconds interval_option(const CommandLine& line) { return base::parse_duration("--interval", line.get<std::string>("interval")); }

/// "dirtyram 512 512 50", for the device's memory and for so long.
std::string writer(const std::string& workload, std::chrono::nanoseconds duration) {
    std::uint64_t msec = 0;
    const auto space = workload.rfind(' ');
    const char* const end = workload.data() + workload.size();
    const auto [rest, failure] = std::from_chars(workload.data() + std::min(space, workload.size() - 1) + 1, end, msec);
    if (!workload.starts_with("dirtyram ") || failure != std::errc() || rest != end || msec == 0)
        throw UsageError(fmt::format("--workload: '{}' is not dirtyram INITIAL PERIODIC MSEC", workload));
    const auto rounds = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(duration / std::chrono::milliseconds(msec)));
    return vmverify::writer(fmt::format("{} $D/resource2 {}", workload, rounds));
}

/// Finds the device, lets the writers run, and tells when they have ended. Something is always written elsewhere: where nothing is,
/// a tracker that migrates is done.
std::string script(const std::vector<std::string>& workloads, std::chrono::nanoseconds duration) {
    std::string text =
        "for d in /sys/bus/pci/devices/*; do case $(cat $d/vendor $d/device) in 0x1af4*0x1110) D=$d;; esac; done; echo 1 >$D/enable; dirtyram 1024 "
        "1024 20 & ";
    for (const std::string& workload : workloads) text += "{ " + writer(workload, duration) + "; } & P=\"$P $!\"; ";
    return text + fmt::format("wait $P; echo {}", kEnded);
}

/// Before a guest has been booted for it.
void check_tracker(const std::string& name) {
    std::string names;
    for (const auto& kind : vmdirty::tracker_kinds()) {
        if (!kind.which) continue;
        if (name == kind.name) return;
        names += fmt::format("{}{}", names.empty() ? "" : ", ", kind.name);
    }
    const bool known = std::ranges::any_of(vmdirty::tracker_kinds(), [&](const auto& kind) { return name == kind.name; });
    throw UsageError(fmt::format("--tracker: {}; these tell which pages are written: {}",
                                 known ? name + " tells only how many" : fmt::format("there is no '{}'", name), names));
}

/// What the listener throws when nothing is left to be copied.
struct Clean {};

class Region {
 public:
    Region(const CommandLine& line, vmverify::Vm& vm, std::uint64_t size)
        : line_(line), vm_(vm), process_(vm.qmp().pid()), layout_(vmverify::shared_memory(process_, vm.qmp(), size)),
          original_(vmhost::Process(process_.pid()), {{layout_.ranges()[0].name, 0, size, layout_.ranges()[0].begin}}), copy_(original_, size) {}

    int run(base::StopSignals& signals) {
        const vmdirty::Target target{process_, layout_, &vm_.qmp()};
        const auto& kind = vmdirty::choose_tracker(line_.has("tracker") ? line_.get<std::string>("tracker") : "", target);
        if (!kind.which) throw base::Error("no tracker works here that tells which pages are written; see vm_dirty_track --list-trackers");
        vmdirty::TrackOptions options;
        options.interval = interval_option(line_);
        try {
            // One that migrates ends by itself when the guest writes too little for a while.
            for (unsigned begun = 0; begun < kMostStarts; begun++) {
                kind.track(target, options, signals, [&](const vmdirty::Interval& interval) { copy(interval); });
                if (const int signal = signals.take()) throw base::Interrupted("nothing was compared", signal);
            }
            throw base::Error(fmt::format("the tracker {} has ended {} times before the writers have", kind.name, kMostStarts));
        } catch (const Clean&) {
        } catch (const base::Interrupted&) {
            throw;
        } catch (const base::Error&) {
            vm_.check_running();
            throw;
        }
        progress_.clear();
        if (line_.get<std::string>("output") == "text")
            base::print_line(fmt::format("copied        {} pages in {} passes, by {}", copy_.pages(), copy_.passes(), kind.name));
        return report(line_, {original_, copy_, vmdirty::kPage, {}, {}, nullptr, ""});
    }

 private:
    void copy(const vmdirty::Interval& interval) {
        copy_.copy(*interval.dirty);
        progress_.update(fmt::format("pass {}: {} pages", copy_.passes(), interval.written));
        // What it was made of may lie back a while: all of it has to have been written, or not, after the writers had ended.
        if (ended_ && before_ >= *ended_ && interval.written == 0) throw Clean();
        before_ = interval.wall;
        if (!ended_ && vm_.console_has(kEnded)) {
            vm_.check_workloads();
            ended_ = std::chrono::system_clock::now();
        }
        if (ended_ && std::chrono::system_clock::now() > *ended_ + kCleanPatience)
            throw base::Error(fmt::format("{} s after the writers have ended the tracker still tells of dirty pages", kCleanPatience.count()));
    }

    const CommandLine& line_;
    vmverify::Vm& vm_;
    const vmhost::Process process_;
    const vmdirty::Layout layout_;
    const vmverify::ProcessRam original_;
    vmverify::RegionCopy copy_;
    base::ProgressLine progress_;
    std::optional<std::chrono::system_clock::time_point> ended_;  // the writers have
    std::chrono::system_clock::time_point before_;                // the end of the interval before
};

}  // namespace

int verify_region(int argc, char** argv) {
    base::offer_help_of("dirtylog_verify region");
    CommandLine line(kInfo, base::Operands::None);
    add_options(line);
    if (!line.parse(argc, argv)) return 0;
    check_report_options(line);
    const auto& kind = vmverify::machine_kind(line.get<std::string>("machine"));
    if (kind.needs_device_tree) throw base::Error(fmt::format("--machine: {} has no PCI, which the device with shared memory needs", kind.name));
    if (line.has("tracker")) check_tracker(line.get<std::string>("tracker"));
    const std::uint64_t size = size_option(line);
    const auto duration = base::parse_duration("--duration", line.get<std::string>("duration"));
    if (duration.count() == 0) throw UsageError("--duration: 0 is over at once");
    if (interval_option(line) < std::chrono::milliseconds(1)) throw UsageError("--interval: 1ms is the shortest");
    const auto workloads = line.has("workload") ? line.get<std::vector<std::string>>("workload") : kWorkloads;
    const base::TemporaryFolder folder;
    const auto files = vmverify::guest_files(kind.architecture);
    vmverify::MachineOptions machine;
    machine.memory = base::parse_size("the machine's memory", kind.default_memory);
    machine.kernel = files.kernel;
    machine.initrd = vmverify::write_initramfs(folder.path(), files, {script(workloads, duration)});
    if (line.has("qemu")) machine.program = line.get<std::string>("qemu");
    machine.more = {"-object", fmt::format("memory-backend-memfd,id=shm,size={},share=on", size), "-device", "ivshmem-plain,memdev=shm,master=on"};
    if (line.has("qemu-arg"))
        for (const std::string& word : line.get<std::vector<std::string>>("qemu-arg")) machine.more.push_back(word);
    base::StopSignals signals;
    vmverify::Vm vm("vm", vmverify::command_line(kind, machine), folder.path());
    vm.wait_for_console("pages written", 1, boot_patience(line), signals);
    return Region(line, vm, size).run(signals);
}
