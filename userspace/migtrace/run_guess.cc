/* SPDX-License-Identifier: GPL-2.0-only */
#include "migtrace/run_guess.h"

#include <algorithm>

namespace migtrace {

namespace {

using Position = LineReader::Position;

/// Nearer than this there is nothing to save.
constexpr std::uint64_t kLeastDistance = 1 << 10;
constexpr std::uint64_t kMostSamples = 1 << 12;
constexpr std::size_t kBuffer = 1 << 15;

class Guess {
 public:
    Guess(LineReader& lines, const Position& first) : lines_(lines), before_(first), last_(first) { found_.begins.push_back(first); }

    RunGuess take() {
        const std::uint64_t bytes = lines_.bytes();
        const std::uint64_t distance = std::max(bytes / kMostSamples, kLeastDistance);
        for (const LineReader::Sample& sample : lines_.samples(static_cast<unsigned>(bytes / distance) + 1)) add(sample);
        find_begins(bytes);
        return std::move(found_);
    }

 private:
    void add(const LineReader::Sample& sample) {
        std::uint64_t ts = 0;
        if (sample.begin.offset <= last_.offset || !parse_time_stamp(sample.line, ts)) return;
        if (ts < last_ts_) find_begins(sample.begin.offset + sample.line.size() + 1);
        before_ = last_;
        last_ = sample.begin;
        last_ts_ = ts;
        found_.latest = std::max(found_.latest, ts);
    }

    /// Looks at each line from the last sample but one to `end`: only behind some lines can it be told whether time goes
    /// back or neighbours are swapped.
    void find_begins(std::uint64_t end) {
        const Position& known = found_.begins.back();
        LineReader lines = lines_.part(known.offset > before_.offset ? known : before_, {0, end, 0}, kBuffer);
        RunTracker tracker;
        std::string_view line;
        std::uint64_t ts = 0;
        while (lines.next(line)) {
            if (parse_time_stamp(line, ts) && !tracker.add(ts)) {
                tracker.add(ts);
                found_.begins.push_back({0, lines.line_begin().offset, 0});
                note_start(line);
            }
            lines.scan(tracker);
        }
    }

    void note_start(std::string_view line) {
        Event event{};
        if (parse_event(line, event) == Fault::None && event.shape == Shape::Start) found_.starts.push_back(event);
    }

    LineReader& lines_;
    Position before_, last_;  // samples
    std::uint64_t last_ts_ = 0;
    RunGuess found_;
};

}  // namespace

RunGuess guess_runs(LineReader& lines, const Position& first_event) {
    return Guess(lines, first_event).take();
}

}  // namespace migtrace
