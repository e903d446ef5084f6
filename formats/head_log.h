/* SPDX-License-Identifier: Apache-2.0
 *
 * The head lines in a saved log: anywhere in its lines, with timestamps, quotes and carriage returns around them, among
 * the words of whoever else writes into that log. One pass, whatever the length of a line.
 */
#ifndef PS_HEAD_LOG_H
#define PS_HEAD_LOG_H

#include "formats/head_line.h"
#include "formats/tarball_read.h"

enum { PS_HEADS_MAX = 1 << 18 };

/* Zero-initialised is empty. */
struct ps_head_log {
    struct ps_head *heads; /* owned; by bundle id, each distinct one once */
    bool *matched;         /* owned; by head: for the caller, all false at first */
    size_t count, room;
    uint64_t lines;      /* head lines that were read, the same ones too */
    uint64_t flawed;     /* places that begin like one and are none: cut off or changed */
    uint64_t flawed_at;  /* line number of the first of them */
};

/* Reads to the end. False with *err: reading failed, no memory, or more than PS_HEADS_MAX of them. */
PS_MUST_CHECK bool ps_head_log_read(ps_input *input, void *context, struct ps_head_log *out, struct ps_error *err);
/* The first of those that name this bundle, and how many; NULL and 0. More than one: they contradict each other. */
const struct ps_head *ps_head_log_find(const struct ps_head_log *log, const char *bundle, size_t *count);
bool ps_head_equal(const struct ps_head *a, const struct ps_head *b);
void ps_head_log_done(struct ps_head_log *log);

#endif
