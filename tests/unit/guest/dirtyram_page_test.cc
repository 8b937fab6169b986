/* SPDX-License-Identifier: GPL-2.0-only */
#include "guest/dirtyram_page.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <string>

namespace {

using Bytes = std::array<std::uint8_t, kDirtyramRecordBytes>;

Bytes encoded(const DirtyramRecord& record) {
    Bytes bytes{};
    dirtyram_encode(&record, dirtyram_page_hash(&record), bytes.data());
    return bytes;
}

bool is_record(const Bytes& bytes) {
    DirtyramRecord record{};
    return dirtyram_decode(bytes.data(), &record);
}

const DirtyramRecord kRecord = {0x01020304, 0x11121314, 0x21222324, 0x31323334, 0x42, 0x51525354};

}  // namespace

TEST_CASE("a record of dirtyram has the layout that its header tells of") {
    const Bytes bytes = encoded(kRecord);
    const std::string expected("dirtyram\x04\x03\x02\x01\x14\x13\x12\x11\x24\x23\x22\x21\x34\x33\x32\x31\x42\0", 26);
    CHECK(std::string(bytes.begin(), bytes.begin() + 26) == expected);
    CHECK(std::string(bytes.begin() + 28, bytes.end()) == "\x54\x53\x52\x51");
}

TEST_CASE("a record of dirtyram is read as it was written") {
    DirtyramRecord record{};
    REQUIRE(dirtyram_decode(encoded(kRecord).data(), &record));
    CHECK(record.pid == kRecord.pid);
    CHECK(record.page == kRecord.page);
    CHECK(record.round == kRecord.round);
    CHECK(record.msec == kRecord.msec);
    CHECK(record.number == kRecord.number);
    CHECK(record.initial == kRecord.initial);
}

TEST_CASE("a record of dirtyram with any other bit is none") {
    const Bytes good = encoded(kRecord);
    for (std::size_t bit = 0; bit < 8 * good.size(); bit++) {
        Bytes bytes = good;
        bytes[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
        INFO("bit " << bit);
        CHECK(!is_record(bytes));
    }
}

TEST_CASE("a record of dirtyram that is half of one round and half of the next is none") {
    DirtyramRecord next = kRecord;
    for (int round = 0; round < 1000; round++) {
        const Bytes before = encoded(next);
        next.round++;
        next.msec += 50;
        const Bytes after = encoded(next);
        for (std::size_t half = 20; half < 28; half += 4) {
            Bytes bytes = after;
            std::copy(before.begin() + half, before.end(), bytes.begin() + half);
            INFO("round " << next.round << " up to " << half);
            CHECK(!is_record(bytes));
        }
    }
}

TEST_CASE("what dirtyram never writes is no record, whatever its check") {
    DirtyramRecord record = kRecord;
    record.number = kDirtyramRecordsInPage;
    CHECK(!is_record(encoded(record)));
    record.number--;
    CHECK(is_record(encoded(record)));
    record.page = record.initial;
    CHECK(!is_record(encoded(record)));
    CHECK(!is_record(Bytes{}));
}
