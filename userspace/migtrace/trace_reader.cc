/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/trace_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace migtrace {

namespace {

/// How far an interrupt between reserving a slot and reading the clock can move an event; far more than is
/// ever seen.
constexpr std::size_t kSwapDistance = 16;
/// More runs than this are no trace CPU after CPU; sorting is then faster than merging.
constexpr std::size_t kMostRuns = 4096;
/// When a pipe may be called sorted.
constexpr std::size_t kEventsBeforeStreaming = 1 << 16;
constexpr std::uint64_t kReturnsBeforeStreaming = 64;

}  // namespace

void EventMerger::add(const Event& event) {
    if (runs_.empty()) runs_.push_back({0, 0});
    std::size_t place = events_.size();
    const std::size_t limit = std::max(runs_.back().at, place - std::min(place, kSwapDistance));
    while (place > limit && event.ts < events_[place - 1].ts) place--;
    if (place < events_.size()) swapped_ = true;
    if (place > runs_.back().at && event.ts < events_[place - 1].ts) {
        runs_.push_back({events_.size(), 0});
        place = events_.size();
    }
    events_.insert(events_.begin() + static_cast<std::ptrdiff_t>(place), event);
}

void EventMerger::finish() {
    if (runs_.size() > kMostRuns) {
        std::stable_sort(events_.begin(), events_.end(),
                         [](const Event& a, const Event& b) { return a.ts < b.ts; });
        runs_.resize(1);
    }
    for (std::size_t i = 0; i < runs_.size(); i++) {
        runs_[i].end = i + 1 < runs_.size() ? runs_[i + 1].at : events_.size();
        if (runs_[i].at < runs_[i].end) heap_.push_back(i);
    }
    std::sort(heap_.begin(), heap_.end(), [this](std::size_t a, std::size_t b) { return earlier(a, b); });
}

/// Puts the run at the top of the heap where it belongs.
void EventMerger::sift_down() {
    for (std::size_t i = 0;;) {
        std::size_t child = 2 * i + 1;
        if (child >= heap_.size()) return;
        if (child + 1 < heap_.size() && earlier(heap_[child + 1], heap_[child])) child++;
        if (!earlier(heap_[child], heap_[i])) return;
        std::swap(heap_[i], heap_[child]);
        i = child;
    }
}

bool EventMerger::next(Event& event) {
    if (heap_.empty()) return false;
    Run& run = runs_[heap_.front()];
    event = events_[run.at++];
    if (run.at == run.end) {
        heap_.front() = heap_.back();
        heap_.pop_back();
    }
    if (heap_.size() > 1) sift_down();
    return true;
}

void TraceReader::Note::add(std::uint64_t at, const std::string& about) {
    if (count++ > 0) return;
    line = at;
    what = about;
}

TraceReader::TraceReader(ReadOptions options) : lines_(std::move(options.files)), strict_(options.strict) {}

/// Notes a line that makes no sense, or throws with --strict.
void TraceReader::fault(Fault fault, std::uint64_t line) {
    if (strict_)
        throw base::Error(
            fmt::format("{}: the line makes no sense: {}", lines_.place(line), describe(fault)));
    skipped_.add(line, describe(fault));
}

void TraceReader::read_header_line(std::string_view text) {
    using Result = TraceHeader::Result;
    if (events_ > 0) header_late_ = true;
    switch (header_.add(text, lines_.place(lines_.number()))) {
        case Result::Added:
            if (streaming_ && events_ > 0)
                throw base::Error(
                    fmt::format("{}: a new header line after {} events of a pipe that looked sorted; sort "
                                "all of it first, or "
                                "name the file instead of the pipe",
                                lines_.place(lines_.number()), events_));
            break;
        case Result::Repeated:
            break;
        case Result::Contradicts:
            // Parts of one trace may come from readers that saw different numbers of CPUs.
            if (!text.starts_with("nr_cpus")) contradictions_.add(lines_.number(), std::string(text));
            break;
        case Result::UnknownTag:
            unknown_tags_.add(lines_.number(), std::string(cut_word(text)));
            break;
        case Result::Malformed:
            fault(Fault::Header, lines_.number());
            break;
    }
}

/// The next event line of the input, in whatever order.
bool TraceReader::read_event(Event& event) {
    std::string_view line;
    while (lines_.next(line)) {
        if (auto text = header_text(line)) {
            read_header_line(*text);
            continue;
        }
        if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
        Fault found = lines_.too_long() ? Fault::TooLong : parse_event(line, event, texts_[texts_used_]);
        if (found == Fault::None) {
            event.line = static_cast<std::uint32_t>(lines_.number());
            events_++;
            return true;
        }
        fault(lines_.unfinished() ? Fault::BrokenOff : found, lines_.number());
    }
    return false;
}

/// Whether the files can be read event by event: the header first, then a start line, then all in time order.
bool TraceReader::looked_through_in_order() {
    std::string_view line;
    TraceHeader header;
    std::uint64_t last = 0;
    bool events = false, in_order = true;
    while (in_order && lines_.next(line)) {
        if (auto text = header_text(line)) {
            in_order = !events;
            header.add(*text, lines_.place(lines_.number()));
            continue;
        }
        Event event;
        if (!parse_time_stamp(line, event.ts)) continue;
        if (!events) {
            TextStore texts;
            events = parse_event(line, event, texts) == Fault::None;
            in_order =
                header.nr_cpus() && !header.causes().empty() && (!events || event.shape == Shape::Start);
        }
        if (event.ts < last) in_order = false;
        last = event.ts;
    }
    lines_.rewind();
    return in_order && events;
}

void TraceReader::note_cpu(const Event& event) {
    if (event.cpu < kMostCpus) {
        if (cpus_.size() <= event.cpu) cpus_.resize(event.cpu + 1);
        if (cpus_[event.cpu] && event.cpu != last_cpu_) returns_++;
        cpus_[event.cpu] = true;
        last_cpu_ = event.cpu;
    }
    std::uint32_t largest = event.cpu;
    if (event.shape == Shape::Migration) largest = std::max({largest, event.from, event.to});
    cpus_seen_ = std::max(cpus_seen_, std::min(largest, kMostCpus - 1) + 1);
}

/// A trace CPU after CPU never comes back to a CPU without going back in time.
bool TraceReader::surely_sorted() {
    return merger_.size() >= kEventsBeforeStreaming && returns_ >= kReturnsBeforeStreaming &&
           merger_.in_order() && !header_late_ && start_.known && header_.nr_cpus() &&
           !header_.causes().empty();
}

/// Keeps what is read; to the end, or until a pipe turns out to be sorted.
void TraceReader::collect() {
    Event event;
    while (read_event(event)) {
        note_cpu(event);
        merger_.add(event);
        if (event.shape == Shape::Start && (!start_.known || event.ts < start_.ts))
            start_ = {event.ts, event.wall_us, true};
        if (surely_sorted()) {
            streaming_ = true;
            last_ts_ = merger_.last_added_ts();
            break;
        }
    }
    merger_.finish();
}

void TraceReader::prepare() {
    if (prepared_) return;
    prepared_ = true;
    if (lines_.rereadable() && looked_through_in_order())
        streaming_ = true;
    else
        collect();
    if (fill_group()) find_start();
}

/// The start is the first start line in order, so at equal times the one that `sort` puts first.
void TraceReader::find_start() {
    if (start_.known && group_.front().ts != start_.ts) return;
    for (const Event& event : group_) {
        if (event.shape != Shape::Start) continue;
        start_ = {event.ts, event.wall_us, true};
        return;
    }
    start_ = {group_.front().ts, 0, false};
}

/// The next event in time order; those with the same time stamp in any order.
bool TraceReader::pull(Event& event) {
    if (merger_.next(event)) return true;
    if (!streaming_ || !read_event(event)) return false;
    if (event.ts < last_ts_)
        throw base::Error(
            fmt::format("{}: goes back in time after {} events in order; sort the input first "
                        "(LC_ALL=C sort), or name the file instead of a pipe",
                        lines_.place(lines_.number()), events_ - 1));
    last_ts_ = event.ts;
    return true;
}

/// Reads the next events that have one time stamp, and the first behind them.
bool TraceReader::fill_group() {
    group_.clear();
    group_at_ = 0;
    if (streaming_ && merger_.drained()) {
        texts_used_ ^= 1;
        texts_[texts_used_].clear();
    }
    Event event;
    if (ahead_)
        group_.push_back(*ahead_);
    else if (pull(event))
        group_.push_back(event);
    ahead_.reset();
    if (group_.empty()) return false;
    while (pull(event)) {
        if (event.ts != group_.front().ts) {
            ahead_ = event;
            break;
        }
        group_.push_back(event);
    }
    sort_equal_times(group_);
    return true;
}

/// Whether the header knows the event, in this shape.
bool TraceReader::known(const Event& event) {
    if (event.shape == Shape::Start) return true;
    bool fits = false;
    switch (header_.role(event.number)) {
        case Role::Unknown:
        case Role::OtherLoc:
            unknown_events_.add(event.line, fmt::format("number {}", event.number));
            return false;
        case Role::Cause:
            fits = event.shape == Shape::Migration;
            break;
        case Role::Comm:
            fits = event.shape == Shape::Comm;
            break;
        case Role::Mark:
            fits = event.shape == Shape::Mark;
            break;
    }
    if (!fits) fault(Fault::WrongEvent, event.line);
    return fits;
}

bool TraceReader::next(Event& event) {
    prepare();
    for (;;) {
        if (group_at_ == group_.size() && !fill_group()) return false;
        event = group_[group_at_++];
        if (known(event)) return true;
    }
}

std::string TraceReader::find_version() {
    std::string_view line;
    while (header_.version().empty() && lines_.next(line))
        if (auto text = header_text(line)) read_header_line(*text);
    return header_.version();
}

std::vector<std::string> TraceReader::warnings() const {
    std::vector<std::string> all;
    auto lines = [](std::uint64_t n, const char* one, const char* more) {
        return fmt::format("{} {}", n, n == 1 ? one : more);
    };
    if (unknown_tags_.count)
        all.push_back(fmt::format("skipped {} with an unknown tag, first '{}' at {}",
                                  lines(unknown_tags_.count, "header line", "header lines"),
                                  unknown_tags_.what, lines_.place(unknown_tags_.line)));
    if (contradictions_.count)
        all.push_back(
            fmt::format("{} what an earlier one says, which counts; the first is at {}: {}",
                        lines(contradictions_.count, "header line contradicts", "header lines contradict"),
                        lines_.place(contradictions_.line), contradictions_.what));
    if (unknown_events_.count)
        all.push_back(
            fmt::format("skipped {} of a kind that the header does not name or this version does not know, "
                        "first {} at {}",
                        lines(unknown_events_.count, "event", "events"), unknown_events_.what,
                        lines_.place(unknown_events_.line)));
    if (skipped_.count)
        all.push_back(
            fmt::format("skipped {}; the first is {}: {}",
                        lines(skipped_.count, "line that makes no sense", "lines that make no sense"),
                        lines_.place(skipped_.line), skipped_.what));
    if (events_ > 0 && prepared_ && !start_.known)
        all.push_back(
            "there is no start_sched_clock line: the first event counts as the start, and the wall clock "
            "is unknown (shown from 1970 on)");
    return all;
}

}  // namespace migtrace
