/* SPDX-License-Identifier: Apache-2.0
 *
 * The builder: parses, hashes, compresses, signs, writes the destination. It never opens an examined file.
 */
#ifndef PS_BUILDER_H
#define PS_BUILDER_H

#include <sys/types.h>

#include "collector/builder/lane.h"
#include "collector/host/clock.h"
#include "collector/host/host.h"
#include "collector/host/limits.h"
#include "collector/host/procfs.h"
#include "collector/host/rights.h"
#include "collector/host/surroundings.h"
#include "collector/sandbox/filter.h"

/* Everything the builder is given before the fork. Borrowed. */
struct ps_builder_job {
    const struct ps_options *options;
    const struct ps_plan *plan;
    struct ps_control *control;
    const struct ps_roster *roster;
    const struct ps_wanted *wanted;
    const struct ps_dumps *dumps;
    struct ps_ring *rings; /* PS_SLOTS of them */
    const struct ps_host *host;
    const struct ps_procfs *procfs;
    const struct ps_surroundings *surroundings;
    const struct ps_rights *rights;
    const struct ps_limits *limits;
    const struct ps_caps *caps;
    struct ps_anchor opening;
    int oom_errno;         /* of the one change to ourselves; 0: made */
    pid_t conductor;
};

/* What meta.json and closing.json are made of, beside the job. */
struct ps_run_facts {
    char bundle_id[64];
    char executable_sha256[65]; /* "" when unreadable */
    struct ps_sandbox sandbox;
    bool ephemeral_key;
};

/* data/meta.json and data/closing.json (docs/BUNDLE.md sections 2 and 7), appended to *out. */
void ps_meta_json(const struct ps_builder_job *job, const struct ps_run_facts *run, struct ps_buffer *out);
/* What meta.json says of ourselves in the procfs that is read; 0 where that is none of our own PID namespace. */
uint32_t ps_meta_own_pid(const struct ps_builder_job *job);
uint64_t ps_meta_mnt_namespace(const struct ps_builder_job *job);
uint64_t ps_meta_ipc_namespace(const struct ps_builder_job *job);

struct ps_closing_facts {
    const struct ps_output *output;
    const struct ps_lives *lives;
    struct ps_anchor closing;
    uint64_t records;
    bool early; /* stopped while it read */
};
void ps_closing_json(const struct ps_builder_job *job, const struct ps_closing_facts *facts, struct ps_buffer *out);

/* Names of limits in meta.json that were reached, for closing.json and the verdict; static texts. How many. */
enum { PS_LIMIT_NAMES = 24 };
size_t ps_limits_reached(const struct ps_builder_job *job, const struct ps_output *output,
                         const char *names[PS_LIMIT_NAMES]);

/* The whole life of the builder process; its last words are in control->verdict, ->error and ->exit_status. */
_Noreturn void ps_builder_run(const struct ps_builder_job *job);

#endif
