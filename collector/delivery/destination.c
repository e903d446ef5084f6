/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs inside the builder's sandbox: openat, mkdirat, write, fsync, fstat, renameat2, linkat, unlinkat and nothing
 * else. The directory is opened once, and everything after that is relative to it: whoever moves or replaces the path
 * meanwhile moves nothing of ours.
 */
#include "collector/delivery/destination.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

enum { PATH_ROOM = 4096, NAME_ROOM = 256, WHERE_ROOM = PATH_ROOM - NAME_ROOM };

static const char part_suffix[] = ".part";
static const char sig_suffix[] = ".minisig";

struct ps_destination {
    int dir; /* -1: there is no name: standard output, or a descriptor of the caller */
    int fd;
    uint64_t written;
    bool whole;               /* every byte of the bundle is in the temporary file, and was made to last */
    bool done;                /* sealed or abandoned: the temporary file is no longer ours */
    char where[WHERE_ROOM];   /* the directory as the operator wrote it, "" or ending in a slash */
    char name[NAME_ROOM];     /* of the finished file */
    char part[NAME_ROOM];     /* <name>.part */
    char sig[NAME_ROOM];      /* <name>.minisig */
    char sig_part[NAME_ROOM]; /* <name>.minisig.part */
};

/* "write" or "close" did not do it; what a person can do about it. */
static const char *remedy(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
        return "; free some space there or choose another DEST";
    case EROFS:
    case EACCES:
    case EPERM:
        return "; choose a directory that you may write to";
    case EFBIG:
        return "; the limit on file sizes (ulimit -f) is too low for this bundle";
    case ENOENT:
    case ENOTDIR:
        return "; make the directory first or choose another DEST";
    default:
        return "; choose another DEST";
    }
}

/* strerror stands in the middle, so that the next step comes last. */
static bool fail(const struct ps_destination *d, const char *doing, const char *name, int error, struct ps_error *err)
{
    ps_fail(err, 0, "cannot %s %s%s: %s%s", doing, d->where, name, strerror(error), remedy(error));
    err->sys_errno = error;
    return false;
}

static bool set_name(struct ps_destination *d, const char *name, struct ps_error *err)
{
    /* The longest name that stands beside the bundle must fit. */
    if (strlen(name) + sizeof sig_suffix + sizeof part_suffix > NAME_ROOM)
        return ps_fail(err, 0, "the file name in DEST is longer than %zu bytes; choose a shorter one",
                       NAME_ROOM - sizeof sig_suffix - sizeof part_suffix);
    snprintf(d->name, sizeof d->name, "%s", name);
    snprintf(d->part, sizeof d->part, "%s%s", name, part_suffix);
    snprintf(d->sig, sizeof d->sig, "%s%s", name, sig_suffix);
    snprintf(d->sig_part, sizeof d->sig_part, "%s%s%s", name, sig_suffix, part_suffix);
    return true;
}

static bool is_directory(const char *path)
{
    int fd = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    close(fd);
    return true;
}

/* FILE or DIR/ into directory and name. A directory that exists is one with or without the slash. */
static bool split(struct ps_destination *d, const char *dest, const char *name, struct ps_error *err)
{
    const char *slash = strrchr(dest, '/');
    size_t len = strlen(dest);

    if (len + 2 > sizeof d->where)
        return ps_fail(err, 0, "DEST is longer than %d bytes; choose a shorter path", WHERE_ROOM - 2);
    if (dest[len - 1] == '/') {
        snprintf(d->where, sizeof d->where, "%s", dest);
        return set_name(d, name, err);
    }
    if (is_directory(dest)) {
        snprintf(d->where, sizeof d->where, "%s/", dest);
        return set_name(d, name, err);
    }
    size_t base = slash != NULL ? (size_t) (slash - dest) + 1 : 0;
    memcpy(d->where, dest, base);
    d->where[base] = '\0';
    return set_name(d, dest + base, err);
}

/* A new directory is made private, and made to last before anything stands in it. */
static bool make_directory(const char *path, struct ps_error *err)
{
    char above[PATH_ROOM];
    size_t len = strlen(path);

    if (mkdirat(AT_FDCWD, path, 0700) != 0)
        return ps_fail(err, errno, "cannot make the directory %s; choose one that exists and that you may write to",
                       path);
    while (len > 0 && path[len - 1] == '/')
        len--;
    while (len > 0 && path[len - 1] != '/')
        len--;
    snprintf(above, sizeof above, "%.*s", (int) len, path);
    int fd = openat(AT_FDCWD, len > 0 ? above : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void) fsync(fd);
        close(fd);
    }
    return true;
}

static bool open_directory(struct ps_destination *d, bool may_make, struct ps_error *err)
{
    const char *path = d->where[0] != '\0' ? d->where : ".";
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

    d->dir = openat(AT_FDCWD, path, flags);
    if (d->dir < 0 && errno == ENOENT && may_make) {
        if (!make_directory(path, err))
            return false;
        d->dir = openat(AT_FDCWD, path, flags);
    }
    if (d->dir < 0)
        return fail(d, "open the directory", "", errno, err);
    return true;
}

/* Symbolic links that lead nowhere exist, too. */
static bool refuse_existing(const struct ps_destination *d, const char *name, struct ps_error *err)
{
    int fd = openat(d->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT)
        return true;
    if (fd < 0)
        return fail(d, "look at", name, errno, err);
    close(fd);
    return ps_fail(err, 0,
                   "%s%s exists already, and nothing is ever overwritten; choose another name, or DIR/ for a "
                   "new name in it",
                   d->where, name);
}

static int create(const struct ps_destination *d, const char *name)
{
    return openat(d->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static bool open_file(struct ps_destination *d, const char *dest, const char *name, struct ps_error *err)
{
    if (!split(d, dest, name, err) || !open_directory(d, dest[strlen(dest) - 1] == '/', err) ||
        !refuse_existing(d, d->name, err) || !refuse_existing(d, d->sig, err))
        return false;
    d->fd = create(d, d->part);
    if (d->fd < 0 && errno == EEXIST)
        return ps_fail(err, 0,
                       "%s%s is in the way: another run is writing it, or one did not finish (procsnap verify "
                       "reads what is there); choose another name or move it",
                       d->where, d->part);
    if (d->fd < 0)
        return fail(d, "create", d->part, errno, err);
    return true;
}

static bool open_stdout(struct ps_destination *d, const char *name, struct ps_error *err)
{
    if (isatty(STDOUT_FILENO))
        return ps_fail(err, 0,
                       "DEST - is standard output, and that is a terminal; redirect it (procsnap collect - "
                       ">FILE) or name a FILE");
    if (lseek(STDOUT_FILENO, 0, SEEK_CUR) < 0 && errno == EBADF)
        return ps_fail(err, 0, "DEST - is standard output, and that is closed; redirect it or name a FILE");
    d->fd = STDOUT_FILENO;
    return set_name(d, name, err);
}

static struct ps_destination *new_destination(struct ps_error *err)
{
    struct ps_destination *d = calloc(1, sizeof *d);

    if (d == NULL)
        ps_fail(err, ENOMEM, "cannot open the destination");
    else
        d->dir = d->fd = -1;
    return d;
}

struct ps_destination *ps_destination_hold(int fd, const char *name, struct ps_error *err)
{
    struct ps_destination *d = new_destination(err);

    if (d == NULL)
        return NULL;
    d->fd = fd;
    if (set_name(d, name, err))
        return d;
    free(d);
    return NULL;
}

struct ps_destination *ps_destination_open(const char *dest, const char *name, struct ps_error *err)
{
    struct ps_destination *d = new_destination(err);

    if (d == NULL)
        return NULL;
    bool opened = strcmp(dest, "-") == 0 ? open_stdout(d, name, err) : open_file(d, dest, name, err);
    if (opened)
        return d;
    ps_destination_free(d);
    return NULL;
}

const char *ps_destination_name(const struct ps_destination *d)
{
    return d->name;
}

static bool write_failed(const struct ps_destination *d, const char *name, int error, struct ps_error *err)
{
    if (d->dir >= 0)
        return fail(d, "write", name, error, err);
    if (d->fd != STDOUT_FILENO)
        ps_fail(err, 0, "cannot hold the bundle until it is delivered: %s%s", strerror(error), remedy(error));
    else if (error == EPIPE)
        ps_fail(err, 0,
                "standard output was closed after %llu bytes by what reads it: the bundle is cut short; run "
                "again with a FILE",
                (unsigned long long) d->written);
    else
        ps_fail(err, 0, "cannot write standard output: %s%s", strerror(error), remedy(error));
    err->sys_errno = error;
    return false;
}

/* Returns 0 or an errno. */
static int write_all(int fd, const uint8_t *data, size_t len, uint64_t *written)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n >= 0) {
            data += n;
            len -= (size_t) n;
            *written += (uint64_t) n;
            continue;
        }
        if (errno == EAGAIN) {
            /* Another process made the pipe non-blocking. */
            struct pollfd ready = {.fd = fd, .events = POLLOUT};
            if (ppoll(&ready, 1, NULL, NULL) < 0 && errno != EINTR)
                return EAGAIN;
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

bool ps_destination_write(struct ps_destination *d, const void *data, size_t len, struct ps_error *err)
{
    int error = write_all(d->fd, data, len, &d->written);
    return error == 0 || write_failed(d, d->part, error, err);
}

/* Gives `from` its final name, never over something that stands there. Returns 0 or an errno. */
static int rename_new(int dir, const char *from, const char *to)
{
    if (syscall(SYS_renameat2, dir, from, dir, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != ENOSYS && errno != EINVAL)
        return errno;
    /* NFS and some others know no such flag; a hard link is refused over an existing name as well. */
    if (linkat(dir, from, dir, to, 0) != 0)
        return errno;
    (void) unlinkat(dir, from, 0);
    return 0;
}

static bool seal_signature(struct ps_destination *d, struct ps_span minisig, struct ps_error *err)
{
    uint64_t written = 0;
    int fd = create(d, d->sig_part);

    if (fd < 0)
        return fail(d, "create", d->sig_part, errno, err);
    int error = write_all(fd, minisig.data, minisig.len, &written);
    if (error == 0 && fsync(fd) != 0)
        error = errno;
    if (close(fd) != 0 && error == 0)
        error = errno;
    if (error == 0)
        error = rename_new(d->dir, d->sig_part, d->sig);
    if (error == 0)
        return true;
    (void) unlinkat(d->dir, d->sig_part, 0);
    return fail(d, "write", d->sig, error, err);
}

/* What got the name must be what we wrote: in a directory that others write to, the temporary name can be taken. */
static bool is_ours(const struct ps_destination *d)
{
    struct stat written, named;
    int fd = openat(d->dir, d->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return false;
    bool same = fstat(d->fd, &written) == 0 && fstat(fd, &named) == 0 && written.st_dev == named.st_dev &&
                written.st_ino == named.st_ino;
    close(fd);
    return same;
}

static bool seal_file(struct ps_destination *d, struct ps_span minisig, struct ps_error *err)
{
    if (fsync(d->fd) != 0)
        return fail(d, "write", d->part, errno, err);
    d->whole = true;
    if (!seal_signature(d, minisig, err))
        return false;
    int error = rename_new(d->dir, d->part, d->name);
    if (error != 0) {
        (void) unlinkat(d->dir, d->sig, 0);
        return fail(d, "give the finished bundle its name", d->name, error, err);
    }
    d->done = true;
    if (!is_ours(d))
        return ps_fail(err, 0,
                       "%s%s is not the file that was written: somebody replaced it; collect again into a "
                       "directory that only you can write to",
                       d->where, d->name);
    if (fsync(d->dir) == 0 || errno == EINVAL)
        return true;
    int why = errno;
    ps_fail(err, 0,
            "%s%s is whole and has its name, but the disk may not keep it: %s; copy it elsewhere and verify it there",
            d->where, d->name, strerror(why));
    err->sys_errno = why;
    return false;
}

/* A pipe needs nothing more, a file behind a redirection does. */
static bool seal_nameless(struct ps_destination *d, struct ps_error *err)
{
    d->done = true;
    if (fsync(d->fd) == 0 || errno == EINVAL || errno == EROFS || errno == ENOTSUP)
        return true;
    return write_failed(d, "", errno, err);
}

bool ps_destination_seal(struct ps_destination *d, struct ps_span minisig, char *path_out, char *sig_path_out,
                         struct ps_error *err)
{
    path_out[0] = sig_path_out[0] = '\0';
    if (d->dir < 0)
        return seal_nameless(d, err);
    if (!seal_file(d, minisig, err))
        return false;
    snprintf(path_out, PATH_ROOM, "%s%s", d->where, d->name);
    snprintf(sig_path_out, PATH_ROOM, "%s%s", d->where, d->sig);
    return true;
}

bool ps_destination_abandon(struct ps_destination *d, char *part_out)
{
    part_out[0] = '\0';
    if (d->dir < 0 || d->fd < 0 || d->done)
        return false;
    d->done = true;
    if (d->written == 0) {
        (void) unlinkat(d->dir, d->part, 0);
        return false;
    }
    (void) fsync(d->fd);
    snprintf(part_out, PATH_ROOM, "%s%s", d->where, d->part);
    return d->whole;
}

void ps_destination_free(struct ps_destination *d)
{
    if (d == NULL)
        return;
    if (d->dir >= 0 && d->fd >= 0 && !d->done && d->written == 0)
        (void) unlinkat(d->dir, d->part, 0);
    if (d->dir >= 0 && d->fd >= 0)
        close(d->fd);
    if (d->dir >= 0)
        close(d->dir);
    free(d);
}
