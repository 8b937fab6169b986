/* SPDX-License-Identifier: GPL-2.0-only */
// Counts the pages that a program dirties, as the kernel sees it and not as the program says.

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "vmdirty/pagemap_abi.h"

namespace {

constexpr const char* kHelp =
    "Usage: count_dirty MB RATE SECONDS WINDOW_MS COMMAND...\n"
    "COMMAND dirties a mapping of MB MiB, page after page, RATE MiB a second, and prints a line when it is "
    "under way.\n"
    "Prints how far the pages that it dirtied in any second, and in windows of WINDOW_MS, are from that "
    "RATE, of all\n"
    "and of those in which the machine let threads run when they had to:\n"
    "    method=... pages=... all_worst_percent=... all_even_percent=... seconds=... worst_percent=... "
    "windows=... even_percent=...\n"
    "Even is a window with 5 % or one page more or less, whichever is more. Exit status 3: no way to see it "
    "here.\n\n"
    "With PAGEMAP_SCAN (track_writes.so beside this program is preloaded) MB must be more than a window "
    "takes; with the\n"
    "soft-dirty bits of older kernels more than the whole run takes, as these cannot be read and cleared at "
    "once.\n";

using Clock = std::chrono::steady_clock;
constexpr std::uint64_t kPage = 4096;

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "count_dirty: %s: %s\n", what.c_str(), std::strerror(errno));
    std::exit(1);
}

constexpr std::uint64_t kSoftDirty = std::uint64_t{1} << 55;

struct Range {
    std::uint64_t begin = 0, end = 0;
};

/// How many pages have been dirtied since the call before, or since some time before the first.
class Observer {
 public:
    virtual ~Observer() = default;
    virtual const char* name() const = 0;
    virtual std::uint64_t dirtied() = 0;
};

/// Reads and clears page by page, so that no write is missed or counted twice.
class PagemapScan : public Observer {
 public:
    PagemapScan(int pagemap, Range range) : pagemap_(pagemap), range_(range) {}
    const char* name() const override { return "PAGEMAP_SCAN"; }
    bool works() {
        vmdirty::ScanArguments scan = arguments(range_.begin);
        return ::ioctl(pagemap_, vmdirty::kPagemapScan, &scan) >= 0;
    }
    std::uint64_t dirtied() override {
        std::uint64_t pages = 0;
        for (std::uint64_t at = range_.begin; at < range_.end;) {
            vmdirty::ScanArguments scan = arguments(at);
            const int regions = ::ioctl(pagemap_, vmdirty::kPagemapScan, &scan);
            if (regions < 0) fail("PAGEMAP_SCAN");
            for (int i = 0; i < regions; i++) pages += (regions_[i].end - regions_[i].begin) / kPage;
            at = scan.walk_end;
        }
        return pages;
    }

 private:
    vmdirty::ScanArguments arguments(std::uint64_t at) {
        vmdirty::ScanArguments scan{};
        scan.size = sizeof scan;
        scan.flags = vmdirty::kScanProtect | vmdirty::kScanCheckAsync;
        scan.begin = at;
        scan.end = range_.end;
        scan.regions = reinterpret_cast<std::uint64_t>(regions_.data());
        scan.regions_length = regions_.size();
        scan.category_mask = scan.return_mask = vmdirty::kPageWritten;
        return scan;
    }
    int pagemap_;
    Range range_;
    std::array<vmdirty::PageRegion, 4096> regions_;
};

void clear_soft_dirty(const std::string& process) {
    if (!(std::ofstream("/proc/" + process + "/clear_refs") << "4" << std::flush)) fail("clear_refs");
}

std::uint64_t count_soft_dirty(int pagemap, Range range) {
    std::vector<std::uint64_t> entries((range.end - range.begin) / kPage);
    const auto size = static_cast<ssize_t>(entries.size() * sizeof(entries[0]));
    if (::pread(pagemap, entries.data(), static_cast<std::size_t>(size),
                static_cast<off_t>(range.begin / kPage * sizeof(entries[0]))) != size)
        fail("pagemap");
    return static_cast<std::uint64_t>(
        std::count_if(entries.begin(), entries.end(), [](std::uint64_t e) { return e & kSoftDirty; }));
}

/// Never cleared in between: what is written while the bits are read counts the next time.
class SoftDirty : public Observer {
 public:
    SoftDirty(int pagemap, Range range, pid_t process) : pagemap_(pagemap), range_(range) {
        clear_soft_dirty(std::to_string(process));
    }
    const char* name() const override { return "soft-dirty"; }
    /// Where the kernel lacks it, clearing succeeds and no bit is ever set.
    static bool works() {
        auto* page = static_cast<volatile char*>(
            ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        *page = 1;
        clear_soft_dirty("self");
        *page = 2;
        const int pagemap = ::open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
        const auto begin = reinterpret_cast<std::uint64_t>(page);
        return pagemap >= 0 && count_soft_dirty(pagemap, {begin, begin + kPage}) == 1;
    }
    std::uint64_t dirtied() override {
        const std::uint64_t now = count_soft_dirty(pagemap_, range_);
        return now - std::exchange(before_, now);
    }

 private:
    int pagemap_;
    Range range_;
    std::uint64_t before_ = 0;
};

/// Runs the command until the object ends; its output ends here.
class Command {
 public:
    Command(char** words, std::uint64_t bytes) {
        int output[2];
        if (::pipe2(output, O_CLOEXEC)) fail("pipe()");
        process_ = ::fork();
        if (process_ < 0) fail("fork()");
        if (process_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::dup2(output[1], STDOUT_FILENO);
            std::array<char, 4096> path{};
            if (::readlink("/proc/self/exe", path.data(), path.size() - 1) < 0) fail("/proc/self/exe");
            const std::string folder(path.data(), std::strrchr(path.data(), '/'));
            ::setenv("LD_PRELOAD", (folder + "/track_writes.so").c_str(), 1);
            ::setenv("COUNT_DIRTY_BYTES", std::to_string(bytes).c_str(), 1);
            ::execvp(words[0], words);
            fail(words[0]);
        }
        ::close(output[1]);
        output_ = output[0];
    }
    ~Command() {
        ::kill(process_, SIGTERM);
        ::waitpid(process_, nullptr, 0);
    }
    Command(const Command&) = delete;
    Command& operator=(const Command&) = delete;

    pid_t process() const { return process_; }
    /// Until it has printed something.
    void wait_for_output() const {
        char byte;
        if (::read(output_, &byte, 1) != 1) {
            errno = EPIPE;
            fail("the command said nothing");
        }
    }

 private:
    pid_t process_;
    int output_;
};

Range find_mapping(pid_t process, std::uint64_t bytes) {
    std::ifstream maps("/proc/" + std::to_string(process) + "/maps");
    std::string line;
    while (std::getline(maps, line)) {
        Range range;
        char rights[5];
        // Neighbours of the same kind become one mapping.
        if (std::sscanf(line.c_str(), "%lx-%lx %4s", &range.begin, &range.end, rights) == 3 &&
            !std::strncmp(rights, "rw", 2) && range.end - range.begin >= bytes &&
            range.end - range.begin < bytes + (8 << 20))
            return range;
    }
    errno = ENOENT;
    fail("the memory of the command");
}

double seconds_of(Clock::duration time) {
    return std::chrono::duration<double>(time).count();
}

void sleep_until(Clock::time_point when) {
    const auto at = std::chrono::nanoseconds(when.time_since_epoch()).count();
    const timespec time = {at / 1'000'000'000, at % 1'000'000'000};
    while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
    }
}

/// Watches whether a CPU runs its threads when they are due: others may have it, or the host of a VM.
class Disturbances {
 public:
    explicit Disturbances(int cpu) : thread_([this, cpu](std::stop_token stop) { watch(cpu, stop); }) {}
    /// How long it did not between two times, in s.
    double between(Clock::time_point from, Clock::time_point to) {
        std::lock_guard lock(mutex_);
        double sum = 0;
        for (const auto& [begin, end] : late_)
            if (begin < to && from < end) sum += seconds_of(std::min(end, to) - std::max(begin, from));
        return sum;
    }

 private:
    static constexpr std::chrono::microseconds kTick{250};
    void watch(int cpu, const std::stop_token& stop) {
        cpu_set_t cpus;
        CPU_ZERO(&cpus);
        CPU_SET(cpu, &cpus);
        ::sched_setaffinity(0, sizeof cpus, &cpus);
        ::prctl(PR_SET_TIMERSLACK, 1);
        while (!stop.stop_requested()) {
            const Clock::time_point due = Clock::now() + kTick;
            sleep_until(due);
            const Clock::time_point now = Clock::now();
            if (now - due < kTick) continue;
            std::lock_guard lock(mutex_);
            late_.emplace_back(due, now);
        }
    }
    std::mutex mutex_;
    std::vector<std::pair<Clock::time_point, Clock::time_point>> late_;
    std::jthread thread_;
};

/// What was dirtied between two looks.
struct Sample {
    Clock::time_point begin, end;
    double pages;
    double disturbed;  // s
};

std::vector<Sample> observe(Observer& observer, double seconds, std::chrono::nanoseconds window) {
    std::vector<std::unique_ptr<Disturbances>> cpus;
    for (int cpu = 0; cpu < static_cast<int>(std::thread::hardware_concurrency()); cpu++)
        cpus.push_back(std::make_unique<Disturbances>(cpu));
    std::vector<Sample> samples;
    const Clock::time_point begin = Clock::now();
    Clock::time_point before;
    for (int n = 0; seconds_of(n * window) <= seconds; n++) {
        sleep_until(begin + n * window);
        const Clock::time_point from = Clock::now();
        const std::uint64_t pages = observer.dirtied();
        // Somewhere in between it has passed the page that was being written.
        const Clock::time_point now = from + (Clock::now() - from) / 2;
        if (n > 0) samples.push_back({before, now, static_cast<double>(pages), 0});
        before = now;
    }
    for (Sample& sample : samples)
        for (const auto& cpu : cpus)
            sample.disturbed = std::max(sample.disturbed, cpu->between(sample.begin, sample.end));
    return samples;
}

/// How far the pages of any second are from what was asked for. Those that were disturbed for longer than
/// `most_disturbed` are left out.
struct Seconds {
    std::size_t judged = 0;
    double worst = 0;
};
Seconds judge_seconds(const std::vector<Sample>& samples, double rate, double most_disturbed) {
    Seconds result;
    double pages = 0, disturbed = 0;
    for (std::size_t first = 0, last = 0; last < samples.size(); last++) {
        pages += samples[last].pages;
        disturbed += samples[last].disturbed;
        const double seconds = seconds_of(samples[last].end - samples[first].begin);
        if (seconds < 1) continue;
        if (disturbed < most_disturbed) {
            result.judged++;
            result.worst = std::max(result.worst, std::abs(pages / seconds / rate - 1));
        }
        disturbed -= samples[first].disturbed;
        pages -= samples[first++].pages;
    }
    return result;
}

/// Those of which a twentieth was disturbed may be as uneven as that.
std::vector<Sample> undisturbed(std::vector<Sample> samples) {
    std::erase_if(samples, [](const Sample& s) { return s.disturbed > seconds_of(s.end - s.begin) / 20; });
    return samples;
}

double even_windows(const std::vector<Sample>& samples, double rate) {
    return static_cast<double>(std::count_if(samples.begin(), samples.end(),
                                             [rate](const Sample& s) {
                                                 const double wanted = rate * seconds_of(s.end - s.begin);
                                                 return std::abs(s.pages - wanted) <=
                                                        std::max(1.0, 0.05 * wanted);
                                             })) /
           static_cast<double>(std::max<std::size_t>(samples.size(), 1));
}

std::unique_ptr<Observer> make_observer(int pagemap, Range range, pid_t process) {
    auto scan = std::make_unique<PagemapScan>(pagemap, range);
    if (scan->works()) return scan;
    if (SoftDirty::works()) return std::make_unique<SoftDirty>(pagemap, range, process);
    std::fprintf(stderr, "count_dirty: this kernel has neither PAGEMAP_SCAN (6.7) nor soft-dirty bits\n");
    std::exit(3);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 6) {
        std::fputs(kHelp, stderr);
        return 2;
    }
    const std::uint64_t bytes = std::strtoull(argv[1], nullptr, 10) << 20;
    const double rate = std::atof(argv[2]) * 1048576 / kPage;
    Command command(argv + 5, bytes);
    command.wait_for_output();
    const int pagemap =
        ::open(("/proc/" + std::to_string(command.process()) + "/pagemap").c_str(), O_RDONLY | O_CLOEXEC);
    if (pagemap < 0) fail("pagemap");
    const auto observer = make_observer(pagemap, find_mapping(command.process(), bytes), command.process());
    const auto samples = observe(*observer, std::atof(argv[3]),
                                 std::chrono::nanoseconds(std::llround(std::atof(argv[4]) * 1e6)));
    double pages = 0;
    for (const Sample& sample : samples) pages += sample.pages;
    const auto judged = undisturbed(samples);
    const Seconds of_seconds = judge_seconds(samples, rate, 0.01);
    std::printf(
        "method=%s pages=%.0f all_worst_percent=%.3f all_even_percent=%.2f seconds=%zu worst_percent=%.3f "
        "windows=%zu even_percent=%.2f\n",
        observer->name(), pages, 100 * judge_seconds(samples, rate, INFINITY).worst,
        100 * even_windows(samples, rate), of_seconds.judged, 100 * of_seconds.worst, judged.size(),
        100 * even_windows(judged, rate));
}
