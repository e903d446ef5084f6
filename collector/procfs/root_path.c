/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/procfs/root_path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEP = O_PATH | O_NOFOLLOW | O_CLOEXEC, REST_ROOM = 2 * PS_CONTENT_PATH_MAX };

struct way {
    struct ps_target *t;
    const struct ps_root *root;
    int above[PS_ROOT_DEPTH]; /* directories between the root and here */
    size_t depth;
    unsigned links;
    char rest[REST_ROOM + 1]; /* what is to be resolved yet */
    size_t at, len;
};

static int here(const struct way *w)
{
    return w->depth > 0 ? w->above[w->depth - 1] : w->root->fd;
}

static void go_up(struct way *w, size_t depth)
{
    while (w->depth > depth)
        close(w->above[--w->depth]);
}

/* The next component, NUL-terminated, into `out`; false at the end. */
static bool next_component(struct way *w, char out[NAME_MAX + 1], int *error)
{
    while (w->at < w->len && w->rest[w->at] == '/')
        w->at++;
    size_t from = w->at;
    while (w->at < w->len && w->rest[w->at] != '/')
        w->at++;
    size_t len = w->at - from;
    *error = len > NAME_MAX ? ENAMETOOLONG : 0;
    if (len == 0 || *error)
        return false;
    memcpy(out, w->rest + from, len);
    out[len] = '\0';
    return true;
}

static bool more(const struct way *w)
{
    size_t at = w->at;
    while (at < w->len && w->rest[at] == '/')
        at++;
    return at < w->len;
}

/* What the link says takes the place of its name. */
static int follow(struct way *w, int link)
{
    char target[PS_CONTENT_PATH_MAX];
    ssize_t n = readlinkat(link, "", target, sizeof target);
    int error = errno;
    ps_progress_made(w->t->r);
    if (n < 0)
        return error;
    size_t len = (size_t) n, left = w->len - w->at;
    if (++w->links > PS_ROOT_LINKS)
        return ELOOP;
    if (len == 0 || len == sizeof target || len + left > REST_ROOM)
        return ENAMETOOLONG;
    memmove(w->rest + len, w->rest + w->at, left);
    memcpy(w->rest, target, len);
    w->at = 0;
    w->len = len + left;
    if (target[0] == '/')
        go_up(w, 0);
    return 0;
}

/* One component further; *found is the end of the way, or stays -1. */
static int step(struct way *w, const char *name, int *found, struct statx *x)
{
    if (strcmp(name, ".") == 0)
        return 0;
    if (strcmp(name, "..") == 0) {
        go_up(w, w->depth > 0 ? w->depth - 1 : 0);
        return 0;
    }
    int fd = openat(here(w), name, STEP), error = fd < 0 ? errno : 0;
    ps_progress_made(w->t->r);
    if (fd < 0)
        return error;
    if (!ps_content_look(w->t, fd, x))
        error = EIO;
    else if (!ps_root_may_enter(w->root, x))
        error = EXDEV;
    else if (S_ISLNK(x->stx_mode))
        error = follow(w, fd);
    else if (!more(w)) {
        *found = fd;
        return 0;
    } else if (!S_ISDIR(x->stx_mode))
        error = ENOTDIR;
    else if (w->depth == PS_ROOT_DEPTH)
        error = ENAMETOOLONG;
    else {
        w->above[w->depth++] = fd;
        return 0;
    }
    close(fd);
    return error;
}

int ps_root_open(struct ps_target *t, const struct ps_root *root, struct ps_span path, struct statx *x)
{
    struct way w = {.t = t, .root = root};
    char name[NAME_MAX + 1];
    int found = -1, error = 0;
    if (path.len == 0 || path.len > PS_CONTENT_PATH_MAX || memchr(path.data, 0, path.len))
        return path.len > PS_CONTENT_PATH_MAX ? -ENAMETOOLONG : -ENOENT;
    memcpy(w.rest, path.data, path.len);
    w.len = path.len;
    while (found < 0 && !error && next_component(&w, name, &error))
        error = step(&w, name, &found, x);
    go_up(&w, 0);
    if (found >= 0)
        return found;
    return error ? -error : -EISDIR; /* the way ended in a directory that it came back to */
}
