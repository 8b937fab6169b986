/* SPDX-License-Identifier: GPL-2.0-only */
// Every exact tracker against a process that says what it has written.

#include "vmdirty/tracker.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <optional>
#include <random>

#include "base/error.h"
#include "vmdirty/own_pages.h"

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
        send(page);
        REQUIRE(::recv(socket_.get(), &done, 1, 0) == 1);
    }
    void send(std::uint64_t page) { REQUIRE(::send(socket_.get(), &page, sizeof page, MSG_NOSIGNAL) == sizeof page); }
    void end() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Target target() { return {*process_, layout_, nullptr}; }
    /// As page number: not a page, but what it does next.
    static constexpr std::uint64_t kForbid = ~std::uint64_t{0}, kForbidOther = kForbid - 1, kExecute = kForbid - 2;

 private:
    std::uint64_t address() const { return reinterpret_cast<std::uint64_t>(data_); }
    [[noreturn]] void serve(int socket) {
        // Where only those that start a process may trace it (Yama).
        ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
        std::uint64_t page, writes = 0;
        while (::recv(socket, &page, sizeof page, MSG_WAITALL) == sizeof page) {
            if (page == kForbid) forbid(SYS_userfaultfd);
            if (page == kForbidOther) forbid(SYS_reboot);
            if (page == kExecute) ::execlp("sleep", "sleep", "100", nullptr);
            // Never the same as before.
            if (page < kPages)
                static_cast<volatile std::uint64_t*>(data_)[(page * kPage + page % kPage) / sizeof writes] = ++writes;
            if (::send(socket, "", 1, MSG_NOSIGNAL) != 1) break;
        }
        ::_exit(0);
    }
    /// From now on it is killed for this system call.
    static void forbid(int number) {
        sock_filter program[] = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr)},
                                 {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, static_cast<std::uint32_t>(number)},
                                 {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS},
                                 {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}};
        const sock_fprog filter{std::size(program), program};
        ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
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
        // What only QEMU can tell is tried with one.
        if (!kind.start) continue;
        const std::string obstacle = kind.obstacle(nullptr);
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
    const std::string obstacle = kind.obstacle(nullptr);
    if (obstacle.empty()) return &kind;
    WARN(kind.name << " does not work here: " << obstacle);
    return nullptr;
}

/// Kills whoever begins to track it, at any moment of that, and calls `after` each time.
template <class After>
void kill_trackers(const TrackerKind& kind, const Target& target, After after) {
    std::chrono::microseconds once = std::chrono::seconds(1);
    for (int i = 0; i < 5; i++) {
        const auto begin = std::chrono::steady_clock::now();
        kind.start(target);
        once = std::min(once, std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin));
    }
    std::mt19937 random(4);
    const int wanted = std::min(20, rounds());
    int hit = 0;
    // The helper lives for a part of the time only, the smaller the busier the machine is.
    for (int round = 0; hit < wanted && round < 3000; round++) {
        const pid_t tracker = ::fork();
        if (tracker == 0) {
            try {
                for (;;) kind.start(target);
            } catch (const base::Error&) {
                // What was begun before is not over.
            }
            ::_exit(0);
        }
        ::usleep(static_cast<useconds_t>(random() % static_cast<std::uint64_t>(3 * once.count() + 1)));
        // The process that makes the target call the kernel, if there is one now.
        pid_t helper = 0;
        std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", tracker));
        if (children >> helper && ::kill(helper, SIGKILL) == 0) hit++;
        ::kill(tracker, SIGKILL);
        ::waitpid(tracker, nullptr, 0);
        REQUIRE(target.process.running());
        after();
    }
    CHECK(hit == wanted);
}

/// The same each time, with registers of each kind, and flags, in use, where the compiler optimises.
std::uint64_t compute() {
    // Or it would be computed once.
    volatile std::uint64_t seed = 1;
    double a = 0, b = 0, c = 0, d = 0;
    std::uint64_t e = seed, f = 2, g = 3, h = 4;
    unsigned __int128 wide = 1;
    for (int i = 0; i < 200000; i++) {
        a += static_cast<double>(e & 255);
        b += static_cast<double>(f & 255);
        c += static_cast<double>(g & 255);
        d += static_cast<double>(h & 255);
        e = (e ^ f) * 5 + 1;
        f = (f ^ g) * 9 + 2;
        g = (g ^ h) * 17 + 3;
        h = (h ^ e) * 33 + 4;
        wide = wide * 3 + h;
    }
    return static_cast<std::uint64_t>(a + 3 * b + 5 * c + 7 * d) + e + f + g + h + static_cast<std::uint64_t>(wide >> 64);
}

/// Ends with 1 when it has not computed or not slept as it should.
[[noreturn]] void compute_or_sleep(bool sleeps) {
    ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
    const std::uint64_t expected = compute();
    for (;;) {
        if (!sleeps && compute() != expected) ::_exit(1);
        const timespec pause{0, 2'000'000};
        // As behind a signal: it may have slept less, and it is told so.
        if (const int error = sleeps ? ::clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr) : 0; error != 0 && error != EINTR) ::_exit(1);
    }
}

}  // namespace

TEST_CASE("whoever is killed while tracking begins, the process goes on") {
    const TrackerKind* const kind = pagemap_scan();
    if (!kind) return;
    Writer writer(MAP_PRIVATE);
    kill_trackers(*kind, writer.target(), [&] { writer.write(5); });
}

TEST_CASE("whoever is killed while tracking begins, the process computes and sleeps as it did") {
    const TrackerKind* const kind = pagemap_scan();
    if (!kind) return;
    for (const bool sleeps : {false, true}) {
        INFO((sleeps ? "sleeps" : "computes"));
        OwnPages pages(16);
        const pid_t child = ::fork();
        if (child == 0) compute_or_sleep(sleeps);
        const vmhost::Process process(child);
        Layout layout;
        layout.add(pages.begin(), pages.end(), "test");
        kill_trackers(*kind, {process, layout}, [] {});
        ::kill(child, SIGKILL);
        int status = 0;
        ::waitpid(child, &status, 0);
        CHECK(WIFSIGNALED(status));
    }
}

TEST_CASE("a process that sleeps when tracking begins sleeps no longer") {
    const TrackerKind* const kind = pagemap_scan();
    if (!kind) return;
    OwnPages pages(16);
    const pid_t child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
        const timespec pause{1, 0};
        ::_exit(::clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr));
    }
    const vmhost::Process process(child);
    Layout layout;
    layout.add(pages.begin(), pages.end(), "test");
    int status = -1;
    // Far more often than once in its time: if it began anew it would never end.
    for (int i = 0; i < 200 && ::waitpid(child, &status, WNOHANG) == 0; i++) {
        try {
            kind->start({process, layout});
        } catch (const base::Error&) {
            // It has ended.
        }
        ::usleep(50'000);
    }
    CHECK(status == 0);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
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
        const auto tracker = kind->start({process, layout, nullptr});
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

TEST_CASE("a process that a filter would kill is let alone") {
    const TrackerKind* const kind = pagemap_scan();
    if (!kind) return;
    Writer writer(MAP_PRIVATE);
    const Target target = writer.target();
    writer.write(Writer::kForbidOther);
    if (::geteuid() == 0)
        CHECK_NOTHROW(kind->start(target));
    else
        CHECK_THROWS_WITH(kind->start(target), Catch::Contains("cannot be read") && Catch::Contains("--tracker"));
    writer.write(Writer::kForbid);
    CHECK_THROWS_WITH(kind->start(target), Catch::Contains("seccomp filter") && Catch::Contains("--tracker"));
    writer.write(1);
}

TEST_CASE("a process that runs another program is told of") {
    int tried = 0;
    for (const auto& kind : tracker_kinds()) {
        if (!kind.start || !kind.obstacle(nullptr).empty()) continue;
        if (kind.name == std::string("shadow") && ::geteuid() != 0) continue;
        INFO(kind.name);
        tried++;
        Writer writer(MAP_SHARED);
        const Target target = writer.target();
        const auto tracker = kind.start(target);
        Bitmap dirty(kPages);
        tracker->collect(dirty);
        writer.send(Writer::kExecute);
        while (target.process.name() != "sleep") ::usleep(1000);
        CHECK_THROWS_WITH(tracker->collect(dirty), Catch::Contains("runs another program now (sleep)"));
    }
    CHECK(tried > 0);
}

TEST_CASE("who traces a process already is named") {
    const TrackerKind* const kind = pagemap_scan();
    if (!kind) return;
    Writer writer(MAP_PRIVATE);
    const Target target = writer.target();
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    const pid_t tracer = ::fork();
    if (tracer == 0) {
        ::prctl(PR_SET_NAME, "debugger");
        const bool traces = ::ptrace(PTRACE_SEIZE, target.process.pid(), nullptr, nullptr) == 0;
        if (::write(ready[1], traces ? "y" : "n", 1) == 1) ::pause();
        ::_exit(0);
    }
    char traces = 0;
    CHECK(::read(ready[0], &traces, 1) == 1);
    CHECK(traces == 'y');
    CHECK_THROWS_WITH(kind->start(target), Catch::Contains(fmt::format("process {} (debugger) traces it already", tracer)));
    ::kill(tracer, SIGKILL);
    ::waitpid(tracer, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
    CHECK_NOTHROW(kind->start(target));
    writer.write(1);
}
