/* SPDX-License-Identifier: Apache-2.0
 *
 * A sealed bundle, written as a stream (docs/BUNDLE.md): members go out as they come, and only their names and hashes
 * are kept, about 100 bytes for each. Where the bytes end up is the sink's business. A bundle that is freed unsealed
 * has no seal, and verify says so.
 */
#ifndef PS_BUNDLE_WRITE_H
#define PS_BUNDLE_WRITE_H

#include "formats/age_key.h"
#include "formats/head_line.h"
#include "formats/tarball.h"

/* data/meta.json must not say another number. */
enum { PS_BUNDLE_FORMAT = 1 };

struct ps_bundle;

/* What the tag files tell. Texts are borrowed for the call; NULL is "not stated", and left out or null. */
struct ps_seal_facts {
    const char *software_agent; /* "procsnap 1.0.0" */
    int64_t time;               /* of sealing, seconds since the epoch */
    const char *case_id, *examiner, *evidence_id, *purpose, *authority, *case_officer;
    const char *chain_id; /* 32 hex digits */
    const char *boot_id;
    const char *reason;                                             /* "single", "schedule", "trigger", ... */
    uint64_t started_boottime_us, finished_boottime_us, interval_s; /* interval 0: none */
    const uint8_t *prev_root;                                       /* 32 bytes, or NULL */
    const struct ps_public_key *next_key;                           /* or NULL */
    const struct ps_signing_key *key;
    const char *file; /* base name of the finished file, for the outer signature; NULL: <id>.tar.gz or .age */
};

struct ps_sealed {
    struct ps_head head;                     /* for ps_head_line_write */
    struct ps_buffer minisig;                /* text of the signature beside the file; the caller's: ps_buffer_done */
    uint64_t members;                        /* all files in the tar */
    uint64_t payload_members, payload_bytes; /* below data/ */
    uint64_t tar_bytes, file_bytes;
};

/* A bundle id of that moment; `random` tells apart two bundles of one second. */
void ps_bundle_id_make(int64_t unix_time, uint32_t random, char out[PS_BUNDLE_ID_LEN + 1]);

/* What the file is called where nobody names it: <id>.tar.gz, or <id>.tar.gz.age. */
enum { PS_BUNDLE_FILE_LEN = PS_BUNDLE_ID_LEN + sizeof ".tar.gz.age" - 1 };
void ps_bundle_file_name(const char *id, bool encrypted, char out[PS_BUNDLE_FILE_LEN + 1]);

/* Writes the beginning. `to`: whom the file is encrypted to, borrowed until the end; none, or NULL: it is not. NULL
 * with *err set when the id is none, the sink fails or memory is out. */
struct ps_bundle *ps_bundle_new(const char *id, uint64_t seq, int level, const struct ps_age_recipients *to,
                                ps_sink *sink, void *context, struct ps_error *err);
/* One payload member: a name below the top directory that begins with "data/". Fails on a name that the format does not
 * allow, before anything is written. After any other failure the bundle can only be freed. */
PS_MUST_CHECK bool ps_bundle_add(struct ps_bundle *b, const char *name, struct ps_span bytes, struct ps_error *err);
/* The same in pieces, for what is too long to be held: `size` bytes in all come between begin and end. *sha256 (32 bytes)
 * is that of the bytes that came. Nothing else may be added in between. */
PS_MUST_CHECK bool ps_bundle_begin(struct ps_bundle *b, const char *name, uint64_t size, struct ps_error *err);
PS_MUST_CHECK bool ps_bundle_piece(struct ps_bundle *b, struct ps_span bytes, struct ps_error *err);
PS_MUST_CHECK bool ps_bundle_end(struct ps_bundle *b, uint8_t *sha256, struct ps_error *err);
/* Tag files, signatures, end of the stream. *out is untouched on failure. After that only ps_bundle_free. */
PS_MUST_CHECK bool ps_bundle_seal(struct ps_bundle *b, const struct ps_seal_facts *facts, struct ps_sealed *out,
                                  struct ps_error *err);
/* Bytes that went into the tar so far. */
uint64_t ps_bundle_bytes_in(const struct ps_bundle *b);
void ps_bundle_free(struct ps_bundle *b);

#endif
