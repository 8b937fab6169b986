/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <algorithm>
#include <array>

#include "base/terminal.h"
#include "migtrace/report.h"

namespace migtrace {

/// The text form. What the original analyzer printed looks as it did, byte for byte, unless `align` lines it
/// up.
class TextReport : public Report {
 public:
    TextReport(const ReportOptions& options, Output& output)
        : Report(options, output), times_(options.times) {}

    void begin(const TraceInfo& info) override;
    void start(const Event& event) override;
    void comm(const Event& event) override;
    void mark(const Event& event) override;
    void migration(const Migration& migration) override;
    void migrations(const Migrations& some) override;
    void columns(const ColumnNames& names, const TraceInfo& info) override;
    void opened(const TraceInfo& info) override;
    void period(std::uint64_t index, std::span<const std::uint64_t> counts) override;
    void stats(const Counters& counters) override;
    void summary_pid(const PidCounters& processes) override;
    void consistency(const StartLines& starts) override;
    void topology(const TopologyCounters& counters) override;
    void residency(const Residency& residency) override;
    void stay_histogram(const Residency& residency);
    void pingpong(const PingPong& pingpong) override;

 private:
    /// A name of the trace as it may be shown.
    std::string shown(std::string_view name) const {
        return options_.safe_names ? base::printable(name) : std::string(name);
    }
    void put_name(std::string_view name) {
        options_.safe_names ? output_.put(base::printable(name)) : output_.put(name);
    }
    /// `width`, or as much more as `text` needs when columns may become wider.
    std::size_t fit(std::size_t width, const std::string& text) const {
        return options_.align ? std::max(width, text.size()) : width;
    }
    std::string_view cut(const Comm& comm) const { return options_.cut_names ? comm.tail() : comm.whole; }
    std::string rate_text(std::uint64_t count) const;
    void put_rate(std::uint64_t count);
    void put_time(std::uint64_t ts);
    void put_head(const Event& event, const std::string& what);
    template <class Numbers>
    void put_line(const Numbers& migration, const NamedProcess& process, unsigned cause);
    char* put_relative(char* at, std::uint64_t ns);
    const std::string& cause_text(unsigned cause);
    void duration(const TraceInfo& info);
    void causes(const Counters& counters);
    void matrices(const Counters& counters);
    /// One of them, of `cpus`.
    void matrix(const Counters& counters, const CpuMatrix::Sums& sums, const std::vector<unsigned>& cpus, bool rates);
    TimeStampWriter times_;
    /// Columns of --migrate and its like. The kernel's largest pid has seven digits.
    static constexpr std::size_t kWidestPid = 7;
    std::size_t cpu_width_ = 1, pid_width_ = 4;
    /// The rate of a count: of thousands of fields in a period nearly all have counts as small as these.
    struct RateText {
        char text[15];
        std::uint8_t length;
    };
    static constexpr std::uint64_t kMostRateTexts = 1024;
    std::vector<RateText> rate_texts_;
    /// A CPU in its column, and a blank.
    struct CpuText {
        char text[7];
        std::uint8_t length;
    };
    static constexpr unsigned kMostCpuTexts = 1024;
    std::vector<CpuText> cpu_texts_;        // of those below; others are written out
    std::vector<std::string> cause_texts_;  // as they end a line, by place
    // Of the last relative time: its second, in ns and as text.
    std::uint64_t second_ = 0;
    std::array<char, 16> second_text_{};
    std::size_t second_length_ = 0;
};

}  // namespace migtrace
