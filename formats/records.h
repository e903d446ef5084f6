/* SPDX-License-Identifier: Apache-2.0
 *
 * Captures and journal to NDJSON: the one place, used while collecting and when a bundle is rederived. Everything that
 * ends up in a record comes in through these calls, in journal order; nothing else is looked at. Same calls, same bytes.
 */
#ifndef PS_RECORDS_H
#define PS_RECORDS_H

#include "formats/error.h"
#include "formats/journal.h"

enum { PS_RECORDS_VERSION = 1, PS_RECORDS_PART = 256 << 10 };
/* The usual, and the most that is believed of limits.socket_rows and limits.socket_text_bytes. */
enum { PS_SOCKET_ROWS_MAX = 1000000, PS_SOCKET_TEXT_MAX = 192 << 20 };

/* From meta.json. Texts are copied. */
struct ps_records_facts {
    const char *bundle;
    uint64_t seq;
    uint64_t realtime_us, boottime_us; /* the opening anchor */
    uint64_t uncertainty_ns;
    uint32_t clk_tck;
    const char *boot_id;       /* without newline; "" when unknown */
    uint64_t pid_namespace;    /* inode; 0 when unknown */
    uint64_t net_namespace;    /* of the reader: that of data/proc/net; 0 when unknown */
    uint64_t mnt_namespace;    /* of the reader; 0 when unknown */
    uint64_t ipc_namespace;    /* of the reader; 0 when unknown */
    const char *platform, *platform_by; /* what meta.json says of it; NULL: nothing */
    bool hides_pids;           /* by the mount, of whom the reader may not trace: ps_proc_hides_pids */
    uint32_t socket_rows;      /* the most owners that are remembered, and rows of an answer of sock_diag; 0: the usual */
    uint64_t socket_text_bytes; /* of tables, and of answers, that are kept; 0: the usual */
    uint32_t own_pid;          /* of the collector's first process, in that PID namespace; 0 when unknown */
};

/* One entry of a pack, or one global member, in the order in which it was stored. */
struct ps_entry {
    const struct ps_row *row;
    struct ps_span name;   /* the entry's name: "stat", "fd/3", "environ.redacted" */
    struct ps_span bytes;  /* borrowed for the call */
    const char *member;    /* "data/proc/1/state.pack" */
    uint64_t begin_us;     /* of its capture */
};

/* A finished part of a kind: "process", 1, text. Returns false when the sink failed (it keeps the reason). */
typedef bool ps_records_sink(void *context, const char *kind, unsigned part, struct ps_span text);

/* Options of a proc mount, as mountinfo has them, and whether the reader may trace everybody (CAP_SYS_PTRACE): are there
 * processes that its listing leaves out on purpose? hidepid=2 and 4 do that; proc(5). */
bool ps_proc_hides_pids(struct ps_span options, bool can_trace);

struct ps_records;

/* NULL when memory is out. The sink is called from within the calls below. */
struct ps_records *ps_records_new(const struct ps_records_facts *facts, ps_records_sink *sink, void *context);
void ps_records_free(struct ps_records *r);

/* One capture line: begin, the entries in pack order, the captures in journal order, end. Lines of the two readers may
 * overlap: `reader` says whose line it is (PS_QUIET where lines do not say it). What comes out depends only on the
 * order in which lines end. */
void ps_records_line(struct ps_records *r, const struct ps_line *line);
void ps_records_entry(struct ps_records *r, enum ps_reader reader, const struct ps_entry *entry);
void ps_records_capture(struct ps_records *r, enum ps_reader reader, const struct ps_capture *capture);
void ps_records_line_end(struct ps_records *r, enum ps_reader reader, const struct ps_line_end *end);
void ps_records_phase(struct ps_records *r, const struct ps_phase *phase);
/* Hands out what is left of every kind. False when memory ran out or the sink failed at any time before. */
PS_MUST_CHECK bool ps_records_finish(struct ps_records *r);

/* More sockets than may be joined to their owners were told: a gap record says which. */
bool ps_records_sockets_cut(const struct ps_records *r);

/* Bytes held for processes whose memory line has not come yet, and how many such processes there are. */
size_t ps_records_drafts(const struct ps_records *r, size_t *count);
/* True while the sink has accepted everything and memory has not run out. */
bool ps_records_ok(const struct ps_records *r);
/* Lines written so far, of all kinds. */
uint64_t ps_records_lines(const struct ps_records *r);
/* Processes that were found by their number and stand in no listing, where hidepid does not explain it. */
uint64_t ps_records_hidden(const struct ps_records *r);
/* The ARN of the ECS task that the metadata endpoint named; "" when it named none. Lives as long as *r. */
enum { PS_TASK_ARN_MAX = 255 };
const char *ps_records_task_arn(const struct ps_records *r);

/* The first 20 bytes, in hex, of SHA-256(boot id, 0, pid namespace, 0, pid, 0, start): 40 characters and a NUL. */
void ps_entity_id(const struct ps_records_facts *facts, uint32_t pid, uint64_t start, char out[41]);

#endif
