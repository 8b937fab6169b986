/* SPDX-License-Identifier: GPL-2.0-only */
// migrate_predict watch: measures a VM that runs, and tells each second what a migration would cost now.

#include <fmt/format.h>

#include <chrono>
#include <deque>

#include "base/error.h"
#include "base/signals.h"
#include "base/tool_main.h"
#include "base/units.h"
#include "miggraph/picture.h"
#include "tools/migrate_predict.h"
#include "tools/vm_choice.h"
#include "vmdirty/activity.h"
#include "vmdirty/tracker.h"
#include "vmdirty/zero_pages.h"

namespace {

namespace po = base::po;
using base::CommandLine;
using base::UsageError;
using std::chrono::nanoseconds;

const base::ProgramInfo kInfo = {
    "migrate_predict watch", "--bandwidth SIZE --pid PID|--qmp SOCKET|--libvirt DOMAIN [OPTION]...",
    "Watches which pages of a running VM are written, as vm_dirty_track does, and tells each second what a migration would cost\n"
    "if it began now. Ends with Ctrl-C, or after --duration, with the whole prediction. Exit status 0 where the migration would\n"
    "converge in the end, 2 where not.\n",
    "  migrate_predict watch --libvirt web1 --bandwidth 1100M\n"
    "  migrate_predict watch --pid 4711 --bandwidth 110M --downtime 100ms --duration 1m --output json\n"};

double in_seconds(nanoseconds time) { return std::chrono::duration<double>(time).count(); }

/// What the last so many seconds of a VM were like.
class Recent {
 public:
    Recent(const vmdirty::Layout& layout, nanoseconds interval, nanoseconds span, std::optional<std::uint64_t> zero_pages)
        : pages_(layout.pages()), interval_(interval), span_(span), zero_pages_(zero_pages), activity_(layout, vmdirty::kWindows.back()) {}

    void add(const vmdirty::Interval& interval) {
        Seen seen{interval.length(), interval.written, {}};
        if (interval.dirty) {
            activity_.add(*interval.dirty, interval.begin, interval.end);
            seen.sets = activity_.working_sets();
        }
        seen_.push_back(std::move(seen));
        length_ += interval.length();
        while (seen_.size() > 1 && length_ - seen_.front().length >= span_) {
            length_ -= seen_.front().length;
            seen_.pop_front();
        }
    }

    vmpredict::Workload workload() const {
        vmpredict::Workload workload(pages_, vmdirty::kPage, in_seconds(interval_));
        if (zero_pages_) workload.set_zero_pages(*zero_pages_);
        for (const Seen& seen : seen_) {
            workload.add(in_seconds(seen.length), seen.written);
            workload.add_windows(seen.sets);
        }
        return workload;
    }

    /// Of the last second, as far as it was seen.
    double pages_per_second() const {
        double pages = 0;
        nanoseconds length{0};
        for (auto seen = seen_.rbegin(); seen != seen_.rend() && length < std::chrono::seconds(1); ++seen) {
            pages += static_cast<double>(seen->written);
            length += seen->length;
        }
        return length.count() ? pages / in_seconds(length) : 0;
    }

 private:
    struct Seen {
        nanoseconds length;
        std::uint64_t written;
        std::vector<std::optional<std::uint64_t>> sets;  // of vmdirty::kWindows
    };
    std::uint64_t pages_;
    nanoseconds interval_, span_, length_{0};
    std::optional<std::uint64_t> zero_pages_;
    vmdirty::Activity activity_;
    std::deque<Seen> seen_;
};

struct Job {
    VmChoice vm;
    Question question;
    std::string tracker;
    vmdirty::TrackOptions track;
    nanoseconds span{0};
};

nanoseconds time_option(const CommandLine& line, const char* option, nanoseconds least) {
    const auto time = base::parse_duration(fmt::format("--{}", option), line.get<std::string>(option));
    if (time < least) throw UsageError(fmt::format("--{}: {} is the shortest", option, base::format_duration(least)));
    return time;
}

Job job(const CommandLine& line) {
    Job job;
    job.vm = choose_vm(line);
    job.question = read_question(line);
    job.track.interval = time_option(line, "interval", std::chrono::milliseconds(10));
    job.span = time_option(line, "span", job.track.interval * static_cast<int>(vmpredict::Workload::kFewestIntervals));
    if (job.span / job.track.interval > static_cast<std::int64_t>(vmpredict::Workload::kMostIntervals) / 2) throw UsageError("--span: that are too many intervals");
    if (line.has("duration")) job.track.duration = time_option(line, "duration", job.track.interval);
    if (line.has("tracker")) job.tracker = line.get<std::string>("tracker");
    return job;
}

/// A line a second.
class Printer {
 public:
    Printer(const Job& job, Recent& recent) : job_(job), recent_(recent) {}

    void interval(const vmdirty::Interval& interval) {
        if (interval.first) return;
        recent_.add(interval);
        if (interval.end < next_) return;
        next_ = std::max(next_ + std::chrono::seconds(1), interval.end);
        const vmpredict::Workload workload = recent_.workload();
        if (!workload.shortcoming().empty()) return;
        const auto prediction = answer(job_.question, workload);
        const double rate = recent_.pages_per_second() * vmdirty::kPage;
        if (job_.question.json)
            base::print_line(json_of(prediction, in_seconds(interval.wall.time_since_epoch()), rate));
        else
            base::print_line(fmt::format("{:>5.0f} s: {:.1f} MB/s written; now it would take: {}", in_seconds(interval.end), rate / (1 << 20), in_short(prediction)));
    }

 private:
    const Job& job_;
    Recent& recent_;
    nanoseconds next_ = std::chrono::seconds(1);
};

/// Returns why it ended, if that is an error.
std::optional<base::Error> watch(const Job& job, const vmdirty::Target& target, const vmdirty::TrackerKind& kind, Recent& recent) {
    base::StopSignals signals;
    Printer printer(job, recent);
    try {
        kind.track(target, job.track, signals, [&](const vmdirty::Interval& interval) { printer.interval(interval); });
    } catch (const base::UsageError&) {
        throw;
    } catch (const base::Error& error) {
        if (!recent.workload().shortcoming().empty()) throw;
        return error;
    }
    return std::nullopt;
}

}  // namespace

int predict_watch(int argc, char** argv) {
    base::offer_help_of(kInfo.name);
    CommandLine line(kInfo, base::Operands::None);
    add_vm_options(line);
    auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
    auto how = line.group("How to watch").add_options();
    how("interval", text("TIME")->default_value("100ms"), "from 10ms on");
    how("span", text("TIME")->default_value("60s"), "so much of what was seen counts, the last");
    how("duration", text("TIME"), "end after so long: 30s, 5m");
    how("tracker", text("NAME"), "how to find out; see vm_dirty_track --list-trackers");
    add_question(line);
    if (!line.parse(argc, argv)) return 0;
    const Job wanted = job(line);
    if (!wanted.question.plot.file.empty()) miggraph::check_pictures({wanted.question.plot.file});
    auto monitor = monitor_of(wanted.vm);
    const vmhost::Process process(monitor ? monitor->pid() : wanted.vm.pid);
    const vmdirty::Layout layout = memory_of(wanted.vm, process, monitor.get());
    vmdirty::Target target{process, layout, monitor.get()};
    const vmdirty::TrackerKind& kind = vmdirty::choose_tracker(wanted.tracker, target);
    Recent recent(layout, wanted.track.interval, wanted.span, vmdirty::count_zero_pages(process, layout));
    if (!kind.keeps_monitor) {
        // QEMU serves one client: others shall not wait longer than it takes to ask.
        target.monitor = nullptr;
        monitor.reset();
    }
    const auto failure = watch(wanted, target, kind, recent);
    const vmpredict::Workload workload = recent.workload();
    if (const std::string why = workload.shortcoming(); !why.empty()) throw base::Error(fmt::format("process {}: {}", process.pid(), why));
    if (!wanted.question.json) base::print_line("");
    const int status = report(wanted.question, workload, fmt::format("process {}", process.pid()), {});
    if (failure) throw *failure;
    return status;
}
