/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmpredict/model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace vmpredict {

namespace {

/// QEMU looks at its limit of bandwidth so often (migration/migration.h, BUFFER_DELAY): what it may send in that time goes out at once.
constexpr double kWindow = 0.1;
/// Without a limit it sends for so long before it looks how much is left (migration/ram.c, MAX_WAIT).
constexpr double kSlice = 0.05;
/// Between the command and the first page, in s: QEMU prepares its bitmaps and has writes noted from then on. 0.16 to 0.35 were seen, in VMs without KVM.
constexpr double kSetUp = 0.2;
/// Pages of zeros that QEMU finds in a second: what it took on a machine of 2026, with pages that nobody has touched.
constexpr double kZeroPagesPerSecond = 1.5e6;
/// Between two decisions of auto-converge, in s, and what of the sent bytes has to be written again, twice, for it to act.
constexpr double kThrottlePeriod = 1.0, kThrottleTrigger = 0.5;
/// So many passes without getting better by a thousandth are not going to.
constexpr unsigned kPatience = 200;
constexpr double kProgress = 0.999;
/// Nobody waits longer, in s.
constexpr double kLongest = 86400.0 * 7;

/// Pages that wait to be sent, by how they came to.
class Dirty {
 public:
    /// Zeros lie evenly in memory but for its last `tail` pages: what has been used of a guest's memory is at its end, from which Linux takes.
    Dirty(const Memory& memory, const DirtyCurve& curve, double tail)
        : curve_(curve), all_(static_cast<double>(memory.pages)), zero_(static_cast<double>(memory.zero_pages)), untouched_(all_),
          tail_(std::min(tail, all_ - zero_)) {}

    double count() const { return untouched_ + written_; }
    /// Of the next pages that are sent so many have only zeros, a part of 1.
    double zero_part() const { return untouched_ - tail_ >= 1 ? std::min(zero_ / (untouched_ - tail_), 1.0) : 0; }

    /// Of `pages` that are sent how many have only zeros: those that have not been written, and lie evenly among these.
    double send(double pages) {
        const double first = std::min(pages, untouched_);
        const double zeros = std::min(zero_part() * first, zero_);
        zero_ -= zeros;
        untouched_ -= first;
        written_ = std::max(written_ - (pages - first), 0.0);
        return zeros;
    }

    /// What the VM has written in `seconds` comes to it; returns how many pages that are. Of those that wait already some were written
    /// again. What was written in two windows that follow one another is U(a) + U(b) - U(a + b): so many of the pages of the first.
    double write(double seconds) {
        const double pages = curve_.pages(seconds);
        const double untouched_again = all_ > 0 ? untouched_ * pages / all_ : 0;
        const double before = curve_.pages(window_);
        const double both = std::max(before + pages - curve_.pages(window_ + seconds), 0.0);
        const double written_again = before > 0 ? written_ * std::min(both / before, 1.0) : 0;
        zero_ -= all_ > 0 ? zero_ * pages / all_ : 0;
        untouched_ -= untouched_again;
        const double left = written_ - written_again;
        // Those that were left have been waiting since the window before.
        window_ = left + pages > 0 ? (left * (window_ + seconds) + pages * seconds) / (left + pages) : seconds;
        written_ = std::min(left + pages, all_ - untouched_);
        return pages;
    }

 private:
    const DirtyCurve& curve_;
    const double all_;
    double zero_;       // pages of zeros among those that are untouched
    double untouched_;  // not sent since the begin
    const double tail_;
    double written_ = 0;
    double window_ = 0;  // s, within which these were written
};

/// Slows the VM down as QEMU does (migration/ram.c, migration_trigger_throttle()).
class Throttle {
 public:
    explicit Throttle(const std::optional<AutoConverge>& settings) : settings_(settings) {}
    double part() const { return part_; }
    bool can_grow() const { return settings_ && part_ < settings_->most; }

    /// After a pass.
    void look(double seconds, double written_bytes, double sent_bytes) {
        if (!settings_) return;
        seconds_ += seconds;
        written_ += written_bytes;
        sent_ += sent_bytes;
        if (seconds_ < kThrottlePeriod) return;
        if (written_ > sent_ * kThrottleTrigger && ++times_ == 2) {
            times_ = 0;
            part_ = std::min(part_ == 0 ? settings_->initial : part_ + settings_->increment, settings_->most);
        }
        seconds_ = written_ = sent_ = 0;
    }

 private:
    const std::optional<AutoConverge>& settings_;
    double part_ = 0, seconds_ = 0, written_ = 0, sent_ = 0;
    unsigned times_ = 0;
};

class Precopy {
 public:
    Precopy(const Memory& memory, const DirtyCurve& curve, const Plan& plan)
        : memory_(memory), plan_(plan), page_bytes_(bytes_of_page()), step_(plan.link ? kWindow : kSlice),
          dirty_(memory, curve, plan.bandwidth * plan.downtime / page_bytes_),
          throttle_(plan.auto_converge) {
        result_.allowed = plan.bandwidth * plan.downtime;
    }

    Migration run() {
        double set_up = kSetUp;
        while (result_.seconds < kLongest) {
            Pass pass = send_until_little_is_left();
            pass.seconds += std::exchange(set_up, 0);
            pass.throttle = throttle_.part();
            pass.written = dirty_.write(pass.seconds * (1 - pass.throttle));
            pass.dirty = dirty_.count();
            throttle_.look(pass.seconds, pass.written * memory_.page_size, pass.bytes);
            keep(pass);
            if (plan_.postcopy && result_.pass_count >= *plan_.postcopy) return finish(Pass::Kind::Postcopy);
            if (dirty_.count() * page_bytes_ < result_.allowed || dirty_.count() < 1) return finish(Pass::Kind::Stopped);
            if (is_stuck(pass.dirty)) break;
        }
        result_.left = least_;
        return result_;
    }

 private:
    double bytes_of_page() const {
        const double header = plan_.multifd ? kPageHeader + kMultifdPacket * memory_.page_size / kMultifdPacketBytes : kPageHeader;
        return memory_.page_size + header;
    }

    /// QEMU looks at how much is left when a step's worth of bytes has been sent, and at what has been written when that is little. One
    /// step is sent at least.
    Pass send_until_little_is_left() {
        const double zeros = dirty_.zero_part(), left = dirty_.count();
        const double step_bytes = plan_.bandwidth * step_;
        const double in_step = std::max(step_bytes / (zeros * kZeroPage + (1 - zeros) * page_bytes_), 1.0);
        const double excess = std::max(left - result_.allowed / page_bytes_, 0.0), steps = excess / in_step;
        Pass pass;
        // Behind the excess there are no zeros any more.
        pass.pages = std::min(left, excess + (std::max(std::ceil(steps), 1.0) - steps) * step_bytes / page_bytes_);
        send(pass, plan_.bandwidth);
        // What ends before its time is up does not wait for it.
        const double rest = pass.bytes - std::floor(pass.bytes / step_bytes) * step_bytes;
        if (plan_.link && pass.pages == left) pass.seconds -= std::max(rest / plan_.bandwidth - rest / *plan_.link, 0.0);
        return pass;
    }

    static double zero_time(const Pass& pass) { return pass.zero_pages / kZeroPagesPerSecond; }

    void send(Pass& pass, double speed) {
        pass.zero_pages = dirty_.send(pass.pages);
        pass.bytes = pass.zero_pages * kZeroPage + (pass.pages - pass.zero_pages) * page_bytes_;
        pass.seconds = pass.bytes / speed + zero_time(pass);
    }

    void keep(const Pass& pass) {
        result_.pass_count++;
        result_.seconds += pass.seconds;
        result_.bytes += pass.bytes;
        if (result_.passes.size() == Migration::kMostPasses) result_.passes.pop_back();
        result_.passes.push_back(pass);
    }

    Migration finish(Pass::Kind kind) {
        Pass last;
        last.kind = kind;
        last.pages = dirty_.count();
        last.throttle = kind == Pass::Kind::Postcopy ? 0 : throttle_.part();
        send(last, plan_.last_speed());
        keep(last);
        result_.downtime = kind == Pass::Kind::Stopped ? last.seconds : 0;
        result_.converges = true;
        return result_;
    }

    bool is_stuck(double dirty) {
        if (dirty < least_ * kProgress || throttle_.can_grow()) patience_ = kPatience;
        least_ = std::min(least_, dirty);
        return patience_-- == 0;
    }

    const Memory& memory_;
    const Plan& plan_;
    const double page_bytes_, step_;
    Dirty dirty_;
    Throttle throttle_;
    Migration result_;
    double least_ = std::numeric_limits<double>::infinity();
    unsigned patience_ = kPatience;
};

}  // namespace

Migration migrate(const Memory& memory, const DirtyCurve& curve, const Plan& plan) { return Precopy(memory, curve, plan).run(); }

Migration migrate_at_constant_rate(const Memory& memory, double pages_per_second, const Plan& plan) {
    Migration result;
    const double rate = pages_per_second * memory.page_size;
    result.allowed = plan.bandwidth * plan.downtime;
    const double all = static_cast<double>(memory.pages - memory.zero_pages) * memory.page_size;
    double left = all;
    const auto send = [&](Pass::Kind kind) {
        Pass pass;
        pass.kind = kind;
        pass.bytes = left;
        pass.pages = left / memory.page_size;
        pass.seconds = left / plan.bandwidth;
        left = kind == Pass::Kind::Running ? std::min(rate * pass.seconds, all) : 0;
        pass.dirty = left / memory.page_size;
        result.passes.push_back(pass);
        result.pass_count++;
        result.seconds += pass.seconds;
        result.bytes += pass.bytes;
        return pass.seconds;
    };
    do send(Pass::Kind::Running);
    while (left > result.allowed && result.pass_count < kPatience && rate < plan.bandwidth);
    if (left > result.allowed) {
        result.left = left / memory.page_size;
        return result;
    }
    result.downtime = send(Pass::Kind::Stopped);
    result.converges = true;
    return result;
}

}  // namespace vmpredict
