/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmverify/machine.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"

namespace vmverify {

namespace {

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kHugePage = 2 * kMiB;

/// The largest unit that has whole numbers of it.
std::string exact(std::uint64_t bytes) {
    if (bytes % 1024 || bytes == 0) return fmt::format("{} bytes", bytes);
    return bytes % kMiB ? fmt::format("{} KB", bytes / 1024) : fmt::format("{} MB", bytes / kMiB);
}

/// Pages that are free, of those that were reserved.
void check_huge_pages(std::uint64_t bytes) {
    const std::string folder = "/sys/kernel/mm/hugepages/hugepages-2048kB/";
    const std::uint64_t wanted = bytes / kHugePage;
    std::uint64_t free = 0;
    try {
        free = std::stoull(base::read_file(folder + "free_hugepages"));
    } catch (const std::exception&) {
        throw base::Error("--host-pages 2m: this kernel has no huge pages of 2 MB");
    }
    if (free < wanted)
        throw base::Error(fmt::format("--host-pages 2m: {} huge pages of 2 MB are needed for source and destination, {} are free (reserve them: "
                                      "echo {} >{}nr_hugepages)",
                                      wanted, free, wanted, folder));
}

}  // namespace

const std::vector<MachineKind>& machine_kinds() {
    static const std::vector<MachineKind> kinds = {
        {"pc", "x86-64", "qemu-system-x86_64", "pc", "", "amd64", "ttyS0", false, 96 * kMiB, "256M"},
        {"virt", "arm64, Cortex-A57", "qemu-system-aarch64", "virt", "cortex-a57", "arm64", "ttyAMA0", false, 96 * kMiB, "256M"},
        // Without LPAE a kernel finds PCI only in the lower 4 GB.
        {"virt-arm", "32-bit ARM, Cortex-A15", "qemu-system-arm", "virt,highmem=off", "cortex-a15", "armhf", "ttyAMA0", false, 64 * kMiB, "128M"},
        {"vexpress-a15", "32-bit ARM, Versatile Express", "qemu-system-arm", "vexpress-a15", "", "armhf", "ttyAMA0", true, 64 * kMiB, "128M"},
    };
    return kinds;
}

const MachineKind& machine_kind(const std::string& name) {
    std::string names;
    for (const MachineKind& kind : machine_kinds()) {
        if (name == kind.name) return kind;
        names += fmt::format("{}{}", names.empty() ? "" : ", ", kind.name);
    }
    throw base::UsageError(fmt::format("--machine: '{}' is none of {}", name, names));
}

std::vector<std::string> command_line(const MachineKind& kind, const MachineOptions& options) {
    if (options.memory < kind.least_memory)
        throw base::Error(fmt::format("--memory: with {} the machine {} does not boot, and says nothing: the kernel and its initramfs do not fit "
                                      "(at least {}; a number without a letter counts bytes)",
                                      exact(options.memory), kind.name, exact(kind.least_memory)));
    std::string machine = kind.machine;
    std::vector<std::string> words = {options.program.empty() ? kind.program : options.program, "-nodefaults", "-no-user-config", "-display", "none"};
    const auto add = [&](std::initializer_list<std::string> more) { words.insert(words.end(), more); };
    if (options.pages == HostPages::Huge2M) {
        if (options.memory % kHugePage)
            throw base::Error(fmt::format("--memory: {} are no whole huge pages of 2 MB, as --host-pages 2m wants them", exact(options.memory)));
        check_huge_pages(2 * options.memory);
        machine += ",memory-backend=ram0";
        add({"-object", fmt::format("memory-backend-memfd,id=ram0,size={},hugetlb=on,hugetlbsize=2M", options.memory)});
    }
    add({"-machine", machine, "-accel", options.accelerator, "-smp", std::to_string(options.cpus), "-m", fmt::format("{}K", options.memory / 1024)});
    if (*kind.cpu) add({"-cpu", kind.cpu});
    add({"-kernel", options.kernel, "-append", fmt::format("console={} quiet panic=-1 {}", kind.console, options.append)});
    if (!options.initrd.empty()) add({"-initrd", options.initrd});
    if (!options.device_tree.empty()) add({"-dtb", options.device_tree});
    words.insert(words.end(), options.more.begin(), options.more.end());
    return words;
}

}  // namespace vmverify
