/* SPDX-License-Identifier: Apache-2.0
 *
 * A bundle as tables in memory: what the views of `show` are made from. Only what was in the bundle, and nothing
 * trusted beyond what verify said of it. Texts are exact bytes of the evidence: whoever prints them escapes them.
 */
#ifndef PS_SNAPSHOT_H
#define PS_SNAPSHOT_H

#include "analysis/text_pool.h"
#include "formats/journal.h"
#include "formats/member_source.h"

/* One life. An empty text was not in the record. */
struct ps_process_row {
    uint32_t pid, ppid;
    uint64_t start_boot_us;
    struct ps_span entity_id, name, command_line, executable, user, cgroup, state;
    struct ps_span identity; /* "gone", "changed", "unverified"; empty: the same to the end */
    bool kernel_thread;
    bool exe_known, exe_deleted;
};

struct ps_socket_row {
    struct ps_span transport, state, address; /* state: TCP alone */
    uint64_t port;
    uint32_t owner;              /* pid of the first owner; 0: none */
    struct ps_span owner_absent; /* why there is none */
};

/* What was not seen of one process (or, pid 0, of the machine). */
struct ps_gap_row {
    uint32_t pid;
    struct ps_span entity_id, outcome, error, files, why; /* files: names with ", " between them */
};

struct ps_change_row {
    uint32_t pid;
    struct ps_span name, change; /* "appeared", "ended", "program", "name" */
};

/* data/meta.json and data/closing.json. */
struct ps_snapshot_facts {
    bool has_meta, has_closing;
    struct ps_span bundle, tool_version, tool_commit, profile, procfs;
    struct ps_span hostname, kernel, machine, boot_id;
    struct ps_span case_id, examiner, evidence_id, reason, authority, case_officer;
    uint64_t seq, realtime_us, boottime_us, closing_boottime_us, read_timeout_ms, deadline_ms;
    bool chosen_pids; /* --pid: the other processes were left out on purpose */
    bool redacted;
    bool uid_known, caps_known, can_switch_ids;
    uint64_t uid, capabilities; /* effective */
    int no_new_privs;           /* -1: unknown */
    struct ps_span early;       /* why it was sealed early; empty: it was not */
    uint64_t skipped;           /* captures, when sealed early */
    uint64_t captures, outcomes[PS_OUTCOMES];
    uint64_t readers_abandoned;
    uint64_t processes_missed; /* more than there was room for */
    int64_t clock_stepped_us;
};

struct ps_snapshot {
    struct ps_snapshot_facts facts;
    struct ps_process_row *processes;
    size_t process_count, process_room;
    struct ps_socket_row *sockets;
    size_t socket_count, socket_room;
    struct ps_gap_row *gaps;
    size_t gap_count, gap_room;
    struct ps_change_row *changes;
    size_t change_count, change_room;
    uint64_t environs;         /* environ records */
    uint64_t unreadable_lines; /* records that are no JSON by the rules */
    bool flawed;               /* the source ended in *flaw: what comes after it is missing here */
    struct ps_flaw flaw;
    struct ps_text_pool pool;
};

/* Reads the members to their end, or to a flaw. Processes come out sorted by pid and start. False with *err set on a
 * failure of our own (cannot read, no memory); ps_snapshot_done in any case. */
PS_MUST_CHECK bool ps_snapshot_load(const struct ps_member_source *source, struct ps_snapshot *out,
                                    struct ps_error *err);
void ps_snapshot_done(struct ps_snapshot *s);

/* The row of that life, or NULL. An empty entity_id finds the pid alone. */
const struct ps_process_row *ps_snapshot_process(const struct ps_snapshot *s, uint32_t pid, struct ps_span entity_id);
/* CAP_SYS_PTRACE was in effect. */
bool ps_snapshot_could_trace(const struct ps_snapshot *s);

#endif
