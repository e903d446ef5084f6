/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/watch/spool_scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif

static bool ends_with(const char *name, const char *suffix)
{
    size_t len = strlen(name), tail = strlen(suffix);
    return len > tail && strcmp(name + len - tail, suffix) == 0;
}

/* Names that procsnap gives: anything else in that directory is somebody else's. */
static bool is_bundle(const char *name)
{
    return strncmp(name, "procsnap-", 9) == 0 && (ends_with(name, ".tar.gz") || ends_with(name, ".tar.gz.age"));
}

static bool is_file(const struct ps_spool *s, const char *name, uint64_t *bytes)
{
    struct stat st;
    if (fstatat(s->dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
        return false;
    *bytes = (uint64_t) st.st_size;
    return true;
}

static bool has_beside(const struct ps_spool *s, const char *name, const char *suffix)
{
    char full[PS_SPOOL_NAME + 300];
    uint64_t bytes;
    snprintf(full, sizeof full, "%s%s", name, suffix);
    return is_file(s, full, &bytes);
}

static DIR *list_of(const struct ps_spool *s)
{
    int fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    if (!list && fd >= 0)
        close(fd);
    return list;
}

/* The signature gets its name only when the bundle is whole and was made to last, and the bundle just after it: a watch
 * that was killed between the two left a whole bundle that is called a part. */
static bool adopt(const struct ps_spool *s, const char *part)
{
    char name[300];
    snprintf(name, sizeof name, "%.*s", (int) (strlen(part) - strlen(".part")), part);
    return is_bundle(name) && has_beside(s, name, ".minisig") &&
           syscall(SYS_renameat2, s->dir, part, s->dir, name, RENAME_NOREPLACE) == 0;
}

/* Of the parts there are few, and what they become is listed then. */
static void adopt_parts(struct ps_spool *s)
{
    DIR *list = list_of(s);
    if (!list)
        return;
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        if (strncmp(entry->d_name, "procsnap-", 9) == 0 && ends_with(entry->d_name, ".part") &&
            !adopt(s, entry->d_name))
            s->parts++;
    }
    closedir(list);
}

static bool take_bundle(struct ps_spool *s, const char *name, uint64_t now_us, struct ps_error *err)
{
    uint64_t bytes;
    if (!is_file(s, name, &bytes))
        return true;
    if (!has_beside(s, name, ".minisig")) {
        s->unsigned_bundles++;
        return true;
    }
    struct ps_spooled *item = ps_spool_add(s, name, -1, bytes, err);
    if (!item)
        return false;
    item->since_us = now_us;
    item->tried_before = has_beside(s, name, ".tried");
    return true;
}

/* What a removal, or the writing of a head line, left behind when it was cut short. */
static void sweep(const struct ps_spool *s, const char *name)
{
    static const char *const suffixes[] = {".minisig", ".head", ".tried"};
    char bundle[300];
    uint64_t bytes;
    if (ends_with(name, ".head.tmp") && (strncmp(name, "procsnap-", 9) == 0 || strcmp(name, "last.head.tmp") == 0))
        (void) unlinkat(s->dir, name, 0);
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        if (!ends_with(name, suffixes[i]))
            continue;
        snprintf(bundle, sizeof bundle, "%.*s", (int) (strlen(name) - strlen(suffixes[i])), name);
        if (is_bundle(bundle) && !is_file(s, bundle, &bytes) && !has_beside(s, bundle, ".part"))
            (void) unlinkat(s->dir, name, 0);
    }
}

bool ps_spool_scan(struct ps_spool *s, uint64_t now_us, struct ps_error *err)
{
    adopt_parts(s);
    DIR *list = list_of(s);
    bool ok = true;
    if (!list)
        return ps_fail(err, errno, "--spool: cannot list %s", s->path);
    for (struct dirent *entry; ok && (entry = readdir(list)) != NULL;) {
        if (is_bundle(entry->d_name))
            ok = take_bundle(s, entry->d_name, now_us, err);
        else
            sweep(s, entry->d_name);
    }
    closedir(list);
    return ok;
}

static uint64_t bytes_of(const struct ps_spool *s, const char *end)
{
    uint64_t sum = 0, bytes;
    DIR *list = s->dir >= 0 ? list_of(s) : NULL;
    if (!list)
        return 0;
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        if (ends_with(entry->d_name, end) && is_file(s, entry->d_name, &bytes))
            sum += bytes;
    }
    closedir(list);
    return sum;
}

uint64_t ps_spool_part_bytes(const struct ps_spool *s)
{
    return bytes_of(s, ".part");
}

uint64_t ps_spool_kept_bytes(const struct ps_spool *s)
{
    return bytes_of(s, ".part") + bytes_of(s, ".uncertain");
}
