/* SPDX-License-Identifier: GPL-2.0-only */
#include "migwatch/session.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"

namespace migwatch {

namespace {

using migrecord::Feature;
using Warn = std::function<void(const std::string&)>;

/// A feature that this switches on, or finds switched on; as it was at the end.
class Lease {
 public:
    Lease(Feature::Kind kind, const std::string& debugfs) : feature_(kind, debugfs) {}
    ~Lease() {
        try {
            end();
        } catch (const base::Error&) {
            // The program ends, perhaps with a better reason.
        }
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    const Feature& feature() const { return feature_; }
    bool shared() const { return !started_; }

    void start() {
        feature_.start();
        started_ = true;
    }
    void keep_newest() {
        if (feature_.overwrites()) return;
        feature_.set_overwrite(true);
        overwrite_set_ = true;
    }
    void use_period(std::chrono::milliseconds period) {
        const auto before = feature_.period();
        if (before == period) return;
        feature_.set_period(period);
        period_before_ = before;
    }

 private:
    void end() {
        if (started_) feature_.reset();
        if (overwrite_set_) feature_.set_overwrite(false);
        if (period_before_) feature_.set_period(*period_before_);
    }
    Feature feature_;
    bool started_ = false, overwrite_set_ = false;
    std::optional<std::chrono::milliseconds> period_before_;
};

class ModuleSession : public Session {
 public:
    ModuleSession(const migrecord::FacilityOptions& options, std::chrono::milliseconds period, const Warn& warn)
        : facility_(options, warn), trace_(Feature::Trace, facility_.debugfs()) {
        begin_trace();
        try {
            begin_counts(period);
        } catch (const base::Error& error) {
            tail_.reset();
            counts_.reset();
            warn(fmt::format("{}; causes are counted by what the trace tells", error.what()));
        }
    }

    int fd() const override { return pipe_.get(); }
    void read_counts(Rates& rates) override {
        if (!tail_) return;
        const bool full = !counts_->feature().enabled();
        tail_->read(rates);
        if (full) restart_counts();
    }
    bool has_past() const override { return trace_.shared(); }
    std::string name() const override { return trace_.feature().file("trace_pipe"); }

 private:
    void begin_trace() {
        if (trace_.feature().enabled()) {
            pipe_ = trace_.feature().open_pipe();
            return;
        }
        trace_.feature().claim(false);
        trace_.keep_newest();
        pipe_ = trace_.feature().open_pipe();
        trace_.start();
    }

    /// A collection that is there already would tell of the time before, too.
    void begin_counts(std::chrono::milliseconds period) {
        counts_.emplace(Feature::Stat, facility_.debugfs());
        counts_->feature().claim(false);
        counts_->use_period(period);
        counts_->start();
        tail_.emplace(counts_->feature().data_file());
    }

    /// Their buffer was full, or somebody has switched them off.
    void restart_counts() {
        tail_.reset();
        counts_->feature().reset();
        counts_->feature().start();
        tail_.emplace(counts_->feature().data_file());
    }

    migrecord::Facility facility_;
    Lease trace_;
    std::optional<Lease> counts_;
    std::optional<StatTail> tail_;  // closed before they are emptied
    base::UniqueFd pipe_;
};

class FileSession : public Session {
 public:
    explicit FileSession(const std::string& path) : name_(path == "-" ? "standard input" : path) {
        fd_ = base::UniqueFd(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        if (!fd_) throw base::system_error(fmt::format("cannot open {}", name_), errno);
    }
    int fd() const override { return fd_.get(); }
    std::string name() const override { return name_; }

 private:
    std::string name_;
    base::UniqueFd fd_;
};

}  // namespace

std::unique_ptr<Session> watch_module(const migrecord::FacilityOptions& options, std::chrono::milliseconds period, const Warn& warn) {
    return std::make_unique<ModuleSession>(options, period, warn);
}

std::unique_ptr<Session> watch_file(const std::string& path) { return std::make_unique<FileSession>(path); }

}  // namespace migwatch
