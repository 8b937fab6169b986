/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/migration.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using vmdirty::cancel_migration;
using vmdirty::deadly_block;
using Json = nlohmann::json;

namespace {

constexpr std::uint64_t kMiB = 1 << 20;

/// As QEMU 10.0.2 lists them for a guest with a device whose memory has been made before its RAM.
const std::vector<vmhost::RamBlock> kDies = {{"0000:00:02.0/shm", 0, 8 * kMiB, 0x7fd014afd000},
                                             {"pc.ram", 8 * kMiB, 256 * kMiB, 0x7fcfb7e00000},
                                             {"pc.bios", 264 * kMiB, kMiB / 4, 0x7fcfcee00000}};

/// A QEMU whose migration was cancelled in the moment in which it began to wait for being told to go on.
class WaitingQemu : public vmhost::Monitor {
 public:
    std::string status = "active";
    pid_t pid() const override { return 1; }

 private:
    Json ask(const std::string& command, const Json& arguments) override {
        if (command == "migrate_cancel") status = "cancelling";
        // As QEMU has it: the state has to be the one that is named.
        if (command == "migrate-continue" && arguments.at("state") != status) throw base::Error("Migration not in expected state");
        if (command == "migrate-continue") status = "cancelled";
        return {{"status", status}};
    }
};

}  // namespace

TEST_CASE("a migration that is cancelled while it begins to wait is told to go on") {
    WaitingQemu qemu;
    int meanwhile = 0;
    CHECK(cancel_migration(qemu, [&] { meanwhile++; }));
    CHECK(qemu.status == "cancelled");
    CHECK(meanwhile > 1);
}

TEST_CASE("a QEMU that would abort when it migrates is known by its blocks") {
    CHECK(deadly_block(kDies) == "pc.ram");
}

TEST_CASE("a QEMU with its largest block first migrates") {
    auto blocks = kDies;
    std::swap(blocks[0].used, blocks[1].used);
    CHECK(deadly_block(blocks) == "");
}

TEST_CASE("a QEMU that looks at page for page migrates") {
    auto blocks = kDies;
    blocks[1].used -= 4096;
    CHECK(deadly_block(blocks) == "");
}

TEST_CASE("a QEMU from before that fault migrates") {
    auto blocks = kDies;
    for (auto& block : blocks) block.address = 0;
    CHECK(deadly_block(blocks) == "");
}
