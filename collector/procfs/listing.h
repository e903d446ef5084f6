/* SPDX-License-Identifier: Apache-2.0
 *
 * The names in a directory.
 */
#ifndef PS_LISTING_H
#define PS_LISTING_H

#include "collector/procfs/reader.h"

struct ps_listing {
    struct ps_reader_state *r;
    int fd;
    bool whole;    /* names that begin with a dot too; "." and ".." never */
    uint8_t *room; /* borrowed; NULL: that of the reader, for one listing at a time */
    size_t room_len;
    size_t at, len;
    int error; /* errno of getdents64, or 0 */
};

/* The next name, until the next call; false at the end. */
bool ps_listing_next(struct ps_listing *listing, const char **name);
/* The next name that is a pid or a thread id, and that number; others are passed over. */
bool ps_listing_next_id(struct ps_listing *listing, const char **name, uint32_t *id);

#endif
