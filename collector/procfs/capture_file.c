/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of one file and the target of one link, as frames.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/procfs/capture_file.h"

enum { LINK_ROOM = 4097, PATH_ROOM = 64 };
enum { OPEN_FILE = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW };

void ps_capture_lost_as(struct ps_target *t, uint16_t row, const char *name, enum ps_outcome outcome, int error)
{
    struct ps_frame frame = {.kind = PS_FRAME_LOST, .subject = t->subject, .row = row, .error = error};
    frame.name_len = (uint8_t) strlen(name);
    frame.outcome = (uint8_t) outcome;
    ps_reader_send(t->r, &frame, name, NULL, 0);
}

bool ps_capture_ended(struct ps_target *t)
{
    uint8_t text[PS_STAT_ROOM];
    struct ps_look now;
    if (t->subject == PS_NO_SUBJECT || t->no_memory || t->refused)
        return false;
    ssize_t n = ps_look_again(t->r, t->via ? t->via_stat : t->stat, text, sizeof text);
    bool ended = n == -ESRCH || n == 0 || (n > 0 && ps_look_at(ps_span_of(text, (size_t) n), &now) && now.ending);
    t->refused = !ended;
    return ended;
}

void ps_capture_lost(struct ps_target *t, uint16_t row, const char *name, int error)
{
    enum ps_outcome outcome = ps_outcome_of(error);
    /* An entry that was listed and is not there any more was closed meanwhile. */
    if (outcome == PS_ABSENT || (outcome == PS_DENIED && ps_capture_ended(t)))
        outcome = PS_GONE;
    ps_capture_lost_as(t, row, name, outcome, error);
}

/* Fills one frame as far as the file gives: *ended at its end or at an error. A file that is printed at once has no more
 * to say after a short read; to be told so would cost a system call for most files of every process. */
static size_t fill(struct ps_target *t, int fd, bool at_once, uint8_t *place, bool *ended, int *error)
{
    size_t len = 0;
    *error = 0;
    *ended = false;
    while (len < PS_PIECE) {
        ssize_t n = read(fd, place + len, PS_PIECE - len);
        ps_progress_made(t->r);
        if (n > 0) {
            *ended = at_once && (size_t) n < PS_PIECE - len;
            len += (size_t) n;
            if (*ended)
                break;
            continue;
        }
        if (n < 0 && errno == EINTR)
            continue;
        *error = n < 0 ? errno : 0;
        *ended = true;
        break;
    }
    return len;
}

/* The bytes of an open file as frames. Tables of a network namespace go on in a new part after each MiB. Sends nothing
 * when the first read fails, so that the caller can try as somebody else. */
static enum ps_outcome send_file(struct ps_target *t, int fd, uint16_t row, const char *name, int *error)
{
    bool table = ps_catalog[row].scope == PS_PER_NETNS;
    uint64_t total = 0, cap = table ? t->r->job->caps->table_bytes : t->r->job->caps->capture_bytes;
    unsigned part = 1;
    char part_name[PATH_ROOM];
    struct ps_frame frame = {.kind = PS_FRAME_ITEM, .subject = t->subject, .row = row};
    frame.name_len = (uint8_t) strlen(name);
    for (;;) {
        bool ended = false;
        uint8_t *place = ps_ring_reserve(t->r->ring, frame.name_len, PS_PIECE);
        size_t len = fill(t, fd, ps_catalog[row].at_once, place, &ended, error);
        if (*error && total + len == 0)
            return ps_outcome_of(*error);
        if (row == t->r->job->plan->maps)
            ps_noted_maps(t, place, len, total == 0);
        else if (row == t->r->job->plan->cmdline && total == 0)
            ps_noted_cmdline(t, place, len);
        total += len;
        bool full = total >= cap;
        bool next_part = table && !ended && !full && total >= (uint64_t) part * PS_PART_SIZE;
        frame.flags = (uint8_t) ((!ended && !full && !next_part ? PS_FLAG_CONTINUES : 0) | (part > 1 ? PS_FLAG_PART : 0));
        ps_ring_commit(t->r->ring, &frame, name, len);
        if (ended)
            return *error ? PS_PARTIAL : PS_COMPLETE;
        if (full)
            return PS_TRUNCATED;
        frame.kind = PS_FRAME_MORE;
        frame.name_len = 0;
        if (next_part) {
            snprintf(part_name, sizeof part_name, "%s.part-%04u", ps_catalog[row].path, ++part);
            frame.kind = PS_FRAME_ITEM;
            frame.name_len = (uint8_t) strlen(part_name);
            name = part_name;
        }
    }
}

enum ps_outcome ps_capture_file(struct ps_target *t, int dir, const char *path, uint16_t row, const char *name,
                                int *error)
{
    int fd = openat(dir, path, OPEN_FILE);
    ps_progress_made(t->r);
    if (fd < 0) {
        *error = errno;
        return ps_outcome_of(*error);
    }
    enum ps_outcome outcome = send_file(t, fd, row, name, error);
    close(fd);
    return outcome;
}

void ps_capture_entry(struct ps_target *t, int dir, const char *path, uint16_t row, const char *name)
{
    int error = 0;
    ps_capture_file(t, dir, path, row, name, &error);
    if (error)
        ps_capture_lost(t, row, name, error);
}

enum ps_outcome ps_capture_link(struct ps_target *t, int dir, const char *path, uint16_t row, const char *name,
                                int *error, struct ps_span *target)
{
    struct ps_frame frame = {.kind = PS_FRAME_ITEM, .subject = t->subject, .row = row};
    frame.name_len = (uint8_t) strlen(name);
    uint8_t *place = ps_ring_reserve(t->r->ring, frame.name_len, LINK_ROOM);
    ssize_t n = readlinkat(dir, path, (char *) place, LINK_ROOM);
    ps_progress_made(t->r);
    if (n < 0) {
        *error = errno;
        return ps_outcome_of(*error);
    }
    *error = 0;
    *target = ps_span_of(place, (size_t) n);
    ps_ring_commit(t->r->ring, &frame, name, (size_t) n);
    return n == LINK_ROOM ? PS_TRUNCATED : PS_COMPLETE;
}
