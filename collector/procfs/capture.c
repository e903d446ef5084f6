/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/procfs/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collector/host/clock.h"
#include "collector/procfs/capture_file.h"
#include "collector/procfs/threads.h"

enum ps_outcome ps_outcome_of(int error)
{
    switch (error) {
    case 0:
        return PS_COMPLETE;
    case EACCES:
    case EPERM:
        return PS_DENIED;
    case ESRCH:
        return PS_GONE;
    case ENOENT:
        return PS_ABSENT;
    default:
        return PS_FAILED;
    }
}

void ps_capture_begin(struct ps_target *t, uint16_t row)
{
    struct ps_frame frame = {.kind = PS_FRAME_BEGIN, .subject = t->subject, .row = row, .us = ps_boottime_us()};
    atomic_store_explicit(&t->r->slot->row, row, memory_order_relaxed);
    ps_reader_send(t->r, &frame, "", NULL, 0);
}

void ps_capture_end(struct ps_target *t, uint16_t row, enum ps_outcome outcome, int error,
                    const struct ps_file_facts *facts)
{
    struct ps_frame frame = {.kind = PS_FRAME_END, .subject = t->subject, .row = row, .us = ps_boottime_us()};
    frame.outcome = (uint8_t) outcome;
    frame.error = error;
    frame.flags = t->switched ? PS_FLAG_SWITCHED : 0;
    frame.as_uid = t->uid;
    frame.as_gid = t->gid;
    ps_reader_send(t->r, &frame, "", facts, facts ? sizeof *facts : 0);
}

void ps_file_facts_of(const struct statx *x, struct ps_file_facts *out)
{
    memset(out, 0, sizeof *out);
    out->dev_major = x->stx_dev_major;
    out->dev_minor = x->stx_dev_minor;
    out->mode = x->stx_mode;
    out->nlink = x->stx_nlink;
    out->ino = x->stx_ino;
    out->size = x->stx_size;
    out->mtime_ns = x->stx_mtime.tv_sec * INT64_C(1000000000) + x->stx_mtime.tv_nsec;
    out->ctime_ns = x->stx_ctime.tv_sec * INT64_C(1000000000) + x->stx_ctime.tv_nsec;
    out->uid = x->stx_uid;
    out->gid = x->stx_gid;
    out->owned = true;
}

static bool read_facts(struct ps_target *t, const char *path, struct ps_file_facts *out)
{
    struct statx x;
    if (t->r->job->copied)
        return false;
    /* DONT_SYNC: what the kernel knows already. Asking a remote or FUSE server could hang. */
    int failed = (int) syscall(SYS_statx, t->dir, path, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &x);
    ps_progress_made(t->r);
    if (failed)
        return false;
    ps_file_facts_of(&x, out);
    return true;
}

static enum ps_outcome try_row(struct ps_target *t, uint16_t row, int *error)
{
    const struct ps_row *what = &ps_catalog[row];
    struct ps_span target = {0};
    *error = 0;
    if (ps_row_is_family(what) && what->source == PS_READLINK)
        return ps_capture_links(t, row, error);
    if (ps_row_is_family(what) && what->scope == PS_PER_HOST)
        return ps_capture_settings(t, row, error);
    if (what->source != PS_READLINK)
        return ps_capture_file(t, t->dir, what->path, row, "", error);
    enum ps_outcome outcome = ps_capture_link(t, t->dir, what->path, row, "", error, &target);
    if (outcome == PS_COMPLETE && strcmp(what->path, "root") == 0)
        t->plain_root = ps_span_is(target, "/");
    /* A path longer than a page cannot be told; the file behind it is there all the same. */
    bool leads_on = outcome == PS_COMPLETE || *error == ENAMETOOLONG;
    t->facts_known = leads_on && strcmp(what->path, "exe") == 0 && read_facts(t, "exe", &t->facts);
    if (t->wants && t->facts_known)
        ps_want_executable(t->r->job->wanted, t->subject, &t->facts, target);
    return outcome;
}

/* What an outcome means, as far as the process itself tells. */
static enum ps_outcome in_its_light(struct ps_target *t, enum ps_outcome outcome, int error)
{
    /* A kernel thread has no environment (ESRCH), a zombie no mounts (EINVAL) and no descriptors any more. */
    if (t->no_memory && (outcome == PS_GONE || error == EINVAL))
        outcome = PS_ABSENT;
    if (outcome == PS_ABSENT && t->via && !ps_threads_via_lives(t))
        outcome = PS_GONE;
    if ((outcome == PS_DENIED || (outcome == PS_FAILED && error == EINVAL)) && ps_capture_ended(t))
        outcome = PS_GONE;
    return outcome;
}

void ps_capture_row(struct ps_target *t, uint16_t row)
{
    int error = 0;
    ps_capture_choose_for(t, row);
    ps_capture_begin(t, row);
    enum ps_outcome outcome = try_row(t, row, &error);
    if (outcome == PS_DENIED && ps_capture_other_for(t, row))
        outcome = try_row(t, row, &error);
    /* No security module gives labels here. */
    if (error == EINVAL && strcmp(ps_catalog[row].path, "attr/current") == 0)
        outcome = PS_ABSENT;
    ps_capture_end(t, row, in_its_light(t, outcome, error), error, t->facts_known ? &t->facts : NULL);
    t->facts_known = false;
}

void ps_capture_descriptors(struct ps_target *t, uint16_t fd_row, uint16_t info_row)
{
    int error = 0, info_error = 0;
    enum ps_outcome info = PS_COMPLETE;
    ps_capture_choose_for(t, fd_row);
    ps_capture_begin(t, fd_row);
    if (info_row)
        ps_capture_begin(t, info_row);
    enum ps_outcome outcome = ps_capture_fds(t, fd_row, info_row, &error, &info, &info_error);
    if (outcome == PS_DENIED && ps_capture_other_for(t, fd_row))
        outcome = ps_capture_fds(t, fd_row, info_row, &error, &info, &info_error);
    ps_capture_end(t, fd_row, in_its_light(t, outcome, error), error, NULL);
    if (info_row)
        ps_capture_end(t, info_row, in_its_light(t, info, info_error), info_error, NULL);
}

void ps_capture_bytes(struct ps_target *t, uint16_t row, struct ps_span bytes)
{
    struct ps_frame frame = {.kind = PS_FRAME_ITEM, .subject = t->subject, .row = row};
    ps_capture_begin(t, row);
    ps_reader_send(t->r, &frame, "", bytes.data, bytes.len);
    ps_capture_end(t, row, PS_COMPLETE, 0, NULL);
}

void ps_capture_shared(struct ps_target *t, uint16_t row, uint32_t with)
{
    ps_capture_begin(t, row);
    struct ps_frame frame = {.kind = PS_FRAME_END, .subject = t->subject, .row = row, .us = ps_boottime_us()};
    frame.outcome = PS_SHARED;
    frame.as_uid = with;
    ps_reader_send(t->r, &frame, "", NULL, 0);
}
