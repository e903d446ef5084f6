/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files that make records (records.c, record_*.c) share, and nobody else sees.
 */
#ifndef PS_RECORDS_STATE_H
#define PS_RECORDS_STATE_H

#include "formats/record_json.h"
#include "formats/records.h"

enum ps_kind {
    PS_KIND_PROCESS,
    PS_KIND_THREAD,
    PS_KIND_FD,
    PS_KIND_MOUNT,
    PS_KIND_ENVIRON,
    PS_KIND_EXECUTABLE,
    PS_KIND_FILE,
    PS_KIND_MEMORY,
    PS_KIND_SOCKET,
    PS_KIND_NET,
    PS_KIND_SYSTEM,
    PS_KIND_CHANGE,
    PS_KIND_GAP,
    PS_KIND_TASK,
    PS_KIND_CONTAINER,
    PS_KINDS
};

/* Longest line of a record; longest piece of argv or environment that is shown in one. The raw bytes have no such end. */
enum { PS_LINE_MAX = 1 << 20, PS_SHOWN_ARGS = 48 << 10, PS_SHOWN_ENVIRON = 128 << 10 };
/* Text of one table of a network namespace that is no table of sockets; a full routing table of the Internet has more. */
enum { PS_NET_TEXT_MAX = 8 << 20 };
enum { PS_COMM_KEPT = 32, PS_MISSING_MAX = 64 };
/* PF_KTHREAD in the flags of stat (include/linux/sched.h): the only sure sign of a kernel thread. */
enum { PS_FLAG_EXITING = 0x4, PS_FLAG_KTHREAD = 0x00200000 };

struct ps_part {
    struct ps_buffer text;
    size_t line;     /* where the line under way began */
    unsigned number; /* of parts handed out */
    char head[160];  /* what every line of the kind begins with */
};

/* One life, as a sweep saw it. */
struct ps_known {
    uint32_t pid, ppid;
    uint32_t tracer; /* as its status said; a thread, maybe; 0 none */
    uint64_t start, startcode;
    uint8_t comm_len;
    bool kernel_thread;
    bool ending;  /* a zombie, or on the way there: its addresses say nothing any more */
    bool closing; /* the closing sweep saw it too */
    bool parent_stays; /* and it had the same parent then */
    uint8_t comm[PS_COMM_KEPT];
};

struct ps_known_list {
    struct ps_known *items; /* owned */
    size_t count, room;
    bool sorted;
};

/* A life that no listing had. */
struct ps_hidden {
    uint32_t pid;
    uint64_t start;
};

struct ps_missing {
    const char *file;
    enum ps_outcome outcome;
};

/* What one of the two lines says of a process: the inside of JSON objects, so far. */
struct ps_half {
    bool ended, named, identity_said;
    uint32_t via; /* the thread that it was read through */
    uint64_t read_us;
    struct ps_buffer process, user, proc, ns;
    struct ps_buffer facts;   /* of captures, not of entries: about the executable */
    struct ps_buffer members; /* quoted names of the packs, with commas */
    struct ps_buffer container;
    struct ps_missing missing[PS_MISSING_MAX];
    size_t missing_count;
};

/* A container id: "<64 hex>", "<32 hex>-<digits>". */
enum { PS_CONTAINER_ID_MAX = 64, PS_CONTAINERS_MAX = 256 };

/* What tells of one process whose container it is in and on whose behalf it runs. */
struct ps_place {
    char container[PS_CONTAINER_ID_MAX + 1]; /* named by its control group; "" when that names none */
    uint64_t mnt;                            /* its mount namespace; 0 unknown */
    bool kernel_thread, managed_exe;         /* managed_exe: its program lies where ECS Exec mounts its agent */
};

/* A container of the task, as ECS tells of it. */
struct ps_container {
    char id[PS_CONTAINER_ID_MAX + 1];
    char *name, *image; /* owned; NULL where not told */
    bool guard;         /* the agent that GuardDuty puts into each task */
};

/* What was learned of one mount namespace. */
struct ps_mnt_known {
    uint64_t inode;                          /* 0: free */
    char container[PS_CONTAINER_ID_MAX + 1]; /* of a process in it; "" none, "?" of several */
    bool host;                               /* kernel threads live in it */
    bool managed;                            /* ECS Exec mounted its agent there */
};

/* The two sources of a socket table of our own network namespace: a file of /proc, and the kernel's answer. */
enum { PS_SOCKET_TABLES = 5 };

struct ps_diag_ref {
    uint64_t key; /* of what both sources tell */
    size_t at;    /* of the message in the text */
    bool told;    /* a row of /proc is this one */
};

struct ps_diag_table {
    const struct ps_row *row;
    char *member; /* owned */
    uint64_t read_us;
    struct ps_buffer text;
    bool complete, file_complete; /* the answer; the file of /proc */
    struct ps_diag_ref *refs; /* owned; sorted by key */
    size_t count;
    bool indexed;
};

struct ps_places {
    struct ps_container *containers; /* owned, PS_CONTAINERS_MAX at most */
    size_t container_count;
    char own[PS_CONTAINER_ID_MAX + 1]; /* id of the container that we run in; "" unknown */
    const char *platform;              /* as the metadata tell it; NULL: they do not */
    char task_arn[PS_TASK_ARN_MAX + 1]; /* the same; "" */
    struct ps_mnt_known *mounts;       /* owned: open addressing */
    size_t mount_count, mount_room;
    uint32_t agents[64]; /* pids whose program is the agent of ECS Exec, or of a session of it */
    size_t agent_count;
};

/* A process whose second line has not ended yet. */
struct ps_draft {
    struct ps_place place;
    struct ps_draft *next;
    uint32_t pid;
    uint64_t start;
    struct ps_half halves[2]; /* by enum ps_reader: quiet and memory */
};

struct ps_owner {
    uint64_t inode, start;
    uint32_t pid, fd;
};

struct ps_table {
    const struct ps_row *row;
    char *member;
    uint64_t read_us, net_namespace;
    struct ps_buffer text;
    bool compared; /* with the kernel's answer */
    uint32_t *unverified; /* owned: numbers of the rows that the answer does not have, ascending */
    size_t unverified_count, unverified_room;
};

/* An entry that waits for the end of its line; its texts as places in a buffer. */
struct ps_waiting_fact {
    const struct ps_row *row;
    size_t name, name_len, member, bytes, bytes_len;
    uint64_t begin_us;
};

/* The line under way of one reader. What both readers' lines could write into, in an order that depends on how they
 * overlapped, waits here for the end of the line: the journal has lines in the order of their ends. */
struct ps_line_state {
    struct ps_line line;
    char life[64];
    char entity[41];
    char who[96];               /* "pid":1,"entity_id":"..." */
    struct ps_draft *draft;     /* of the process of the line */
    uint64_t net_namespace;     /* of the process of the line; 0 unknown */
    struct ps_buffer exe;       /* target of exe */
    char fd_open[24];           /* the descriptor whose record still waits for its fdinfo; "" none */
    char thread_open[24];       /* the thread whose record still waits for its further files; "" none */
    const struct ps_row *thread_row; /* the last of them */
    struct ps_table *table;     /* the socket table that a further part goes on */
    struct ps_table net;        /* a table that is no table of sockets: its text so far; row NULL: none is open */
    bool net_full;              /* a part of it was left out: those behind it are too */
    struct ps_known born;       /* pid 0, or a life that no sweep saw */
    struct ps_missing gaps[PS_MISSING_MAX];
    const char *gap_errors[PS_MISSING_MAX];
    size_t gap_count;
    struct ps_buffer gap_text;  /* gap records, until the line ends */
    struct ps_buffer fact_text; /* facts, until the line ends */
    struct ps_waiting_fact *facts;   /* owned */
    size_t fact_count, fact_room;
};

/* A file that somebody runs. Its record waits for the hash, which comes long after the first process that runs it. */
struct ps_waiting {
    uint64_t key;  /* of its id; 0: the place is free */
    size_t at, len; /* its record in `text`, without the last two brackets; len 0: it is out */
};

struct ps_executables {
    struct ps_waiting *table; /* open addressing; owned */
    size_t count, room;
    struct ps_buffer text;
    uint64_t *objects; /* open addressing: hashes that members are named by, 0 is free; owned */
    size_t object_count, object_room;
};

struct ps_records {
    struct ps_records_facts facts; /* texts owned */
    ps_records_sink *sink;
    void *context;
    bool failed;
    uint64_t lines;
    struct ps_part parts[PS_KINDS];
    char proc_head[160];

    struct ps_line_state lanes[PS_READERS]; /* by enum ps_reader: lines of the readers overlap */
    struct ps_line_state *l;       /* the one that the call under way is about */

    struct ps_draft *drafts, **drafts_end;
    struct ps_draft *spare; /* empty ones, whose room the next processes use */
    size_t spare_count;
    struct ps_places places;
    struct ps_known_list known;
    bool closing_swept;
    uint8_t *seen_pids; /* owned: a bit for each pid and thread id that some capture is of */
    bool threads_asked, threads_missed;
    struct ps_hidden *hidden;
    size_t hidden_count;
    uint64_t hidden_told; /* those of whom nothing else is known among them */
    struct ps_owner *owners;
    size_t owner_count, owner_room;
    struct ps_diag_table diag[PS_SOCKET_TABLES];
    size_t diag_bytes;
    struct ps_table **tables;
    size_t table_count, table_room, table_bytes;
    bool sockets_cut; /* a limit of theirs was reached */
    struct ps_executables executables;
    struct ps_buffer scratch;
};

/* A line of `kind` begins: everything of the envelope up to "proc", which ps_records_proc opens. */
struct ps_json ps_records_begin(struct ps_records *r, enum ps_kind kind);
/* ,"process":{"pid":..,"entity_id":".."} of the line under way */
void ps_records_who(struct ps_records *r, struct ps_json *j);
/* ,"proc":{"bundle":..,"seq":.. ; stays open until ps_records_end. */
void ps_records_proc(struct ps_records *r, struct ps_json *j);
/* "source":["member#entry"],"read_us":n; entry may be empty. */
void ps_records_source(struct ps_json *j, const char *member, struct ps_span entry, uint64_t read_us);
void ps_records_end(struct ps_records *r, enum ps_kind kind, struct ps_json *j);

/* One gap record, without its newline, into its part. */
void ps_records_gap_line(struct ps_records *r, struct ps_span line);

/* A row of a file that its parser could not read. */
void ps_records_malformed(struct ps_records *r, const struct ps_entry *entry, const struct ps_issue *issue);

/* The next row of an entry that its parser understands; those it does not become gap records. False at the end. */
bool ps_records_row(struct ps_records *r, const struct ps_entry *entry, struct ps_cursor *in,
                    union ps_any_record *record);

/* The value of a field by its kernel name, or NULL when the record does not have it. */
const void *ps_record_value(const struct ps_parser *parser, const void *record, const char *field);

/* record_process.c */
struct ps_draft *ps_draft_of(struct ps_records *r, uint32_t pid, uint64_t start);
void ps_draft_entry(struct ps_records *r, const struct ps_entry *entry);
void ps_draft_namespace(struct ps_records *r, const struct ps_entry *entry);
void ps_draft_capture(struct ps_records *r, const struct ps_capture *capture);
void ps_draft_line_end(struct ps_records *r, const struct ps_line_end *end);
void ps_drafts_free(struct ps_records *r);

/* record_ecs.c */
/* A writer that goes on where the inside of an object stopped. */
struct ps_json ps_json_inside(struct ps_buffer *b);
/* ,"parent":{...} of the process that is open in `j` */
void ps_ecs_parent(struct ps_records *r, struct ps_json *j, uint32_t ppid);
/* What of a record has an ECS name goes into *h. True when that is all of it: proc.<file> would only repeat it. */
bool ps_ecs_take(struct ps_records *r, struct ps_half *h, const struct ps_parser *p, const void *record);

/* record_fd.c */
void ps_fd_entry(struct ps_records *r, const struct ps_entry *entry);
void ps_fdinfo_entry(struct ps_records *r, const struct ps_entry *entry);
void ps_fd_flush(struct ps_records *r);

/* record_thread.c */
void ps_thread_entry(struct ps_records *r, const struct ps_entry *entry);
void ps_thread_flush(struct ps_records *r);

/* record_environ.c, record_mount.c, record_system.c: one file each */
void ps_environ_entry(struct ps_records *r, const struct ps_entry *entry);
void ps_mount_entry(struct ps_records *r, const struct ps_entry *entry);
void ps_system_entry(struct ps_records *r, const struct ps_entry *entry);

/* record_executable.c */
void ps_executable(struct ps_records *r, const struct ps_capture *capture, const char *id);
/* The content of that file was hashed: its record comes out. */
void ps_executable_content(struct ps_records *r, const struct ps_capture *capture);
/* No more hashes will come: what waits comes out without. */
void ps_executables_out(struct ps_records *r);
void ps_executables_free(struct ps_records *r);

/* record_memory.c */
void ps_memory_record(struct ps_records *r, const struct ps_capture *capture);

/* record_file.c */
void ps_file_content(struct ps_records *r, const struct ps_capture *capture);
/* The drift list. */
void ps_file_entries(struct ps_records *r, const struct ps_entry *entry);
/* Inside "file": size and hash. */
void ps_file_hash(struct ps_json *j, const struct ps_capture *capture);
/* Inside "proc": what was captured, where its bytes lie, and why they do not. */
void ps_file_place(struct ps_records *r, struct ps_json *j, const struct ps_capture *capture);
/* "8:1:1234:1700000000000000000:51200" (dev, ino, mtime in ns, size) */
void ps_executable_id(const struct ps_file_facts *facts, char out[128]);

/* record_fact.c */
void ps_fact_entry(struct ps_records *r, const struct ps_entry *entry);
/* The line ends: records of its facts come out. */
void ps_facts_out(struct ps_records *r);

/* The system record that says where we are. */
void ps_platform_out(struct ps_records *r);

/* record_metadata.c: an answer of the task metadata endpoint */
void ps_metadata_entry(struct ps_records *r, const struct ps_entry *entry, const void *answer);

/* record_place.c */
/* What one record of a file says of the place of its process. */
void ps_place_learn(struct ps_records *r, const struct ps_parser *p, const void *record);
/* A mount of the mount namespace of the process of the line. */
void ps_place_mount(struct ps_records *r, struct ps_span mount_point);
/* A container of the task; texts may be NULL. */
void ps_place_container(struct ps_records *r, const char *id, const char *name, const char *image, bool own);
/* At the end of the quiet line: container and role of its process into its half. */
void ps_place_settle(struct ps_records *r, struct ps_half *h, const struct ps_place *place);
void ps_places_free(struct ps_records *r);

/* record_diag.c: the kernel's own answer beside the tables of /proc */
void ps_diag_entry(struct ps_records *r, const struct ps_entry *entry);
void ps_diag_capture(struct ps_records *r, const struct ps_capture *capture);
/* All answers have come: they can be searched. */
void ps_diag_index(struct ps_records *r);
/* Both sources have come: their rows are compared, and what is the same in both is not kept twice. Does nothing for
 * what was compared before, and for unix sockets, of which the answer tells more. */
void ps_diag_settle(struct ps_records *r);
/* What the answer says of row `number` of a table of /proc of our own network namespace, inside of its record's `proc`. */
void ps_diag_compare(struct ps_records *r, struct ps_json *j, struct ps_table *t, size_t number, const void *record);
/* Sockets of which no row of /proc told. */
void ps_diag_rest_out(struct ps_records *r);
void ps_diag_free(struct ps_records *r);

/* record_socket.c */
/* ,"owners":[...] of that inode, or why there are none; of_kernel: the kernel has no descriptor */
void ps_socket_owners(struct ps_records *r, struct ps_json *j, uint64_t inode, bool of_kernel);
/* ,"source":{...},"destination":{...},"network":{...} */
void ps_socket_ends(struct ps_json *j, const struct ps_parser *p, const void *record);
void ps_socket_entry(struct ps_records *r, const struct ps_entry *entry);
void ps_socket_owner(struct ps_records *r, uint64_t inode, struct ps_span fd);
void ps_sockets_out(struct ps_records *r);
void ps_sockets_free(struct ps_records *r);

/* Is it a table of sockets? They are joined to their owners, the other tables are not. */
bool ps_is_socket_table(const struct ps_row *row);

/* record_net.c */
void ps_net_entry(struct ps_records *r, const struct ps_entry *entry);
/* The table that is open, if any, goes out. */
void ps_net_flush(struct ps_records *r);

/* record_sweep.c */
void ps_sweep_entry(struct ps_records *r, const struct ps_entry *entry);
/* stat of a process line: a life that no sweep saw is known from the end of that line on. */
void ps_sweep_born(struct ps_records *r, const struct ps_entry *entry);
void ps_sweep_know_born(struct ps_records *r);
const struct ps_known *ps_known_pid(struct ps_records *r, uint32_t pid);
const struct ps_known *ps_known_life(struct ps_records *r, uint32_t pid, uint64_t start);
struct ps_known *ps_known_change(struct ps_records *r, uint32_t pid, uint64_t start);
void ps_sweep_closed(struct ps_records *r);

/* record_mention.c */
/* That pid, or thread id, is in view. */
void ps_mention_seen(struct ps_records *r, uint64_t pid);
/* The same for a name that begins with it: "4711/stat". */
void ps_mention_name(struct ps_records *r, struct ps_span name);
void ps_mention_capture(struct ps_records *r, const struct ps_capture *capture);
/* What a record of the process of the line says of its tracer. */
void ps_mention_tracer(struct ps_records *r, const struct ps_parser *p, const void *record);
/* Whom others mention and nobody has, once each: gap records. */
void ps_mentions_out(struct ps_records *r);

/* record_hidden.c */
/* Out of data/facts/pid_probe: what the probe was, who is hidden. */
void ps_hidden_entry(struct ps_records *r, const struct ps_entry *entry);
bool ps_is_hidden(const struct ps_records *r, uint32_t pid, uint64_t start);

/* record_gap.c */
void ps_gap_capture(struct ps_records *r, const struct ps_capture *capture);
void ps_gap_line_end(struct ps_records *r);
/* Gap records of the line go out. */
void ps_gap_flush(struct ps_records *r);
/* A gap record, up to and with an open "gap" object; ps_gap_end closes it. It waits for the end of the line. */
struct ps_json ps_gap_begin(struct ps_records *r, const struct ps_entry *entry, const char *outcome);
void ps_gap_end(struct ps_json *j);

#endif
