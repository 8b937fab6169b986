/* SPDX-License-Identifier: GPL-2.0-only */
// Traces, windows and filters that the input chooses, against the model of the unit tests.

#include "migtrace/model.h"

#include "fuzz/harness.h"

namespace {

/// Numbers out of the input; 0 behind its end.
class Numbers {
 public:
    explicit Numbers(std::string_view bytes) : bytes_(bytes) {}
    std::uint32_t operator()() {
        if (bytes_.empty()) return 0;
        // One byte for most of what is asked, which is small; four where the first says so.
        constexpr unsigned char kWide = 0xff;
        auto next = [this] {
            const auto byte = static_cast<unsigned char>(bytes_.empty() ? 0 : bytes_.front());
            bytes_.remove_prefix(bytes_.empty() ? 0 : 1);
            return byte;
        };
        const unsigned char first = next();
        if (first != kWide) return first;
        std::uint32_t number = 0;
        for (int i = 0; i < 4; i++) number = number << 8 | next();
        return number;
    }

 private:
    std::string_view bytes_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Numbers numbers(fuzz::text_of(data, size));
    const std::uint32_t length = numbers();
    const std::uint64_t period = 1 + std::uint64_t{numbers()} * 1000;
    const test::Inputs inputs(numbers, test::random_trace(numbers));
    const migtrace::WalkOptions options = test::random_options(numbers, inputs.sorted);
    const test::Seen expected = test::model(inputs.sorted, options, period);
    for (const std::string& text : inputs.texts) {
        const fuzz::File file(text);
        migtrace::TraceReader reader({.files = {file.path()}});
        test::Listener listener(period);
        migtrace::walk(reader, options, {&listener});
        const test::Seen& seen = listener.seen;
        fuzz::require(seen.migrations == expected.migrations, "not the migrations of the model:\n" + text);
        fuzz::require(seen.periods == expected.periods && seen.causes == expected.causes && seen.pairs == expected.pairs,
                      "not the counts of the model:\n" + text);
        fuzz::require(inputs.sorted.empty() || (seen.begin == expected.begin && seen.end == expected.end),
                      "not the window of the model:\n" + text);
    }

    migtrace::Analysis job;
    job.stats = job.summary_pid = true;
    job.walk = options;
    if (length > 0) {
        job.periods.emplace();
        job.periods->msec = job.report.period_msec = length;
        job.periods->causes = job.periods->all = job.periods->pairs = true;
    }
    std::optional<std::string> expected_text;
    for (const std::string& text : inputs.texts) {
        const fuzz::File file(text);
        job.input.files = {file.path()};
        const fuzz::Outcome outcome =
            fuzz::outcome([&](migtrace::Output& output) { migtrace::run(job, output); });
        if (outcome.error) continue;
        if (!expected_text) expected_text = outcome.text;
        fuzz::require(outcome.text == *expected_text, "the order of the lines makes a difference:\n" + text);
    }
    return 0;
}
