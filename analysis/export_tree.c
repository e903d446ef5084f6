/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/export_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the part of a name that tells the entries of a family apart may be: one component of letters, digits and the
 * marks of member names (an escaped byte stays escaped). */
static bool is_component(struct ps_span name)
{
    if (name.len == 0 || name.len > NAME_MAX || ps_span_is(name, ".") || ps_span_is(name, ".."))
        return false;
    return memchr(name.data, '/', name.len) == NULL && memchr(name.data, '\0', name.len) == NULL;
}

/* "net/tcp.part-0002" of "net/tcp" */
static bool is_part(struct ps_span name, const char *path)
{
    size_t len = strlen(path);

    return ps_span_starts(name, path) && ps_span_starts(ps_span_of(name.data + len, name.len - len), ".part-");
}

bool ps_export_name_of(const struct ps_entry *entry, struct ps_export_name *out)
{
    if (entry->row == NULL)
        return false;
    const char *path = entry->row->path;
    *out = (struct ps_export_name){.link = entry->row->source == PS_READLINK};
    if (!ps_row_is_family(entry->row)) {
        out->goes_on = is_part(entry->name, path);
        return (size_t) snprintf(out->path, sizeof out->path, "%s", path) < sizeof out->path;
    }
    struct ps_span one;
    return ps_row_entry(entry->row, entry->name, &one) && is_component(one) &&
           (size_t) snprintf(out->path, sizeof out->path, "%.*s", (int) entry->name.len,
                             (const char *) entry->name.data) < sizeof out->path;
}

int ps_export_directory(int below, const char *name)
{
    if (mkdirat(below, name, 0700) != 0 && errno != EEXIST)
        return -1;
    return openat(below, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The directory that holds the last name of the path, which *leaf is set to. -1 with errno. */
static int open_parent(int below, const struct ps_export_name *name, const char **leaf)
{
    char part[sizeof name->path];
    const char *at = name->path, *end;
    int dir = dup(below);

    for (; dir >= 0 && (end = strchr(at, '/')) != NULL; at = end + 1) {
        memcpy(part, at, (size_t) (end - at));
        part[end - at] = '\0';
        int next = ps_export_directory(dir, part);
        int error = errno;
        close(dir);
        errno = error;
        dir = next;
    }
    *leaf = at;
    return dir;
}

bool ps_export_parents(int below, const struct ps_export_name *name)
{
    const char *leaf;
    int dir = open_parent(below, name, &leaf);

    if (dir >= 0)
        close(dir);
    return dir >= 0;
}

static bool write_all(int fd, struct ps_span bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.data, bytes.len);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0)
            bytes = ps_span_of(bytes.data + n, bytes.len - (size_t) n);
    }
    return true;
}

enum ps_export_made ps_export_file(int below, const struct ps_export_name *name, struct ps_span bytes)
{
    const char *leaf;
    int dir = open_parent(below, name, &leaf);

    if (dir < 0)
        return PS_EXPORT_FAILED;
    int how = name->goes_on ? O_APPEND : O_CREAT | O_EXCL;
    int fd = openat(dir, leaf, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | how, 0600);
    int error = errno;
    close(dir);
    errno = error;
    if (fd < 0)
        return error == EEXIST || error == ENOENT ? PS_EXPORT_PASSED_OVER : PS_EXPORT_FAILED;
    bool written = write_all(fd, bytes);
    error = errno;
    bool closed = close(fd) == 0;
    if (!written)
        errno = error;
    return written && closed ? PS_EXPORT_MADE : PS_EXPORT_FAILED;
}

enum ps_export_made ps_export_link(int below, const struct ps_export_name *name, struct ps_span target)
{
    char text[PATH_MAX];
    const char *leaf;

    if (target.len == 0 || target.len >= sizeof text || memchr(target.data, '\0', target.len) != NULL)
        return PS_EXPORT_PASSED_OVER;
    memcpy(text, target.data, target.len);
    text[target.len] = '\0';
    int dir = open_parent(below, name, &leaf);
    if (dir < 0)
        return PS_EXPORT_FAILED;
    int made = symlinkat(text, dir, leaf);
    int error = errno;
    close(dir);
    errno = error;
    if (made == 0)
        return PS_EXPORT_MADE;
    return error == EEXIST ? PS_EXPORT_PASSED_OVER : PS_EXPORT_FAILED;
}
