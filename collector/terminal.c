/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/terminal.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "formats/printable.h"

/* Narrower than that no view can be, and no terminal is wider. */
enum { LEAST_COLUMNS = 40, MOST_COLUMNS = 10000 };

/* The first failure on standard output; commands ask once, at the end. */
static int stdout_failure;

static void write_all(int fd, struct ps_span text)
{
    while (text.len > 0) {
        ssize_t n = write(fd, text.data, text.len);
        if (n >= 0) {
            text = ps_span_of(text.data + n, text.len - (size_t) n);
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno == EAGAIN) {
            /* Somebody else made the pipe non-blocking; waiting is all that can be done. */
            struct pollfd ready = {.fd = fd, .events = POLLOUT};
            (void) poll(&ready, 1, -1);
            continue;
        }
        if (fd == PS_STDOUT && errno != EPIPE && stdout_failure == 0)
            stdout_failure = errno;
        return;
    }
}

/* What went wrong is told even where no memory is left to escape it: whatever is not plain becomes a question mark. */
static void write_plain(int fd, struct ps_span text)
{
    uint8_t piece[256];

    for (size_t at = 0; at < text.len;) {
        size_t len = 0;
        for (; at < text.len && len < sizeof piece; at++, len++)
            piece[len] = (text.data[at] >= ' ' && text.data[at] < 0x7f) || text.data[at] == '\n' ? text.data[at] : '?';
        write_all(fd, ps_span_of(piece, len));
    }
}

static void print(int fd, struct ps_span text, void (*escape)(struct ps_buffer *out, struct ps_span text))
{
    /* Piece by piece: an escaped text is up to six times longer, and a parsed file can be large. */
    enum { PIECE = 64 << 10 };
    struct ps_buffer out = {0};

    while (text.len > 0) {
        size_t len = text.len < PIECE ? text.len : PIECE;
        /* Not in the middle of a character. */
        for (size_t back = 0; len < text.len && back < 3 && len > 1 && (text.data[len] & 0xc0) == 0x80; back++)
            len--;
        escape(&out, ps_span_of(text.data, len));
        if (out.failed && fd == PS_STDOUT && stdout_failure == 0)
            stdout_failure = ENOMEM;
        if (out.failed && fd == PS_STDERR)
            write_plain(fd, ps_span_of(text.data, len));
        else
            write_all(fd, ps_buffer_span(&out));
        ps_buffer_clear(&out, SIZE_MAX);
        text = ps_span_of(text.data + len, text.len - len);
    }
    ps_buffer_done(&out);
}

void ps_print(int fd, struct ps_span text)
{
    print(fd, text, ps_printable_add_text);
}

void ps_print_text(int fd, const char *text)
{
    ps_print(fd, ps_span_text(text));
}

void ps_printf(int fd, const char *fmt, ...)
{
    char text[8192];
    va_list args;

    va_start(args, fmt);
    int len = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (len < 0)
        return;
    ps_print(fd, ps_span_text(text));
}

void ps_print_json(int fd, struct ps_span json)
{
    print(fd, json, ps_printable_add_json);
}

/* A presigned URL, typed in the wrong place, is repeated by many an error, and sessions are logged: what is secret in it
 * is not. How long that is at `at`, name and value; 0: nothing is there. */
static size_t secret_at(const char *at)
{
    static const char *const names[] = {"X-Amz-Signature=", "X-Amz-Security-Token="};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(at, names[i], strlen(names[i])) == 0)
            return strcspn(at, "& ");
    return 0;
}

void ps_print_error(const struct ps_error *err)
{
    char line[4 * sizeof err->text + 1];
    size_t len = 0;

    /* One line, whatever a path in it holds; on the stack, since memory may be what is out. */
    for (const char *at = err->text; *at != '\0'; at++) {
        size_t secret = secret_at(at);
        if (secret > 0 || *at == '\n') {
            memcpy(line + len, secret > 0 ? "X***" : "\\x0a", 4);
            len += 4;
            at += secret > 0 ? secret - 1 : 0;
        } else {
            line[len++] = *at;
        }
    }
    line[len] = '\0';
    ps_printf(PS_STDERR, "procsnap: %s\n", line);
}

bool ps_print_complete(struct ps_error *err)
{
    int failure = stdout_failure;

    stdout_failure = 0;
    if (failure == 0)
        return true;
    return ps_fail(err, failure, "cannot write standard output; free space there or send it elsewhere");
}

bool ps_is_terminal(int fd)
{
    return isatty(fd) == 1;
}

/* COLUMNS, where somebody exports it, is a wish: a pager or a saved page has a width as well. */
static bool wished_columns(size_t *out)
{
    const char *text = getenv("COLUMNS");
    struct ps_cursor in = ps_cursor_over(ps_span_text(text != NULL ? text : ""));
    uint64_t wish;

    if (!ps_take_u64(&in, &wish) || !ps_cursor_done(&in) || wish < LEAST_COLUMNS || wish > MOST_COLUMNS)
        return false;
    *out = (size_t) wish;
    return true;
}

size_t ps_terminal_columns(size_t otherwise)
{
    struct winsize size;
    size_t wish;

    if (wished_columns(&wish))
        return wish;
    return ioctl(PS_STDOUT, TIOCGWINSZ, &size) == 0 && size.ws_col >= LEAST_COLUMNS ? size.ws_col : otherwise;
}

void ps_print_status(int fd, const char *line)
{
    /* The control sequences are ours and stay outside of what is escaped: return, text, erase to the end of line. */
    write_all(fd, ps_span_text("\r"));
    ps_print_text(fd, line);
    write_all(fd, ps_span_text("\033[K"));
}
