/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmperf/tap_marks.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <nftables/libnftables.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <cctype>
#include <cerrno>

#include "base/error.h"

namespace vmperf {

namespace {

constexpr const char* kSetting = "/proc/sys/net/ipv4/tcp_fwmark_accept";
/// "MS" in the upper half: those of others are taken for what they are.
constexpr std::uint32_t kFirstMark = 0x4d530000;
constexpr std::uint32_t kMostMarks = 0xffff;
/// At once: fewer, so that one is always free.
constexpr std::size_t kMostTaps = 0x7fff;

/// Whether it can stand between quotes in a rule. The kernel allows more.
bool is_plain(const std::string& name) {
    return !name.empty() && std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-' || c == '.'; });
}

std::string table(std::uint16_t port) { return fmt::format("migscope_perf_kvm_{}", port); }

}  // namespace

TapMarks::TapMarks(std::uint16_t port) : port_(port), nft_(::nft_ctx_new(NFT_CTX_DEFAULT), ::nft_ctx_free) {
    if (!nft_) throw base::Error("cannot mark packets of taps: libnftables does not start");
    ::nft_ctx_buffer_error(nft_.get());
    ::nft_ctx_buffer_output(nft_.get());
    run(rules(port_, marks_));
    setting_.reset(::open(kSetting, O_RDWR | O_CLOEXEC));
    if (!setting_ || ::pread(setting_.get(), &before_, 1, 0) != 1 || ::pwrite(setting_.get(), "1", 1, 0) != 1)
        throw base::system_error(fmt::format("cannot set {}", kSetting), errno);
}

TapMarks::~TapMarks() {
    if (setting_) (void)!::pwrite(setting_.get(), &before_, 1, 0);
}

/// A packet is marked where it comes in: at the port of a bridge, or at an interface that is in none. The tables are ours: the kernel
/// deletes them when we end ("owner").
std::string TapMarks::rules(std::uint16_t port, const std::map<std::string, std::uint32_t>& marks) {
    std::string in, out;
    for (const auto& [tap, mark] : marks) {
        in += fmt::format("    iifname \"{}\" tcp dport {} meta mark set {:#x}\n", tap, port, mark);
        out += fmt::format("    oifname != \"{}\" tcp sport {} meta mark {:#x} drop\n", tap, port, mark);
    }
    std::string text;
    for (const char* family : {"bridge", "inet"}) {
        const std::string name = fmt::format("{} {}", family, table(port));
        text += fmt::format("table {0} {{ flags owner; }}\nflush table {0}\ntable {0} {{\n  flags owner\n", name);
        text += fmt::format("  chain in {{\n    type filter hook prerouting priority -300\n{}  }}\n", in);
        // Of a bridge alone: there a packet goes where its MAC address is believed to be.
        if (family == std::string("bridge")) text += fmt::format("  chain out {{\n    type filter hook postrouting priority 0\n{}  }}\n", out);
        text += "}\n";
    }
    return text;
}

void TapMarks::run(const std::string& commands) {
    if (::nft_run_cmd_from_buffer(nft_.get(), commands.c_str()) == 0) return;
    std::string why = ::nft_ctx_get_error_buffer(nft_.get());
    why = boost::trim_copy(why.substr(0, why.find('\n')));
    throw base::Error(fmt::format("cannot mark packets of taps with nftables: {}", why.empty() ? "no reason is told" : why));
}

/// Not one that another tap has had, as long as there are such: a connection that came from there would be taken for this one's.
std::uint32_t TapMarks::free_mark() {
    for (;;) {
        const std::uint32_t mark = kFirstMark + next_++ % (kMostMarks + 1);
        if (mark != kFirstMark && std::ranges::find(marks_, mark, [](const auto& one) { return one.second; }) == marks_.end()) return mark;
    }
}

void TapMarks::follow(const std::set<std::string>& taps) {
    // Whoever sets all settings anew, or another server that ends, may have put it back.
    if (::pwrite(setting_.get(), "1", 1, 0) != 1) throw base::system_error(fmt::format("cannot set {}", kSetting), errno);
    std::map<std::string, std::uint32_t> marks;
    for (const std::string& tap : taps) {
        if (!is_plain(tap) || marks.size() == kMostTaps) continue;
        const auto known = marks_.find(tap);
        marks[tap] = known != marks_.end() ? known->second : free_mark();
    }
    if (marks == marks_) return;
    run(rules(port_, marks));
    marks_ = std::move(marks);
}

std::string TapMarks::tap_of(int socket) const {
    std::uint32_t mark = 0;
    socklen_t size = sizeof mark;
    if (::getsockopt(socket, SOL_SOCKET, SO_MARK, &mark, &size) || mark == 0) return "";
    const auto found = std::ranges::find(marks_, mark, [](const auto& one) { return one.second; });
    return found == marks_.end() ? "" : found->first;
}

}  // namespace vmperf
