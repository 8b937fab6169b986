/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// A migration of a QEMU to nowhere, that changes nothing for the VM: begun, and taken back.

#include <string>

#include "base/unique_fd.h"
#include "vmhost/qmp.h"

namespace vmdirty {

/// What has to be put back, as commands.
struct MigrationSettings {
    nlohmann::json capabilities, parameters;
};

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
