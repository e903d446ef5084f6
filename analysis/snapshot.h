/* SPDX-License-Identifier: Apache-2.0
 *
 * A bundle as tables in memory: what the views of `show` are made from. Only what was in the bundle, and nothing
 * trusted beyond what verify said of it. Texts are exact bytes of the evidence: whoever prints them escapes them.
 */
#ifndef PS_SNAPSHOT_H
#define PS_SNAPSHOT_H

#include "analysis/life_index.h"
#include "analysis/text_pool.h"
#include "formats/journal.h"
#include "formats/member_source.h"

/* Which records a view needs: nothing else is kept. */
enum {
    PS_LOAD_PROCESSES = 1 << 0,
    PS_LOAD_COMMANDS = 1 << 1, /* with PROCESSES: command line, executable, control group */
    PS_LOAD_SOCKETS = 1 << 2,
    PS_LOAD_GAPS = 1 << 3,
    PS_LOAD_CHANGES = 1 << 4,
    PS_LOAD_ENVIRONS = 1 << 5,
    PS_LOAD_FILES = 1 << 6,
    PS_LOAD_PLACE = 1 << 7, /* platform and task */
    PS_LOAD_CONTENTS = 1 << 8,
};

struct ps_snapshot_wants {
    unsigned tables;
    uint32_t pid; /* 0: none; else the records of that process are kept whole as well */
    bool derive;  /* the seal is missing: the records are made anew, from the raw captures that are there */
};

/* One life. An empty text was not in the record, or not wanted. */
struct ps_process_row {
    uint32_t pid, ppid;
    uint64_t start_boot_us;
    struct ps_span entity_id, parent_entity_id, name, command_line, executable, user, cgroup, state;
    struct ps_span container, role; /* container: its name, or else its id */
    struct ps_span identity; /* "gone", "changed", "unverified"; empty: the same to the end */
    bool parent_known; /* ppid 0 is "nobody here" then, and else "not read" */
    bool unlisted; /* no listing of /proc has it: it was found by its number */
    bool kernel_thread, swept_alone; /* swept_alone: nothing but its stat in the opening sweep */
    bool exe_known, exe_deleted;
};

struct ps_owner_row {
    uint32_t pid;
    uint64_t fd;
    size_t socket; /* index of what it owns */
    struct ps_span entity_id;
};

struct ps_socket_row {
    struct ps_span transport, state, address;         /* state: TCP alone */
    struct ps_span remote, other_state;               /* other_state: UDP, unix and raw */
    struct ps_span type, path;                        /* unix; type of packet sockets too */
    uint64_t protocol, number;                        /* raw, packet, netlink; number: port id or interface */
    uint64_t port, remote_port, inode, net_namespace; /* 0: none, or unknown */
    bool unverified;                                  /* the kernel's own answer does not have it */
    bool accepts;                                     /* unix: it listens */
    bool again;     /* the same socket stands in an earlier row: its table was read with two processes */
    uint32_t owner;                                   /* pid of the first owner; 0: none */
    size_t owners_at; /* in the table of owners: this many, and owners_left that the record does not name */
    uint32_t owner_count;
    uint64_t owners_left;
    struct ps_span owner_absent; /* why there is none */
};

/* A descriptor of something that has a path. */
struct ps_file_row {
    uint32_t pid;
    uint64_t fd, flags; /* open(2)'s flags; see flags_known */
    bool flags_known;
    struct ps_span entity_id, path, class_name; /* "file", "deleted", "memfd", "device" */
};

/* An executable, a file whose content was looked at, or (drift) one that changed since the container was started. */
struct ps_content_row {
    uint32_t pid; /* by way of which it was seen */
    uint64_t size;
    bool drift;
    uint64_t ctime_ns; /* of a drift row */
    struct ps_span exe_id, path, type, mode, sha256, object, withheld;
};

/* One line of the records of the process that was asked for. */
struct ps_kept_record {
    const char *kind; /* "process", "fd": static text */
    struct ps_span entity_id, line;
};

/* What was not seen of one process (or, pid 0, of the machine). */
struct ps_gap_row {
    uint32_t pid;
    struct ps_span entity_id, outcome, error, reader, files, why; /* files: names with ", " between them */
};

struct ps_change_row {
    uint32_t pid;
    struct ps_span name, change; /* "appeared", "ended", "program", "name" */
};

/* Where the snapshot was taken, as its records tell it. */
struct ps_snapshot_place {
    struct ps_span platform, by;
    uint64_t oom_kills;       /* in the memory control group that the collector ran in */
    bool host_pids, host_ipc; /* in the first PID or IPC namespace of the machine */
    struct ps_span family, revision, status, cluster, zone; /* of the task; family empty: no task is known */
};

/* data/meta.json and data/closing.json. */
struct ps_snapshot_facts {
    bool has_meta, has_closing;
    struct ps_span bundle, tool_version, tool_commit, profile, procfs;
    struct ps_span hostname, kernel, machine, boot_id;
    struct ps_span proc_mount; /* options of the proc file system that was read */
    struct ps_span covered;    /* mount points over /proc or over processes in it, the first ones */
    uint64_t covers;           /* how many there are */
    bool seen_past;            /* what they cover was read all the same */
    struct ps_span case_id, examiner, evidence_id, reason, authority, case_officer;
    uint64_t seq, realtime_us, boottime_us, closing_boottime_us, read_timeout_ms, deadline_ms;
    bool chosen_pids; /* --pid: the other processes were left out on purpose */
    bool redacted;
    struct ps_span files, memory; /* --files, --memory */
    bool recover;                 /* without --no-recover */
    struct ps_span metadata_endpoint;
    uint64_t read_as_others; /* captures that were made with the ids of other users */
    struct ps_span limits_reached; /* names with ", " between them */
    bool uid_known, caps_known, can_switch_ids;
    uint64_t uid, capabilities; /* effective */
    int no_new_privs;           /* -1: unknown */
    struct ps_span early;       /* why it was sealed early; empty: it was not */
    uint64_t skipped;           /* captures, when sealed early */
    uint64_t captures, outcomes[PS_OUTCOMES];
    uint64_t readers_abandoned;
    uint64_t skew_us, skew_quiet_us, skew_memory_us, skew_content_us; /* first to last capture; 0: none, or not told */
    uint64_t processes_missed; /* more than there was room for */
    int64_t clock_stepped_us;
};

struct ps_snapshot {
    struct ps_snapshot_wants wants;
    struct ps_snapshot_facts facts;
    struct ps_snapshot_place place;
    struct ps_process_row *processes;
    size_t process_count, process_room;
    struct ps_life_index lives; /* of processes */
    struct ps_socket_row *sockets;
    size_t socket_count, socket_room;
    struct ps_owner_row *owners;
    size_t owner_count, owner_room;
    struct ps_file_row *files;
    size_t file_count, file_room;
    struct ps_content_row *contents;
    size_t content_count, content_room;
    struct ps_kept_record *kept;
    size_t kept_count, kept_room;
    struct ps_gap_row *gaps;
    size_t gap_count, gap_room;
    struct ps_change_row *changes;
    size_t change_count, change_room;
    uint64_t environs;         /* environ records */
    uint64_t sweep_alone;      /* derived: processes of which nothing but the opening sweep is there */
    uint64_t packs_unread;     /* derived: packs of which nothing says whose they are */
    uint64_t unreadable_lines; /* records that are no JSON by the rules */
    bool flawed;               /* the source ended in *flaw: what comes after it is missing here */
    struct ps_flaw flaw;
    struct ps_text_pool pool;
};

/* Reads the members to their end, or to a flaw. Processes come out sorted by pid and start. False with *err set on a
 * failure of our own (cannot read, no memory); ps_snapshot_done in any case. */
PS_MUST_CHECK bool ps_snapshot_load(const struct ps_member_source *source, const struct ps_snapshot_wants *wants,
                                    struct ps_snapshot *out, struct ps_error *err);
void ps_snapshot_done(struct ps_snapshot *s);

/* The row of that life, or NULL. An empty entity_id finds the pid alone. */
const struct ps_process_row *ps_snapshot_process(const struct ps_snapshot *s, uint32_t pid, struct ps_span entity_id);
/* The life that started that one, or NULL when it is not in view. *by_pid: the bundle names no life, only a pid; then
 * it is the last life of that pid that was there before the child. */
const struct ps_process_row *ps_snapshot_parent(const struct ps_snapshot *s, const struct ps_process_row *child,
                                                bool *by_pid);
/* CAP_SYS_PTRACE was in effect. */
bool ps_snapshot_could_trace(const struct ps_snapshot *s);

#endif
