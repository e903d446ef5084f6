/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Copies as much of the C string as fits after `at`, NUL included; returns the new end. */
static size_t append(char *text, size_t size, size_t at, const char *more)
{
    size_t len = strlen(more);
    if (len > size - 1 - at)
        len = size - 1 - at;
    memcpy(text + at, more, len);
    text[at + len] = '\0';
    return at + len;
}

bool ps_fail(struct ps_error *err, int sys_errno, const char *fmt, ...)
{
    /* Formatted aside: the arguments may point into *err. */
    char text[sizeof err->text];
    size_t room = sizeof text;
    const char *reason = sys_errno != 0 ? strerror(sys_errno) : NULL;

    /* A long path must not push the reason out. */
    if (reason != NULL && strlen(reason) + 2 < room)
        room -= strlen(reason) + 2;

    va_list args;
    va_start(args, fmt);
    int wanted = vsnprintf(text, room, fmt, args);
    va_end(args);
    if (wanted < 0)
        text[0] = '\0';

    size_t len = strlen(text);
    if (reason != NULL) {
        len = append(text, sizeof text, len, ": ");
        len = append(text, sizeof text, len, reason);
    }
    memcpy(err->text, text, len + 1);
    err->sys_errno = sys_errno;
    return false;
}

bool ps_fail_in(struct ps_error *err, const char *doing)
{
    char text[sizeof err->text];
    size_t old = strlen(err->text);

    /* The cause is worth more than the context: where both do not fit, the context is cut. */
    size_t room = sizeof text - old;
    size_t len = room > 2 ? append(text, room - 2, 0, doing) : 0;
    if (room > 2)
        len = append(text, sizeof text, len, ": ");
    len = append(text, sizeof text, len, err->text);
    memcpy(err->text, text, len + 1);
    return false;
}
