/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/vm.h"

#include <fmt/format.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>

#include "base/error.h"

namespace vmhost {

namespace {

/// The number in "CPU 3/KVM" or "CPU 3/TCG".
std::optional<unsigned> vcpu_of(std::string_view name) {
    if (!name.starts_with("CPU ")) return std::nullopt;
    unsigned number = 0;
    const auto [end, error] = std::from_chars(name.data() + 4, name.data() + name.size(), number);
    if (error != std::errc() || end == name.data() + name.size() || *end != '/') return std::nullopt;
    return number;
}

/// More network cards has nobody, but who wants to be a nuisance.
constexpr std::size_t kMostTaps = 256;

/// Whether a descriptor of /dev/net/tun is that of an interface of our network namespace: anybody can make one of any name in his own.
/// Without the rights to ask, that its process is in our namespace must do.
bool is_ours(const Process& process, int descriptor) {
    const std::string ours = std::filesystem::read_symlink("/proc/self/ns/net");
    const base::UniqueFd copy(static_cast<int>(::syscall(SYS_pidfd_getfd, process.pidfd(), descriptor, 0)));
    const base::UniqueFd where(copy ? ::ioctl(copy.get(), TUNGETDEVNETNS, 0) : -1);
    if (!where) return process.link("ns/net") == ours;
    return std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", where.get())) == ours;
}

std::optional<Vm> vm_of(pid_t pid) {
    try {
        auto process = std::make_shared<const Process>(pid);
        std::string executable = process->link("exe");
        // Of one that has been replaced while it runs.
        boost::erase_tail(executable, executable.ends_with(" (deleted)") ? 10 : 0);
        if (!is_qemu({executable})) return std::nullopt;
        return Vm{process, parse_qemu_command(process->command_line()), taps_of(*process)};
    } catch (const base::Error&) {
        // It has ended meanwhile, or is another user's.
        return std::nullopt;
    }
}

}  // namespace

std::string Vm::label() const { return command.name.empty() ? fmt::format("pid {}", process->pid()) : command.name; }

VmThreads Vm::threads() const {
    std::map<pid_t, std::string> names;
    for (const pid_t thread : process->threads()) {
        try {
            names[thread] = process->name(thread);
        } catch (const base::Error&) {
            process->check_running();
            // The thread alone has ended.
        }
    }
    return sort_threads(names);
}

VmThreads sort_threads(const std::map<pid_t, std::string>& names) {
    VmThreads threads;
    for (const auto& [thread, name] : names) {
        if (const auto vcpu = vcpu_of(name)) {
            threads.vcpus[*vcpu] = thread;
            threads.all_vcpus.insert(thread);
        } else if (name.starts_with("ALL CPUs/")) {
            threads.all_vcpus.insert(thread);
        } else {
            threads.others.insert(thread);
        }
    }
    return threads;
}

std::string tap_of(const std::string& fdinfo) {
    const std::string text = "\n" + fdinfo;
    const auto line = text.find("\niff:");
    if (line == text.npos) return "";
    return boost::trim_copy(text.substr(line + 5, text.find('\n', line + 1) - line - 5));
}

std::vector<std::string> taps_of(const Process& process) {
    std::vector<std::string> taps;
    for (const std::string& descriptor : process.list("fdinfo")) {
        if (taps.size() == kMostTaps) break;
        try {
            if (process.link("fd/" + descriptor) != "/dev/net/tun") continue;
            const std::string tap = tap_of(process.read("fdinfo/" + descriptor, 65536));
            // Several queues have a descriptor each.
            if (!tap.empty() && std::ranges::find(taps, tap) == taps.end() && is_ours(process, std::stoi(descriptor))) taps.push_back(tap);
        } catch (const base::Error&) {
            // Closed meanwhile; or the process has ended, which whoever asks for more is told.
        }
    }
    std::ranges::sort(taps);
    return taps;
}

std::vector<Vm> running_vms() {
    std::vector<Vm> vms;
    for (const pid_t pid : all_processes())
        if (auto vm = vm_of(pid)) vms.push_back(std::move(*vm));
    return vms;
}

}  // namespace vmhost
