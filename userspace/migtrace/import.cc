/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/import.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <memory>

#include "base/error.h"
#include "migtrace/foreign.h"
#include "migtrace/header.h"
#include "migtrace/import_cause.h"
#include "migtrace/line_reader.h"
#include "migtrace/pid_table.h"

namespace migtrace {

namespace {

using Kind = SchedEvent::Kind;
using What = ImportedEvent::What;

/// Numbers as in the traces of the kernel module.
enum Loc : std::uint16_t { kCopyProcess = 8, kSetTaskComm = 9, kTaskList = 10, kMark = 11 };

/// Where the trace waits until the number of CPUs is known.
class Spool {
 public:
    Spool() : file_(make()), output_(file_.get()) {}
    Output& output() { return output_; }

    void copy_to(Output& to) {
        output_.flush();
        if (std::fflush(file_.get()) != 0 || std::fseek(file_.get(), 0, SEEK_SET) != 0) fail("write");
        std::array<char, 1 << 16> piece;
        while (std::size_t got = std::fread(piece.data(), 1, piece.size(), file_.get())) {
            to.put({piece.data(), got});
            to.flush_if_full();
        }
        if (std::ferror(file_.get())) fail("read");
    }

 private:
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    static std::string folder() {
        const char* named = ::getenv("TMPDIR");
        return named && *named ? named : "/tmp";
    }
    [[noreturn]] static void fail(const char* doing) {
        throw base::system_error(
            fmt::format("cannot {} a temporary file in {}", doing, folder()), errno,
            "name another folder with TMPDIR; or say how many CPUs there are with --cpus N, "
            "and none is needed");
    }
    static std::FILE* make() {
        std::string name = folder() + "/migrate_import-XXXXXX";
        const int fd = ::mkostemp(name.data(), O_CLOEXEC);
        if (fd < 0) fail("make");
        ::unlink(name.c_str());
        std::FILE* file = ::fdopen(fd, "w+");
        if (!file) fail("make");
        return file;
    }
    std::unique_ptr<std::FILE, Close> file_;
    Output output_;
};

/// Prints the trace.
class TraceWriter {
 public:
    TraceWriter(const ImportOptions& options, Output& output)
        : cpus_(options.cpus), clock_zero_us_(options.clock_zero_us), output_(output) {}

    /// What the input says, in front of the first event; the first word counts.
    void cpus_told(unsigned cpus) {
        if (!cpus_ && !now_) cpus_ = cpus;
    }
    unsigned cpus() const { return cpus_.value_or(cpus_seen_); }
    unsigned cpus_seen() const { return cpus_seen_; }

    void start(std::uint64_t ts, std::uint32_t cpu) {
        if (cpus_)
            header(output_);
        else
            spool_ = std::make_unique<Spool>();
        now_ = cpus_ ? &output_ : &spool_->output();
        const std::uint64_t wall = clock_zero_us_ + ts / 1000;
        put_start(ts, cpu);
        now_->format(". . . start_sched_clock {} {}\n", wall / 1'000'000, wall % 1'000'000);
    }
    void put(const ImportedEvent& event) {
        put_start(event.ts, event.cpu);
        switch (event.what) {
            case What::Migration:
                see_cpu(std::max(event.from, event.to));
                now_->format("{} {} {} {}\n", event.from, event.to, event.pid, event.number);
                break;
            case What::Comm:
                now_->format(". . {} {} : {}\n", event.pid, event.number, event.text);
                break;
            case What::Mark:
                now_->format(". . {} {} 0x{:08x}\n", event.pid, event.number, event.mark);
                break;
        }
        now_->flush_if_full();
    }
    void finish() {
        if (!now_) header(output_);
        if (!spool_) return;
        header(output_);
        spool_->copy_to(output_);
    }

 private:
    /// Readers put lines with the same time stamp into an order of their own. So that events stay in theirs,
    /// they get nanoseconds that the input has rounded away.
    void put_start(std::uint64_t ts, std::uint32_t cpu) {
        see_cpu(cpu);
        const bool back = ts < last_input_ts_;
        last_input_ts_ = ts;
        last_ts_ = back ? ts : std::max(ts, last_ts_ + 1);
        now_->format("0x{:016x} {} ", last_ts_, cpu);
    }
    void see_cpu(std::uint32_t cpu) { cpus_seen_ = std::max(cpus_seen_, cpu + 1); }
    void header(Output& to) {
        to.format("# version 1.0.0\n# nr_cpus {}\n# ts_field 1\n", cpus());
        to.format("# cause {} sched_fork\n# cause {} try_to_wake_up\n# cause {} unknown\n",
                  static_cast<unsigned>(ImportCause::sched_fork),
                  static_cast<unsigned>(ImportCause::try_to_wake_up),
                  static_cast<unsigned>(ImportCause::unknown));
        to.format("# loc {} copy_process\n# loc {} set_task_comm\n# loc {} task_list\n# loc {} mark\n",
                  static_cast<unsigned>(kCopyProcess), static_cast<unsigned>(kSetTaskComm),
                  static_cast<unsigned>(kTaskList), static_cast<unsigned>(kMark));
    }

    std::optional<unsigned> cpus_;
    std::uint64_t clock_zero_us_;
    Output& output_;
    std::unique_ptr<Spool> spool_;
    Output* now_ = nullptr;  // from start() on
    unsigned cpus_seen_ = 1;
    std::uint64_t last_input_ts_ = 0, last_ts_ = 0;
};

class Import {
 public:
    Import(const ImportOptions& options, Output& output)
        : options_(options),
          lines_(options.files),
          writer_(options, output),
          causes_([this](const auto& event) {
              count(event);
              writer_.put(event);
          }) {}

    ImportSummary run() {
        std::string_view line;
        while (lines_.next(line)) {
            if (lines_.number() == 1) look_at_first(line);
            if (!any_) look_at_header(line);
            take(line);
        }
        if (!any_) throw base::Error(no_event());
        causes_.finish();
        writer_.finish();
        summary_.cpus = writer_.cpus();
        summary_.duration = latest_ts_ - first_ts_;
        warn();
        return summary_;
    }

 private:
    struct Note {
        std::uint64_t count = 0, line = 0;
        const char* what = "";
        void add(std::uint64_t at, const char* about = "") {
            if (count++ > 0) return;
            line = at;
            what = about;
        }
    };

    /// The files that these tools record are no text, and a trace is what this makes.
    void look_at_first(std::string_view line) {
        const std::string what = foreign_file(line, lines_.file_name(1));
        if (!what.empty()) throw base::Error(what);
    }

    /// Traces and stat files have a version both.
    void look_at_header(std::string_view line) {
        auto text = header_text(line);
        if (!text) return;
        const std::string_view tag = cut_word(*text);
        is_trace_ |= tag == "version" || tag == "nr_cpus" || tag == "cause";
        is_stat_ |= tag == "period_msec" || tag == "field";
    }

    void bad(const char* fault) {
        if (options_.strict)
            throw base::Error(
                fmt::format("{}: the line makes no sense: it {}", lines_.place(lines_.number()), fault));
        skipped_.add(lines_.number(), fault);
        // It may have been an event.
        causes_.lost();
    }

    void take(std::string_view line) {
        if (lines_.too_long()) return bad("is too long");
        SchedEvent event;
        const char* fault = nullptr;
        const LineKind kind = parse_sched_line(line, event, fault);
        // A number may have lost its last digits.
        if (lines_.unfinished() && kind == LineKind::Event)
            return bad("has no end: the input breaks off in it");
        switch (kind) {
            case LineKind::Event:
                return take(event);
            case LineKind::Bad:
                return bad(fault);
            case LineKind::Lost:
                causes_.lost();
                lost_.add(lines_.number());
                return;
            case LineKind::Ignored:
                if (auto cpus = cpus_told(line)) writer_.cpus_told(*cpus);
                return;
        }
    }

    void take(const SchedEvent& event) {
        if (!any_) {
            any_ = true;
            first_ts_ = latest_ts_ = event.ts;
            writer_.start(event.ts, event.cpu);
        } else if (event.ts < last_ts_) {
            // What comes now is older than what was seen: it proves nothing about it.
            back_.add(lines_.number());
            causes_.lost();
            first_ts_ = std::min(first_ts_, event.ts);
        }
        last_ts_ = event.ts;
        latest_ts_ = std::max(latest_ts_, event.ts);
        const auto kind = static_cast<std::size_t>(event.kind);
        seen_[kind] = true;
        switch (event.kind) {
            case Kind::Migrate:
                name(event, kTaskList);
                break;
            case Kind::WakeupNew:
            case Kind::NewTask:
                name(event, kCopyProcess);
                break;
            case Kind::Rename:
                name(event, kSetTaskComm);
                break;
            case Kind::Mark:
                mark(event);
                break;
            default:
                break;
        }
        causes_.see(event);
    }

    /// Tells the name of a process when it is not the one that is known. `number`: for the first name.
    void name(const SchedEvent& event, std::uint16_t number) {
        // 0 is for processes that have no name yet.
        const std::uint64_t hash = std::hash<std::string_view>()(event.comm) | 1;
        std::uint64_t& known = names_[event.pid];
        if (known == hash) return;
        if (known && number == kTaskList) number = kSetTaskComm;
        known = hash;
        ImportedEvent line = at(event, What::Comm, number);
        line.text = event.comm;
        // As the module does: a byte that breaks lines would.
        for (char& c : line.text)
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
        causes_.add(std::move(line));
    }
    void mark(const SchedEvent& event) {
        ImportedEvent line = at(event, What::Mark, kMark);
        line.mark = event.mark;
        causes_.add(std::move(line));
    }
    static ImportedEvent at(const SchedEvent& event, What what, std::uint16_t number) {
        ImportedEvent line;
        line.what = what;
        line.ts = event.ts;
        line.cpu = event.cpu;
        line.pid = event.pid;
        line.number = number;
        return line;
    }

    void count(const ImportedEvent& event) {
        if (event.what != What::Migration) return;
        summary_.migrations++;
        switch (static_cast<ImportCause>(event.number)) {
            case ImportCause::sched_fork:
                summary_.sched_fork++;
                break;
            case ImportCause::try_to_wake_up:
                summary_.try_to_wake_up++;
                break;
            case ImportCause::unknown:
                summary_.unknown++;
                break;
        }
    }

    bool seen(Kind kind) const { return seen_[static_cast<std::size_t>(kind)]; }

    std::string no_event() const {
        const std::string name = lines_.file_name(1);
        if (is_stat_) return name + " is a stat file and not the text of a tracer; migrate_extract and migrate_graph read it";
        if (is_trace_) return name + " is a trace already: migrate_stats and the others read it as it is";
        std::string text = name + ": no event in it";
        if (skipped_.count)
            text += fmt::format("; {} of its lines make no sense, first {}: it {}", skipped_.count,
                                lines_.place(skipped_.line), skipped_.what);
        return text +
               "; wanted is the text of trace-cmd report, perf script or /sys/kernel/tracing/trace, see "
               "--help";
    }

    void warn() {
        auto say = [this](std::string text) { summary_.warnings.push_back(std::move(text)); };
        auto times = [](std::uint64_t n) {
            return n == 1 ? std::string("once") : fmt::format("{} times", n);
        };
        if (skipped_.count)
            say(fmt::format("skipped {} {}; the first is {}: it {}", skipped_.count,
                            skipped_.count == 1 ? "line that makes no sense" : "lines that make no sense",
                            lines_.place(skipped_.line), skipped_.what));
        if (lost_.count)
            say(fmt::format(
                "the input says {} that events were lost, first at {}: migrations may be missing; record "
                "with larger buffers",
                times(lost_.count), lines_.place(lost_.line)));
        if (back_.count)
            say(fmt::format(
                "the input goes back in time {}, first at {}: the trace is not in order (the analyzers sort "
                "it), and causes at these places are unknown",
                times(back_.count), lines_.place(back_.line)));
        if (writer_.cpus_seen() > writer_.cpus())
            say(fmt::format(
                "there is an event of CPU {}, but the number of CPUs is said to be {}: tables will not "
                "show it; give --cpus {}",
                writer_.cpus_seen() - 1, writer_.cpus(), writer_.cpus_seen()));
        if (!seen(Kind::Migrate))
            say("there is no sched_migrate_task: record the event sched:sched_migrate_task");
        else if (!seen(Kind::Waking) || !seen(Kind::Wakeup))
            say(
                fmt::format("there is no {}, so that no wakeup can be told from other causes: record "
                            "sched:sched_waking and sched:sched_wakeup too",
                            seen(Kind::Waking) ? "sched_wakeup" : "sched_waking"));
    }

    const ImportOptions& options_;
    LineReader lines_;
    TraceWriter writer_;
    CauseFinder causes_;
    PidMap<std::uint64_t> names_;  // hash of the name that a process has; 0: none
    ImportSummary summary_;
    bool any_ = false, is_trace_ = false, is_stat_ = false;
    std::uint64_t first_ts_ = 0, last_ts_ = 0, latest_ts_ = 0;
    std::array<bool, static_cast<std::size_t>(Kind::Other) + 1> seen_{};
    Note skipped_, lost_, back_;
};

}  // namespace

ImportSummary import_trace(const ImportOptions& options, Output& output) {
    return Import(options, output).run();
}

}  // namespace migtrace
