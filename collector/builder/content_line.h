/* SPDX-License-Identifier: Apache-2.0
 *
 * The content of one file, in a capture line: hashed as it comes, and, when it comes a second time, streamed into the
 * bundle as a member that is named by the hash. Never more than one frame of it is held.
 */
#ifndef PS_CONTENT_LINE_H
#define PS_CONTENT_LINE_H

#include "formats/digest.h"
#include "formats/journal.h"

struct ps_line_builder;
struct ps_sightings;
struct ps_known_objects;

/* Hashes that name members already. Fixed room: the collector's own limit. */
enum { PS_OBJECTS_MAX = 4096 };

struct ps_content_line {
    bool open;
    bool hashed;    /* the first reading is over */
    bool discarded; /* the second reading is of content that is there already, or is not to be kept */
    bool program;   /* in which the marks of a private key are only text */
    bool key, own_secret; /* found in the first reading: not to be kept */
    uint32_t row;
    enum ps_withheld withheld;
    uint64_t kept_seq; /* with PS_WITHHELD_EARLIER */
    bool facts_known;
    struct ps_file_facts facts;
    uint64_t begin_us, bytes;
    struct ps_sha256 hash;
    uint8_t digest[PS_SHA256_LEN];
    uint8_t tail[64]; /* the last bytes so far: a secret may lie across two frames */
    size_t tail_len;
    struct ps_buffer name, path;
    /* over all lines */
    uint64_t budget, kept; /* bytes of members */
    uint8_t (*objects)[PS_SHA256_LEN]; /* PS_OBJECTS_MAX of them; owned */
    size_t object_count;
    struct ps_sightings *sightings; /* to note programs and contents in; NULL: nobody asks */
    const struct ps_known_objects *known; /* that earlier bundles hold; NULL: none */
};

/* All return false when the sender is broken: frames that do not follow each other. */

/* A capture begins. `entry` names it in its directory ("3", "7f00-7f10"), or is empty; `path` is what the file is
 * called; for "root/{}" the path is the entry. facts: what statx said, or NULL. */
PS_MUST_CHECK bool ps_content_begin(struct ps_line_builder *l, uint32_t row, struct ps_span entry, struct ps_span path,
                                    const struct ps_file_facts *facts, uint64_t us);
PS_MUST_CHECK bool ps_content_digest(struct ps_line_builder *l, struct ps_span bytes);
/* The second reading begins; over_budget: it would, but the sender has sent too much already. */
PS_MUST_CHECK bool ps_content_keep(struct ps_line_builder *l, bool over_budget);
PS_MUST_CHECK bool ps_content_store(struct ps_line_builder *l, struct ps_span bytes);
/* *end gives outcome, error and ids; `atime`: reading may have changed the time of access. */
PS_MUST_CHECK bool ps_content_end(struct ps_line_builder *l, const struct ps_capture *end, bool atime, uint64_t us);
/* The sender is gone: what is open ends as it stands. */
void ps_content_close(struct ps_line_builder *l, enum ps_outcome as, uint64_t us);

#endif
