/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/watch/heart.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "parsers/cursor.h"

/* ':' all is well, '!' bundles wait for delivery. The kernel keeps 15 characters. */
enum { NAME_ROOM = 16, GROUP_ROOM = 16384, SECONDS_MASK = 0xffffff };
static const char name[] = "procsnap";

void ps_heart_beat(uint64_t now_us, bool delivering)
{
    char comm[NAME_ROOM];
    snprintf(comm, sizeof comm, "%s%c%06x", name, delivering ? ':' : '!', (unsigned) (now_us / 1000000 & SECONDS_MASK));
    prctl(PR_SET_NAME, comm);
}

void ps_heart_none(void)
{
    prctl(PR_SET_NAME, name);
}

/* Bytes of PROC/<pid>/<file>, at most `room`; 0 when it is not there or not readable. */
static size_t read_of(int proc, const char *pid, const char *file, uint8_t *out, size_t room)
{
    char path[300];
    size_t len = 0;
    snprintf(path, sizeof path, "%s/%s", pid, file);
    int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n;
    while (len < room && (n = read(fd, out + len, room - len)) > 0)
        len += (size_t) n;
    close(fd);
    return len;
}

bool ps_heart_shares_group(int proc, pid_t pid)
{
    static uint8_t ours[GROUP_ROOM], theirs[GROUP_ROOM];
    char number[16];
    if (pid <= 0)
        return false; /* of a PID namespace that we cannot see: no process of this container */
    snprintf(number, sizeof number, "%d", (int) pid);
    size_t len = read_of(proc, "self", "cgroup", ours, sizeof ours);
    return len > 0 && read_of(proc, number, "cgroup", theirs, sizeof theirs) == len && memcmp(ours, theirs, len) == 0;
}

/* comm is a name of anybody's choice: only its exact form counts. */
static bool read_comm(struct ps_span comm, uint64_t now_us, struct ps_heart *out)
{
    struct ps_cursor in = ps_cursor_over(comm);
    uint64_t seconds;
    bool well;
    if (comm.len != NAME_ROOM || !ps_take_text(&in, name)) /* 15 characters and a newline */
        return false;
    well = ps_take_byte(&in, ':');
    if ((!well && !ps_take_byte(&in, '!')) || !ps_take_hex(&in, &seconds) || !ps_take_byte(&in, '\n'))
        return false;
    out->delivering = well;
    out->age_s = (now_us / 1000000 - seconds) & SECONDS_MASK;
    return true;
}

bool ps_heart_find(int proc, uint64_t now_us, struct ps_heart *out)
{
    bool found = false;
    int fd = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    if (!list)
        return false;
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        uint8_t comm[NAME_ROOM + 1];
        struct ps_heart heart;
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
            continue;
        size_t len = read_of(proc, entry->d_name, "comm", comm, sizeof comm);
        if (!read_comm(ps_span_of(comm, len), now_us, &heart) || (found && heart.age_s >= out->age_s))
            continue;
        heart.pid = (pid_t) strtol(entry->d_name, NULL, 10);
        if (!ps_heart_shares_group(proc, heart.pid))
            continue;
        *out = heart;
        found = true;
    }
    closedir(list);
    return found;
}
