/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
// What dirtyram writes into pages, for C and C++: whoever looks at the memory of a VM can tell who wrote a page, and when.
//
// A page of 4096 bytes is full of records, each of 32 bytes, with all numbers little-endian:
//
//     offset  bytes
//          0      8  magic: "dirtyram"
//          8      4  pid of the process, as the guest counts
//         12      4  index of the page in the area that the process writes to
//         16      4  round: 0 for the first time, when all pages are written
//         20      4  milliseconds since the process began
//         24      2  number of the record in the page, 0 to 127
//         26      2  check over all other bytes, see below
//         28      4  INITIAL: pages in the area
//
// Records of a page are written in their order, so that a page that is looked at meanwhile has new records before old ones,
// and in between one that may be half new: the check tells.

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { kDirtyramPageBytes = 4096, kDirtyramRecordBytes = 32, kDirtyramRecordsInPage = kDirtyramPageBytes / kDirtyramRecordBytes };

struct DirtyramRecord {
    uint32_t pid, page, round, msec;
    uint16_t number;
    uint32_t initial;
};

/// One step of the check: FNV-1a of 32-bit words, with the upper bits folded back as a multiplication moves bits upwards only.
static inline uint32_t dirtyram_mix(uint32_t hash, uint32_t word) {
    hash = (hash ^ word) * 16777619u;
    return hash ^ hash >> 15;
}

/// Of what all records of a page have in common.
static inline uint32_t dirtyram_page_hash(const struct DirtyramRecord* record) {
    uint32_t hash = dirtyram_mix(2166136261u, record->pid);
    hash = dirtyram_mix(hash, record->page);
    hash = dirtyram_mix(hash, record->round);
    hash = dirtyram_mix(hash, record->msec);
    return dirtyram_mix(hash, record->initial);
}

static inline uint16_t dirtyram_check(uint32_t page_hash, uint16_t number) {
    return (uint16_t)(dirtyram_mix(page_hash, number) >> 16);
}

static inline void dirtyram_put(uint8_t* bytes, uint32_t value, int size) {
    for (int i = 0; i < size; i++) bytes[i] = (uint8_t)(value >> 8 * i);
}

static inline uint32_t dirtyram_get(const uint8_t* bytes, int size) {
    uint32_t value = 0;
    for (int i = 0; i < size; i++) value |= (uint32_t)bytes[i] << 8 * i;
    return value;
}

/// `page_hash` is dirtyram_page_hash(record).
static inline void dirtyram_encode(const struct DirtyramRecord* record, uint32_t page_hash, uint8_t* bytes) {
    memcpy(bytes, "dirtyram", 8);
    dirtyram_put(bytes + 8, record->pid, 4);
    dirtyram_put(bytes + 12, record->page, 4);
    dirtyram_put(bytes + 16, record->round, 4);
    dirtyram_put(bytes + 20, record->msec, 4);
    dirtyram_put(bytes + 24, record->number, 2);
    dirtyram_put(bytes + 26, dirtyram_check(page_hash, record->number), 2);
    dirtyram_put(bytes + 28, record->initial, 4);
}

/// Whether these 32 bytes are a record; it has been filled in if they are. They may be anything: of what is no record one in
/// 2^80 is taken for one, and of records that are half new one in 65536.
static inline bool dirtyram_decode(const void* bytes, struct DirtyramRecord* record) {
    const uint8_t* at = (const uint8_t*)bytes;
    struct DirtyramRecord read;
    if (memcmp(at, "dirtyram", 8) != 0) return false;
    read.pid = dirtyram_get(at + 8, 4);
    read.page = dirtyram_get(at + 12, 4);
    read.round = dirtyram_get(at + 16, 4);
    read.msec = dirtyram_get(at + 20, 4);
    read.number = (uint16_t)dirtyram_get(at + 24, 2);
    read.initial = dirtyram_get(at + 28, 4);
    if (read.number >= kDirtyramRecordsInPage || read.page >= read.initial) return false;
    if (dirtyram_get(at + 26, 2) != dirtyram_check(dirtyram_page_hash(&read), read.number)) return false;
    *record = read;
    return true;
}
