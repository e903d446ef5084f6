/* SPDX-License-Identifier: Apache-2.0
 *
 * The socket on which a watch is asked, "@procsnap" in the abstract unix names of its network namespace (unix(7)):
 * one byte in, one line back. Every process of the task can reach it, also hostile ones: few callers, for a short time,
 * and nothing that they send is more than one of four bytes. The name belongs to whoever comes first.
 */
#ifndef PS_SWITCHBOARD_H
#define PS_SWITCHBOARD_H

#include <poll.h>
#include <stddef.h>
#include <sys/types.h>

#include "formats/error.h"

/* What a caller may send. */
enum ps_request {
    PS_ASK_HEALTH = 'h',
    PS_ASK_TRIGGER = 't',
    PS_ASK_TRIGGER_WAIT = 'w', /* the answer comes when the snapshot is sealed and delivered, or is not */
};

enum { PS_CALLERS = 16, PS_WAITING_MOST = 8, PS_CALLER_PATIENCE_US = 2000000, PS_ANSWER_ROOM = 700 };

struct ps_caller {
    int fd;    /* 0: free */
    pid_t pid; /* of the process that connected; 0: of a PID namespace that we cannot see */
    uid_t uid;
    uint64_t since_us;
    bool waits;      /* for the end of a snapshot */
    uint64_t ticket; /* which: the caller's own number */
};

struct ps_switchboard {
    int fd; /* -1: the name is taken */
    struct ps_caller callers[PS_CALLERS];
};

/* False with *err when somebody else has the name: an event, not a failure. `name` without the '@'. */
PS_MUST_CHECK bool ps_switchboard_open(const char *name, struct ps_switchboard *out, struct ps_error *err);
/* Descriptors to wait for, at most PS_CALLERS + 1; returns how many. */
size_t ps_switchboard_poll(const struct ps_switchboard *s, struct pollfd *out);
/* Takes new callers, drops those that say nothing. */
void ps_switchboard_accept(struct ps_switchboard *s, uint64_t now_us);
/* The next caller that has asked for something; NULL: none. It is to be answered, or made to wait. */
struct ps_caller *ps_switchboard_next(struct ps_switchboard *s, enum ps_request *asked);
/* Callers that wait already. */
size_t ps_switchboard_waiting(const struct ps_switchboard *s);
/* One line, which begins with the exit status of whoever asked ("0 sealed: ..."); hangs up. */
void ps_switchboard_answer(struct ps_caller *caller, const char *line);
void ps_switchboard_close(struct ps_switchboard *s);

/* The other end. Connects, and says who answers there; -1 with *err. */
int ps_call_connect(const char *name, pid_t *pid, uid_t *uid, struct ps_error *err);
/* Asks, and waits for the line, at most that long (0: for ever). Closes fd. */
PS_MUST_CHECK bool ps_call_ask(int fd, enum ps_request what, uint32_t patience_ms, char out[PS_ANSWER_ROOM],
                               struct ps_error *err);

#endif
