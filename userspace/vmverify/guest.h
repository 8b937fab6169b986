/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// A guest that dirties its memory: an initramfs with busybox, dirtyram and a script as the first process.

#include <string>
#include <vector>

namespace vmverify {

/// What the first process prints when all workloads have been started.
inline constexpr const char* kStarted = "dirtylog_verify: started";

/// What it prints, with the exit status behind, when a writer() has ended.
inline constexpr const char* kWriterEnded = "dirtylog_verify: dirtyram has ended with status ";

/// The same of any other command.
inline constexpr const char* kWorkloadEnded = "dirtylog_verify: a workload has ended with status ";

/// The command of a shell that runs `command`, and then prints kWorkloadEnded.
std::string workload(const std::string& command);
/// The command of a shell that runs `command`, and then prints kWriterEnded.
std::string writer(const std::string& command);

struct GuestFiles {
    std::string kernel, busybox, dirtyram;  ///< paths
    std::string device_tree;                ///< path; empty: QEMU makes one
};

/// Those that scripts/setup has fetched for an architecture ("amd64", "arm64", "armhf"), and the dirtyram that belongs to this program. Throws Error,
/// which says what is missing and how to get it.
GuestFiles guest_files(const std::string& architecture);

/// The archive (cpio "newc", Documentation/driver-api/early-userspace/buffer-format.rst in the kernel) with a script that runs
/// all `commands` of a shell side by side. Throws Error.
std::string initramfs(const GuestFiles& files, const std::vector<std::string>& commands);

/// The same as a file in `folder`; its path.
std::string write_initramfs(const std::string& folder, const GuestFiles& files, const std::vector<std::string>& commands);

}  // namespace vmverify
