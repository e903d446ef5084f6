/* SPDX-License-Identifier: Apache-2.0
 *
 * Which mapped files and which arguments are to be looked at in the content phase: the memory reader notes them while it
 * reads maps and cmdline, so that neither is read twice. It keeps pieces of text and compares them, and parses nothing
 * until then. A library that a thousand processes have mapped is one note.
 */
#ifndef PS_NOTED_H
#define PS_NOTED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ps_target;

/* Of one process: PS_NOTED_OF_ONE. What finds no place counts as a file that was missed. */
enum { PS_NOTED_MAX = 1 << 16, PS_NOTED_TEXT = 4 << 20, PS_NOTED_OF_ONE = 1024, PS_NOTED_PLACES = 1 << 14 };
/* When the first process that shows it has ended, another one may still be there. */
enum { PS_NOTED_LIVES = 4, PS_NOTED_ALSO = 1 << 14 };

enum ps_noted_sort {
    PS_NOTED_ROOT,      /* text: struct ps_noted_root */
    PS_NOTED_MAPPING,   /* text: a line of maps */
    PS_NOTED_ARGUMENTS, /* text: the target of cwd, or nothing; then arguments, each behind a NUL */
};

/* What tells one root directory from another. */
struct ps_noted_root {
    uint64_t mnt, dev, ino;
};

struct ps_note {
    uint32_t subject; /* the first process that has it */
    uint32_t root;    /* index of the note of its root */
    uint32_t at;      /* of its text */
    uint16_t len;
    uint8_t sort, lives;
    _Atomic uint8_t looked; /* in the content phase, or about to be */
};

/* A further process that has what an earlier note says. */
struct ps_noted_also {
    uint32_t note, subject;
    uint32_t at; /* of its own line */
    uint32_t len;
};

/* Part of the shared list of what is wanted: pages cost when touched. */
struct ps_noted {
    _Atomic uint32_t count, also_count;
    uint32_t text_len;
    uint32_t places[PS_NOTED_PLACES]; /* open addressing: 1 + index of a note */
    struct ps_note notes[PS_NOTED_MAX];
    struct ps_noted_also also[PS_NOTED_ALSO];
    uint8_t text[PS_NOTED_TEXT];
};

/* The beginning of cmdline; noted when maps is readable too. */
void ps_noted_cmdline(struct ps_target *t, const uint8_t *text, size_t len);
/* A piece of maps; `first`: its beginning, under the ids that opened it. */
void ps_noted_maps(struct ps_target *t, const uint8_t *text, size_t len, bool first);

#endif
