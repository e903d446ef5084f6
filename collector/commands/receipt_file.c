/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/commands/receipt_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int ps_receipt_file_open(const char *name, struct ps_error *err)
{
    /* O_NONBLOCK: a pipe of that name that nobody reads is an error, and no wait for ever. */
    int fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0)
        (void) ps_fail(err, 0, "cannot open %s for receipts: %s; name a file", name,
                       errno == ENXIO ? "it is a pipe that nobody reads" : strerror(errno));
    return fd;
}

bool ps_receipt_file_add(int fd, const char *name, struct ps_span line, struct ps_error *err)
{
    ssize_t n = write(fd, line.data, line.len);
    int why = n < 0 ? errno : 0;
    if (n == (ssize_t) line.len && (fsync(fd) == 0 || errno == EINVAL)) /* EINVAL: no disk behind it */
        return true;
    why = n == (ssize_t) line.len ? errno : why;
    return ps_fail(err, why, "cannot write the receipt to %s; here it is", name);
}
