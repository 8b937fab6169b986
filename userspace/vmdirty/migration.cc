/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/migration.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <map>
#include <thread>

#include "base/error.h"
#include "base/terminal.h"
#include "vmhost/answer.h"

namespace vmdirty {

namespace {

using Json = nlohmann::json;
using vmhost::Qmp;
using vmhost::text_of;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kStep{5};
constexpr std::chrono::seconds kPatience{20};
/// Until a migration that is being cancelled seems to wait.
constexpr std::chrono::milliseconds kCancelTime{500};
/// As fast as it can.
constexpr std::uint64_t kBandwidth = std::uint64_t{1} << 40;
/// Bytes/s at which QEMU, with 1 ms to spare, takes a VM for as good as moved when less than a page is left.
constexpr std::uint64_t kLastPage = 4096 * 1000;
/// What a pipe holds at least: one buffer.
constexpr int kPipe = 4096;
/// At the end, between questions whether it is over.
constexpr int kReads = 1000;
/// What QEMU calls it.
const char* const kName = "vm_dirty_track";

bool is_over(const std::string& status) {
    return status.empty() || status == "none" || status == "completed" || status == "failed" || status == "cancelled";
}

std::string migration_status(vmhost::Monitor& qmp) { return text_of(qmp.execute("query-migrate"), "status"); }

/// Whether `holds()` comes to hold.
template <class Condition>
bool comes(Condition holds) {
    for (const auto end = Clock::now() + kPatience; Clock::now() < end; std::this_thread::sleep_for(kStep))
        if (holds()) return true;
    return false;
}

/// Throws Error for what is no list of capabilities.
std::map<std::string, bool> capabilities(Qmp& qmp) {
    std::map<std::string, bool> found;
    const Json list = qmp.execute("query-migrate-capabilities");
    for (const Json& item : list) {
        const std::string name = text_of(item, "capability");
        if (name.empty() || !item.contains("state") || !item["state"].is_boolean())
            throw base::Error("QEMU's query-migrate-capabilities makes no sense");
        found[name] = item["state"].get<bool>();
    }
    return found;
}

Json capability(const std::string& name, bool state) { return {{"capability", name}, {"state", state}}; }

void set_capabilities(Qmp& qmp, const Json& list) {
    if (!list.empty()) qmp.execute("migrate-set-capabilities", {{"capabilities", list}});
}

/// It is over now, or is not one that waits.
void let_go(vmhost::Monitor& qmp) {
    try {
        qmp.execute("migrate-continue", {{"state", "cancelling"}});
    } catch (const base::Error&) {
        // Whoever does not answer is noticed by the next question.
    }
}

/// Whoever calls it: the VM runs as before, and nothing migrates.
void take_back(Qmp& qmp, const MigrationSettings& before) {
    if (!cancel_migration(qmp)) throw base::Error("QEMU does not end its migration (migrate_cancel)");
    set_capabilities(qmp, before.capabilities);
    qmp.execute("migrate-set-parameters", before.parameters);
    // It has stopped the VM to hand it over, and lets it run again by itself, a moment later.
    const auto stopped = [](const std::string& state) { return state == "finish-migrate" || state == "postmigrate"; };
    if (!comes([&] { return !stopped(qmp.run_state()); })) qmp.execute("cont");
}

/// In the process that takes the migration back when this one has been killed.
[[noreturn]] void watch_over(int guard, const std::string& path, const MigrationSettings& before) {
    ::setsid();
    ::prctl(PR_SET_NAME, "migration-end");
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    // QEMU has to see that stream and monitor are closed.
    ::dup2(guard, STDIN_FILENO);
    ::syscall(SYS_close_range, 3, ~0u, 0);
    char done;
    ssize_t n;
    do n = ::read(STDIN_FILENO, &done, 1);
    while (n < 0 && errno == EINTR);
    if (n == 1) ::_exit(0);
    for (int tries = 0; tries < 5; tries++) {
        try {
            Qmp qmp(path);
            take_back(qmp, before);
            ::_exit(0);
        } catch (const std::exception&) {
            // Perhaps it is not free yet.
        }
    }
    ::_exit(1);
}

}  // namespace

std::string deadly_block(const std::vector<vmhost::RamBlock>& blocks) {
    constexpr std::uint64_t kWord = 64 * 4096;
    const auto first = std::ranges::find(blocks, 0u, &vmhost::RamBlock::offset);
    const std::uint64_t most = first == blocks.end() ? 0 : first->used;
    const auto deadly = [&](const vmhost::RamBlock& block) {
        // Older QEMUs tell no addresses.
        return block.address != 0 && block.used > most && block.offset % kWord == 0 && block.used % kWord == 0;
    };
    const auto found = std::ranges::find_if(blocks, deadly);
    return found == blocks.end() ? "" : found->name;
}

/// QEMU has a race there, seen with 7.2: pause-before-switchover takes the global lock away, sets the state to pre-switchover, and waits to
/// be told to go on; who cancels in between sets the state to cancelling, and does not tell it. The VM stands still until somebody does.
bool cancel_migration(vmhost::Monitor& qmp, const std::function<void()>& meanwhile) {
    qmp.execute("migrate_cancel");
    auto waits = Clock::now() + kCancelTime;
    return comes([&] {
        if (meanwhile) meanwhile();
        const std::string status = migration_status(qmp);
        if (status == "cancelling" && Clock::now() > waits) {
            let_go(qmp);
            waits = Clock::now() + kCancelTime;
        }
        return is_over(status);
    });
}

void Migration::check(Qmp& qmp) {
    const Json migration = qmp.execute("query-migrate");
    const std::string status = text_of(migration, "status");
    if (!is_over(status)) throw base::Error(fmt::format("the VM is migrating already ({})", base::printable(status)));
    if (migration.contains("blocked-reasons") && !migration["blocked-reasons"].empty()) {
        const Json& reason = migration["blocked-reasons"].front();
        throw base::Error("QEMU cannot migrate the VM: " + (reason.is_string() ? base::printable(reason.get<std::string>()) : "it does not say why"));
    }
    if (const auto state = qmp.run_state(); state != "running") throw base::Error(fmt::format("the VM does not run ({})", base::printable(state)));
    if (!text_of(qmp.execute("query-migrate-parameters"), "tls-creds").empty()) throw base::Error("its migrations are encrypted (tls-creds)");
    if (!capabilities(qmp).contains("pause-before-switchover"))
        throw base::Error("this QEMU is too old: it cannot stop before the end of a migration");
    if (qmp.has_kvm()) return;
    if (const auto name = deadly_block(vmhost::parse_ram_blocks(qmp.human("info ramblock"))); !name.empty())
        throw base::Error(
            fmt::format("this QEMU emulates, and would abort: its memory block {} is larger than that at its address 0", base::printable(name)));
}

Migration::Migration(Qmp& qmp) : qmp_(qmp) {
    check(qmp);
    // Of a migration before this one.
    while (qmp.next_event(std::chrono::milliseconds(0))) {
    }
    before_.capabilities = Json::array();
    Json wanted = Json::array();
    for (const auto& [name, state] : capabilities(qmp)) {
        const bool want = name == "events" || name == "pause-before-switchover";
        if (state == want) continue;
        before_.capabilities.push_back(capability(name, state));
        wanted.push_back(capability(name, want));
    }
    const Json now = qmp.execute("query-migrate-parameters");
    before_.parameters = Json::object();
    Json parameters = {{"max-bandwidth", kBandwidth}, {"downtime-limit", 1}, {"avail-switchover-bandwidth", kLastPage}};
    // Older QEMUs do not know all of them.
    for (const char* name : {"max-bandwidth", "downtime-limit", "avail-switchover-bandwidth"}) {
        if (now.contains(name))
            before_.parameters[name] = now[name];
        else
            parameters.erase(name);
    }
    int sockets[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets)) throw base::system_error("cannot make a pair of sockets", errno);
    guard_.reset(sockets[0]);
    const base::UniqueFd theirs(sockets[1]);
    guardian_ = ::fork();
    if (guardian_ < 0) throw base::system_error("cannot start a process", errno);
    if (guardian_ == 0) watch_over(theirs.get(), qmp.path(), before_);
    try {
        set_capabilities(qmp, wanted);
        qmp.execute("migrate-set-parameters", parameters);
        begin();
    } catch (...) {
        end_quietly();
        throw;
    }
}

void Migration::begin() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC)) throw base::system_error("cannot make a pipe", errno);
    stream_.reset(ends[0]);
    base::UniqueFd theirs(ends[1]);
    ::fcntl(stream_.get(), F_SETPIPE_SZ, kPipe);
    ::fcntl(stream_.get(), F_SETFL, O_NONBLOCK);
    qmp_.give(theirs.get(), kName);
    theirs.reset();
    qmp_.execute("migrate", {{"uri", fmt::format("fd:{}", kName)}});
    Json ram;
    std::string status;
    comes([&] {
        const Json migration = qmp_.execute("query-migrate");
        status = text_of(migration, "status");
        if (migration.contains("ram")) ram = migration["ram"];
        return ram.is_object() || is_over(status);
    });
    const auto size = ram.is_object() ? ram.find("page-size") : ram.end();
    if (!ram.is_object() || size == ram.end() || !size->is_number_unsigned())
        throw base::Error(fmt::format("QEMU does not begin to migrate ({})", base::printable(status)));
    page_size_ = size->get<std::uint32_t>();
}

void Migration::end() {
    if (!guard_) return;
    // It may be writing, and sees only then that it need not. That the stream is closed would be an error to it.
    cancel_migration(qmp_, [this] {
        std::array<char, 65536> unread;
        for (int reads = 0; reads < kReads && ::read(stream_.get(), unread.data(), unread.size()) > 0; reads++) {
        }
    });
    stream_.reset();
    take_back(qmp_, before_);
    dismiss();
}

/// All is as it was: the other process need not do anything.
void Migration::dismiss() {
    if (::send(guard_.get(), "", 1, MSG_NOSIGNAL) == 1) {
        while (::waitpid(guardian_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    guard_.reset();
}

void Migration::end_quietly() {
    try {
        end();
    } catch (const base::Error&) {
        // Who watches over it sees the socket closed, and tries the same.
        stream_.reset();
        guard_.reset();
    }
}

Migration::~Migration() { end_quietly(); }

}  // namespace vmdirty
