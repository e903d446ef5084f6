/* SPDX-License-Identifier: Apache-2.0
 *
 * The journal: what no raw byte can say (docs/BUNDLE.md section 4). Written while capturing, read again by verify and
 * by the offline half; both sides hand the same structs to records.h, so that records are derived the same way twice.
 */
#ifndef PS_JOURNAL_H
#define PS_JOURNAL_H

#include "formats/dump_facts.h"
#include "formats/error.h"
#include "formats/json.h"
#include "parsers/catalog.h"

enum ps_outcome {
    PS_COMPLETE,
    PS_TRUNCATED,
    PS_PARTIAL,
    PS_DENIED,
    PS_GONE,
    PS_ABSENT,
    PS_FAILED,
    PS_TIMED_OUT,
    PS_SKIPPED,
    PS_SHARED,
    PS_OUTCOMES /* how many there are */
};

/* Static text; PS_OUTCOMES and above give "?". */
const char *ps_outcome_name(enum ps_outcome outcome);
PS_MUST_CHECK bool ps_outcome_named(struct ps_span name, enum ps_outcome *out);

enum ps_line_scope {
    PS_LINE_PROCESS,
    PS_LINE_GLOBAL,
    PS_LINE_OPENING,
    PS_LINE_CLOSING,
    PS_LINE_FACTS,
    PS_LINE_CONTENT
};
/* Lines that are about one life, and say which. */
bool ps_line_of_life(enum ps_line_scope scope);
/* What the last look at the pinned process said. */
enum ps_identity { PS_SAME, PS_ENDED, PS_CHANGED, PS_UNVERIFIED };
const char *ps_identity_name(enum ps_identity identity);

/* The head of a capture line. Texts are borrowed. */
struct ps_line {
    enum ps_line_scope scope;
    uint32_t pid;         /* lines of a life only, as are the next two */
    uint64_t start;       /* ticks */
    const char *life;     /* "4711", "4711+82375" */
    enum ps_reader reader; /* said in process and facts lines; the others are the quiet reader's */
    uint64_t us;          /* CLOCK_BOOTTIME of the first capture */
};

/* Captures that are members of their own (global, facts), not entries of packs. */
bool ps_line_has_members(const struct ps_line *line);
/* Where the names of such members begin: "data/proc/", "data/". */
const char *ps_line_member_top(const struct ps_line *line);

/* The end of a capture line, known when all its captures are in. */
struct ps_line_end {
    uint64_t took_us;
    enum ps_identity identity;
    bool comm_changed, image_changed; /* with PS_CHANGED */
    bool more;                        /* the next line of the same process and reader goes on */
    uint32_t via;                     /* the thread that the process was read through; 0: itself */
};

/* Why content that was read, and would have been kept, is not in the bundle. */
enum ps_withheld {
    PS_NOT_WITHHELD,
    PS_WITHHELD_KEY,
    PS_WITHHELD_OWN_SECRET,
    PS_WITHHELD_BYTES,
    PS_WITHHELD_OBJECTS,
    PS_WITHHELD_EARLIER, /* it is in an earlier bundle of the chain */
    PS_WITHHELDS
};
/* Static text: "private key", "own credentials", "recovered_bytes", "objects", "earlier bundle"; NULL for
 * PS_NOT_WITHHELD. */
const char *ps_withheld_name(enum ps_withheld why);

/* What statx said of a file (exe, content), and of content what it is. Plain data: it comes through the ring. */
struct ps_file_facts {
    uint32_t dev_major, dev_minor, mode, nlink;
    uint64_t ino, size;
    int64_t mtime_ns;
    int64_t ctime_ns; /* with `owned`, as are the next two */
    uint32_t uid, gid;
    uint64_t kept_seq; /* with PS_WITHHELD_EARLIER: of the bundle that holds it */
    uint8_t owned, hashed, atime, withheld; /* booleans; atime: reading may have changed it; enum ps_withheld */
    uint8_t sha256[32];                     /* with `hashed`: of the bytes that were read, or, when stored, of these */
};

/* One entry of a directory, or one part of a long file, that was stored. */
struct ps_stored {
    struct ps_span name; /* below the directory: "3" of "fd/3"; the whole entry name for a part */
    uint64_t bytes;
};

struct ps_lost {
    struct ps_span name;
    enum ps_outcome outcome;
    const char *error; /* name of the errno, or NULL */
};

struct ps_capture {
    const char *name;         /* the row's path; "{}/stat" in a sweep */
    const struct ps_row *row; /* its row in the catalog; NULL when this version has none */
    enum ps_outcome outcome;
    const char *error;       /* "EACCES", or NULL */
    uint64_t bytes;          /* stored, all entries together */
    uint64_t begin_us;       /* CLOCK_BOOTTIME */
    uint64_t took_us;
    bool switched;           /* read with as_uid:as_gid as file system ids */
    uint32_t as_uid, as_gid;
    bool stored;             /* pack and offset mean something */
    uint32_t pack;           /* index into the line's packs */
    uint64_t offset;
    const struct ps_stored *entries; /* directories and files in parts */
    size_t entry_count;
    const struct ps_lost *lost;
    size_t lost_count;
    const struct ps_file_facts *facts; /* or NULL */
    struct ps_span path;               /* with facts: what the file was called; empty: not said */
    const char *object;                /* content that is stored: the member; else NULL */
    const struct ps_dump_facts *dump;  /* of memory, instead of facts; or NULL */
    const char *of;                    /* PS_SHARED: the life that holds the bytes, or "self" */
};

struct ps_phase {
    const char *name;   /* "opening-end" */
    uint64_t us;
    uint64_t processes; /* known when it ended; 0: not said */
};

enum { PS_JOURNAL_KEEP = 256 << 10 };

/* The line under way: its captures, as text. Zero-initialised is valid. */
struct ps_journal_writer {
    struct ps_buffer line;
    struct ps_line head;
    uint32_t captures;
};

/* Writing one line: begin, each capture, end with the packs that the captures index. The line's text, newline included,
 * is appended to *out; a failure of memory is remembered in out->failed. */
void ps_journal_begin(struct ps_journal_writer *w, const struct ps_line *line);
void ps_journal_capture(struct ps_journal_writer *w, const struct ps_capture *capture);
void ps_journal_end(struct ps_journal_writer *w, const struct ps_line_end *end, const char *const *packs,
                    size_t pack_count, struct ps_buffer *out);
void ps_journal_phase(const struct ps_phase *phase, struct ps_buffer *out);
void ps_journal_writer_done(struct ps_journal_writer *w);

/* "dev":"8:1","ino":... into the object that is open: the one form of file facts, in the journal and in records. */
void ps_file_facts_add(struct ps_json *j, const struct ps_file_facts *facts);

/* The name of an errno value on this machine, "E<number>" forms being "E?"; NULL for 0. Static text. */
const char *ps_errno_name(int number);
/* The same name as that one static text, so that equal names are equal pointers; "other" for a name that it never gives,
 * NULL for NULL. */
const char *ps_errno_known(const char *name);

#endif
