/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// Loading and unloading migrate_trace_lite.ko, and saying why the kernel would not have it.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace migrecord {

inline constexpr const char* kModuleName = "migrate_trace_lite";

/// Whether the module is loaded or built into the kernel.
bool module_present();

/// Where the module lies when it is not installed: beside the programs, as they are built.
/// `program` is the path of the running program, `release` what `uname -r` prints.
std::string built_module(const std::string& program, const std::string& release);

/// Loads the module from `file`; without one by modprobe, and if that fails from the place where it is built.
/// `parameters`: "trace_buf_kb=4096", ... Throws Error that says what was tried and what to do.
void load_module(const std::string& file, const std::vector<std::string>& parameters);

/// 0, or the errno of why it could not be unloaded.
int unload_module();

/// What the kernel's answer to loading a module depends on, beside the module.
struct KernelState {
    bool root = true;
    std::string release;  ///< uname -r
    std::string
        lockdown;  ///< of /sys/kernel/security/lockdown: "none [integrity] confidentiality"; empty: unknown
    bool modules_disabled = false;
};
KernelState kernel_state();

/// The lockdown mode that is in brackets, unless it is none: "integrity".
std::optional<std::string> lockdown_mode(std::string_view lockdown);

/// The kernel that a module was built for, from the bytes of its file: "6.1.0-28-amd64".
std::optional<std::string> built_for(std::string_view module_bytes);

/// Why finit_module() failed with `error` and what to do; never empty.
std::string explain_load_error(int error, const KernelState& kernel,
                               const std::optional<std::string>& built_for);

}  // namespace migrecord
