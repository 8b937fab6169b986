/* SPDX-License-Identifier: GPL-2.0-only */
// Every exact tracker against a process that says what it has written.

#include "vmdirty/tracker.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <random>

#include "base/error.h"

using namespace vmdirty;

namespace {

constexpr std::uint64_t kPages = 4096;

/// A process that writes to pages of its memory when it is told to.
class Writer {
 public:
    explicit Writer(int map_flags) {
        int sockets[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0);
        const int memory = map_flags & MAP_SHARED ? ::memfd_create("ram", MFD_CLOEXEC) : -1;
        if (memory >= 0) REQUIRE(::ftruncate(memory, kPages * kPage) == 0);
        data_ = ::mmap(nullptr, kPages * kPage, PROT_READ | PROT_WRITE, map_flags | (memory < 0 ? MAP_ANONYMOUS : 0), memory, 0);
        REQUIRE(data_ != MAP_FAILED);
        if (memory >= 0) ::close(memory);
        pid_ = ::fork();
        if (pid_ == 0) serve(sockets[1]);
        ::close(sockets[1]);
        socket_.reset(sockets[0]);
        process_.emplace(pid_);
        layout_.add(address(), address() + kPages * kPage, "test");
    }
    ~Writer() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        ::munmap(data_, kPages * kPage);
    }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// Returns when it has.
    void write(std::uint64_t page) {
        char done;
        REQUIRE(::send(socket_.get(), &page, sizeof page, MSG_NOSIGNAL) == sizeof page);
        REQUIRE(::recv(socket_.get(), &done, 1, 0) == 1);
    }
    void end() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Target target() { return {*process_, layout_}; }

 private:
    std::uint64_t address() const { return reinterpret_cast<std::uint64_t>(data_); }
    [[noreturn]] void serve(int socket) {
        // Where only those that start a process may trace it (Yama).
        ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
        std::uint64_t page, writes = 0;
        while (::recv(socket, &page, sizeof page, MSG_WAITALL) == sizeof page) {
            // Never the same as before.
            static_cast<volatile std::uint64_t*>(data_)[(page * kPage + page % kPage) / sizeof writes] = ++writes;
            if (::send(socket, "", 1, MSG_NOSIGNAL) != 1) break;
        }
        ::_exit(0);
    }
    void* data_;
    pid_t pid_;
    base::UniqueFd socket_;
    std::optional<vmhost::Process> process_;
    Layout layout_;
};

/// Fewer where an emulated CPU does the work: TRACKER_ROUNDS.
int rounds() {
    const char* wanted = std::getenv("TRACKER_ROUNDS");
    return wanted ? std::max(1, std::atoi(wanted)) : 1000;
}

/// A thousand times: what was written is what is told.
void agrees(const TrackerKind& kind, int map_flags) {
    Writer writer(map_flags);
    const Target target = writer.target();
    const auto tracker = kind.start(target);
    Bitmap dirty(kPages);
    tracker->collect(dirty);
    REQUIRE(dirty.count() == kPages);
    std::mt19937 random(3);
    for (int round = 0; round < rounds(); round++) {
        Bitmap written(kPages);
        for (unsigned n = random() % 12; n > 0; n--) {
            const std::uint64_t page = random() % (round % 2 ? kPages : 20);
            writer.write(page);
            written.set(page, page + 1);
        }
        dirty.clear();
        tracker->collect(dirty);
        REQUIRE(dirty.words() == written.words());
    }
    writer.end();
    CHECK_THROWS_WITH(tracker->collect(dirty), Catch::Contains("has ended"));
}

}  // namespace

TEST_CASE("trackers tell exactly what a process has written") {
    int tried = 0;
    for (const auto& kind : tracker_kinds()) {
        const std::string obstacle = kind.obstacle();
        if (!obstacle.empty()) {
            WARN(kind.name << " does not work here: " << obstacle);
            continue;
        }
        INFO(kind.name);
        tried++;
        if (kind.name == std::string("shadow"))
            CHECK_THROWS_WITH(agrees(kind, MAP_PRIVATE), Catch::Contains("is not shared"));
        else
            agrees(kind, MAP_PRIVATE);
        // Files that others have mapped only root may open.
        if (kind.name == std::string("shadow") && ::geteuid() != 0)
            CHECK_THROWS_WITH(agrees(kind, MAP_SHARED), Catch::Contains("try it as root"));
        else
            agrees(kind, MAP_SHARED);
    }
    CHECK(tried > 0);
}

namespace {

/// The one that works inside the process. Where the kernel is too old for it, that is said.
const TrackerKind* pagemap_scan() {
    const TrackerKind& kind = tracker_kinds().front();
    const std::string obstacle = kind.obstacle();
    if (obstacle.empty()) return &kind;
    WARN(kind.name << " does not work here: " << obstacle);
    return nullptr;
}

}  // namespace

TEST_CASE("whoever is killed while tracking begins, the process goes on") {
    const TrackerKind* const kind = pagemap_scan();
    if (!kind) return;
    Writer writer(MAP_PRIVATE);
    const Target target = writer.target();
    std::mt19937 random(4);
    int hit = 0;
    for (int round = 0; round < 300; round++) {
        const pid_t tracker = ::fork();
        if (tracker == 0) {
            try {
                for (;;) kind->start(target);
            } catch (const base::Error&) {
                // What was begun before is not over.
            }
            ::_exit(0);
        }
        // The process that makes the target call the kernel.
        pid_t helper = 0;
        for (int i = 0; i < 2000 && helper == 0; i++) {
            std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", tracker));
            if (!(children >> helper)) helper = 0;
        }
        ::usleep(random() % 400);
        if (helper > 0 && ::kill(helper, SIGKILL) == 0) hit++;
        ::kill(tracker, SIGKILL);
        ::waitpid(tracker, nullptr, 0);
        REQUIRE(target.process.running());
        writer.write(random() % kPages);
    }
    CHECK(hit > 10);
}

TEST_CASE("memory that comes and goes while it is tracked counts as written") {
    const TrackerKind* const kind = pagemap_scan();
    if (!kind) return;
    constexpr std::uint64_t kPlace = 0x210000000000, kSize = 64 * kPage;
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
        for (unsigned n = 0;; n++) {
            void* const at = ::mmap(reinterpret_cast<void*>(kPlace), kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
            *static_cast<volatile char*>(at) = 1;
            // In many pieces.
            ::mprotect(static_cast<char*>(at) + n % 60 * kPage, kPage, PROT_READ);
            if (n % 3 == 0) ::munmap(static_cast<char*>(at) + n % 50 * kPage, 3 * kPage);
        }
    }
    {
        const vmhost::Process process(child);
        Layout layout;
        layout.add(kPlace, kPlace + kSize, "test");
        while (process.maps().empty() || process.read("maps").find("210000000000-") == std::string::npos) {
        }
        const auto tracker = kind->start({process, layout});
        Bitmap dirty(layout.pages());
        int written = 0;
        for (int round = 0; round < 200; round++) {
            dirty.clear();
            REQUIRE_NOTHROW(tracker->collect(dirty));
            written += dirty.test(0);
            ::usleep(200);
        }
        // Where the child was kept from running it was not.
        CHECK(written > 20);
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

TEST_CASE("a process that was stopped is not tracked, and stays as it is") {
    const TrackerKind* const kind = pagemap_scan();
    if (!kind) return;
    Writer writer(MAP_PRIVATE);
    const Target target = writer.target();
    ::kill(target.process.pid(), SIGSTOP);
    ::waitpid(target.process.pid(), nullptr, WUNTRACED);
    CHECK_THROWS_WITH(kind->start(target), Catch::Contains("kill -CONT"));
    CHECK(target.process.read("status").find("T (stopped)") != std::string::npos);
    ::kill(target.process.pid(), SIGCONT);
    writer.write(1);
}

TEST_CASE("what one tracker has, another cannot have") {
    const TrackerKind* const kind = pagemap_scan();
    if (!kind) return;
    Writer writer(MAP_PRIVATE);
    const Target target = writer.target();
    auto tracker = kind->start(target);
    CHECK_THROWS_WITH(kind->start(target), Catch::Contains("another userfaultfd has it"));
    // Closing it ends the protection.
    tracker.reset();
    CHECK_NOTHROW(kind->start(target));
    writer.write(5);
}
