/* SPDX-License-Identifier: GPL-2.0-only */
// vm_dirty_track: whatever says that it is the monitor of a QEMU. The same is understood wherever the bytes are cut. The first byte tells
// into how many pieces.

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <thread>

#include "base/socket.h"
#include "fuzz/harness.h"
#include "vmdirty/migration.h"
#include "vmhost/qmp.h"
#include "vmhost/ram_blocks.h"

namespace {

/// Says `text` to the first who connects, and hears what comes until that hangs up.
class Peer {
 public:
    Peer(std::string_view text, std::size_t pieces) : listening_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        // A name that is in no folder.
        path_.resize(sizeof(sockaddr_un::sun_path) - 1);
        fmt::format_to_n(path_.begin() + 1, path_.size() - 1, "migscope-fuzz-{}", ::getpid());
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path_.data(), path_.size());
        fuzz::require(listening_ && ::bind(listening_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "cannot bind a socket");
        fuzz::require(::listen(listening_.get(), 1) == 0, "cannot listen");
        thread_ = std::thread([this, text, pieces] { serve(text, pieces); });
    }
    ~Peer() { thread_.join(); }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    const std::string& path() const { return path_; }

 private:
    void serve(std::string_view text, std::size_t pieces) const {
        const base::UniqueFd connected(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        const std::size_t each = text.size() / pieces + 1;
        // Pieces with files are not read together.
        for (; !text.empty(); text.remove_prefix(std::min(each, text.size())))
            base::send_with_fd(connected.get(), text.substr(0, each), pieces > 1 ? listening_.get() : -1);
        ::shutdown(connected.get(), SHUT_WR);
        char heard[4096];
        while (::recv(connected.get(), heard, sizeof heard, 0) > 0) {
        }
    }
    std::string path_;
    base::UniqueFd listening_;
    std::thread thread_;
};

/// What a step makes of it.
template <class Step>
void tell(std::string& told, Step step) {
    try {
        told += step() + "\n";
    } catch (const base::Error& error) {
        told += std::string(error.what()) + "\n";
    }
}

std::string text_of(const nlohmann::json& object) { return object.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace); }

/// All that is told, up to the end of what the other says.
std::string story(std::string_view text, std::size_t pieces) {
    const Peer peer(text, pieces);
    std::string told;
    tell(told, [&]() -> std::string {
        vmhost::Qmp qmp(peer.path());
        tell(told, [&] { return text_of(qmp.execute("query-status")); });
        tell(told, [&] { return std::string(qmp.has_kvm() ? "KVM" : "no KVM"); });
        tell(told, [&] {
            std::string blocks;
            for (const auto& block : vmhost::ram_blocks(qmp)) {
                fuzz::require(block.address > 0 && block.used > 0, "a block that is nowhere, or not used");
                blocks += fmt::format("{} {:x} {:x} ", block.name, block.address, block.used);
            }
            return blocks;
        });
        tell(told, [&] { return vmdirty::Migration::check(qmp), std::string("can migrate"); });
        // It ends with an error, as the other end does.
        for (;;) {
            const auto event = qmp.next_event(std::chrono::seconds(10));
            fuzz::require(event.has_value(), "nothing is said, and the end is not seen");
            told += fmt::format("{} {} {}\n", event->name, event->time.time_since_epoch().count(), text_of(event->data));
        }
    });
    return told;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text = fuzz::text_of(data + 1, size - 1);
    fuzz::require(story(text, 1) == story(text, 1u + data[0] % 64), "it matters where bytes are cut");
    return 0;
}
