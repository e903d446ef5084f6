/* SPDX-License-Identifier: Apache-2.0
 *
 * Whose content is wanted: what the quiet reader saw of executables and deleted files, for the memory reader to open
 * later, each file once. And how far the memory reader has come with it, for its successor and for the builder. Shared
 * memory that costs pages only as it fills; nobody believes it without checking.
 */
#ifndef PS_WANTED_H
#define PS_WANTED_H

#include <stdatomic.h>

#include "collector/host/caps.h"
#include "collector/options.h"
#include "collector/procfs/noted.h"
#include "formats/error.h"
#include "formats/journal.h"

enum {
    PS_WANTED_MAX = 1 << 16,
    PS_WANTED_FDS = 1024,   /* of one process */
    PS_WANTED_LIVES = 4,    /* that run the same file: when the first one ends, another one still shows it */
    PS_FILES_SEEN = 1 << 18, /* places for files that were hashed */
    PS_ROOTS_MAX = 16,
    PS_HANGING_MAX = 16,
    PS_CONTENT_PATH_MAX = 4096,
};

/* What makes two looks at a file looks at the same content. */
struct ps_file_key {
    uint32_t dev_major, dev_minor;
    uint64_t ino, size;
    int64_t mtime_ns, ctime_ns;
};

/* The order in which content is read: what would be lost first. */
enum ps_want { PS_WANT_LOST_EXE, PS_WANT_FD, PS_WANT_EXE, PS_WANTS };

struct ps_wanted_item {
    uint32_t lives[PS_WANTED_LIVES]; /* roster indices */
    uint8_t life_count, sort;        /* enum ps_want */
    uint32_t fd;
    struct ps_file_key key;
};

/* Fixed before the fork; in meta.json. */
struct ps_content_limits {
    uint64_t file_bytes;      /* hashed of one file */
    uint64_t recover_bytes;   /* kept of all */
    uint64_t drift_file_bytes, drift_bytes; /* kept of one changed file, of all of them */
    uint32_t content_ms;      /* for all of it */
    uint32_t drift_ms, drift_entries, drift_files; /* of one root: time, entries looked at, files listed */
};

/* Bits of `reached`, named in closing.json. */
enum {
    PS_REACHED_TIME = 1,
    PS_REACHED_FILE = 2,
    PS_REACHED_RECOVER = 4,
    PS_REACHED_WALK = 8,
    PS_REACHED_ROOTS = 16,
    PS_REACHED_SEEN = 32,
    PS_REACHED_DRIFT_BYTES = 64,
};

/* A root directory that processes share: one container, most of the time. */
struct ps_root_seen {
    uint32_t subject; /* the first one in it */
    uint64_t mnt, dev, ino;
};

struct ps_wanted {
    struct ps_content_limits limits;
    _Atomic uint32_t count, missed; /* files that found no place */
    /* Memory reader, for its successor and the builder. */
    _Atomic uint32_t root_count, roots_done;
    _Atomic uint32_t reached;
    uint64_t until_us, kept_bytes, drift_bytes;
    struct ps_root_seen roots[PS_ROOTS_MAX];
    uint64_t asked; /* the device whose file is being opened or read, 0 between two: where a reader hangs, it is this */
    uint32_t hanging_count;
    uint64_t hanging[PS_HANGING_MAX]; /* devices that nobody asks again */
    struct ps_wanted_item items[PS_WANTED_MAX];
    uint32_t by_key[2 * PS_WANTED_MAX]; /* open addressing: 1 + index of an executable */
    struct ps_file_key seen[PS_FILES_SEEN]; /* open addressing: by the memory reader; ino 0 is free */
    struct ps_noted noted;
};

/* NULL with *err. Shared with every later fork. */
struct ps_wanted *ps_wanted_make(const struct ps_options *options, const struct ps_caps *caps,
                                 struct ps_error *err);

/* Quiet reader. */
void ps_want_executable(struct ps_wanted *w, uint32_t subject, const struct ps_file_facts *facts,
                        struct ps_span target);
/* A descriptor whose target has no name any more; true when it was put down. `already`: of the same process. */
bool ps_want_descriptor(struct ps_wanted *w, uint32_t subject, const char *number, struct ps_span target,
                        uint32_t already);

/* Memory reader: true when the file is new, and remembered. */
PS_MUST_CHECK bool ps_wanted_first_look(struct ps_wanted *w, const struct ps_file_facts *facts);
/* True when it was remembered before. */
PS_MUST_CHECK bool ps_wanted_known(const struct ps_wanted *w, const struct ps_file_facts *facts);
void ps_wanted_reached(struct ps_wanted *w, uint32_t limit);
/* The predecessor hangs in the kernel for ever, in what it was just reading: to ask that file system for another file
 * would only lose the next reader, and there are few. */
void ps_wanted_hangs(struct ps_wanted *w);
/* False: it is not to be asked. Else it counts as asked until ps_wanted_answered. */
PS_MUST_CHECK bool ps_wanted_ask(struct ps_wanted *w, const struct ps_file_facts *facts);
void ps_wanted_answered(struct ps_wanted *w);

#endif
