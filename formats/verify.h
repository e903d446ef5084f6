/* SPDX-License-Identifier: Apache-2.0
 *
 * Is a bundle whole, unaltered, and signed by the key that the caller trusts? One pass over a tar.gz or an extracted
 * directory (docs/BUNDLE.md section 10). Nothing is written; what a hostile bundle holds goes into the report as raw
 * bytes, which only main may print.
 */
#ifndef PS_VERIFY_H
#define PS_VERIFY_H

#include "formats/head_line.h"
#include "formats/journal.h"
#include "formats/tarball_read.h"

enum ps_verify_verdict {
    PS_VERIFY_OK,
    PS_VERIFY_UNPINNED,
    PS_VERIFY_INCOMPLETE,
    PS_VERIFY_TAMPERED,
    PS_VERIFY_MALFORMED,
    PS_VERIFY_ENCRYPTED, /* nobody could look into it */
};
/* "OK", "OK-UNPINNED", ... */
const char *ps_verify_name(enum ps_verify_verdict verdict);
/* 0, 1, 10, 11, 12; ENCRYPTED 2: the command line lacks the identity */
int ps_verify_exit(enum ps_verify_verdict verdict);

/* What the command line asks for. All borrowed. */
struct ps_verify_wants {
    const struct ps_public_key *key; /* the pinned key, or NULL */
    const uint8_t *root;             /* 32 bytes, or NULL */
    const uint64_t *seq;             /* or NULL */
    bool has_minisig;                /* of the file; ignored for a directory */
    struct ps_span minisig;
    const struct ps_age_identities *identities; /* for an encrypted file, or NULL */
    bool rederive;
};

/* Ordered: the highest of all findings decides the verdict. */
enum ps_finding_rank {
    PS_FINDING_NOTE, /* decides nothing */
    PS_FINDING_LOCKED, /* ENCRYPTED */
    PS_FINDING_INCOMPLETE,
    PS_FINDING_CONTENT, /* MALFORMED: sealed as it is, but not what the format says */
    PS_FINDING_TAMPERED,
    PS_FINDING_STRUCTURE, /* MALFORMED: no such file can be a bundle; what is sealed in it does not matter */
    PS_FINDING_FILE,      /* TAMPERED: the signature beside the file is not of these bytes */
};

struct ps_finding {
    enum ps_finding_rank rank;
    const char *what; /* static text, a clause without capital and full stop */
    char about[300];  /* raw bytes: the member that it is about */
    size_t about_len;
    char detail[300]; /* raw bytes: what within it, or empty */
    size_t detail_len;
    uint64_t line; /* of an NDJSON member, from 1; 0: none */
};
enum { PS_FINDINGS_MAX = 64 };

/* Texts are raw bytes of the bundle as C strings, owned by the report; NULL: not stated. They are claims until the
 * verdict is OK or OK-UNPINNED. */
struct ps_verify_report {
    enum ps_verify_verdict verdict;
    struct ps_finding findings[PS_FINDINGS_MAX];
    size_t finding_count;
    uint64_t findings_dropped; /* beyond PS_FINDINGS_MAX; they count for the verdict all the same */

    /* data/meta.json */
    bool has_meta;
    char *bundle, *tool_version, *boot_id, *platform, *platform_by;
    char *case_id, *examiner, *evidence_id, *purpose, *authority, *case_officer;
    uint64_t seq, records_version, realtime_us;
    /* chain.json */
    bool has_chain;
    char *chain_id, *reason;
    struct ps_head head; /* bundle, seq, root, pk and prev, as the head line said them; see has_root */
    bool has_next;
    struct ps_public_key next_key; /* of the next one of its chain */
    uint64_t interval_s;           /* 0: none */
    uint64_t started_boottime_us, finished_boottime_us;
    /* the seal */
    bool has_root, pinned, inner_signed, outer_signed;
    bool other_key; /* than the one that was expected */
    int64_t signed_at; /* unix time in the trusted comment; 0 unless inner_signed */
    /* the encryption around it */
    bool encrypted;
    size_t stanzas; /* X25519 recipients in the header of the file */
    bool opened;
    struct ps_age_recipient opened_by; /* whom the identity that opened it belongs to */
    struct ps_age_recipients encrypted_to; /* whom bag-info.txt names */
    /* data/closing.json */
    char *sealed_early; /* the reason, or NULL */
    uint64_t skipped;   /* captures that were not tried */

    uint64_t members, payload_bytes, file_bytes;
    uint64_t lines, captures, outcomes[PS_OUTCOMES], raw_members, raw_bytes, record_lines;
    bool matched; /* every entry of every pack stands in the journal, and nothing else does */
    bool rederived, parser_changed;
    uint64_t parts, parts_differ; /* of records */
};

/* False with *err set only when the work itself failed (reading, memory); then *out is empty. Otherwise the caller's:
 * ps_verify_report_done. */
PS_MUST_CHECK bool ps_verify_tarball(ps_input *input, void *context, const struct ps_verify_wants *wants,
                                     struct ps_verify_report *out, struct ps_error *err);
/* `dir` is borrowed. */
PS_MUST_CHECK bool ps_verify_dir(int dir, const struct ps_verify_wants *wants, struct ps_verify_report *out,
                                 struct ps_error *err);
void ps_verify_report_done(struct ps_verify_report *report);

#endif
