/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmdirty/stream.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

#include "base/error.h"
#include "base/terminal.h"
#include "base/tool_main.h"
#include "vmdirty/migration.h"
#include "vmdirty/ram_stream.h"
#include "vmhost/answer.h"

namespace vmdirty {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

/// QEMU takes a VM for as good as moved when what is left is less than what it has sent in a millisecond, by a measurement of 100 ms
/// and more. So the first pass is slow for long enough at its begin and, twice, when so many pages are to come.
constexpr std::chrono::milliseconds kSlow{150}, kShortest{100};
constexpr std::array<std::uint64_t, 2> kSlowBefore = {2048, 1024};
/// QEMU tells of a pass before it sends the first page of it, but another way.
constexpr std::chrono::milliseconds kOtherWay{2};
constexpr std::chrono::seconds kPatience{30};
/// As long as a QEMU may take to end when it has given up its migration.
constexpr int kEndMsec = 3000;
const char* const kNameIt = "QEMU itself has to migrate: name it with --qmp";
/// Between looks for a signal.
constexpr std::uint64_t kReads = 256;

class Passes {
 public:
    Passes(const Target& target, vmhost::Qmp& qmp, const TrackOptions& options, const base::StopSignals& signals, const IntervalListener& each)
        : target_(target), qmp_(qmp), options_(options), signals_(signals), each_(each), dirty_(target.layout.pages()), migration_(qmp),
          stream_(migration_.page_size(), [this](std::size_t block, std::uint64_t offset) { mark(block, offset); }) {}

    void run() {
        follow();
        // The VM may stand still until then.
        migration_.end();
        if (moved_) base::tell("the VM has written next to nothing in a pass: a migration would be over now, and so is this");
    }

 private:
    struct Pass {
        nanoseconds begin{0};  // what was written before is in it
        std::chrono::system_clock::time_point wall;
    };

    void follow() {
        if (!read_pass()) return;
        const Clock::time_point start = Clock::now();
        Pass before{nanoseconds(0), std::chrono::system_clock::now()};
        dirty_.set(0, dirty_.pages());
        each_({nanoseconds(0), nanoseconds(0), before.wall, dirty_.pages(), &dirty_, true, false});
        if (!hold(Clock::now() + kSlow) || !read_pass()) return;
        Pass now = pass_since(start);
        for (; !done(before); before = now, now = pass_since(start)) {
            dirty_.clear();
            if (!hold(start + std::min(now.begin + options_.interval, options_.duration.value_or(nanoseconds::max() / 2))) || !read_pass()) return;
            each_({before.begin, now.begin, now.wall, dirty_.count(), &dirty_, false, false});
        }
    }

    /// The one that has begun. A short one may have been over, and this begun, while nothing was read: QEMU's time counts.
    Pass pass_since(Clock::time_point start) const {
        const nanoseconds ago = std::max<nanoseconds>(std::chrono::system_clock::now() - pass_wall_, nanoseconds(0));
        return {std::max<nanoseconds>(Clock::now() - start - ago, nanoseconds(0)), pass_wall_};
    }

    /// What is left at the end is too short for a pass: the guest may not have run in it.
    bool done(const Pass& told) const { return options_.duration && told.begin > nanoseconds(0) && told.begin + kShortest > *options_.duration; }

    void mark(std::size_t block, std::uint64_t offset) {
        learn_blocks();
        pages_++;
        const Range* const range = ranges_[block];
        // QEMU before 8.0 does not tell where all blocks are.
        if (!range || offset >= range->end - range->begin) return;
        const std::uint64_t end = std::min(offset + migration_.page_size(), range->end - range->begin);
        dirty_.set(range->first_page + offset / kPage, range->first_page + (end + kPage - 1) / kPage);
    }

    void learn_blocks() {
        if (!ranges_.empty()) return;
        for (const auto& block : stream_.blocks()) {
            const auto found = std::ranges::find(target_.layout.ranges(), block.name, &Range::name);
            ranges_.push_back(found == target_.layout.ranges().end() ? nullptr : &*found);
            all_ += block.bytes / migration_.page_size();
        }
    }

    /// Reads until the next pass begins. False when it is over before: by a signal, or as there is nothing to send any more.
    bool read_pass() {
        for (;;) {
            // What is behind the end of a section is of the pass that has been told of by now; where nothing is yet, that is not known.
            const bool behind = stream_.between_sections() && begin_ < end_;
            if (behind && passes_ == 0 && !await(Clock::now() + kOtherWay, Wake::Pass)) return false;
            if (stream_.between_sections() && passes_ > 0) {
                passes_ = 0;
                return true;
            }
            if (begin_ == end_) {
                if (!slow_down() || !fill()) return false;
                continue;
            }
            begin_ += stream_.read({buffer_.data() + begin_, end_ - begin_});
        }
    }

    /// False when it is over.
    bool slow_down() {
        if (slowed_ == kSlowBefore.size() || pages_ == 0 || pages_ + kSlowBefore[slowed_] < all_) return true;
        slowed_++;
        return hold(Clock::now() + kSlow);
    }

    /// False when it is over.
    bool fill() {
        // Who sends without a pause cannot keep Ctrl-C from us.
        if (++reads_ % kReads == 0 && !await(Clock::now(), Wake::Time)) return false;
        for (;;) {
            const ssize_t n = ::read(migration_.stream(), buffer_.data(), buffer_.size());
            if (n > 0) {
                begin_ = 0;
                end_ = static_cast<std::size_t>(n);
                return true;
            }
            if (n == 0) throw base::Error(fmt::format("QEMU (process {}) has ended the migration", target_.process.pid()));
            if (errno != EAGAIN && errno != EINTR) throw base::system_error("cannot read the migration stream", errno);
            if (!await(Clock::now() + kPatience, Wake::Data)) return false;
            if (!readable_) throw base::Error(fmt::format("QEMU (process {}) sends nothing for {} s", target_.process.pid(), kPatience.count()));
        }
    }

    /// Without reading, so that it waits with us.
    bool hold(Clock::time_point until) { return await(until, Wake::Time); }

    enum class Wake { Time, Pass, Data };

    /// Until that happens, and no longer than `until`. False when it is over.
    bool await(Clock::time_point until, Wake wake) {
        for (readable_ = false;;) {
            const unsigned before = passes_;
            while (const auto event = qmp_.next_event(std::chrono::milliseconds(0)))
                if (!take(*event)) return false;
            if (passes_ > before && wake == Wake::Pass) return true;
            const nanoseconds left = std::max<nanoseconds>(until - Clock::now(), nanoseconds(0));
            const timespec time = {left.count() / 1'000'000'000, left.count() % 1'000'000'000};
            pollfd fds[] = {{signals_.fd(), POLLIN, 0},
                            {target_.process.pidfd(), POLLIN, 0},
                            {qmp_.fd(), POLLIN, 0},
                            {wake == Wake::Data ? migration_.stream() : -1, POLLIN, 0}};
            const int ready = ::ppoll(fds, std::size(fds), &time, nullptr);
            if (ready < 0 && errno != EINTR) throw base::system_error("waiting: ppoll()", errno);
            if (ready == 0) return true;
            if (ready > 0 && fds[0].revents) return false;
            if (ready > 0 && fds[1].revents) target_.process.check_running();
            readable_ = ready > 0 && fds[3].revents;
            if (readable_) return true;
        }
    }

    /// False when the migration is over.
    bool take(const vmhost::Event& event) {
        if (event.name == "MIGRATION_PASS" && passes_++ == 0) pass_wall_ = event.time;
        if (event.name != "MIGRATION") return true;
        const std::string said = vmhost::text_of(event.data, "status");
        moved_ = said == "pre-switchover";
        if (moved_) return false;
        if (said != "setup" && said != "active")
            throw base::Error(fmt::format("the migration of QEMU (process {}) has ended: {}", target_.process.pid(), base::printable(said)));
        return true;
    }

    const Target& target_;
    vmhost::Qmp& qmp_;
    const TrackOptions& options_;
    const base::StopSignals& signals_;
    const IntervalListener& each_;
    Bitmap dirty_;
    Migration migration_;
    RamStream stream_;
    std::vector<const Range*> ranges_;  // of each block; null where it is not tracked
    std::uint64_t pages_ = 0, all_ = 0;  // that have come, and that there are
    std::uint64_t reads_ = 0;
    std::size_t slowed_ = 0;  // times, of kSlowBefore
    unsigned passes_ = 0;     // begun, as QEMU says, and not yet come to in the stream
    std::chrono::system_clock::time_point pass_wall_;  // when the first of them began, as QEMU says
    bool readable_ = false, moved_ = false;
    std::array<unsigned char, 65536> buffer_;
    std::size_t begin_ = 0, end_ = 0;  // of what is in it and was not read
};

/// A QEMU that ends cancels its migration and closes its monitor before anybody can see that it has ended.
void check_ending(const vmhost::Process& process) {
    pollfd ended{process.pidfd(), POLLIN, 0};
    ::poll(&ended, 1, kEndMsec);
    process.check_running();
}

/// Throws Error for another monitor.
vmhost::Qmp& own_monitor(const Target& target) {
    if (auto* const qmp = dynamic_cast<vmhost::Qmp*>(target.monitor)) return *qmp;
    throw base::Error(target.monitor ? "libvirt passes on no events, and thinks that migrations are its own: use --qmp" : kNameIt);
}

}  // namespace

std::string stream_obstacle(const Target* target) {
    if (!target) return kNameIt;
    try {
        Migration::check(own_monitor(*target));
    } catch (const base::Error& error) {
        return error.what();
    }
    return "";
}

void track_stream(const Target& target, const TrackOptions& options, const base::StopSignals& signals, const IntervalListener& each) {
    if (options.interval < kShortest) throw base::UsageError(fmt::format("--interval: passes take {} ms at least", kShortest.count()));
    try {
        Passes(target, own_monitor(target), options, signals, each).run();
    } catch (const base::UsageError&) {
        throw;
    } catch (const base::Error&) {
        check_ending(target.process);
        throw;
    }
}

}  // namespace vmdirty
