/* SPDX-License-Identifier: GPL-2.0-only */
#include "migrecord/record.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "base/subprocess.h"
#include "migrecord/feature.h"

namespace migrecord {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr auto kTick = 200ms;
/// How long a command that was asked to end may take before we stop waiting.
constexpr auto kCommandGrace = 2s;

const std::string& shown(const std::string& file) {
    static const std::string kStandardOutput = "standard output";
    return file == "-" ? kStandardOutput : file;
}

/// A feature that is being recorded, with the file that it will go to.
class Part {
 public:
    Part(Feature::Kind kind, const std::string& debugfs, const std::string& file, bool force)
        : feature_(kind, debugfs), file_(file), saved_{file, {}, false} {
        feature_.claim(force);
        output_ = std::make_unique<base::OutputFile>(file);
    }
    ~Part() {
        if (keep_) return;
        try {
            drop();
        } catch (const base::Error&) {
            // There is a better reason for being here.
        }
    }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

    void use_period(std::chrono::milliseconds period) {
        auto before = feature_.period();
        if (before == period) return;
        feature_.set_period(period);
        period_before_ = before;
    }

    void use_buffers(std::uint64_t kb) {
        const auto before = feature_.buffer_kb();
        if (before == kb) return;
        feature_.set_buffer_kb(kb);
        buffer_kb_before_ = before;
    }

    void keep_newest() {
        if (feature_.overwrites()) return;
        feature_.set_overwrite(true);
        overwrite_set_ = true;
    }

    void start() {
        feature_.start();
        started_ = true;
    }

    /// To be called before start(): then copy() takes events as they come, and save() the rest.
    void follow() { pipe_ = feature_.open_pipe(); }
    /// Readable when there is something for copy(); -1 when nothing is followed.
    int pipe() const { return pipe_ ? pipe_.get() : -1; }
    /// Copies what there is now. Throws Error.
    void copy() {
        std::array<char, 65536> piece;
        for (;;) {
            const ssize_t got = ::read(pipe_.get(), piece.data(), piece.size());
            if (got == 0 || (got < 0 && errno == EAGAIN)) return;
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) throw base::system_error(fmt::format("cannot read {}", feature_.file("trace_pipe")), errno);
            take({piece.data(), static_cast<std::size_t>(got)});
        }
    }
    bool running() const { return feature_.enabled(); }
    void stop() { stopped_by_itself_ = !feature_.stop(); }

    /// Copies the text to its file and empties the kernel's memory. Throws Error when the file could not be
    /// written; the recording stays in the kernel then.
    Saved save(base::StopSignals& signals, const Listener& listener) {
        saved_.stopped_by_itself = stopped_by_itself_;
        try {
            if (pipe_)
                copy();
            else
                feature_.read([&](std::string_view piece) {
                    take(piece);
                    if (signals.take()) listener.note(fmt::format("still saving to {}, a moment please", shown(file_)));
                });
            saved_.tally.finish();
            output_->commit(true);
        } catch (const base::Error& e) {
            keep_ = true;
            throw base::Error(
                fmt::format("{}. The recording is still in the kernel; get it with: cat {} > FILE, and then "
                            "empty it with: echo 0 > {}",
                            e.what(), feature_.data_file(), feature_.file("reset")));
        }
        try {
            drop();
        } catch (const base::Error& e) {
            listener.warn(e.what());
        }
        return std::move(saved_);
    }

    /// Leaves the recording in the kernel.
    void keep() { keep_ = true; }
    /// As it was before: off, empty, with its old period and buffers.
    void drop() {
        pipe_.reset();
        if (started_) feature_.reset();
        started_ = false;
        if (overwrite_set_) feature_.set_overwrite(false);
        overwrite_set_ = false;
        if (buffer_kb_before_) feature_.set_buffer_kb(*buffer_kb_before_);
        buffer_kb_before_.reset();
        if (period_before_) feature_.set_period(*period_before_);
        period_before_.reset();
    }

 private:
    void take(std::string_view piece) {
        saved_.tally.add(piece);
        output_->write(piece);
    }

    Feature feature_;
    std::string file_;
    Saved saved_;
    base::UniqueFd pipe_;
    std::unique_ptr<base::OutputFile> output_;
    std::optional<std::chrono::milliseconds> period_before_;
    std::optional<std::uint64_t> buffer_kb_before_;
    bool overwrite_set_ = false;
    bool started_ = false;
    bool keep_ = false;
    bool stopped_by_itself_ = false;
};

/// Of the trace if it is followed; null otherwise.
Part* followed(const std::vector<Part*>& parts) {
    const auto part = std::find_if(parts.begin(), parts.end(), [](const Part* part) { return part->pipe() >= 0; });
    return part == parts.end() ? nullptr : *part;
}

bool any_runs(const std::vector<Part*>& parts) {
    return std::any_of(parts.begin(), parts.end(), [](const Part* part) { return part->running(); });
}

/// Returns when the command has ended, the time is over, the user wants it, or nothing is recorded any more.
/// False: the command is to be asked to end.
bool wait_for_end(const Options& options, const std::vector<Part*>& parts, base::Child* command,
                  Clock::time_point start, base::StopSignals& signals, const Listener& listener) {
    auto next_look = start + 1s;
    Part* const live = followed(parts);
    for (;;) {
        auto now = Clock::now();
        if (options.duration && now - start >= *options.duration) return false;
        auto wait = std::chrono::ceil<std::chrono::milliseconds>(
            options.duration ? std::min<std::chrono::nanoseconds>(kTick, *options.duration - (now - start))
                             : kTick);
        std::array<pollfd, 3> polled = {
            {{signals.fd(), POLLIN, 0}, {command ? command->fd() : -1, POLLIN, 0}, {live ? live->pipe() : -1, POLLIN, 0}}};
        ::poll(polled.data(), polled.size(), static_cast<int>(wait.count()));
        if (live && polled[2].revents) live->copy();
        if (signals.take()) return false;
        if (command && command->wait(0ms)) return true;
        now = Clock::now();
        listener.tick(now - start);
        // With a full buffer there is nothing to wait for but the command.
        if (!command && now >= next_look) {
            if (!any_runs(parts)) return true;
            next_look = now + 1s;
        }
    }
}

}  // namespace

void choose_files(Options& options, bool trace, bool stat, const std::string& output) {
    if (!trace && !stat) trace = true;
    if (trace && stat && output == "-")
        throw base::UsageError("-o -: a trace and statistics cannot both go to standard output");
    if (trace) options.trace_file = !output.empty() ? output : options.follow ? "-" : "migrate.trace";
    if (!stat) return;
    if (output.empty())
        options.stat_file = "migrate.stat";
    else
        options.stat_file = trace ? output + ".stat" : output;
}

Result record(const Options& options, base::StopSignals& signals, const Listener& listener) {
    Facility facility(options.facility, listener.warn);
    Result result;

    std::unique_ptr<Part> trace, stat;
    std::vector<Part*> parts;
    if (options.stat_file) {
        stat = std::make_unique<Part>(Feature::Stat, facility.debugfs(), *options.stat_file, options.force);
        if (options.period) stat->use_period(*options.period);
        parts.push_back(stat.get());
    }
    if (options.trace_file) {
        trace =
            std::make_unique<Part>(Feature::Trace, facility.debugfs(), *options.trace_file, options.force);
        if (options.facility.trace_buf_kb) trace->use_buffers(*options.facility.trace_buf_kb);
        if (options.overwrite || options.follow) trace->keep_newest();
        if (options.follow) trace->follow();
        parts.push_back(trace.get());
    }

    // The command exists before the start, so that making it is not part of what is recorded.
    std::unique_ptr<base::Child> command;
    if (!options.command.empty()) {
        base::ChildOptions child;
        if (options.trace_file == "-" || options.stat_file == "-") child.output = STDERR_FILENO;
        command = std::make_unique<base::Child>(options.command, child);
    }
    for (Part* part : parts) part->start();
    auto start = Clock::now();
    listener.tick(0s);
    if (command)
        if (int error = command->execute()) {
            result.start_error = error;
            return result;
        }

    bool done = wait_for_end(options, parts, command.get(), start, signals, listener);
    try {
        // From here on what was recorded must not get lost.
        for (Part* part : parts) part->keep();
        result.duration = Clock::now() - start;
        for (Part* part : parts) part->stop();
        if (command && !done) command->kill(SIGTERM);
        if (trace) result.trace = trace->save(signals, listener);
        if (stat) result.stat = stat->save(signals, listener);
    } catch (const base::Error&) {
        facility.abandon();
        throw;
    }
    if (command) {
        result.command_status = command->wait(kCommandGrace);
        result.command_runs = !result.command_status;
    }
    return result;
}

int exit_status(const Result& result) {
    if (result.start_error) return *result.start_error == ENOENT ? 127 : 126;
    if (!result.command_status) return 0;
    int status = *result.command_status;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace migrecord
