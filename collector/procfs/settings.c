/* SPDX-License-Identifier: Apache-2.0
 *
 * Settings of the kernel: a list by name in every profile, and in `deep` all that an ECS task definition can set
 * (systemControls): whatever else is below net and fs/mqueue.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/procfs/capture_file.h"
#include "collector/procfs/listing.h"
#include "parsers/sysctl_names.h"

enum { OPEN_LIST = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW };
enum { DEPTH = 5, LIST_ROOM = 4096, PATH_ROOM = 200, WALKED_MAX = 4096 };

struct walk {
    struct ps_target *t;
    uint16_t row;
    uint32_t walked;
    bool cut; /* a limit was reached, or a name cannot be told */
    char path[PATH_ROOM]; /* below sys, dots between the components */
    _Alignas(uint64_t) uint8_t lists[DEPTH][LIST_ROOM];
};

static void take(struct ps_target *t, uint16_t row, const char *name)
{
    char path[sizeof "sys/" + PATH_ROOM];
    int why = 0;
    snprintf(path, sizeof path, "sys/%s", name);
    for (char *at = path; (at = strchr(at, '.')) != NULL;)
        *at = '/';
    enum ps_outcome outcome = ps_capture_file(t, t->dir, path, row, name, &why);
    if (why)
        ps_capture_lost_as(t, row, name, outcome, why);
}

/* Read by name already; or a key; or one that can only be written. */
static bool is_passed_over(const char *path, const char *name)
{
    static const char *const names[] = {"tcp_fastopen_key", "stable_secret", "flush"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    for (size_t i = 0; i < ps_sysctl_count; i++) {
        if (strcmp(path, ps_sysctl_names[i]) == 0)
            return true;
    }
    return false;
}

/* Interfaces may be called nearly anything, and a dot would read like a slash. */
static bool is_plain(const char *name)
{
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] == '\0';
}

static void walk(struct walk *w, int dir, size_t len, unsigned depth);

/* One name in the directory whose path is w->path up to there. */
static void look_at(struct walk *w, int dir, size_t len, unsigned depth, const char *name)
{
    size_t name_len = strlen(name);
    if (w->walked == WALKED_MAX || len + 1 + name_len >= PATH_ROOM || !is_plain(name)) {
        w->cut = true;
        return;
    }
    w->walked++;
    w->path[len] = '.';
    memcpy(w->path + len + 1, name, name_len + 1);
    int below = openat(dir, name, OPEN_LIST);
    ps_progress_made(w->t->r);
    if (below >= 0)
        walk(w, below, len + 1 + name_len, depth + 1);
    else if (errno == ENOTDIR && !is_passed_over(w->path, name))
        take(w->t, w->row, w->path);
}

/* Closes the directory. */
static void walk(struct walk *w, int dir, size_t len, unsigned depth)
{
    const char *name;
    if (depth == DEPTH) {
        w->cut = true;
        close(dir);
        return;
    }
    struct ps_listing list = {.r = w->t->r, .fd = dir, .room = w->lists[depth], .room_len = LIST_ROOM};
    while (!ps_reader_stopped(w->t->r) && ps_listing_next(&list, &name))
        look_at(w, dir, len, depth, name);
    w->cut = w->cut || list.error != 0;
    close(dir);
}

static void walk_below(struct walk *w, const char *top)
{
    char path[32];
    snprintf(path, sizeof path, "sys/%s", top);
    snprintf(w->path, sizeof w->path, "%s", top);
    for (char *at = w->path; (at = strchr(at, '/')) != NULL;)
        *at = '.';
    int dir = openat(w->t->dir, path, OPEN_LIST);
    ps_progress_made(w->t->r);
    if (dir >= 0)
        walk(w, dir, strlen(w->path), 0);
}

enum ps_outcome ps_capture_settings(struct ps_target *t, uint16_t row, int *error)
{
    static struct walk w;
    static const char *const tops[] = {"net", "fs/mqueue"};
    w = (struct walk){.t = t, .row = row};
    for (size_t i = 0; i < ps_sysctl_count && !ps_reader_stopped(t->r); i++)
        take(t, row, ps_sysctl_names[i]);
    for (size_t i = 0; i < sizeof tops / sizeof *tops && t->r->job->options->profile == PS_DEEP; i++)
        walk_below(&w, tops[i]);
    *error = 0;
    return ps_reader_stopped(t->r) ? PS_PARTIAL : w.cut ? PS_TRUNCATED : PS_COMPLETE;
}
