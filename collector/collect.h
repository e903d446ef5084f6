/* SPDX-License-Identifier: Apache-2.0
 *
 * The conductor of one snapshot: forks the readers and the builder, watches, replaces and reaps them. It touches no
 * byte of evidence.
 */
#ifndef PS_COLLECT_H
#define PS_COLLECT_H

#include "collector/options.h"

/* Exit statuses of collect (a contract). */
enum ps_collect_status {
    PS_SEALED = 0,
    PS_USAGE = 2,
    PS_NOT_SEALED = 3,
    PS_SEALED_NOT_DELIVERED = 4,
    PS_SEALED_EARLY = 5,
};

/* What a sealed snapshot looks like to the operator. Filled in by the builder, in memory shared with the conductor. */
struct ps_verdict {
    bool sealed;
    bool signing;            /* the key has signed, or was about to: a bundle may exist, sealed or not */
    char early[64];          /* why it was sealed early; "" when it was not */
    char bundle_id[80];
    char name[256];          /* base name of the bundle file */
    char head_line[512];     /* without newline */
    char task_arn[256];      /* of the ECS task that we run in; "" not known */
    char path[4096];         /* of the bundle file; "" for stdout and a remote DEST */
    char minisig_path[4096]; /* "" when there is no file beside it */
    char minisig[512];       /* the text of the detached signature */
    char root[65];
    uint64_t bundle_bytes, raw_bytes;
    uint64_t processes, captures, records;
    uint64_t hidden;         /* processes that answer to their number though no listing has them */
    uint32_t covers;         /* mounts over /proc or processes in it */
    bool seen_past;          /* what these cover was read all the same */
    uint64_t outcomes[16];   /* by enum ps_outcome */
    uint64_t own_denied;     /* captures of our own processes that were denied: they shield themselves */
    uint64_t took_us;
    uint64_t skew_us;        /* from the first to the last capture */
    uint32_t readers_replaced, readers_abandoned;
    uint64_t cores;          /* of the memory of processes */
    uint64_t pids_not_seen;  /* that --memory names */
    bool redacted, ephemeral_key;
    char limits_reached[512]; /* names, with commas; "" none */
    uint64_t headroom_bytes;  /* to spare in the container, where limits were lowered for that; 0: they were not */
    bool missing_ptrace;     /* something was denied that CAP_SYS_PTRACE would have given */
};

/* Progress, one line per phase; called in the conductor. done/planned count processes of the walk. */
struct ps_progress {
    void (*phase)(void *context, const char *phase, uint64_t done, uint64_t planned);
    void *context;
};

/* One snapshot. Fills *out and returns the exit status; anything but PS_SEALED and PS_SEALED_EARLY leaves the reason in
 * *err. */
enum ps_collect_status ps_collect(const struct ps_options *options, const struct ps_progress *progress,
                                  struct ps_verdict *out, struct ps_error *err);

#endif
