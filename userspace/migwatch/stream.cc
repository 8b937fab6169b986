/* SPDX-License-Identifier: GPL-2.0-only */
#include "migwatch/stream.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "migtrace/event.h"

namespace migwatch {

namespace {

constexpr std::size_t kLongestLine = 65536;

}  // namespace

void TraceStream::add(std::string_view piece) {
    for (std::size_t end; (end = piece.find('\n')) != piece.npos; piece.remove_prefix(end + 1)) {
        if (rest_.empty() && !overlong_) {
            line(piece.substr(0, end));
            continue;
        }
        rest_.append(piece.substr(0, end));
        if (!overlong_) line(rest_);
        overlong_ = false;
        rest_.clear();
    }
    rest_.append(piece);
    if (rest_.size() <= kLongestLine) return;
    if (!std::exchange(overlong_, true)) skip();
    rest_.clear();
}

/// A file of another kind shall not be watched for ever.
void TraceStream::skip() {
    skipped_++;
    if (!header_.names_events()) throw base::Error(fmt::format("{}, line {}: this is no trace", name_, lines_));
}

void TraceStream::line(std::string_view text) {
    lines_++;
    if (text.size() > kLongestLine) return skip();
    if (const auto header = migtrace::header_text(text)) {
        if (const auto lost = migtrace::parse_lost(*header))
            rates_.lost(lost->count);
        else
            header_.add(*header, fmt::format("{}:{}", name_, lines_));
        return;
    }
    migtrace::Event event{};
    if (text.empty()) return;
    if (migtrace::parse_event(text, event) != migtrace::Fault::None) return skip();
    const migtrace::Role role = event.shape == migtrace::Shape::Start ? migtrace::Role::OtherLoc : header_.role(event.number);
    if (event.shape == migtrace::Shape::Comm && role == migtrace::Role::Comm) comms_.set(event.pid, event.comm());
    if (event.shape == migtrace::Shape::Migration && role == migtrace::Role::Cause)
        rates_.migration(event.pid, comms_.comm(event.pid).whole, event.from, event.to, header_.cause_name(event.number));
}

}  // namespace migwatch
