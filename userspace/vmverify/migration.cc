/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmverify/migration.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/terminal.h"
#include "vmhost/answer.h"
#include "vmverify/faults.h"

namespace vmverify {

namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;
using vmhost::number_of;
using vmhost::text_of;

constexpr std::chrono::milliseconds kStep{20};
constexpr int kCancelSteps = 500;
/// As little as keeps QEMU looking for dirty pages again, instead of ending after the first pass.
constexpr int kHoldDowntime = 1;
/// After so many passes more than wanted the next downtime is allowed.
constexpr unsigned kPassesForDowntime = 3;
/// The major version of QEMU that refuses by itself what it cannot do together.
constexpr int kRefusesByItself = 8;

/// Throws Error for names that this QEMU does not know, and lists those that it does.
void check_known(vmhost::Qmp& qmp, const std::vector<std::string>& names) {
    std::vector<std::string> known;
    for (const Json& capability : qmp.execute("query-migrate-capabilities")) known.push_back(base::printable(text_of(capability, "capability")));
    for (const std::string& name : names)
        if (std::ranges::count(known, name) == 0)
            throw base::Error(fmt::format("--cap: this QEMU knows no capability '{}'; those that it knows: {}", base::printable(name),
                                          fmt::join(known, ", ")));
}

/// Throws Error for capabilities that this QEMU accepts, and that end its destination when they meet.
void check_together(vmhost::Qmp& qmp, const std::vector<std::string>& names) {
    const auto wanted = [&](const char* name) { return std::ranges::count(names, name) > 0; };
    if (!wanted("multifd") || !wanted("postcopy-ram")) return;
    const std::uint64_t major = number_of(qmp.execute("query-version").value("qemu", Json::object()), "major");
    if (major < kRefusesByItself)
        throw base::Error(fmt::format("--cap: with multifd and postcopy-ram together the destination of QEMU {} aborts at its end "
                                      "(yank_unregister_instance), and the VM is lost: take one of them, or a newer QEMU (10.0 refuses it by itself)",
                                      major));
}

class Migration {
 public:
    Migration(vmhost::Qmp* source, vmhost::Qmp* destination, const MigrationOptions& options, base::StopSignals& signals)
        : source_(source), destination_(destination), options_(options), signals_(signals), until_(Clock::now() + options.patience),
          postcopy_(std::ranges::count(options.capabilities, "postcopy-ram") > 0) {}

    MigrationFigures run(const std::function<void(const MigrationFigures&)>& each_pass) {
        try {
            begin();
            while (source_ && step(each_pass)) pause();
            while (destination_ && !destination_is_done()) pause();
        } catch (const base::Error&) {
            take_back();
            throw;
        }
        return figures_;
    }

 private:
    /// The VM stays with its source, whose settings are what they were, as far as it answers.
    void take_back() {
        if (!source_ || torn_) return;
        try {
            if (!options_.uri.empty()) source_->execute("migrate_cancel");
            // While it migrates it takes no capabilities.
            for (int i = 0; i < kCancelSteps && text_of(source_->execute("query-migrate"), "status") == "cancelling"; i++)
                std::this_thread::sleep_for(kStep);
            source_->execute("migrate-set-parameters", parameters_before_);
            if (!capabilities_before_.empty()) source_->execute("migrate-set-capabilities", {{"capabilities", capabilities_before_}});
        } catch (const base::Error&) {
        }
    }

    /// What take_back() puts back.
    void remember() {
        const Json parameters = source_->execute("query-migrate-parameters");
        for (const char* name : {"downtime-limit", "max-bandwidth"}) parameters_before_[name] = number_of(parameters, name);
        for (const Json& capability : source_->execute("query-migrate-capabilities"))
            if (std::ranges::count(options_.capabilities, text_of(capability, "capability")) && capability.value("state", true) == false)
                capabilities_before_.push_back(capability);
    }

    void begin() {
        if (destination_) {
            if (postcopy_) check_faults(*destination_);
            set_capabilities(*destination_, options_.capabilities);
        }
        if (source_) {
            remember();
            set_capabilities(*source_, options_.capabilities);
            Json parameters = Json::object();
            if (options_.bandwidth) parameters["max-bandwidth"] = *options_.bandwidth;
            allow(options_.passes > 1 ? kHoldDowntime : options_.downtime.count(), parameters);
        }
        if (destination_) {
            // Until the migration is over that only means: do not run then. Not before all that may be refused was accepted.
            destination_->execute("stop");
            if (!options_.uri.empty() && !options_.listens) destination_->execute("migrate-incoming", {{"uri", options_.uri}});
        }
        if (source_ && !options_.uri.empty()) source_->execute("migrate", {{"uri", options_.uri}});
    }

    void pause() {
        pollfd fd{signals_.fd(), POLLIN, 0};
        ::poll(&fd, 1, kStep.count());
        if (const int signal = signals_.take()) {
            const bool ours = source_ && !options_.uri.empty();
            throw base::Interrupted(ours ? "the migration was cancelled, and the VM stays where it was; nothing was compared" : "nothing was saved",
                                    signal);
        }
        if (Clock::now() > until_)
            throw TimedOut(fmt::format(
                "the migration is not over after {} s and {} passes (allow more with --downtime, --bandwidth or --timeout, or dirty less)",
                options_.patience.count(), figures_.passes));
    }

    void allow(std::int64_t downtime, Json parameters) {
        parameters["downtime-limit"] = downtime;
        source_->execute("migrate-set-parameters", parameters);
        figures_.allowed = std::chrono::milliseconds(downtime);
    }

    /// False when the source has done its part.
    bool step(const std::function<void(const MigrationFigures&)>& each_pass) {
        const Json answer = source_->execute("query-migrate");
        const std::string status = text_of(answer, "status");
        if (status == "failed" || status == "cancelled") fail(answer);
        if (status == "postcopy-paused") lose();
        const Json ram = answer.value("ram", Json::object());
        figures_.bytes = number_of(ram, "transferred");
        figures_.postcopy_bytes = number_of(ram, "postcopy-bytes");
        figures_.multifd_bytes = number_of(ram, "multifd-bytes");
        if (const std::uint64_t size = number_of(ram, "page-size")) figures_.page_size = size;
        if (source_->run_state() != "running" && figures_.stopped == Clock::time_point()) figures_.stopped = Clock::now();
        if (const auto passes = static_cast<unsigned>(number_of(ram, "dirty-sync-count")); passes > figures_.passes) {
            figures_.passes = passes;
            if (status == "active") {
                each_pass(figures_);
                go_on();
            }
        }
        if (status == "completed") {
            figures_.total = std::chrono::milliseconds(number_of(answer, "total-time"));
            figures_.downtime = std::chrono::milliseconds(number_of(answer, "downtime"));
        }
        return status != "completed";
    }

    /// After a pass: once there were enough, it may end.
    void go_on() {
        if (figures_.passes < options_.passes) return;
        if (postcopy_) {
            if (!std::exchange(switched_, true)) source_->execute("migrate-start-postcopy");
            return;
        }
        const unsigned more = (figures_.passes - options_.passes) / kPassesForDowntime;
        const auto downtime = options_.downtime * (1LL << std::min(more, 10U));
        if (downtime != figures_.allowed) allow(downtime.count(), Json::object());
    }

    /// It loads the state of the devices last.
    bool destination_is_done() {
        const std::string status = destination_->run_state();
        if (status == "running") throw base::Error("the destination runs already, and has changed its memory: was it told `cont`?");
        if (status != "paused" && status != "inmigrate" && status != "postmigrate" && status != "finish-migrate")
            throw base::Error(fmt::format("the destination is {} after the migration", status));
        return status == "paused";
    }

    /// QEMU takes a migration back no more that has begun to copy what the destination asks for.
    [[noreturn]] void lose() {
        torn_ = true;
        throw base::Error(
            "the postcopy was interrupted, and the source cannot go on: the destination has ended, which its messages explain, or they do not "
            "reach each other (the tracker pagemap-scan must not watch a destination meanwhile)");
    }

    [[noreturn]] void fail(const Json& answer) {
        const std::string reason = text_of(answer, "error-desc");
        throw base::Error(fmt::format("the migration has {}{}{}", text_of(answer, "status"), reason.empty() ? "" : ": ", reason));
    }

    vmhost::Qmp *source_, *destination_;
    const MigrationOptions& options_;
    base::StopSignals& signals_;
    const Clock::time_point until_;
    const bool postcopy_;
    MigrationFigures figures_;
    Json parameters_before_ = Json::object(), capabilities_before_ = Json::array();
    bool switched_ = false;  // to postcopy
    bool torn_ = false;      // in the midst of it
};

}  // namespace

void set_capabilities(vmhost::Qmp& qmp, const std::vector<std::string>& names) {
    Json list = Json::array();
    for (const std::string& name : names) list.push_back({{"capability", name}, {"state", true}});
    if (list.empty()) return;
    check_known(qmp, names);
    check_together(qmp, names);
    try {
        qmp.execute("migrate-set-capabilities", {{"capabilities", list}});
    } catch (const base::Error& error) {
        throw base::Error(fmt::format("--cap {}: {}", fmt::join(names, ","), error.what()));
    }
}

MigrationFigures migrate(vmhost::Qmp* source, vmhost::Qmp* destination, const MigrationOptions& options, base::StopSignals& signals,
                         const std::function<void(const MigrationFigures&)>& each_pass) {
    return Migration(source, destination, options, signals).run(each_pass);
}

}  // namespace vmverify
