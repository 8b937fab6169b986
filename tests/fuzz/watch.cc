/* SPDX-License-Identifier: GPL-2.0-only */
// What migrate_watch reads: a trace in pieces of any size tells what it tells in one piece, the tables add up, and statistics
// of any kind end nothing.

#include <nlohmann/json.hpp>

#include "fuzz/harness.h"
#include "migwatch/stat_tail.h"
#include "migwatch/stream.h"
#include "migwatch/view.h"

namespace {

using namespace migwatch;

/// The look behind `text`, in pieces of so many bytes, or the error.
std::string seen(std::string_view text, std::size_t piece) {
    Rates rates;
    TraceStream stream("input", rates);
    try {
        for (; !text.empty(); text.remove_prefix(std::min(piece, text.size()))) stream.add(text.substr(0, piece));
    } catch (const base::Error& error) {
        return error.what();
    }
    const Look look = rates.look(1);
    std::uint64_t pairs = 0;
    for (const Row& row : look.pairs) pairs += row.total;
    fuzz::require(pairs == look.total, fmt::format("{} migrations, of pairs {}", look.total, pairs));
    for (const std::string& line : view(look, {}, 0)) fuzz::require(line.size() <= 80, fmt::format("too long: {}", line));
    const std::string json = view_json(look, {}, 0);
    fuzz::require(nlohmann::json::accept(json), fmt::format("not JSON: {}", json));
    return json + std::to_string(stream.skipped_lines());
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text_of(data, size);
    if (text.empty()) return 0;
    const std::string whole = seen(text, text.size());
    // The first byte says how large the pieces are.
    const std::string pieces = seen(text, 1 + static_cast<unsigned char>(text.front()) % 97);
    fuzz::require(whole == pieces, fmt::format("in one piece: {}\nin pieces: {}", whole, pieces));

    const fuzz::File file(text);
    Rates rates;
    StatTail(file.path()).read(rates);
    rates.look(1);
    return 0;
}
