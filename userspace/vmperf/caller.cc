/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/caller.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/error.h"
#include "base/network.h"
#include "vmhost/peer.h"

namespace vmperf {

namespace {

ucred credentials(int unix_socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(unix_socket, SOL_SOCKET, SO_PEERCRED, &peer, &size))
        throw base::system_error("cannot tell who is at the other end: SO_PEERCRED", errno);
    return peer;
}

}  // namespace

vmhost::VmPtr vm_of_connection(int tcp_socket, const std::string& mac, const vmhost::VmList& vms, const CallerRules& rules) {
    // What has come through a tap is from there, whatever socket of this host has the same addresses.
    if (const std::string tap = rules.marks ? rules.marks->tap_of(tcp_socket) : ""; !tap.empty()) {
        if (auto vm = vms.with_tap(tap)) return vm;
        throw base::Error(fmt::format("no VM of this host, or more than one, has the network interface {} that this connection came from", tap));
    }
    if (const auto local = vmhost::other_end(tcp_socket)) {
        if (auto vm = vms.with_socket(local->inode)) return vm;
        throw base::Error(
            "this connection is from a program on the host, not from a VM: guests with user-mode networking connect through their QEMU; on the "
            "host itself name the VM, perf_kvm_client --vm NAME");
    }
    if (rules.trust_mac && !mac.empty()) {
        if (auto vm = vms.with_mac(mac)) return vm;
        throw base::Error("the MAC of this client is that of no VM, or of several");
    }
    throw base::Error(
        "which VM this is cannot be told for certain: addresses can be forged. If the VM or its network card has come just now, try again; or give "
        "the VM a channel of virtio-serial named org.migscope.perf.0, and use perf_kvm_client --channel");
}

bool is_administrator(int unix_socket, const CallerRules& rules) {
    const uid_t uid = credentials(unix_socket).uid;
    return uid == 0 || uid == rules.administrator;
}

base::UniqueFd connect_to_channel(const vmhost::Vm& vm, const std::string& path) {
    const auto not_its = [&] { return base::Error(fmt::format("at {} listens another process than its QEMU", path)); };
    if (!vmhost::listens_at(*vm.process, path)) throw not_its();
    base::UniqueFd fd = base::connect_unix(path, "does its QEMU listen there?", SOCK_NONBLOCK);
    // It may have been replaced meanwhile. Libvirt, as root, makes the socket and gives it to QEMU.
    const ucred peer = credentials(fd.get());
    if (!vm.process->running() || (peer.pid != vm.process->pid() && (peer.uid != 0 || !vmhost::listens_at(*vm.process, path)))) throw not_its();
    return fd;
}

}  // namespace vmperf
