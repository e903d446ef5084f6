/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/host/caps.h"

#include <string.h>
#include <sys/vfs.h>

#include "formats/records.h"

static const uint64_t mib = 1 << 20;
static const long tmpfs_magic = 0x01021994, ramfs_magic = 0x858458f6;

/* What a run needs beside a few hundred processes, measured; and below what headroom the caps follow it. */
static const uint64_t base_bytes = 10 << 20, ample_bytes = UINT64_C(2) << 30;

static bool is_memory(const struct statfs *fs)
{
    return fs->f_type == tmpfs_magic || fs->f_type == ramfs_magic;
}

/* The bundle is written to a file system that lies in memory: it counts as used. */
static bool lies_in_memory(const struct ps_options *options)
{
    const char *dest = options->dest;
    struct statfs fs;
    char folder[4096];
    size_t len = strlen(dest);
    if (options->remote)
        return fstatfs(options->hold_fd, &fs) == 0 && is_memory(&fs);
    if (strcmp(dest, "-") == 0 || len >= sizeof folder)
        return false;
    memcpy(folder, dest, len + 1);
    if (statfs(folder, &fs) != 0) {
        char *slash = strrchr(folder, '/');
        if (slash == folder)
            slash++;
        if (slash)
            *slash = '\0';
        if (statfs(slash ? folder : ".", &fs) != 0)
            return false;
    }
    return is_memory(&fs);
}

static void lower(uint64_t *cap, uint64_t share, uint64_t least)
{
    if (share < least)
        share = least;
    if (*cap > share)
        *cap = share;
}

/* What is held at once: a capture about three times (whole, in its pack, redacted), the text of tables twice, and owners
 * and rows of 24 bytes each. Together that is less than what is left beside the base. */
static void fit(struct ps_caps *c, uint64_t headroom, bool dest_in_memory)
{
    uint64_t spare = headroom > base_bytes ? headroom - base_bytes : 0, rows = c->socket_rows;
    c->lowered = true;
    lower(&c->capture_bytes, spare / 12, 256 << 10);
    lower(&c->table_bytes, spare / 6, mib);
    lower(&c->socket_text_bytes, spare / 12, 256 << 10);
    lower(&rows, spare / 12 / 24, 4096);
    c->socket_rows = (uint32_t) rows;
    c->floor_bytes = headroom / 8 < 4 * mib ? headroom / 8 : 4 * mib;
    if (!dest_in_memory)
        return;
    lower(&c->recover_bytes, spare / 4, 0);
    lower(&c->dump_bytes, spare / 8, 0);
    lower(&c->dump_process_bytes, c->dump_bytes, 0);
}

void ps_caps_make(const struct ps_options *options, const struct ps_limits *limits, struct ps_caps *out)
{
    bool deep = options->profile == PS_DEEP;
    *out = (struct ps_caps){
        .capture_bytes = 16 * mib,
        .table_bytes = 256 * mib,
        .socket_text_bytes = PS_SOCKET_TEXT_MAX,
        .socket_rows = PS_SOCKET_ROWS_MAX,
        .recover_bytes = options->recover ? (deep ? 4096 : 512) * mib : 0,
        .dump_process_bytes = (deep ? 4096 : 256) * mib,
        .dump_bytes = (deep ? 16384 : 1024) * mib,
    };
    if (limits->headroom_bytes.known == PS_LIMITED && limits->headroom_bytes.value < ample_bytes)
        fit(out, limits->headroom_bytes.value, lies_in_memory(options));
}
