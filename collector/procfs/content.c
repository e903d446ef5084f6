/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/procfs/content.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "collector/host/clock.h"

enum { PIN = O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW, LINK_ROOM = PS_CONTENT_PATH_MAX };

bool ps_pin(struct ps_reader_state *r, uint32_t subject, struct ps_pinned *out)
{
    uint8_t text[PS_STAT_ROOM];
    struct ps_look look;
    char name[16];
    *out = (struct ps_pinned){.t = {.r = r, .subject = subject}, .entry = r->job->roster->entries[subject]};
    snprintf(name, sizeof name, "%u", out->entry.pid);
    out->t.dir = openat(r->job->procfs, name, PIN);
    ps_progress_made(r);
    if (out->t.dir < 0)
        return false;
    out->stat = openat(out->t.dir, "stat", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    ps_progress_made(r);
    ssize_t n = out->stat < 0 ? -1 : ps_look_again(r, out->stat, text, sizeof text);
    if (n > 0 && ps_look_at(ps_span_of(text, (size_t) n), &look) && look.start == out->entry.start)
        return true;
    if (out->stat >= 0)
        close(out->stat);
    close(out->t.dir);
    return false;
}

static void say(struct ps_target *t, uint8_t kind, uint8_t flags, enum ps_identity identity, enum ps_outcome rest)
{
    struct ps_frame frame = {.kind = kind, .flags = flags, .subject = t->subject, .us = ps_boottime_us()};
    frame.outcome = (uint8_t) rest;
    frame.error = (int32_t) identity;
    ps_reader_send(t->r, &frame, "", NULL, 0);
}

void ps_pin_say(struct ps_pinned *p)
{
    if (!p->said)
        say(&p->t, PS_FRAME_SUBJECT, 0, PS_SAME, PS_COMPLETE);
    p->said = true;
}

void ps_pin_done(struct ps_pinned *p)
{
    uint8_t text[PS_STAT_ROOM];
    struct ps_look now;
    ps_capture_as_ourselves(&p->t);
    if (p->said) {
        ssize_t n = ps_look_again(p->t.r, p->stat, text, sizeof text);
        bool same = n > 0 && ps_look_at(ps_span_of(text, (size_t) n), &now) && now.start == p->entry.start;
        bool image = same && now.startcode != p->entry.startcode;
        enum ps_identity identity = image ? PS_CHANGED : same ? PS_SAME : PS_UNVERIFIED;
        if (n == -ESRCH || n == 0)
            identity = PS_ENDED;
        say(&p->t, PS_FRAME_DONE, image ? PS_FLAG_IMAGE : 0, identity, PS_SKIPPED);
    }
    close(p->stat);
    close(p->t.dir);
}

void ps_pin_gone(struct ps_pinned *p)
{
    say(&p->t, PS_FRAME_DONE, 0, PS_UNVERIFIED, PS_SKIPPED);
}

static struct ps_span link_target(struct ps_target *t, const char *path, char room[LINK_ROOM])
{
    ps_capture_choose_reader(t);
    ssize_t n = readlinkat(t->dir, path, room, LINK_ROOM);
    ps_progress_made(t->r);
    if (n < 0 && (errno == EACCES || errno == EPERM) && ps_capture_other_reader(t)) {
        n = readlinkat(t->dir, path, room, LINK_ROOM);
        ps_progress_made(t->r);
    }
    return ps_span_of(room, n > 0 ? (size_t) n : 0);
}

static bool is_own(const struct ps_reader_state *r, const struct statx *x)
{
    return x->stx_ino == r->own_ino && makedev(x->stx_dev_major, x->stx_dev_minor) == r->own_dev;
}

/* Is it content that no image brings back? What has no name is; of the rest the root decides. */
static enum ps_keep keep_of(struct ps_pinned *p, enum ps_want sort, struct ps_span target, const struct statx *x)
{
    if (is_own(p->t.r, x) || !p->t.r->job->options->recover)
        return PS_KEEP_HASH;
    if (sort == PS_WANT_FD)
        return ps_span_starts(target, "/memfd:") ? PS_KEEP_PROGRAM : PS_KEEP_CONTENT;
    if (sort == PS_WANT_LOST_EXE)
        return PS_KEEP_CONTENT;
    if (p->t.r->job->options->files == PS_FILES_NONE)
        return PS_KEEP_HASH;
    struct ps_root *root = ps_root_of(&p->t, &p->entry);
    bool foreign = root->fd >= 0 && ps_root_foreign(root, x);
    ps_root_close(root);
    return foreign ? PS_KEEP_CONTENT : PS_KEEP_HASH;
}

/* Is what the link leads to still what the quiet reader saw? A descriptor may serve another file by now. */
static bool still_wanted(const struct ps_wanted_item *item, struct ps_span target, const struct statx *x)
{
    if (item->sort == PS_WANT_FD)
        return ps_span_ends(target, " (deleted)") || ps_span_starts(target, "/memfd:");
    return x->stx_ino == item->key.ino && x->stx_dev_major == item->key.dev_major &&
           x->stx_dev_minor == item->key.dev_minor;
}

/* By way of one of the lives that show it; false when that one does not any more. `last`: then it is told. */
static bool take_from(struct ps_reader_state *r, uint32_t index, uint32_t subject, bool last)
{
    const struct ps_wanted_item *item = &r->job->wanted->items[index];
    struct ps_content_file f = {.item = index + 1, .entry = "", .fd = -1, .error = ESRCH};
    struct ps_pinned p;
    char fd[16], link[24], room[LINK_ROOM];
    bool pinned = ps_pin(r, subject, &p), is_fd = item->sort == PS_WANT_FD;
    if (!pinned && !last)
        return false;
    f.row = is_fd ? r->job->plan->of.fd : r->job->plan->of.exe;
    snprintf(fd, sizeof fd, "%u", item->fd);
    snprintf(link, sizeof link, is_fd ? "fd/%u" : "exe", item->fd);
    f.entry = is_fd ? fd : "";
    if (pinned) {
        f.path = link_target(&p.t, link, room);
        f.fd = ps_content_open_link(&p.t, link, &f.error);
        if (f.fd >= 0 && (!ps_content_look(&p.t, f.fd, &f.x) || !still_wanted(item, f.path, &f.x))) {
            close(f.fd);
            f.fd = -1;
            f.error = ENOENT;
        }
        if (f.fd < 0 && !last) {
            ps_pin_done(&p);
            return false;
        }
    } else {
        p = (struct ps_pinned){.t = {.r = r, .subject = subject, .dir = -1}};
    }
    ps_pin_say(&p);
    if (f.fd >= 0)
        f.keep = keep_of(&p, (enum ps_want) item->sort, f.path, &f.x);
    ps_content_send(&p.t, &f);
    if (f.fd >= 0)
        close(f.fd);
    if (pinned)
        ps_pin_done(&p);
    else
        ps_pin_gone(&p);
    return true;
}

void ps_content_at(struct ps_reader_state *r, uint32_t stage, uint32_t index)
{
    atomic_store(&r->slot->position, stage << PS_STAGE_SHIFT | index);
}

/* What the quiet reader put down, of one sort. */
static void wanted_files(struct ps_reader_state *r, enum ps_want sort, uint32_t from)
{
    const struct ps_wanted *w = r->job->wanted;
    uint32_t count = atomic_load(&w->count);
    for (uint32_t i = from; i < count && i < PS_WANTED_MAX && !ps_content_over(r); i++) {
        if (w->items[i].sort != sort)
            continue;
        ps_content_at(r, sort, i);
        uint32_t lives = w->items[i].life_count;
        for (uint32_t k = 0; k < lives && k < PS_WANTED_LIVES; k++) {
            if (take_from(r, i, w->items[i].lives[k], k + 1 == lives))
                break;
        }
    }
}

static void drift(struct ps_reader_state *r, uint32_t from)
{
    struct ps_wanted *w = r->job->wanted;
    for (uint32_t i = from; i < atomic_load(&w->root_count) && !ps_content_over(r); i++) {
        ps_content_at(r, PS_STAGE_DRIFT, i);
        ps_drift_walk(r, w->roots[i].subject);
        atomic_store(&w->roots_done, i + 1);
    }
}

/* The predecessor was stuck at that life, and may not have begun a line. */
static void tell_hang(struct ps_reader_state *r, uint32_t subject)
{
    struct ps_pinned p = {.t = {.r = r, .subject = subject, .dir = -1}};
    struct ps_content_file f = {.row = r->job->plan->of.map, .entry = "", .fd = -1, .error = ETIMEDOUT};
    ps_pin_say(&p);
    ps_content_send(&p.t, &f);
    ps_pin_gone(&p);
}

void ps_content_walk(struct ps_reader_state *r, uint32_t from)
{
    struct ps_wanted *w = r->job->wanted;
    uint32_t stage = from >> PS_STAGE_SHIFT, index = from & ((1U << PS_STAGE_SHIFT) - 1);
    if (index > 0 && index <= PS_NOTED_MAX && stage == PS_STAGE_SCAN)
        tell_hang(r, w->noted.notes[index - 1].subject);
    if (w->until_us == 0)
        w->until_us = ps_boottime_us() + UINT64_C(1000) * w->limits.content_ms;
    for (; stage < PS_STAGES && !ps_content_over(r); stage++, index = 0) {
        if (stage < PS_WANTS)
            wanted_files(r, (enum ps_want) stage, index);
        else if (r->job->options->files == PS_FILES_NONE)
            break;
        else if (stage == PS_STAGE_SCAN)
            ps_loaded_scan(r);
        else
            drift(r, index);
    }
    if (!ps_reader_stopped(r) && ps_content_over(r))
        ps_wanted_reached(w, PS_REACHED_TIME);
}
