/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// A migration of a QEMU to nowhere, that changes nothing for the VM: begun, and taken back.

#include <functional>
#include <string>

#include "base/unique_fd.h"
#include "vmhost/qmp.h"
#include "vmhost/ram_blocks.h"

namespace vmdirty {

/// What has to be put back, as commands.
struct MigrationSettings {
    nlohmann::json capabilities, parameters;
};

/// Of the `blocks` that `info ramblock` prints the one that ends a migrating QEMU which emulates; empty if none does. From 8.0 on, or
/// soon after, it makes the pages of a block clean in as many bytes from the begin of all memory instead, and aborts where these are
/// not all of one block (seen with 10.0.2: tlb_reset_dirty_range_all()). It does so where pages come in whole words of a bitmap.
std::string deadly_block(const std::vector<vmhost::RamBlock>& blocks);

/// Cancels the migration of a VM. Whether it is over within 20 s; `meanwhile` is called again and again until then. Throws Error.
bool cancel_migration(vmhost::Monitor& qmp, const std::function<void()>& meanwhile = {});

class Migration {
 public:
    /// Begins one that passes on RAM as it is, and stops before the VM would be stopped for good. Throws Error, also when the VM does not
    /// run, or QEMU cannot migrate it.
    explicit Migration(vmhost::Qmp& qmp);
    /// Takes it back as end() does, but that there is nobody to be told of errors.
    ~Migration();
    Migration(const Migration&) = delete;
    Migration& operator=(const Migration&) = delete;

    /// Its stream: a page that has not been read holds QEMU up.
    int stream() const { return stream_.get(); }
    /// Bytes.
    std::uint32_t page_size() const { return page_size_; }
    /// Cancels it: the VM runs, and all settings are what they were. Throws Error.
    void end();

    /// Throws Error when it could not begin.
    static void check(vmhost::Qmp& qmp);

 private:
    void begin();
    void dismiss();
    void end_quietly();
    vmhost::Qmp& qmp_;
    MigrationSettings before_;
    base::UniqueFd stream_;
    base::UniqueFd guard_;  // closed, however this process ends: another process takes the migration back then
    pid_t guardian_ = -1;
    std::uint32_t page_size_ = 0;
};

}  // namespace vmdirty
