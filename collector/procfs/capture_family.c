/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows that stand for many files: the links of a directory, the descriptors of a process.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/procfs/capture_file.h"
#include "collector/procfs/listing.h"

enum { PATH_ROOM = 64 };
enum { OPEN_LIST = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW };

/* "net:[4026531840]" to its number; 0 when it is something else. */
static uint64_t namespace_inode(struct ps_span target)
{
    struct ps_cursor c = ps_cursor_over(target);
    struct ps_span type;
    uint64_t inode = 0;
    if (!ps_take_until(&c, '[', &type) || !ps_take_u64(&c, &inode) || !ps_take_byte(&c, ']'))
        return 0;
    return inode;
}

static void note_namespace(struct ps_target *t, const char *name, struct ps_span target)
{
    if (strcmp(name, "net") == 0)
        t->net = namespace_inode(target);
    else if (strcmp(name, "mnt") == 0)
        t->mnt = namespace_inode(target);
}

enum ps_outcome ps_capture_links(struct ps_target *t, uint16_t row, int *error)
{
    char directory[PATH_ROOM];
    snprintf(directory, sizeof directory, "%.*s", (int) (strlen(ps_catalog[row].path) - 3), ps_catalog[row].path);
    struct ps_listing list = {.r = t->r, .fd = openat(t->dir, directory, OPEN_LIST)};
    ps_progress_made(t->r);
    const char *name;
    bool any = false;
    *error = list.fd < 0 ? errno : 0;
    while (list.fd >= 0 && ps_listing_next(&list, &name)) {
        struct ps_span target;
        enum ps_outcome got = ps_capture_link(t, list.fd, name, row, name, error, &target);
        if (got == PS_DENIED && !any)
            break;
        any = true;
        if (*error)
            ps_capture_lost(t, row, name, *error);
        else
            note_namespace(t, name, target);
        *error = 0;
    }
    if (list.fd >= 0)
        close(list.fd);
    *error = *error ? *error : list.error;
    return ps_outcome_of(*error);
}

enum ps_outcome ps_capture_fds(struct ps_target *t, uint16_t fd_row, uint16_t info_row, int *error,
                                       enum ps_outcome *info, int *info_error)
{
    struct ps_listing list = {.r = t->r, .fd = openat(t->dir, "fd", OPEN_LIST)};
    *error = list.fd < 0 ? errno : 0;
    int infos = info_row ? openat(t->dir, "fdinfo", OPEN_LIST) : -1;
    *info_error = infos < 0 ? errno : 0;
    ps_progress_made(t->r);
    const char *name;
    bool any = false;
    while (list.fd >= 0 && ps_listing_next(&list, &name)) {
        struct ps_span target;
        int why = 0;
        if (ps_capture_link(t, list.fd, name, fd_row, name, &why, &target) == PS_DENIED && !any) {
            *error = why;
            break;
        }
        any = true;
        if (t->wants && !why && ps_want_descriptor(t->r->job->wanted, t->subject, name, target, t->fds_wanted))
            t->fds_wanted++;
        if (why)
            ps_capture_lost(t, fd_row, name, why);
        if (infos < 0)
            continue;
        ps_capture_entry(t, infos, name, info_row, name);
    }
    if (list.fd >= 0)
        close(list.fd);
    if (infos >= 0)
        close(infos);
    *error = *error ? *error : list.error;
    if (*error && !*info_error)
        *info_error = *error;
    *info = ps_outcome_of(*info_error);
    return ps_outcome_of(*error);
}
