/* SPDX-License-Identifier: GPL-2.0-only */
#include "migrecord/module.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <boost/algorithm/string.hpp>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/subprocess.h"
#include "base/unique_fd.h"

namespace migrecord {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

std::string read_or_empty(const std::string& path) {
    try {
        return boost::trim_copy(base::read_file(path));
    } catch (const base::Error&) {
        return "";
    }
}

/// Loads one file. 0 or an errno.
int load_file(const std::string& file, const std::vector<std::string>& parameters) {
    base::UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) throw base::system_error(fmt::format("cannot open the module {}", file), errno);
    std::string joined = fmt::format("{}", fmt::join(parameters, " "));
    if (::syscall(SYS_finit_module, fd.get(), joined.c_str(), 0) == 0 || errno == EEXIST) return 0;
    return errno;
}

void load_file_or_explain(const std::string& file, const std::vector<std::string>& parameters,
                          const std::string& tried_before) {
    int error = load_file(file, parameters);
    if (error == 0) return;
    auto kernel = built_for(read_or_empty(file));
    throw base::Error(fmt::format("cannot load the module {}: {}: {}{}", file,
                                  std::generic_category().message(error),
                                  explain_load_error(error, kernel_state(), kernel), tried_before));
}

/// What modprobe said, in one line.
std::string run_modprobe(const std::vector<std::string>& parameters) {
    std::string complaint = "modprobe was not found";
    for (const char* program : {"modprobe", "/usr/sbin/modprobe", "/sbin/modprobe"}) {
        std::vector<std::string> words = {program, kModuleName};
        words.insert(words.end(), parameters.begin(), parameters.end());
        auto result = base::run(words, 60s);
        if (module_present()) return "";
        if (result.end == base::RunResult::End::NotStarted) continue;
        complaint = boost::trim_copy(result.errors);
        boost::replace_all(complaint, "\n", "; ");
        if (complaint.empty()) complaint = "modprobe: " + result.describe();
        break;
    }
    return complaint;
}

}  // namespace

bool module_present() {
    return fs::exists(fmt::format("/sys/module/{}", kModuleName));
}

std::string built_module(const std::string& program, const std::string& release) {
    return (fs::path(program).parent_path().parent_path() / "kmod" / release / kModuleName).string() + ".ko";
}

void load_module(const std::string& file, const std::vector<std::string>& parameters) {
    if (!file.empty()) return load_file_or_explain(file, parameters, "");
    std::string complaint = run_modprobe(parameters);
    if (complaint.empty()) return;

    std::error_code ignored;
    std::string built =
        built_module(fs::read_symlink("/proc/self/exe", ignored).string(), kernel_state().release);
    if (fs::exists(built, ignored))
        return load_file_or_explain(built, parameters, fmt::format(" (modprobe failed too: {})", complaint));
    throw base::Error(
        fmt::format("the module {} is not loaded and could not be loaded: {}; and there is no {}. Install it "
                    "for the kernel {} "
                    "(make kmod, make install), or name its file with --module{}",
                    kModuleName, complaint, built, kernel_state().release,
                    kernel_state().root ? "" : ". Loading it needs root: run migrate_record with sudo"));
}

int unload_module() {
    // Whoever read a file a moment ago may still be on its way out.
    for (int i = 0; i < 20; i++) {
        if (::syscall(SYS_delete_module, kModuleName, O_NONBLOCK) == 0) return 0;
        if (errno != EAGAIN && errno != EBUSY) return errno;
        std::this_thread::sleep_for(50ms);
    }
    return errno;
}

KernelState kernel_state() {
    KernelState state;
    state.root = ::geteuid() == 0;
    utsname names;
    if (::uname(&names) == 0) state.release = names.release;
    state.lockdown = read_or_empty("/sys/kernel/security/lockdown");
    state.modules_disabled = read_or_empty("/proc/sys/kernel/modules_disabled") == "1";
    return state;
}

std::optional<std::string> lockdown_mode(std::string_view lockdown) {
    auto begin = lockdown.find('['), end = lockdown.find(']');
    if (begin == lockdown.npos || end == lockdown.npos || end < begin) return std::nullopt;
    std::string mode(lockdown.substr(begin + 1, end - begin - 1));
    if (mode == "none") return std::nullopt;
    return mode;
}

std::optional<std::string> built_for(std::string_view module_bytes) {
    constexpr std::string_view tag = "vermagic=";
    auto at = module_bytes.find(tag);
    if (at == module_bytes.npos) return std::nullopt;
    std::string_view rest = module_bytes.substr(at + tag.size());
    std::string_view release = rest.substr(0, rest.find_first_of(std::string_view(" \0", 2)));
    if (release.empty()) return std::nullopt;
    return std::string(release);
}

std::string explain_load_error(int error, const KernelState& kernel,
                               const std::optional<std::string>& built_for) {
    switch (error) {
        case EPERM:
            if (!kernel.root) return "loading a module needs root: run migrate_record with sudo";
            if (kernel.modules_disabled)
                return "loading of modules is disabled until the next boot "
                       "(/proc/sys/kernel/modules_disabled is 1)";
            if (auto mode = lockdown_mode(kernel.lockdown))
                return fmt::format(
                    "the kernel is in lockdown mode ({}), usual with Secure Boot: sign the module with a key "
                    "that the "
                    "machine trusts (mokutil --import), or turn Secure Boot off; debugfs may stay closed "
                    "even then",
                    *mode);
            return "the kernel or its security policy (a container without CAP_SYS_MODULE?) forbids loading "
                   "modules";
        case EKEYREJECTED:
        case ENOKEY:
        case EBADMSG:
            return "the module is not signed with a key that this kernel trusts: sign it (scripts/sign-file "
                   "of the "
                   "kernel, mokutil --import for the key), or boot with module.sig_enforce=0 and without "
                   "Secure Boot";
        case ENOEXEC:
            if (built_for && *built_for != kernel.release)
                return fmt::format(
                    "it was built for the kernel {}, this is {}: build it for this one (make kmod)",
                    *built_for, kernel.release);
            return fmt::format(
                "it is no module for the running kernel {}: build it for this one (make kmod); the last "
                "lines of dmesg say more",
                kernel.release);
        case ENOENT:
            return "the kernel lacks something that the module needs; the last lines of dmesg name it";
        case EINVAL:
        case ERANGE:
            return "a parameter was refused, or the module does not fit the kernel; the last lines of dmesg "
                   "say which";
        case ENOMEM:
            return "not enough memory: choose a smaller --trace-buf-kb";
        case ENOSYS:
            return "this kernel cannot load modules (CONFIG_MODULES is off)";
        default:
            return "the last lines of dmesg may say more";
    }
}

}  // namespace migrecord
