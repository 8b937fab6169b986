/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Tells from which tap a TCP connection came: rules of nftables mark what guests send to the server's port, and the accepted socket
// inherits the mark of its first packet (net.ipv4.tcp_fwmark_accept, ip-sysctl.rst in the kernel's documentation). A guest can forge its MAC
// and IP addresses, but not the tap that QEMU writes its packets to. What has a tap's mark leaves by that tap only: who lures the host with
// forged ARP to send him what is for another guest gets nothing.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/unique_fd.h"

struct nft_ctx;

namespace vmperf {

class TapMarks {
 public:
    /// For connections to `port`. Throws Error: it takes CAP_NET_ADMIN, and nftables in the kernel. The rules end with the object, and with the
    /// process; the setting is put back by the object.
    explicit TapMarks(std::uint16_t port);
    ~TapMarks();
    TapMarks(const TapMarks&) = delete;
    TapMarks& operator=(const TapMarks&) = delete;

    /// These taps there are. Throws Error.
    void follow(const std::set<std::string>& taps);
    /// The tap of an accepted socket; empty when it came another way.
    std::string tap_of(int socket) const;

    /// The whole of the rules, as nft(8) reads them.
    static std::string rules(std::uint16_t port, const std::map<std::string, std::uint32_t>& marks);

 private:
    void run(const std::string& commands);
    std::uint32_t free_mark();
    const std::uint16_t port_;
    std::unique_ptr<nft_ctx, void (*)(nft_ctx*)> nft_;
    std::map<std::string, std::uint32_t> marks_;
    std::uint32_t next_ = 1;
    base::UniqueFd setting_;
    char before_ = '0';
};

}  // namespace vmperf
