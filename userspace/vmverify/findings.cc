/* SPDX-License-Identifier: GPL-2.0-only */
#include "vmverify/findings.h"

#include <fmt/format.h>

#include <algorithm>

#include "guest/dirtyram_page.h"

namespace vmverify {

namespace {

constexpr std::size_t kMostPages = 10000;
constexpr std::uint64_t kShown = 32;

/// The newest record of dirtyram in a page.
std::optional<DirtyramRecord> newest_record(std::string_view page) {
    std::optional<DirtyramRecord> newest;
    for (std::size_t at = 0; at + kDirtyramRecordBytes <= page.size(); at += kDirtyramRecordBytes) {
        DirtyramRecord record;
        if (dirtyram_decode(page.data() + at, &record) && (!newest || record.round > newest->round)) newest = record;
    }
    return newest;
}

std::string name_of(const DirtyramRecord& record) { return fmt::format("page {} of {} of dirtyram {}", record.page, record.initial, record.pid); }

void explain(const DifferentPage& page, Finding& finding) {
    const auto source = newest_record(page.first), destination = newest_record(page.second);
    if (source && destination && source->pid == destination->pid && source->page == destination->page) {
        finding.written = fmt::format("{}, of round {}; the source's is of round {}", name_of(*source), destination->round, source->round);
        if (source->msec >= destination->msec) finding.age = std::chrono::milliseconds(source->msec - destination->msec);
    } else if (source) {
        finding.written = fmt::format("{} at the source, {}", name_of(*source),
                                      destination ? name_of(*destination) + " at the destination" : "something else at the destination");
    } else if (destination) {
        finding.written = fmt::format("{} at the destination, something else at the source", name_of(*destination));
    }
}

FirstDifference first_difference(const DifferentPage& page) {
    const auto [a, b] = std::mismatch(page.first.begin(), page.first.end(), page.second.begin());
    const auto at = static_cast<std::uint64_t>(a - page.first.begin());
    const std::uint64_t begin = at / 16 * 16;
    return {page.block, page.offset + at, page.offset + begin, std::string(page.first.substr(begin, kShown)),
            std::string(page.second.substr(begin, kShown))};
}

}  // namespace

void Findings::add(const DifferentPage& page) {
    if (!first_) first_ = first_difference(page);
    if (pages_.size() == kMostPages) return;
    Finding finding{page.block, page.offset, page.bytes, {}, {}, {}, {}};
    if (history_)
        if (const auto match = history_->find(page.block, page.offset, page.second)) {
            finding.pass = match->pass;
            finding.age = stopped_ - match->time;
        }
    explain(page, finding);
    if (symbols_) finding.symbols = symbols_->describe(page.block, page.offset, page.first.size());
    pages_.push_back(std::move(finding));
}

}  // namespace vmverify
