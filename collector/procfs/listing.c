/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/procfs/listing.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct entry { /* as getdents64 gives it */
    uint64_t ino;
    int64_t off;
    uint16_t size;
    uint8_t type;
    char name[];
};

/* False at the end, or at an error. */
static bool read_more(struct ps_listing *l, uint8_t *room, size_t room_len)
{
    long n = syscall(SYS_getdents64, l->fd, room, room_len);
    int error = errno;
    ps_progress_made(l->r);
    /* The directory was there: only the end of its process takes its entries away. */
    l->error = n >= 0 ? 0 : error == ENOENT ? ESRCH : error;
    l->len = n > 0 ? (size_t) n : 0;
    l->at = 0;
    return n > 0;
}

static bool is_told(const struct ps_listing *l, const char *name)
{
    return name[0] != '.' || (l->whole && strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
}

bool ps_listing_next(struct ps_listing *l, const char **name)
{
    uint8_t *room = l->room ? l->room : l->r->entries;
    const struct entry *entry;
    do {
        if (l->at >= l->len && !read_more(l, room, l->room ? l->room_len : sizeof l->r->entries))
            return false;
        entry = (const void *) (room + l->at);
        l->at += entry->size;
    } while (!is_told(l, entry->name));
    *name = entry->name;
    return true;
}

bool ps_listing_next_id(struct ps_listing *list, const char **name, uint32_t *id)
{
    while (ps_listing_next(list, name)) {
        struct ps_cursor c = ps_cursor_over(ps_span_text(*name));
        uint64_t number = 0;
        if (ps_take_u64(&c, &number) && ps_cursor_done(&c) && number > 0 && number < PS_PID_LIMIT) {
            *id = (uint32_t) number;
            return true;
        }
    }
    return false;
}
