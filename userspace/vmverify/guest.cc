/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmverify/guest.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"

namespace vmverify {

namespace {

namespace fs = std::filesystem;

class Archive {
 public:
    void add(const std::string& path, unsigned mode, std::string_view data = {}, unsigned major = 0, unsigned minor = 0) {
        text_ += fmt::format("070701{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}{:08X}", ++inode_, mode, 0, 0, 1, 0,
                             data.size(), 0, 0, major, minor, path.size() + 1, 0);
        text_.append(path).push_back('\0');
        pad();
        text_ += data;
        pad();
    }
    std::string finish() {
        add("TRAILER!!!", 0);
        return std::move(text_);
    }

 private:
    void pad() { text_.append(-text_.size() % 4, '\0'); }
    std::string text_;
    unsigned inode_ = 0;
};

fs::path cache() {
    if (const char* chosen = std::getenv("MIGSCOPE_CACHE"); chosen && *chosen) return chosen;
    const char* home = std::getenv("HOME");
    return fs::path(home ? home : "/") / ".cache/migscope";
}

[[noreturn]] void unreadable(const fs::path& path, int error) {
    throw base::system_error(fmt::format("cannot read {}", path.string()), error,
                             error == EACCES ? "run scripts/setup as this user, or name a cache that it may read in MIGSCOPE_CACHE" : "");
}

/// Not in a folder that this user may not look into: nobody knows then.
bool is_there(const fs::path& path) {
    std::error_code error;
    const bool found = fs::exists(path, error);
    if (error) unreadable(path, error.value());
    return found;
}

/// Beside this program in the folder where it was built, or where it was installed.
std::string find_dirtyram(const std::string& architecture) {
    const std::string name = "dirtyram." + (architecture == "amd64" ? "x86_64" : architecture);
    const fs::path here = fs::read_symlink("/proc/self/exe").parent_path();
    for (const fs::path& folder : {here / "../guest", here / "../libexec/migscope/guest"})
        if (is_there(folder / name)) return (folder / name).lexically_normal();
    throw base::Error(
        fmt::format("there is no {} in {} (its compiler was missing when this program was built: run scripts/setup and make, or give the guest with "
                    "--kernel and --initrd)",
                    name, (here / "../guest").lexically_normal().string()));
}

std::string script(const std::vector<std::string>& commands) {
    std::string text =
        "#!/bin/busybox sh\n/bin/busybox --install -s /bin\nmount -t devtmpfs none /dev\nmount -t proc none /proc\nmount -t sysfs none /sys\n";
    for (const std::string& command : commands) text += fmt::format("( {} ) &\n", command);
    return text + fmt::format("echo {}\nexec sleep 1000000\n", kStarted);
}

}  // namespace

GuestFiles guest_files(const std::string& architecture) {
    const fs::path folder = cache() / "guests" / architecture;
    if (!is_there(folder))
        throw base::Error(fmt::format("there is no guest in {} (scripts/setup fetches it; or give one with --kernel and --initrd)", folder.string()));
    GuestFiles files{folder / "vmlinuz", folder / "busybox", find_dirtyram(architecture), ""};
    if (architecture == "armhf") files.device_tree = folder / "vexpress-v2p-ca15-tc1.dtb";
    for (const std::string& file : {files.kernel, files.busybox, files.dirtyram, files.device_tree})
        if (!file.empty() && ::access(file.c_str(), R_OK) != 0) unreadable(file, errno);
    return files;
}

std::string workload(const std::string& command) { return fmt::format("( {} ); echo \"{}$?\"", command, kWorkloadEnded); }

std::string writer(const std::string& command) { return fmt::format("( {} ); echo \"{}$?\"", command, kWriterEnded); }

std::string initramfs(const GuestFiles& files, const std::vector<std::string>& commands) {
    Archive archive;
    for (const char* folder : {"bin", "dev", "proc", "sys", "tmp"}) archive.add(folder, S_IFDIR | 0755);
    archive.add("dev/console", S_IFCHR | 0600, {}, 5, 1);
    archive.add("bin/busybox", S_IFREG | 0755, base::read_file(files.busybox));
    archive.add("bin/dirtyram", S_IFREG | 0755, base::read_file(files.dirtyram));
    archive.add("init", S_IFREG | 0755, script(commands));
    return archive.finish();
}

std::string write_initramfs(const std::string& folder, const GuestFiles& files, const std::vector<std::string>& commands) {
    base::OutputFile archive(folder + "/initramfs");
    archive.write(initramfs(files, commands));
    archive.commit();
    return archive.path();
}

}  // namespace vmverify
