/* SPDX-License-Identifier: GPL-2.0-only */
// perf_kvm_server: guests ask it for the performance counters of their own virtual CPUs.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/command_line.h"
#include "base/error.h"
#include "base/network.h"
#include "base/signals.h"
#include "base/terminal.h"
#include "base/tool_main.h"
#include "base/units.h"
#include "vmhost/domains.h"
#include "vmhost/vm_list.h"
#include "vmperf/privileges.h"
#include "vmperf/protocol.h"
#include "vmperf/server.h"

namespace {

namespace po = base::po;
using base::CommandLine;
using base::UsageError;

const base::ProgramInfo kInfo = {
    "perf_kvm_server", "[OPTION]...",
    "Serves the VMs of this host with the performance counters of their own virtual CPUs, which perf_kvm_client asks\n"
    "for inside of them. Which VM a client is in is found out by the host: by the tap that its packets come from, the\n"
    "socket of its QEMU (user-mode networking) or the VM's channel of virtio-serial, org.migscope.perf.0. Ends with\n"
    "Ctrl-C or SIGTERM.\n",
    "  perf_kvm_server --list\n"
    "  perf_kvm_server\n"
    "  perf_kvm_server --host 192.168.122.1 --host fe80::1%virbr0 --max-clients-per-vm 4\n"};

void add_options(CommandLine& line) {
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    auto number = [](unsigned standard) { return po::value<unsigned>()->value_name("N")->default_value(standard); };
    const vmperf::Limits limits;
    auto where = line.group("Where it is reached").add_options();
    where("host", po::value<std::vector<std::string>>()->composing()->value_name("ADDRESS"),
          fmt::format("listen at this address or name, IPv4 or IPv6, which this host may get later; may be repeated (default {}); * is all",
                      vmperf::kDefaultHost)
              .c_str());
    where("port", number(vmperf::kDefaultPort), "TCP port");
    where("socket", text("PATH")->default_value(vmperf::default_socket()),
          "Unix socket at which root, and whoever runs this, may watch any VM; empty: none");
    auto who = line.group("Who is served").add_options();
    who("trust-mac", po::bool_switch(),
        "believe the MAC address that a client tells where nothing better is at hand: any guest can then read the counters of any VM whose MAC it "
        "knows");
    who("connect", text("URI"), "libvirt, as virsh --connect (default for root: qemu:///system); empty: VMs are known by their processes alone");
    who("no-nftables", po::bool_switch(), "do without rules of nftables, which tell from which tap a connection comes; those guests are refused");
    auto limit = line.group("Limits").add_options();
    limit("max-clients", number(limits.clients), "that watch a VM at once");
    limit("max-clients-per-vm", number(limits.clients_of_vm), "the same, of one VM");
    limit("max-silent", number(limits.silent), "connections that have not yet said what they want; the oldest go");
    limit("max-counters", number(static_cast<unsigned>(limits.counters)), "of the clients of a VM together: events times threads of QEMU");
    limit("idle", text("TIME")->default_value("10s"), "until a client that says nothing is sent away");
    auto out = line.group("Output").add_options();
    out("list", po::bool_switch(), "print the VMs of this host, and end");
    out("output", text("FORM")->default_value("text"), "with --list: text or json (an object per line)");
    out("verbose", po::bool_switch(), "tell of each client");
}

void print_table(const std::vector<vmhost::Vm>& vms) {
    constexpr const char* kRow = "{:<20} {:>8} {:>5} {:<17} {:<12} {:<7} {}";
    const auto shown = [](const std::string& text) { return text.empty() ? std::string("-") : base::printable(text); };
    base::print_line(fmt::format(kRow, "NAME", "PID", "VCPUS", "MAC", "TAP", "CHANNEL", "UUID"));
    for (const vmhost::Vm& vm : vms) {
        const auto& command = vm.command;
        const bool channel = std::ranges::any_of(command.channels, [](const auto& one) { return one.name == vmperf::kChannelName; });
        // A line for each network card.
        const std::size_t lines = std::max({command.macs.size(), vm.taps.size(), std::size_t{1}});
        const auto at = [&](const std::vector<std::string>& list, std::size_t i) {
            return i < list.size() ? shown(list[i]) : std::string(i ? "" : "-");
        };
        std::string row = fmt::format(kRow, shown(command.name), vm.process->pid(), command.vcpus, at(command.macs, 0), at(vm.taps, 0),
                                      channel ? "yes" : "no", shown(command.uuid));
        base::print_line(row);
        for (std::size_t i = 1; i < lines; i++) base::print_line(fmt::format(kRow, "", "", "", at(command.macs, i), at(vm.taps, i), "", ""));
    }
    if (vms.empty()) base::tell("no VM runs on this host, or none that may be looked at: try it as root");
}

void print_json(const std::vector<vmhost::Vm>& vms) {
    for (const vmhost::Vm& vm : vms) {
        const auto threads = vm.threads();
        nlohmann::ordered_json vcpus = nlohmann::ordered_json::array(), channels = nlohmann::ordered_json::array();
        for (const auto& [number, thread] : threads.vcpus) vcpus.push_back({{"vcpu", number}, {"thread", thread}});
        for (const auto& channel : vm.command.channels) channels.push_back({{"name", channel.name}, {"path", channel.path}});
        const nlohmann::ordered_json object = {
            {"type", "vm"},          {"name", vm.command.name}, {"uuid", vm.command.uuid}, {"pid", vm.process->pid()}, {"vcpus", vm.command.vcpus},
            {"vcpu_threads", vcpus}, {"macs", vm.command.macs}, {"taps", vm.taps},         {"channels", channels}};
        base::print_line(object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    }
}

/// For an ordinary user libvirt would start a daemon, to be asked.
std::string libvirt_uri(const CommandLine& line) {
    if (line.has("connect")) return line.get<std::string>("connect");
    return ::geteuid() == 0 ? "qemu:///system" : "";
}

std::vector<vmhost::Domain> domains(const CommandLine& line) {
    const std::string uri = libvirt_uri(line);
    if (uri.empty()) return {};
    try {
        return vmhost::running_domains(uri);
    } catch (const base::Error& error) {
        if (line.has("connect")) throw;
        // There is none: VMs are known by their processes.
        return {};
    }
}

int list(const CommandLine& line) {
    const auto form = line.get<std::string>("output");
    if (form != "text" && form != "json") throw UsageError(fmt::format("--output: '{}' is neither text nor json", form));
    auto vms = vmhost::running_vms();
    const auto known = domains(line);
    for (vmhost::Vm& vm : vms) vmhost::add_domain(vm, known);
    form == "json" ? print_json(vms) : print_table(vms);
    return 0;
}

vmperf::Limits limits(const CommandLine& line) {
    vmperf::Limits limits;
    const auto at_least_one = [&](const char* option) {
        const auto value = line.get<unsigned>(option);
        if (value == 0) throw UsageError(fmt::format("--{}: 0 would serve nobody", option));
        return value;
    };
    limits.clients = at_least_one("max-clients");
    limits.clients_of_vm = at_least_one("max-clients-per-vm");
    limits.silent = at_least_one("max-silent");
    limits.counters = at_least_one("max-counters");
    limits.idle = std::chrono::duration_cast<std::chrono::milliseconds>(base::parse_duration("--idle", line.get<std::string>("idle")));
    if (limits.idle.count() == 0) throw UsageError("--idle: 0 would send everybody away");
    return limits;
}

/// Counters and connections are descriptors. How many counters there may be at once: half of all, or what else takes descriptors is left.
std::size_t allow_many_descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit)) throw base::system_error("getrlimit(RLIMIT_NOFILE)", errno);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    constexpr std::size_t kOthers = 2048;
    return limit.rlim_cur > 2 * kOthers ? limit.rlim_cur - kOthers : limit.rlim_cur / 2;
}

base::UniqueFd administrator_socket(const CommandLine& line) {
    const auto path = line.get<std::string>("socket");
    if (path.empty()) return {};
    if (!line.has("socket")) {
        std::error_code error;
        std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
    }
    return base::listen_unix(path, {.if_taken = "another perf_kvm_server runs; --socket names another"});
}

/// Null when guests with taps cannot be told apart here; those with channels or user-mode networking can.
std::shared_ptr<vmperf::TapMarks> tap_marks(const CommandLine& line, std::uint16_t port) {
    if (line.flag("no-nftables")) return nullptr;
    if (::geteuid() != 0) {
        base::warn("guests that come through taps are refused: to tell taps apart takes root");
        return nullptr;
    }
    try {
        return std::make_shared<vmperf::TapMarks>(port);
    } catch (const base::Error& error) {
        base::warn(fmt::format("guests that come through taps are refused: {}", error.what()));
        return nullptr;
    }
}

int run(int argc, char** argv) {
    CommandLine line(kInfo, base::Operands::None);
    add_options(line);
    line.keep_prefixes_of({"version"});
    if (!line.parse(argc, argv)) return 0;
    if (line.flag("list")) return list(line);
    if (line.has("output")) throw UsageError("--output: that is for --list");
    const auto port = line.get<unsigned>("port");
    if (port == 0 || port > 65535) throw UsageError(fmt::format("--port: {} is none: 1 to 65535", port));
    vmperf::ServerOptions options;
    options.limits = limits(line);
    if (const std::string uri = libvirt_uri(line); !uri.empty()) options.domains = std::make_unique<vmhost::DomainWatch>(uri);
    options.callers.administrator = ::geteuid();
    options.callers.trust_mac = line.flag("trust-mac");
    options.marks = tap_marks(line, static_cast<std::uint16_t>(port));
    options.callers.marks = options.marks;
    options.verbose = line.flag("verbose");
    auto hosts = line.has("host") ? line.get<std::vector<std::string>>("host") : std::vector<std::string>{vmperf::kDefaultHost};
    for (std::string& host : hosts) {
        if (host.empty()) throw UsageError("--host: an address is missing (* is all of them)");
        auto sockets = base::listen_tcp(host == "*" ? "" : host, static_cast<std::uint16_t>(port),
                                        {.if_taken = "another perf_kvm_server runs, or --host names it twice; --port takes another port", .free_bind = true});
        std::ranges::move(sockets, std::back_inserter(options.tcp));
    }
    options.administrator = administrator_socket(line);
    vmperf::KernelCounters counters(allow_many_descriptors());
    vmperf::drop_privileges(options.marks != nullptr);
    base::StopSignals signals;
    vmperf::Server server(std::move(options), counters);
    base::tell(fmt::format("serves at {} port {}{}", fmt::join(hosts, ", "), port,
                           line.get<std::string>("socket").empty() ? "" : " and at " + line.get<std::string>("socket")));
    server.run(signals);
    if (const auto path = line.get<std::string>("socket"); !path.empty()) ::unlink(path.c_str());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    return base::tool_main("perf_kvm_server", [&] { return run(argc, argv); });
}
