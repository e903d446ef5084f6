/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files that verify a bundle (verify.c, verify_*.c) share, and nobody else sees.
 */
#ifndef PS_VERIFY_STATE_H
#define PS_VERIFY_STATE_H

#include "formats/bundle_dir.h"
#include "formats/evidence.h"
#include "formats/json_check.h"
#include "formats/manifest.h"
#include "formats/member_class.h"
#include "formats/member_source.h"
#include "formats/verify.h"

/* What data/closing.json says of the rest. */
struct ps_verify_counts {
    uint64_t captures, raw_bytes, records, outcomes[PS_OUTCOMES];
};

struct ps_verify {
    enum ps_reader reader; /* of the capture line under way */
    bool sweeping;         /* it is one of a sweep */
    uint64_t swept;        /* entries of both sweeps */
    const struct ps_verify_wants *wants;
    struct ps_verify_report *report;
    struct ps_error *err;
    bool failed;     /* our own failure: *err says which */
    bool stopped;    /* the source ended before the bundle did: what is missing need not be told */
    bool cut;        /* and that because it is cut short */
    uint64_t flawed_bytes;       /* read since something was found that is beyond mending */
    struct ps_bundle_dir *files; /* the extracted bundle, or NULL */
    const char *top; /* bundle id of the top directory; NULL: a directory, which may be renamed and has no order */
    enum ps_finding_rank worst;

    struct ps_json_check check;
    struct ps_manifest payload, tags;             /* seen, with the hashes of what was seen */
    struct ps_buffer text[PS_MEMBER_UNKNOWN + 1]; /* whole text of the members that are small */
    bool whole[PS_MEMBER_UNKNOWN + 1];            /* a member of that class was read to its end */

    enum ps_member_class last; /* where the order of members has come to */
    uint64_t journal_parts;

    /* The member under way. */
    char name[PS_MEMBER_NAME_MAX + 1];
    enum ps_member_class class;
    struct ps_buffer line;
    uint64_t line_number;
    bool line_flawed; /* the rest of an NDJSON member is not looked at */

    /* manifest-sha256.txt, which is compared line by line with the sorted payload. */
    size_t listed;                            /* how many of the payload have been passed */
    char listed_last[PS_MEMBER_NAME_MAX + 1]; /* the path of the line before */
    size_t findings_before;                   /* what had been found before it: a flawed manifest takes the rest back */
    uint64_t dropped_before;
    enum ps_finding_rank worst_before;

    struct ps_evidence *evidence;
    bool evidence_flawed;
    size_t raw_sorted; /* of a directory's payload, when the first journal line came */
    struct ps_records *records; /* NULL: not derived again */
    struct ps_manifest derived;
    bool plan_known, content_planned; /* data/meta.json says what was planned; content was */
    bool facts_known; /* data/meta.json has told what records are derived from */
    struct ps_records_facts facts;
    bool key_known; /* chain.json has named the key */
    bool not_early, said_counts; /* data/closing.json says that the run came to its end; it says the counts */
    struct ps_verify_counts said;
};

/* verify_report.c */
void ps_verify_find(struct ps_verify *v, enum ps_finding_rank rank, const char *what, struct ps_span about);
void ps_verify_find_line(struct ps_verify *v, const char *what, struct ps_span about, struct ps_span detail,
                         uint64_t line);
void ps_verify_decide(struct ps_verify *v);
/* Our own failure. Returns false. */
bool ps_verify_out_of_memory(struct ps_verify *v);

/* verify_facts.c: the documents; called when their text is complete. */
void ps_verify_meta(struct ps_verify *v);
void ps_verify_closing(struct ps_verify *v);
void ps_verify_chain(struct ps_verify *v);
void ps_verify_bag_info(struct ps_verify *v);
void ps_verify_custody_line(struct ps_verify *v, struct ps_span line);

/* verify_lines.c: members that are lines, piece by piece. */
void ps_verify_lines_piece(struct ps_verify *v, struct ps_span piece);
void ps_verify_lines_end(struct ps_verify *v);
/* The rest of the NDJSON member, or of the manifest, under way is not looked at. */
void ps_verify_line_flaw(struct ps_verify *v, const char *why);

/* verify_evidence.c: raw members and journal are matched, records derived again. */
bool ps_verify_evidence_new(struct ps_verify *v);
void ps_verify_raw_begin(struct ps_verify *v, uint64_t size);
void ps_verify_raw_piece(struct ps_verify *v, struct ps_span piece);
void ps_verify_journal_line(struct ps_verify *v, struct ps_span line);
/* Everything has come: is a pack left over, are the records the same? */
void ps_verify_evidence_end(struct ps_verify *v);

/* verify_manifest.c */
void ps_verify_manifest_begin(struct ps_verify *v);
void ps_verify_manifest_line(struct ps_verify *v, struct ps_span line);
void ps_verify_manifest_end(struct ps_verify *v);
void ps_verify_tagmanifest(struct ps_verify *v);

/* verify_seal.c: root and signatures. */
void ps_verify_seal(struct ps_verify *v);
/* Is it encrypted as its seal says? */
void ps_verify_encryption(struct ps_verify *v, const struct ps_tarball_reader *reader);
void ps_verify_outer(struct ps_verify *v, const uint8_t digest[PS_BLAKE2B512_LEN]);

#endif
