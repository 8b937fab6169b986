/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/trace_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "migtrace/foreign.h"
#include "migtrace/run_guess.h"

namespace migtrace {

namespace {

/// More runs than this are no trace CPU after CPU; sorting is then faster than merging.
constexpr std::size_t kMostRuns = 4096;
/// All of them are open at a time.
constexpr std::size_t kMostFilesToMerge = 256;
/// What the readers of all runs may take together, and each of them.
constexpr std::size_t kRunBuffers = 16 << 20, kLeastRunBuffer = 4096, kMostRunBuffer = 1 << 16;
constexpr std::size_t kRunRecords = 64;
constexpr std::size_t kBatch = 512;
/// When a pipe may be called sorted.
constexpr std::size_t kEventsBeforeStreaming = 1 << 16;
constexpr std::uint64_t kReturnsBeforeStreaming = 64;
constexpr unsigned kSamples = 64;
constexpr std::uint64_t kUsualLine = 36;

}  // namespace

/// Lines in the order of the input, behind records that wait in memory.
class TraceReader::Lines : public RecordSource {
 public:
    Lines(TraceReader& reader, std::unique_ptr<RecordSource> before) : reader_(reader), before_(std::move(before)) {}
    std::size_t fill(Record* to, std::size_t most) override {
        if (before_) {
            if (std::size_t filled = before_->fill(to, most)) return filled;
            before_.reset();
        }
        return reader_.read_records(reader_.lines_, to, most);
    }

 private:
    TraceReader& reader_;
    std::unique_ptr<RecordSource> before_;
};

/// A part of a file that is in order except for swapped neighbours.
class TraceReader::FileRun : public Run {
 public:
    FileRun(TraceReader& reader, LineReader lines)
        : reader_(reader), lines_(std::move(lines)), records_(RunTracker::kSwapDistance + kRunRecords) {}

    bool refill() override {
        do {
            std::move(records_.begin() + static_cast<std::ptrdiff_t>(ready_),
                      records_.begin() + static_cast<std::ptrdiff_t>(have_), records_.begin());
            have_ -= ready_;
            const std::size_t read = reader_.read_records(lines_, records_.data() + have_, kRunRecords);
            for (std::size_t i = have_; i < have_ + read; i++)
                for (std::size_t k = i; k > 0 && records_[k].ts < records_[k - 1].ts; k--)
                    std::swap(records_[k], records_[k - 1]);
            have_ += read;
            ready_ = read == 0 ? have_ : have_ - std::min(have_, RunTracker::kSwapDistance);
            if (read == 0 && have_ == 0) return false;
        } while (ready_ == 0);
        at = records_.data();
        end = at + ready_;
        if (at->ts < last_ && reader_.guessed_) throw OutOfOrder("parts of CPUs begin where none was seen");
        if (at->ts < last_)
            throw base::Error(fmt::format("{}: was in another order when it was read the first time; has it been "
                                          "written meanwhile?",
                                          reader_.lines_.place(at->line)));
        last_ = end[-1].ts;
        return true;
    }

 private:
    TraceReader& reader_;
    LineReader lines_;
    std::vector<Record> records_;
    std::size_t ready_ = 0, have_ = 0;  // up to ready_ they are in their place
    std::uint64_t last_ = 0;
};

void TraceReader::Note::add(std::uint64_t at, const std::string& about) {
    // Runs are read side by side, so that what comes first need not stand first.
    if (count++ > 0 && at >= line) return;
    line = at;
    what = about;
}

TraceReader::TraceReader(ReadOptions options)
    : lines_(options.files), options_(std::move(options)), extras_(options_.order == ReadOptions::Order::Full), batch_(kBatch) {
    if (options_.before_wait)
        lines_.set_before_wait([this] {
            if (prepared_ && live()) options_.before_wait();
        });
}

/// Notes a line that makes no sense, or throws with --strict.
void TraceReader::fault(Fault fault, std::uint64_t line) {
    if (guessed_) throw OutOfOrder("the numbers of lines are not known");
    if (options_.strict)
        throw base::Error(
            fmt::format("{}: the line makes no sense: {}", lines_.place(line), describe(fault)));
    skipped_.add(line, describe(fault));
}

void TraceReader::read_header_line(std::string_view text) {
    using Result = TraceHeader::Result;
    if (header_read_) return;
    if (const auto lost = parse_lost(text)) {
        lost_[lost->cpu] += lost->count;
        return;
    }
    if (events_ > 0) header_late_ = true;
    const std::uint64_t number = lines_.number();
    switch (header_.add(text, lines_.place(number))) {
        case Result::Added:
            if (!source_ || events_ == 0) break;
            if (lines_.rereadable()) throw OutOfOrder(fmt::format("{}: a late header line", lines_.place(number)));
            throw base::Error(
                fmt::format("{}: a new header line after {} events of a pipe that looked sorted; sort all of it first, "
                            "or name the file instead of the pipe",
                            lines_.place(number), events_));
        case Result::Repeated:
            break;
        case Result::Contradicts:
            // Parts of one trace may come from readers that saw different numbers of CPUs.
            if (!text.starts_with("nr_cpus")) contradictions_.add(number, std::string(text));
            break;
        case Result::UnknownTag:
            unknown_tags_.add(number, std::string(cut_word(text)));
            break;
        case Result::Malformed:
            fault(Fault::Header, number);
            break;
    }
}

/// The start is the first start line in order, so at equal times the one that `sort` puts first.
void TraceReader::note_start(const Event& event) {
    if (start_event_ && event.ts > start_event_->ts) return;
    if (start_event_ && event.ts == start_event_->ts) {
        std::vector<Event> both = {*start_event_, event};
        sort_equal_times(both);
        start_event_ = both[0];
    } else
        start_event_ = event;
    start_ = {start_event_->ts, start_event_->wall_us, true};
}

/// Another event of a CPU, in the order of the input.
void TraceReader::note_turn(std::uint32_t cpu) {
    if (cpu >= kMostCpus) return;
    if (cpus_.size() <= cpu) cpus_.resize(cpu + 1);
    if (cpus_[cpu] && cpu != last_cpu_) returns_++;
    cpus_[cpu] = true;
    last_cpu_ = cpu;
}

void TraceReader::note_cpu(std::uint32_t cpu) {
    cpus_seen_ = std::max(cpus_seen_, std::min(cpu, kMostCpus - 1) + 1);
}

/// The next event line, in whatever order. Header lines and those that make no sense are dealt with. Without `may_wait` false also when it
/// has not come yet.
bool TraceReader::read_event(LineReader& lines, Event& event, bool may_wait) {
    std::string_view line;
    while ((may_wait || !live() || !lines.must_wait()) && lines.next(line)) {
        if (auto text = header_text(line)) {
            read_header_line(*text);
            continue;
        }
        if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
        const Fault found = lines.too_long() ? Fault::TooLong : parse_event(line, event);
        if (found == Fault::None) {
            event.line = static_cast<std::uint32_t>(lines.number());
            return true;
        }
        if (lines.number() == 1) foreign_ = foreign_file(line, lines_.file_name(1));
        fault(lines.unfinished() ? Fault::BrokenOff : found, lines.number());
    }
    return false;
}

/// Comm events among others make pieces short. Without full order they tell nothing but how far the trace goes.
bool TraceReader::put_off(const Event& event) {
    if (options_.order == ReadOptions::Order::Full || event.shape != Shape::Comm) return false;
    if (header_.role(event.number) != Role::Comm) return false;
    events_++;
    earliest_comm_ = std::min(earliest_comm_, event.ts);
    if (!latest_comm_ || event.ts >= latest_comm_->ts) {
        latest_comm_ = event;
        latest_comm_->comm_length = 0;
    }
    return true;
}

std::size_t TraceReader::read_records(LineReader& lines, Record* to, std::size_t most) {
    std::size_t read = 0;
    Event event;
    for (;;) {
        const std::size_t scanned = lines.scan(to + read, most - read);
        read += scanned;
        events_ += scanned;
        if (read == most || !read_event(lines, event, read == 0)) return read;
        if (event.shape == Shape::Start && (any_order_ || !prepared_)) {
            note_start(event);
            if (guessed_ && (start_.ts != guessed_->ts || start_.wall_us != guessed_->wall_us))
                throw OutOfOrder("the trace starts where no start was seen");
        }
        note_cpu(event.shape == Shape::Migration ? std::max({event.cpu, event.from, event.to}) : event.cpu);
        if (put_off(event)) continue;
        to[read++] = extras_.pack(event);
        events_++;
        if (read == most) return read;
    }
}

/// Whether samples from all over the files are in order.
bool TraceReader::looks_sorted() {
    std::uint64_t last = 0;
    for (const LineReader::Sample& sample : lines_.samples(kSamples)) {
        std::uint64_t ts = 0;
        if (!parse_time_stamp(sample.line, ts)) continue;
        if (ts < last) return false;
        last = ts;
    }
    return true;
}

/// Looks at a line that scanning time stamps has stopped at.
void TraceReader::find_runs_from(std::string_view line, RunTracker& tracker) {
    const LineReader::Position& begin = lines_.line_begin();
    // With its first line, and not its first event: what makes no sense in between is to be read again, and counted.
    if (found_.empty() || found_.back().file != begin.file) {
        latest_ = std::max(latest_, tracker.latest());
        tracker = {};
        found_.push_back(begin);
    }
    if (auto text = header_text(line)) {
        read_header_line(*text);
        return;
    }
    Event event;
    if (!parse_time_stamp(line, event.ts)) return;
    const std::uint64_t before = tracker.latest();
    if (!tracker.add(event.ts)) {
        tracker.add(event.ts);
        latest_ = std::max(latest_, before);
        found_.push_back(begin);
    }
    found_swapped_ = found_swapped_ || tracker.swapped();
    // Most are comm events, of which nothing need be known here.
    const bool is_start = line.find("start_sched_clock") != std::string_view::npos &&
                          parse_event(line, event) == Fault::None && event.shape == Shape::Start;
    if (is_start) note_start(event);
    if (events_++ == 0) starts_with_start_ = is_start;
}

void TraceReader::find_runs() {
    RunTracker tracker;
    std::string_view line;
    while (lines_.next(line)) {
        find_runs_from(line, tracker);
        events_ += lines_.scan(tracker);
    }
    found_swapped_ = found_swapped_ || tracker.swapped();
    latest_ = std::max(latest_, tracker.latest());
    header_read_ = true;
    found_events_ = events_;
    events_ = 0;
    lines_.rewind();
}

bool TraceReader::runs_are_in_order() const {
    return found_.size() == 1 && !found_swapped_ && starts_with_start_ && !header_late_;
}

Runs TraceReader::file_runs() {
    Runs runs;
    const std::size_t buffer = std::clamp(kRunBuffers / found_.size(), kLeastRunBuffer, kMostRunBuffer);
    const LineReader::Position end{SIZE_MAX, 0, 0};
    for (std::size_t i = 0; i < found_.size(); i++) {
        const LineReader::Position& to = i + 1 < found_.size() ? found_[i + 1] : end;
        runs.push_back(std::make_unique<FileRun>(*this, lines_.part(found_[i], to, buffer)));
    }
    return runs;
}

/// A trace CPU after CPU never comes back to a CPU without going back in time.
bool TraceReader::surely_sorted() const {
    return store_.size() >= kEventsBeforeStreaming && returns_ >= kReturnsBeforeStreaming && found_.size() == 1 &&
           !found_swapped_ && !header_late_ && start_.known && header_complete();
}

/// Keeps what is read; to the end, or until a pipe turns out to be sorted.
void TraceReader::collect() {
    RunTracker tracker;
    std::vector<std::size_t> begins;
    found_.clear();
    found_swapped_ = false;
    bool sorted = false;
    while (!sorted) {
        if (have_ == 0) have_ = read_records(lines_, batch_.data(), batch_.size());
        if (have_ == 0) break;
        for (std::size_t i = 0; i < have_; i++) {
            const Record& record = batch_[i];
            if (record.is_migration()) {
                note_turn(record.cpu);
                note_cpu(std::max({record.cpu, record.from, record.to}));
            }
            if (begins.empty() || !tracker.add(record.ts)) {
                tracker.add(record.ts);
                begins.push_back(store_.size());
                found_.push_back({});
            }
            store_.insert(record, begins.back());
        }
        have_ = 0;
        found_swapped_ = tracker.swapped();
        sorted = !lines_.rereadable() && (surely_sorted() || live());
    }
    if (begins.size() > kMostRuns) begins = store_.sort_pieces();
    source_ = std::make_unique<Merge>(store_.runs(begins));
    if (sorted) source_ = std::make_unique<Lines>(*this, std::move(source_));
}

/// Whether going through all runs in each period costs more than merging them.
bool TraceReader::few_per_period() const {
    const std::uint64_t periods = (latest_ - std::min(latest_, start_.ts)) / options_.period;
    return periods > found_events_ / found_.size();
}

/// Reads from front to back if that gives the order that is wanted, as far as the first events tell.
bool TraceReader::read_straight() {
    any_order_ = options_.order == ReadOptions::Order::Any;
    have_ = read_records(lines_, batch_.data(), batch_.size());
    const bool header = header_complete() && !header_late_;
    const bool start = start_event_ && start_event_->ts == batch_[0].ts;
    if (have_ > 0 && !(header && (any_order_ || start))) return false;
    assumed_ = !any_order_;
    source_ = std::make_unique<Lines>(*this, nullptr);
    return true;
}

/// Reads the header, up to the first event. False unless that is a start line, with nothing strange in front.
bool TraceReader::begins_plainly() {
    std::string_view line;
    while (lines_.next(line)) {
        if (auto text = header_text(line)) {
            read_header_line(*text);
            continue;
        }
        Event event{};
        if (parse_event(line, event) != Fault::None || event.shape != Shape::Start) return false;
        note_start(event);
        return header_complete() && !skipped_.count && !unknown_tags_.count && !contradictions_.count;
    }
    return false;
}

/// Merges by periods what samples tell of the runs of a file. False when that does not do; nothing has been read then.
bool TraceReader::guess_source() {
    if (options_.files.size() != 1) return false;
    if (begins_plainly()) {
        RunGuess guess = guess_runs(lines_, lines_.line_begin());
        found_ = std::move(guess.begins);
        latest_ = guess.latest;
        found_events_ = lines_.bytes() / kUsualLine;
        for (const Event& start : guess.starts) note_start(start);
    }
    lines_.rewind();
    if (found_.size() > 1 && found_.size() <= kMostRuns && !few_per_period()) {
        guessed_ = start_;
        return true;
    }
    found_.clear();
    latest_ = 0;
    start_event_.reset();
    start_ = {};
    skipped_ = unknown_tags_ = contradictions_ = {};
    return false;
}

void TraceReader::merge_periods() {
    any_order_ = true;
    source_ = std::make_unique<PeriodMerge>(file_runs(), start_.ts, options_.period);
}

void TraceReader::choose_source() {
    using Order = ReadOptions::Order;
    if (options_.order == Order::Any || (options_.optimistic && lines_.rereadable() && looks_sorted())) {
        if (read_straight()) return;
        any_order_ = false;
        if (lines_.rereadable())
            throw OutOfOrder("the header and the start of the trace do not stand before the first event");
        return collect();
    }
    if (!lines_.rereadable()) return collect();
    if (options_.optimistic && options_.order == Order::Periods && guess_source()) return merge_periods();

    find_runs();
    if (!header_complete() || found_events_ == 0 || found_.size() > kMostRuns || found_.back().file > kMostFilesToMerge)
        return collect();
    if (runs_are_in_order()) {
        source_ = std::make_unique<Lines>(*this, nullptr);
    } else if (options_.order == Order::Periods && start_.known && !few_per_period()) {
        merge_periods();
    } else
        source_ = std::make_unique<Merge>(file_runs());
}

void TraceReader::prepare() {
    if (prepared_) return;
    choose_source();
    is_cause_.assign(std::numeric_limits<decltype(Record::code)>::max() + 1, false);
    for (const auto& [number, name] : header_.causes()) is_cause_[number] = true;
    if ((have_ > 0 ? settle() : refill()) || latest_comm_) note_earliest();
    prepared_ = true;
}

/// Without a start line the earliest event counts as the start.
void TraceReader::note_earliest() {
    if (start_.known) return;
    std::uint64_t earliest = earliest_comm_;
    for (std::size_t i = 0; i < have_; i++) earliest = std::min(earliest, batch_[i].ts);
    if (!prepared_ || earliest < start_.ts) start_.ts = earliest;
}

/// Finds out how much of the batch is complete.
bool TraceReader::settle() {
    ready_ = have_;
    // Those with the same time stamp that come later are told later.
    if (any_order_ || live()) return have_ > 0;
    while (ready_ > 0 && batch_[ready_ - 1].ts == batch_[have_ - 1].ts) ready_--;
    return ready_ > 0;
}

/// The next records into the batch; false at the end.
bool TraceReader::refill() {
    for (;;) {
        std::move(batch_.begin() + static_cast<std::ptrdiff_t>(at_), batch_.begin() + static_cast<std::ptrdiff_t>(have_),
                  batch_.begin());
        have_ -= at_;
        at_ = 0;
        // All of it has the same time stamp.
        if (have_ == batch_.size()) batch_.resize(2 * batch_.size());
        const std::size_t filled = source_->fill(batch_.data() + have_, batch_.size() - have_);
        have_ += filled;
        if (filled == 0) {
            ready_ = have_;
            return have_ > 0;
        }
        if (any_order_ && prepared_) note_earliest();
        if (settle()) return true;
    }
}

/// How many of the next records are known migrations, each with a time stamp of its own.
std::size_t TraceReader::count_plain() {
    const Record* const records = batch_.data();
    std::size_t i = at_;
    const std::size_t sure = any_order_ ? ready_ : std::min(ready_, have_ - 1);
    if (any_order_) {
        std::uint64_t last = piece_last_, other = 0;
        const char* const is_cause = is_cause_.data();
        for (; i + 4 <= sure; i += 4) {
            const Record* const r = records + i;
            if (!(is_cause[r[0].code] & is_cause[r[1].code] & is_cause[r[2].code] & is_cause[r[3].code])) break;
            last = std::max({last, r[0].ts, r[2].ts});
            other = std::max({other, r[1].ts, r[3].ts});
        }
        for (; i < sure && is_cause[records[i].code]; i++) last = std::max(last, records[i].ts);
        piece_last_ = std::max(last, other);
        return i - at_;
    }
    while (i < sure && records[i].ts < records[i + 1].ts && is_cause_[records[i].code]) i++;
    if (i == sure && i < ready_ && is_cause_[records[i].code]) i++;
    if (i > at_) piece_last_ = records[i - 1].ts;
    return i - at_;
}

void TraceReader::out_of_order(std::uint32_t line) {
    const std::string place = lines_.place(line);
    if (assumed_) throw OutOfOrder(fmt::format("{}: goes back in time", place));
    if (lines_.rereadable())
        throw base::Error(fmt::format("{}: was in another order when it was read the first time; has it been written "
                                      "meanwhile?",
                                      place));
    throw base::Error(fmt::format("{}: goes back in time after {} events in order; sort the input first "
                                  "(LC_ALL=C sort), or name the file instead of a pipe",
                                  place, events_ - 1));
}

/// Takes the next record, and those that have the same time stamp, and sorts them.
void TraceReader::take_group() {
    group_.clear();
    group_at_ = 0;
    const std::uint64_t ts = batch_[at_].ts;
    do group_.push_back(extras_.unpack(batch_[at_++]));
    while (!any_order_ && at_ < ready_ && batch_[at_].ts == ts);
    sort_equal_times(group_);
    piece_last_ = std::max(any_order_ ? piece_last_ : 0, ts);
    if (!any_order_ && at_ < have_ && batch_[at_].ts < ts) out_of_order(batch_[at_].line);
}

/// Whether the header knows the event, in this shape.
bool TraceReader::known(const Event& event) {
    if (event.shape == Shape::Start) return true;
    bool fits = false;
    switch (header_.role(event.number)) {
        case Role::Unknown:
        case Role::OtherLoc:
            if (guessed_) throw OutOfOrder("the numbers of lines are not known");
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

bool TraceReader::next(Piece& piece) {
    prepare();
    for (;;) {
        while (group_at_ < group_.size()) {
            piece.migrations = {};
            piece.other = group_[group_at_++];
            piece.last = piece_last_;
            if (known(piece.other)) return true;
        }
        if (at_ == ready_) extras_.tidy();
        if (at_ == ready_ && !refill()) {
            guessed_.reset();
            if (!latest_comm_) return false;
            note_earliest();
            piece.migrations = {};
            piece.other = *latest_comm_;
            piece.last = piece_last_ = std::max(piece_last_, latest_comm_->ts);
            latest_comm_.reset();
            return true;
        }
        if (const std::size_t plain = count_plain()) {
            piece.migrations = {batch_.data() + at_, plain};
            piece.last = piece_last_;
            at_ += plain;
            return true;
        }
        take_group();
    }
}

bool TraceReader::next(Event& event) {
    if (piece_.migrations.empty()) {
        if (!next(piece_)) return false;
        if (piece_.migrations.empty()) {
            event = piece_.other;
            return true;
        }
    }
    event = extras_.unpack(piece_.migrations.front());
    piece_.migrations = piece_.migrations.subspan(1);
    return true;
}

void TraceReader::look_ahead() {
    if (guessed_) throw OutOfOrder("only all of it tells whether it is in order");
    if (!assumed_) return;
    LineReader rest = lines_.rest();
    RunTracker tracker;
    // From the last that was handed out.
    for (std::size_t i = std::max<std::size_t>(at_, 1) - 1; i < have_; i++)
        if (!tracker.add(batch_[i].ts) || tracker.swapped())
            throw OutOfOrder(fmt::format("{}: goes back in time", lines_.place(batch_[i].line)));
    std::string_view line;
    std::uint64_t ts = 0;
    do {
        rest.scan(tracker);
        if (tracker.swapped() || !rest.next(line)) break;
        // Most headers in the middle are repetitions, but to find out is not worth the while.
        if (header_text(line) || (parse_time_stamp(line, ts) && !tracker.add(ts)))
            throw OutOfOrder(fmt::format("{}: the input is not in order from here on", lines_.place(rest.number())));
    } while (!tracker.swapped());
    if (tracker.swapped())
        throw OutOfOrder(fmt::format("{}: goes back in time, or soon before", lines_.place(rest.number())));
    assumed_ = false;
}

std::string TraceReader::find_version() {
    std::string_view line;
    while (header_.version().empty() && lines_.next(line))
        if (auto text = header_text(line)) read_header_line(*text);
    return header_.version();
}

std::vector<std::string> TraceReader::warnings() const {
    std::vector<std::string> all = notes_;
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
    for (const auto& [cpu, count] : lost_)
        all.push_back(fmt::format("{} of CPU {} {} lost before anybody could read {}: take a larger buffer, or filters",
                                  lines(count, "event", "events"), cpu, count == 1 ? "was" : "were", count == 1 ? "it" : "them"));
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
