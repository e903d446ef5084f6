/* SPDX-License-Identifier: Apache-2.0
 *
 * Bundles that wait for delivery: files of a directory that survive the watch, or, without one, memfds that do not. A
 * bundle is whole and signed when it comes in, and leaves when it was delivered; when there is no room, either the
 * newest is refused (the caller asks for room before it makes one) or the oldest are dropped, as the policy says, and
 * the caller tells. In a directory, beside NAME.tar.gz: NAME.tar.gz.minisig, .head (its head line) and .tried (it was
 * being delivered); and "last.head", the head line of the last bundle that was sealed here.
 */
#ifndef PS_SPOOL_H
#define PS_SPOOL_H

#include "formats/buffer.h"
#include "formats/error.h"

enum { PS_SPOOL_NAME = 128, PS_SPOOL_MOST = 4096 /* bundles */, PS_SPOOL_TEXT = 1024, PS_SPOOL_PATH = 4096 };

/* A file as it came in: whoever writes to it moves its ctime. */
struct ps_spool_mark {
    uint64_t dev, ino, bytes;
    int64_t ctime_s, ctime_ns;
};

struct ps_spooled {
    char name[PS_SPOOL_NAME]; /* of the bundle, without directory */
    int fd;                   /* memfd, owned; -1: the file of that name */
    uint64_t bytes, since_us; /* CLOCK_BOOTTIME; of the start for what was there already */
    struct ps_spool_mark mark; /* of a file */
    uint64_t ticket;          /* the caller's own number, 0 none */
    void *objects;            /* malloc'ed, the spool's: hashes of contents that it holds, for the caller */
    uint32_t object_count;
    uint64_t seq, chain; /* the caller's own numbers */
    uint32_t tries;
    bool tried_before;                                     /* by a watch that ended meanwhile: it may be there */
    char minisig[PS_SPOOL_TEXT], head_line[PS_SPOOL_TEXT]; /* of memfds */
};

struct ps_spool {
    const char *path; /* borrowed; NULL: in memory */
    int dir;          /* -1: in memory */
    uint64_t most_bytes, bytes;
    struct ps_spooled **items; /* by name, which is by age; owned */
    size_t count;
    /* What a scan found beside whole bundles: unfinished ones, and those without a signature. They stay where they are.
     */
    size_t parts, unsigned_bundles;
};

/* `path` NULL: in memory. A directory is made (0700) when its parent exists, and scanned. */
PS_MUST_CHECK bool ps_spool_open(const char *path, uint64_t most_bytes, uint64_t now_us, struct ps_spool *out,
                                 struct ps_error *err);
/* A new one. With a directory: the file is there already, signed; fd is -1. In memory: fd becomes the spool's. The item
 * stays until it is removed. NULL with *err: out of memory, or more than PS_SPOOL_MOST; fd stays the caller's. */
struct ps_spooled *ps_spool_add(struct ps_spool *s, const char *name, int fd, uint64_t bytes, struct ps_error *err);
/* Its texts: kept with a memfd, written beside a file. */
void ps_spool_say(struct ps_spool *s, struct ps_spooled *item, const char *minisig, const char *head_line);
/* The next one to deliver: of those that were tried least, the oldest. NULL: none. */
struct ps_spooled *ps_spool_next(const struct ps_spool *s);
/* Notes in the directory that a try begins. */
void ps_spool_try(struct ps_spool *s, struct ps_spooled *item);
/* What became of it meanwhile: others may write to a directory. What is no regular file any more is gone, too. */
enum ps_spool_found { PS_SPOOL_UNTOUCHED, PS_SPOOL_ALTERED, PS_SPOOL_GONE };
enum ps_spool_found ps_spool_look(const struct ps_spool *s, struct ps_spooled *item);
/* It is gone: nothing of it is looked for any more, and no file touched. */
void ps_spool_forget(struct ps_spool *s, struct ps_spooled *item);
/* Where a further bundle must go to lie among the others, as a DEST. The path, while it names the directory; else (it
 * was renamed, or covered) the descriptor `*keep`, which whoever writes must have; -1 with the path. A directory that
 * was removed is made again. False with *err: it cannot be. */
PS_MUST_CHECK bool ps_spool_dest(struct ps_spool *s, char dest[PS_SPOOL_PATH], int *keep, struct ps_error *err);
/* For delivery, in a child: the open bundle (-1 with *err), its signature and its head line. */
int ps_spool_fetch(const struct ps_spool *s, const struct ps_spooled *item, char minisig[PS_SPOOL_TEXT],
                   char head_line[PS_SPOOL_TEXT], struct ps_error *err);
/* It may have been delivered, and nobody knows: in a directory it stays as NAME.uncertain with NAME.uncertain.minisig,
 * and is not tried again. In memory it goes. */
void ps_spool_set_aside(struct ps_spool *s, struct ps_spooled *item);
/* Delivered, or dropped: with its files. */
void ps_spool_remove(struct ps_spool *s, struct ps_spooled *item);
/* Bytes that the bundle under way has in the directory: of *.part, those that lay there before included. */
uint64_t ps_spool_part_bytes(const struct ps_spool *s);
/* Bytes in the directory that no delivery will free: bundles that were killed in the middle, and those that may have been
 * delivered. */
uint64_t ps_spool_kept_bytes(const struct ps_spool *s);
/* The head line of the last bundle that was sealed here, without newline; false when none is known. */
PS_MUST_CHECK bool ps_spool_last_head(const struct ps_spool *s, char out[PS_SPOOL_TEXT]);
void ps_spool_close(struct ps_spool *s);

#endif
