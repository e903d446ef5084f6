/* SPDX-License-Identifier: Apache-2.0
 *
 * What the journal says of the memory of one process beside its core file: why it was taken, and how much there was.
 */
#ifndef PS_DUMP_FACTS_H
#define PS_DUMP_FACTS_H

#include "formats/json.h"
#include "formats/json_value.h"

/* Why the memory of a process is dumped: bits of `chosen`. docs/BUNDLE.md section 4 says what each one means. */
enum {
    PS_CHOSEN_PID = 1 << 0,
    PS_CHOSEN_ALL = 1 << 1,
    PS_SUSPECT_DELETED_EXE = 1 << 2,
    PS_SUSPECT_MEMFD_EXE = 1 << 3,
    PS_SUSPECT_TMP_EXE = 1 << 4,
    PS_SUSPECT_UNMAPPED_EXE = 1 << 5,
    PS_SUSPECT_DELETED_CODE = 1 << 6,
    PS_SUSPECT_MEMFD_CODE = 1 << 7,
    PS_SUSPECT_TMP_CODE = 1 << 8,
    PS_SUSPECT_ANONYMOUS_CODE = 1 << 9,
    PS_SUSPECT_WRITABLE_CODE = 1 << 10,
    PS_CHOSEN_BITS = 11,
    PS_CHOSEN_ANY = (1 << PS_CHOSEN_BITS) - 1,
    PS_SUSPECT_ANY = PS_CHOSEN_ANY & ~(PS_CHOSEN_PID | PS_CHOSEN_ALL),
    /* The others are also true of every runtime that compiles at run time. */
    PS_SUSPECT_SURE = PS_SUSPECT_ANY & ~(PS_SUSPECT_ANONYMOUS_CODE | PS_SUSPECT_WRITABLE_CODE),
};

struct ps_dump_facts {
    uint32_t chosen;   /* PS_CHOSEN_*, PS_SUSPECT_* */
    bool read;         /* the numbers below are known */
    bool no_pagemap;   /* which pages are there could not be asked: all of readable mappings were taken for it */
    bool hashed;       /* there is a core */
    uint64_t mapped_bytes, present_bytes;
    uint64_t absent_pages, unreadable_pages; /* zeros in the core */
    uint64_t masked_bytes;                   /* asterisks in it, where credentials of the collector stood */
    uint8_t sha256[32]; /* of the core */
};

/* One object, the ninth column of the capture. */
void ps_dump_facts_add(struct ps_json *j, const struct ps_dump_facts *facts);
/* That object, or false. */
PS_MUST_CHECK bool ps_dump_facts_read(const cJSON *object, struct ps_dump_facts *out);
/* "chosen":["pid","deleted_exe"] into the object that is open. */
void ps_dump_chosen_add(struct ps_json *j, uint32_t chosen);

#endif
