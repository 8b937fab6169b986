/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmverify/migration.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace vmverify {

namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kStep{20};
/// As little as keeps QEMU looking for dirty pages again, instead of ending after the first pass.
constexpr int kHoldDowntime = 1;
/// After so many passes more than wanted the next downtime is allowed.
constexpr unsigned kPassesForDowntime = 3;

std::uint64_t number(const Json& object, const char* name) {
    const auto at = object.find(name);
    return at != object.end() && at->is_number_unsigned() ? at->get<std::uint64_t>() : 0;
}

std::string word(const Json& object, const char* name) {
    const auto at = object.find(name);
    return at != object.end() && at->is_string() ? at->get<std::string>() : "";
}

class Migration {
 public:
    Migration(vmhost::Qmp* source, vmhost::Qmp* destination, const MigrationOptions& options, base::StopSignals& signals)
        : source_(source), destination_(destination), options_(options), signals_(signals), until_(Clock::now() + options.patience),
          postcopy_(std::ranges::count(options.capabilities, "postcopy-ram") > 0) {}

    MigrationFigures run(const std::function<void(const MigrationFigures&)>& each_pass) {
        begin();
        while (source_ && step(each_pass)) pause();
        while (destination_ && !destination_is_done()) pause();
        return figures_;
    }

 private:
    void begin() {
        if (destination_) {
            set_capabilities(*destination_, options_.capabilities);
            if (!options_.uri.empty() && !options_.listens) destination_->execute("migrate-incoming", {{"uri", options_.uri}});
        }
        if (source_) {
            set_capabilities(*source_, options_.capabilities);
            Json parameters = Json::object();
            if (options_.bandwidth) parameters["max-bandwidth"] = *options_.bandwidth;
            allow(options_.passes > 1 ? kHoldDowntime : options_.downtime.count(), parameters);
            if (!options_.uri.empty()) source_->execute("migrate", {{"uri", options_.uri}});
        }
    }

    void pause() {
        pollfd fd{signals_.fd(), POLLIN, 0};
        ::poll(&fd, 1, kStep.count());
        if (const int signal = signals_.take()) {
            if (source_) source_->execute("migrate_cancel");
            throw base::Interrupted(source_ ? "the migration was cancelled, and the VM stays where it was; nothing was compared" : "nothing was saved", signal);
        }
        if (Clock::now() > until_)
            throw base::Error(fmt::format("the migration is not over after {} s and {} passes (allow more with --downtime, --bandwidth or --timeout, or dirty less)",
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
        const std::string status = word(answer, "status");
        if (status == "failed" || status == "cancelled") fail(answer);
        const Json ram = answer.value("ram", Json::object());
        figures_.bytes = number(ram, "transferred");
        figures_.postcopy_bytes = number(ram, "postcopy-bytes");
        if (const std::uint64_t size = number(ram, "page-size")) figures_.page_size = size;
        if (status_of(*source_) != "running" && figures_.stopped == Clock::time_point()) figures_.stopped = Clock::now();
        if (const auto passes = static_cast<unsigned>(number(ram, "dirty-sync-count")); passes > figures_.passes) {
            figures_.passes = passes;
            if (status == "active") {
                each_pass(figures_);
                go_on();
            }
        }
        if (status == "completed") {
            figures_.total = std::chrono::milliseconds(number(answer, "total-time"));
            figures_.downtime = std::chrono::milliseconds(number(answer, "downtime"));
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
        const std::string status = status_of(*destination_);
        if (status == "running") throw base::Error("the destination runs already, and has changed its memory: was it told `cont`?");
        if (status != "paused" && status != "inmigrate" && status != "postmigrate" && status != "finish-migrate")
            throw base::Error(fmt::format("the destination is {} after the migration", status));
        return status == "paused";
    }

    [[noreturn]] void fail(const Json& answer) {
        const std::string reason = word(answer, "error-desc");
        throw base::Error(fmt::format("the migration has {}{}{}", word(answer, "status"), reason.empty() ? "" : ": ", reason));
    }

    vmhost::Qmp *source_, *destination_;
    const MigrationOptions& options_;
    base::StopSignals& signals_;
    const Clock::time_point until_;
    const bool postcopy_;
    MigrationFigures figures_;
    bool switched_ = false;  // to postcopy
};

}  // namespace

void set_capabilities(vmhost::Qmp& qmp, const std::vector<std::string>& names) {
    Json list = Json::array();
    for (const std::string& name : names) list.push_back({{"capability", name}, {"state", true}});
    if (!list.empty()) qmp.execute("migrate-set-capabilities", {{"capabilities", list}});
}

std::string status_of(vmhost::Qmp& qmp) { return word(qmp.execute("query-status"), "status"); }

MigrationFigures migrate(vmhost::Qmp* source, vmhost::Qmp* destination, const MigrationOptions& options, base::StopSignals& signals,
                         const std::function<void(const MigrationFigures&)>& each_pass) {
    return Migration(source, destination, options, signals).run(each_pass);
}

}  // namespace vmverify
