/* SPDX-License-Identifier: Apache-2.0
 *
 * A reader: the process that opens another process's /proc. It parses nothing but stat (for the start time) and the
 * namespace links it deduplicates by, and has no output but its ring.
 */
#ifndef PS_READER_H
#define PS_READER_H

#include "collector/host/rights.h"
#include "collector/procfs/control.h"
#include "collector/procfs/dumps.h"
#include "collector/procfs/identity.h"
#include "collector/procfs/plan.h"
#include "collector/procfs/roster.h"
#include "collector/procfs/wanted.h"

/* Everything a reader is given before the fork. Borrowed. */
struct ps_reader_job {
    const struct ps_options *options;
    const struct ps_plan *plan;
    struct ps_control *control;
    struct ps_roster *roster;
    struct ps_wanted *wanted;
    struct ps_dumps *dumps;
    const struct ps_caps *caps;
    struct ps_ring *ring;
    int procfs;                     /* directory descriptor */
    bool own;                       /* it shows our own PID namespace */
    int own_proc;                   /* our own /proc, a real one; -1: there is none, and no content can be opened */
    bool copied;                    /* no kernel's proc but a copy of one: its links lead to files of this machine */
    pid_t conductor;
    const struct ps_rights *rights;
    uint32_t clk_tck;               /* ticks a second */
    uint64_t net_namespace;         /* our own: its tables are data/proc/net; 0 unknown */
    enum ps_reader lane;
    uint32_t slot;
    enum ps_walk_phase resume;      /* where a successor goes on */
    uint32_t resume_after;          /* the position that its predecessor was stuck at */
    bool successor;
    bool abandoned;                 /* the predecessor hangs in the kernel, and cannot be killed */
};

/* A network or mount namespace whose files were read with a process. */
struct ps_seen {
    uint64_t inode;
    uint32_t subject;
};
enum { PS_SEEN_MAX = 65536, PS_THREADS_MAX = 1 << 16 };

struct ps_seen_list {
    struct ps_seen *items; /* PS_SEEN_MAX of them; pages cost when touched */
    size_t count;
};

struct ps_reader_state {
    const struct ps_reader_job *job;
    struct ps_slot *slot;
    struct ps_ring *ring;
    struct ps_home home;
    bool may_switch, can_trace;
    struct ps_seen_list net, mnt;
    uint8_t *tids_here; /* a bit for each thread that was listed of the process under way; quiet reader only */
    uint32_t *tids;     /* numbers of threads: PS_THREADS_MAX of them */
    uint64_t own_dev, own_ino;  /* our own executable: it is hashed in meta.json */
    uint8_t entries[32 << 10]; /* of the directory being listed */
};

/* The whole life of a reader process; does not return. */
_Noreturn void ps_reader_run(const struct ps_reader_job *job);

/* subject.c: one process; one file below the procfs root */
void ps_capture_subject(struct ps_reader_state *r, uint32_t subject);
void ps_capture_global(struct ps_reader_state *r, uint16_t row);
/* The tables of our own network namespace are read as files that exist once: no process shows them again. */
void ps_capture_know_own_namespace(struct ps_reader_state *r);
/* Network namespaces, the own one aside, whose tables are read; those of all others are `skipped`. */
uint32_t ps_net_namespaces_most(enum ps_profile profile);
void ps_progress_made(struct ps_reader_state *r);
/* After a frame that was committed by hand. */
void ps_reader_wake_builder(struct ps_reader_state *r);
bool ps_reader_stopped(const struct ps_reader_state *r);
void ps_reader_send(struct ps_reader_state *r, const struct ps_frame *frame, const char *name, const void *data,
                    size_t len);

/* What a stat says that tells one life, and one program, from another. */
struct ps_look {
    uint64_t start, startcode;
    int64_t threads; /* 0: unknown, or gone */
    uint32_t pid, ppid;
    uint8_t state, comm_len, comm[PS_ROSTER_COMM];
    bool no_memory; /* a kernel thread or a zombie: there is nothing to read the memory of */
    bool ending;    /* a zombie, or on the way there: the kernel takes memory, descriptors and the rest away one by one */
};
/* look.c */
PS_MUST_CHECK bool ps_look_at(struct ps_span stat, struct ps_look *out);
/* pread at 0 of an open stat makes the kernel print it anew. Returns the length, or -errno. */
ssize_t ps_look_again(struct ps_reader_state *r, int stat, uint8_t *buffer, size_t room);

#endif
