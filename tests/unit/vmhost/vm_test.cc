/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmhost/vm.h"

#include <catch2/catch.hpp>

using namespace vmhost;
using Words = std::vector<std::string>;
using Threads = std::set<pid_t>;

TEST_CASE("a QEMU's command line tells the network cards of its VM") {
    CHECK(parse_qemu_command({"qemu-kvm", "-device", "virtio-net-pci,netdev=a,mac=52:54:00:AA:bb:01", "-device",
                              R"({"driver":"e1000","netdev":"b","mac":"52:54:00:aa:bb:02"})", "-nic", "user,mac=52:54:00:aa:bb:03", "-net",
                              "nic,macaddr=52:54:00:aa:bb:04"})
              .macs == Words{"52:54:00:aa:bb:01", "52:54:00:aa:bb:02", "52:54:00:aa:bb:03", "52:54:00:aa:bb:04"});
    CHECK(parse_qemu_command({"qemu-kvm", "-nic", "none", "-device", "virtio-blk-pci,drive=a"}).macs.empty());
}

TEST_CASE("a QEMU's command line tells how many processors its VM starts with") {
    const auto vcpus = [](const char* smp) { return parse_qemu_command({"qemu-kvm", "-smp", smp}).vcpus; };
    CHECK(parse_qemu_command({"qemu-kvm"}).vcpus == 1);
    CHECK(vcpus("4") == 4);
    CHECK(vcpus("4,sockets=4,cores=1,threads=1") == 4);
    CHECK(vcpus("cpus=2,maxcpus=8") == 2);
    CHECK(vcpus("maxcpus=8") == 8);
    CHECK(vcpus("sockets=2,cores=3") == 6);
    CHECK(vcpus("many") == 1);
    CHECK(vcpus("-1") == 1);
    CHECK(vcpus("sockets=99999999999,cores=99999999999") == 4096);
}

TEST_CASE("a QEMU's command line tells the sockets of its virtio-serial ports") {
    const auto channels = parse_qemu_command({"qemu-kvm", "-chardev", "socket,id=c1,path=/run/a.sock,server=on,wait=off", "-device",
                                              R"({"driver":"virtserialport","chardev":"c1","name":"org.migscope.perf.0"})", "-device",
                                              "virtserialport,chardev=c2,name=other", "-chardev", "pty,id=c2"})
                              .channels;
    REQUIRE(channels.size() == 1);
    CHECK(channels[0].name == "org.migscope.perf.0");
    CHECK(channels[0].path == "/run/a.sock");
}

TEST_CASE("threads of a QEMU are known by their names") {
    SECTION("a thread for each vCPU") {
        const auto threads = sort_threads({{10, "qemu-system-x86"}, {11, "CPU 1/KVM"}, {12, "CPU 0/KVM"}, {13, "worker"}});
        CHECK(threads.vcpus == std::map<unsigned, pid_t>{{0, 12}, {1, 11}});
        CHECK(threads.all_vcpus == Threads{11, 12});
        CHECK(threads.others == Threads{10, 13});
    }
    SECTION("one thread for all") {
        const auto threads = sort_threads({{10, "qemu-system-arm"}, {11, "ALL CPUs/TCG"}});
        CHECK(threads.vcpus.empty());
        CHECK(threads.all_vcpus == Threads{11});
    }
    SECTION("without names, or with others") {
        const auto threads =
            sort_threads({{10, "qemu-system-x86"}, {11, "qemu-system-x86"}, {12, "CPU x/KVM"}, {13, "CPU 1"}, {14, "CPU 99999999999/KVM"}});
        CHECK(threads.all_vcpus.empty());
        CHECK(threads.others.size() == 5);
    }
}

TEST_CASE("a descriptor tells to which tap it belongs") {
    CHECK(tap_of("pos:\t142\nflags:\t0104002\nmnt_id:\t29\niff:\tvnet2\n") == "vnet2");
    CHECK(tap_of("pos:\t0\nflags:\t02\n").empty());
    CHECK(tap_of("").empty());
}
