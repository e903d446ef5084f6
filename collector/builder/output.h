/* SPDX-License-Identifier: Apache-2.0
 *
 * What leaves the builder: members of the bundle, the journal in its parts, the records. And what is counted on the way.
 */
#ifndef PS_OUTPUT_H
#define PS_OUTPUT_H

#include "formats/bundle_write.h"
#include "formats/journal.h"
#include "formats/records.h"

/* A part of the journal ends when it is that long, or speaks of so many raw bytes: who reads keeps these until then. */
enum { PS_JOURNAL_PART = 256 << 10, PS_JOURNAL_RAW = 16 << 20, PS_CATALOG_MAX = 96 };

/* What the captures of evidence that were tried lie between; last_us 0: there were none. CLOCK_BOOTTIME. */
struct ps_skew {
    uint64_t first_us, last_us;
};

/* Of all; of the lines of processes by each of the two readers; of content, memory dumps with it. */
enum ps_skew_of { PS_SKEW_ALL, PS_SKEW_QUIET, PS_SKEW_MEMORY, PS_SKEW_CONTENT, PS_SKEWS };

struct ps_output {
    struct ps_bundle *bundle;
    struct ps_records *records;
    struct ps_buffer journal;
    unsigned journal_part;
    bool failed;         /* a member could not be written: *error says why, and the run ends */
    struct ps_error error;
    uint64_t captures, raw_bytes;
    uint64_t journal_raw; /* raw_bytes when the last part ended */
    uint64_t outcomes[PS_OUTCOMES];
    uint64_t coverage[PS_CATALOG_MAX][PS_OUTCOMES]; /* by catalog index */
    struct ps_skew skew[PS_SKEWS];
    uint64_t switched;   /* captures that were made with the ids of other users */
    bool objects_full;   /* content was not kept since so many contents were */
    bool ptrace_denied;  /* something was denied that the right to trace would have given */
    uint64_t own_denied; /* captures of our own processes, which shield themselves */
};

/* Captures can be stored no more. */
void ps_output_out_of_memory(struct ps_output *o);
void ps_output_member(struct ps_output *o, const char *name, struct ps_span bytes);
/* The journal's buffer has grown by whole lines: hands out a part when it is long enough. */
void ps_output_journal_grown(struct ps_output *o);
void ps_output_journal_flush(struct ps_output *o);
void ps_output_phase(struct ps_output *o, const char *name, uint64_t us, uint64_t processes);
/* own: of our own processes. */
void ps_output_count(struct ps_output *o, const struct ps_line *line, const struct ps_capture *capture, bool own);
/* From the first to the last moment of a capture, microseconds. */
uint64_t ps_output_skew_us(const struct ps_output *o, enum ps_skew_of of);
/* A ps_records_sink. */
bool ps_output_records(void *context, const char *kind, unsigned part, struct ps_span text);
bool ps_output_ok(struct ps_output *o);

#endif
