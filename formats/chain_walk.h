/* SPDX-License-Identifier: Apache-2.0
 *
 * Do the snapshots of a series follow each other without a gap (docs/BUNDLE.md section 11)? Each has been verified by
 * itself; here only what they say of each other is compared. What the walk must tell was learnt from journald, whose
 * verifier did not check that each epoch is there exactly once, nor that a time fits the key that sealed it
 * (CVE-2023-31438, CVE-2023-31439): a log could be cut and continued, or sealed again with a newer key.
 */
#ifndef PS_CHAIN_WALK_H
#define PS_CHAIN_WALK_H

#include "formats/verify.h"

enum { PS_CHAIN_RAW_ID = 16, PS_SERIES_FINDINGS_MAX = 10000 };

enum ps_chain_reason { PS_CHAIN_SINGLE, PS_CHAIN_GOES_ON, PS_CHAIN_RESTART, PS_CHAIN_FINAL };

/* One bundle of the series. About 300 bytes. */
struct ps_chain_entry {
    const char *file; /* borrowed */
    enum ps_verify_verdict verdict; /* alone; one that is neither OK nor OK-UNPINNED has no place in a chain */
    struct ps_head head;
    struct ps_public_key next; /* that its chain names, when has_next */
    uint8_t chain[PS_CHAIN_RAW_ID], boot[PS_CHAIN_RAW_ID]; /* boot: a hash of the boot id */
    bool has_next, has_boot;
    enum ps_chain_reason reason;
    uint64_t started_us, finished_us, interval_s, realtime_us;
    bool logged; /* a trusted log has its head line */
    bool pinned; /* set by the walk: a pinned key, or a log, vouches for it */
};

/* Fills *out from a report that has a chain; `file` is borrowed. False with *out untouched when it has none. */
PS_MUST_CHECK bool ps_chain_entry_of(const struct ps_verify_report *report, const char *file,
                                     struct ps_chain_entry *out);

/* Texts are static or borrowed from the entries. */
struct ps_series_finding {
    enum ps_verify_verdict weight; /* PS_VERIFY_OK: a note */
    const char *what;              /* a clause */
    const char *file, *other;      /* whom it is about, and who contradicts; or NULL */
    bool in_chain, has_seq;
    uint8_t chain[PS_CHAIN_RAW_ID];
    uint64_t seq, to; /* the numbers that it is about */
};

struct ps_chain_summary {
    uint8_t id[PS_CHAIN_RAW_ID];
    const struct ps_chain_entry *first, *last; /* by number */
    uint64_t bundles;
    bool pinned; /* all of it */
    bool open;   /* the last one is not marked as that, and nothing else says that it is */
    enum ps_verify_verdict worst;
};

/* What the command line says. Borrowed. */
struct ps_series_wants {
    const struct ps_public_key *keys; /* of the first snapshot of each chain, or of a snapshot alone */
    size_t key_count;
    const uint8_t *root; /* of the snapshot that a chain must end with, or NULL */
    const uint64_t *seq; /* likewise */
    bool has_log;        /* entries were compared with one: what ends where the log ends is not open */
};

struct ps_series_report {
    struct ps_series_finding *findings; /* owned, in order; at most PS_SERIES_FINDINGS_MAX */
    size_t finding_count, finding_room;
    uint64_t findings_dropped;
    enum ps_verify_verdict worst; /* of all findings, those that were dropped too */
    struct ps_chain_summary *chains; /* owned; those with a key to go on with, by their first time */
    size_t chain_count, chain_room;
    uint64_t singles, singles_pinned;
    bool failed; /* no memory */
};

/* Adds one. Also for whoever found something about the files. */
void ps_series_find(struct ps_series_report *r, struct ps_series_finding finding);
/* Sorts the entries, walks all chains, adds to *r. */
void ps_chain_walk(struct ps_chain_entry *entries, size_t count, const struct ps_series_wants *wants,
                   struct ps_series_report *r);
void ps_series_report_done(struct ps_series_report *r);

#endif
