/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/watch/switchboard.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* The name without its end; nothing but these bytes is part of it. */
static socklen_t address_of(const char *name, struct sockaddr_un *out)
{
    size_t len = strlen(name);
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (len > sizeof out->sun_path - 1)
        len = sizeof out->sun_path - 1;
    memcpy(out->sun_path + 1, name, len);
    return (socklen_t) (offsetof(struct sockaddr_un, sun_path) + 1 + len);
}

bool ps_switchboard_open(const char *name, struct ps_switchboard *out, struct ps_error *err)
{
    struct sockaddr_un address;
    socklen_t len = address_of(name, &address);
    *out = (struct ps_switchboard){.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (out->fd < 0)
        return ps_fail(err, errno, "no socket for trigger and health");
    if (bind(out->fd, (struct sockaddr *) &address, len) == 0 && listen(out->fd, PS_CALLERS) == 0)
        return true;
    int why = errno;
    close(out->fd);
    out->fd = -1;
    return ps_fail(err, why, "the name @%s belongs to another process of this task (another watch?)", name);
}

size_t ps_switchboard_poll(const struct ps_switchboard *s, struct pollfd *out)
{
    size_t count = 0, free_places = 0;
    for (size_t i = 0; i < PS_CALLERS; i++) {
        if (s->callers[i].fd == 0)
            free_places++;
        else
            out[count++] = (struct pollfd){.fd = s->callers[i].fd, .events = s->callers[i].waits ? 0 : POLLIN};
    }
    if (s->fd >= 0 && free_places > 0)
        out[count++] = (struct pollfd){.fd = s->fd, .events = POLLIN};
    return count;
}

static void hang_up(struct ps_caller *c)
{
    close(c->fd);
    *c = (struct ps_caller){0};
}

static struct ps_caller *free_place(struct ps_switchboard *s)
{
    for (size_t i = 0; i < PS_CALLERS; i++)
        if (s->callers[i].fd == 0)
            return &s->callers[i];
    return NULL;
}

static bool is_gone(const struct ps_caller *c)
{
    struct pollfd p = {.fd = c->fd};
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

void ps_switchboard_accept(struct ps_switchboard *s, uint64_t now_us)
{
    struct ps_caller *place;
    for (size_t i = 0; i < PS_CALLERS; i++) {
        struct ps_caller *c = &s->callers[i];
        bool silent = !c->waits && now_us > c->since_us + PS_CALLER_PATIENCE_US;
        if (c->fd != 0 && (silent || (c->waits && is_gone(c))))
            hang_up(c);
    }
    while (s->fd >= 0 && (place = free_place(s)) != NULL) {
        struct ucred who = {0};
        socklen_t len = sizeof who;
        int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0)
            return;
        (void) getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len);
        *place = (struct ps_caller){.fd = fd, .pid = who.pid, .uid = who.uid, .since_us = now_us};
    }
}

struct ps_caller *ps_switchboard_next(struct ps_switchboard *s, enum ps_request *asked)
{
    for (size_t i = 0; i < PS_CALLERS; i++) {
        struct ps_caller *c = &s->callers[i];
        char byte;
        if (c->fd == 0 || c->waits)
            continue;
        ssize_t n = recv(c->fd, &byte, 1, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (n == 1 && (byte == PS_ASK_HEALTH || byte == PS_ASK_TRIGGER || byte == PS_ASK_TRIGGER_WAIT)) {
            *asked = (enum ps_request) byte;
            return c;
        }
        hang_up(c);
    }
    return NULL;
}

size_t ps_switchboard_waiting(const struct ps_switchboard *s)
{
    size_t count = 0;
    for (size_t i = 0; i < PS_CALLERS; i++)
        count += s->callers[i].waits;
    return count;
}

void ps_switchboard_answer(struct ps_caller *caller, const char *line)
{
    (void) !send(caller->fd, line, strnlen(line, PS_ANSWER_ROOM - 1), MSG_NOSIGNAL | MSG_DONTWAIT);
    hang_up(caller);
}

void ps_switchboard_close(struct ps_switchboard *s)
{
    for (size_t i = 0; i < PS_CALLERS; i++)
        if (s->callers[i].fd != 0)
            hang_up(&s->callers[i]);
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

int ps_call_connect(const char *name, pid_t *pid, uid_t *uid, struct ps_error *err)
{
    struct sockaddr_un address;
    struct timeval patience = {.tv_usec = PS_CALLER_PATIENCE_US % 1000000, .tv_sec = PS_CALLER_PATIENCE_US / 1000000};
    struct ucred who = {0};
    socklen_t len = address_of(name, &address), who_len = sizeof who;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        ps_fail(err, errno, "no socket");
        return -1;
    }
    /* A full queue makes connect wait: for so long, and no longer. */
    (void) setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *) &address, len) == 0 &&
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &who_len) == 0) {
        *pid = who.pid;
        *uid = who.uid;
        return fd;
    }
    int why = errno;
    close(fd);
    if (why == ECONNREFUSED)
        ps_fail(err, 0,
                "nobody listens at @%s: no procsnap watch runs in this network namespace, or the name was taken "
                "before it came; SIGUSR1 to it triggers as well",
                name);
    else
        ps_fail(err, why, "nobody answers at @%s", name);
    return -1;
}

bool ps_call_ask(int fd, enum ps_request what, uint32_t patience_ms, char out[PS_ANSWER_ROOM], struct ps_error *err)
{
    char byte = (char) what;
    struct pollfd answer = {.fd = fd, .events = POLLIN};
    ssize_t n = -1;
    bool sent = send(fd, &byte, 1, MSG_NOSIGNAL) == 1;
    int ready = sent ? poll(&answer, 1, patience_ms > 0 ? (int) patience_ms : -1) : -1;
    if (ready > 0)
        n = recv(fd, out, PS_ANSWER_ROOM - 1, MSG_DONTWAIT);
    int why = errno;
    close(fd);
    if (n > 0) {
        out[n] = '\0';
        return true;
    }
    if (ready == 0)
        return ps_fail(err, 0, "no answer within %u s", (unsigned) (patience_ms / 1000));
    return ps_fail(err, n < 0 ? why : 0,
                   "the watch hung up without an answer: it ended, or has no room for further callers");
}
