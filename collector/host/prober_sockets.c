/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/host/prober_state.h"
#include "collector/procfs/capture.h"

#ifndef UDIAG_SHOW_UID
#define UDIAG_SHOW_UID 0x40 /* Linux 5.3; older ones pass over it */
#endif

/* Every state that there is: BOUND_INACTIVE, the last one, stands in no file of /proc. */
enum { ALL_STATES = (1 << 14) - 1 };

struct request {
    struct nlmsghdr head;
    union {
        struct inet_diag_req_v2 inet;
        struct unix_diag_req local;
    } body;
};

static size_t make_request(const char *table, struct request *out)
{
    bool six = ps_span_ends(ps_span_text(table), "6");
    memset(out, 0, sizeof *out);
    out->head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    out->head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    if (strcmp(table, "unix") == 0) {
        out->body.local.sdiag_family = AF_UNIX;
        out->body.local.udiag_states = UINT32_MAX;
        out->body.local.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN | UDIAG_SHOW_UID;
        out->head.nlmsg_len = NLMSG_LENGTH(sizeof out->body.local);
    } else {
        out->body.inet.sdiag_family = six ? AF_INET6 : AF_INET;
        out->body.inet.sdiag_protocol = table[0] == 't' ? IPPROTO_TCP : IPPROTO_UDP;
        out->body.inet.idiag_states = ALL_STATES;
        out->head.nlmsg_len = NLMSG_LENGTH(sizeof out->body.inet);
    }
    return out->head.nlmsg_len;
}

enum { GOES_ON = -1 };

/* The end that stands in these messages: 0, an errno, or GOES_ON. *torn: the table changed under the kernel's hands. */
static int end_of(struct ps_span messages, bool *torn)
{
    struct nlmsghdr head;
    for (size_t at = 0; messages.len - at >= sizeof head; at += NLMSG_ALIGN(head.nlmsg_len)) {
        memcpy(&head, messages.data + at, sizeof head);
        if (head.nlmsg_len < sizeof head || head.nlmsg_len > messages.len - at)
            return EPROTO;
        *torn = *torn || (head.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
        int32_t said = 0;
        if (head.nlmsg_len >= sizeof head + sizeof said)
            memcpy(&said, messages.data + at + sizeof head, sizeof said);
        if (head.nlmsg_type == NLMSG_ERROR || head.nlmsg_type == NLMSG_DONE)
            return said < 0 && said > -4096 ? -said : said == 0 ? 0 : EPROTO;
        if (NLMSG_ALIGN(head.nlmsg_len) > messages.len - at)
            break;
    }
    return GOES_ON;
}

static struct ps_probe_end failure(int error, bool begun)
{
    struct ps_probe_end end = {.outcome = PS_FAILED, .error = error};
    if (error == ECANCELED)
        return (struct ps_probe_end){.outcome = begun ? PS_PARTIAL : PS_SKIPPED};
    if (error == ETIMEDOUT)
        end.outcome = PS_TIMED_OUT;
    else if (begun)
        end.outcome = PS_PARTIAL;
    else if (error == EACCES || error == EPERM)
        end.outcome = PS_DENIED;
    else if (error == ENOENT || error == EAFNOSUPPORT || error == EPROTONOSUPPORT || error == EOPNOTSUPP)
        end.outcome = PS_ABSENT; /* a kernel without these tables, or without that family */
    return end;
}

/* The next messages of the kernel itself; -1 with errno. */
static ssize_t receive(struct ps_prober *p, int fd, uint8_t *out, size_t room)
{
    for (;;) {
        struct sockaddr_nl from = {0};
        socklen_t size = sizeof from;
        errno = ps_prober_wait(p, fd, POLLIN, p->deadline_us);
        if (errno)
            return -1;
        ssize_t got = recvfrom(fd, out, room, MSG_TRUNC | MSG_DONTWAIT, (struct sockaddr *) &from, &size);
        if (got > 0 && (size_t) got > room)
            errno = EMSGSIZE;
        if (got > 0 && from.nl_pid != 0)
            continue;
        if (got > 0)
            return (size_t) got > room ? -1 : got;
        if (got == 0)
            errno = EPROTO;
        if (errno != EINTR && errno != EAGAIN)
            return -1;
    }
}

/* As tables of /proc go: in parts of about 1 MiB, each of which is a member. */
static struct ps_probe_end take_answer(struct ps_prober *p, int fd, uint16_t row)
{
    static uint8_t messages[PS_PIECE];
    uint64_t total = 0;
    bool torn = false, begins_part = true;
    for (unsigned part = 1;;) {
        ssize_t got = receive(p, fd, messages, sizeof messages);
        if (got < 0)
            return failure(errno, total > 0);
        int end = end_of(ps_span_of(messages, (size_t) got), &torn);
        if (end > 0 && total == 0)
            return failure(end, false);
        total += (uint64_t) got;
        bool full = total >= p->job->caps->table_bytes, over = end != GOES_ON || full;
        bool next_part = !over && total >= (uint64_t) part * PS_PART_SIZE;
        uint8_t flags = (uint8_t) (over || next_part ? 0 : PS_FLAG_CONTINUES);
        flags |= (uint8_t) (begins_part && part > 1 ? PS_FLAG_PART : 0);
        ps_prober_send(p, begins_part ? PS_FRAME_ITEM : PS_FRAME_MORE, row, begins_part && part > 1 ? "part" : "",
                       ps_span_of(messages, (size_t) got), flags);
        begins_part = next_part;
        part += next_part;
        if (!over)
            continue;
        if (end == GOES_ON)
            return (struct ps_probe_end){.outcome = PS_TRUNCATED};
        return end ? failure(end, true) : (struct ps_probe_end){.outcome = torn ? PS_PARTIAL : PS_COMPLETE};
    }
}

struct ps_probe_end ps_prober_sockets(struct ps_prober *p, uint16_t row)
{
    struct request request;
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    size_t len = make_request(ps_catalog[row].path + strlen("facts/sock_diag/"), &request);
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (fd < 0)
        return failure(errno, false);
    struct ps_probe_end end;
    if (sendto(fd, &request, len, 0, (struct sockaddr *) &kernel, sizeof kernel) < 0)
        end = failure(errno, false);
    else
        end = take_answer(p, fd, row);
    close(fd);
    return end;
}
