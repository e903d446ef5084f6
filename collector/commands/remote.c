/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/commands/remote.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collector/commands/commands.h"
#include "collector/commands/receipt_file.h"
#include "collector/delivery/courier.h"
#include "collector/delivery/delivery_options.h"
#include "collector/delivery/delivery_secrets.h"
#include "collector/delivery/destination.h"
#include "collector/host/clock.h"
#include "collector/sandbox/hardening.h"
#include "collector/terminal.h"

/* A task that is stopped has 30 seconds until it is killed (ECS stopTimeout): a delivery that is told to stop gets most
 * of them, and what is left keeps the bundle. */
enum { STOP_GRACE_US = 15000000, KILL_GRACE_US = 2000000, TICK_MS = 100 };

struct ps_remote {
    struct ps_delivery_options delivery;
    struct ps_option_group delivery_group, group;
    struct ps_flag flags[PS_MORE_OPTIONS];
    struct ps_own_secrets secrets;
    const char *receipt, *spool; /* NULL: not asked for */
    bool check;
};

/* ---- command line ---- */

static const struct ps_flag own_flags[] = {
    {"receipt", "FILE", "append the receipt of the delivery to FILE, a line of JSON", 0},
    {"spool", "DIR", "keep the bundle there when it cannot be delivered (default: the\n"
                     "first of /dev/shm, /var/tmp, /tmp that takes it)", 0},
    {"check-destination", NULL, "say whether a delivery would work, and collect nothing", 0},
};

enum { OWN_FLAGS = sizeof own_flags / sizeof *own_flags };

static bool take(void *into, size_t which, const char *value, struct ps_error *err)
{
    struct ps_remote *r = into;

    if (which >= OWN_FLAGS)
        return r->delivery_group.take(r->delivery_group.into, which - OWN_FLAGS, value, err);
    if (value != NULL && value[0] == '\0')
        return ps_fail(err, 0, "--%s is empty; name a %s", own_flags[which].name, own_flags[which].value);
    if (which == 0)
        r->receipt = value;
    else if (which == 1)
        r->spool = value;
    else
        r->check = true;
    return true;
}

struct ps_remote *ps_remote_new(void)
{
    struct ps_remote *r = calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    r->delivery_group = ps_delivery_option_group(&r->delivery);
    memcpy(r->flags, own_flags, sizeof own_flags);
    memcpy(r->flags + OWN_FLAGS, r->delivery_group.flags, r->delivery_group.count * sizeof *r->flags);
    r->group = (struct ps_option_group){r->flags, OWN_FLAGS + r->delivery_group.count, take, r};
    return r;
}

void ps_remote_free(struct ps_remote *r)
{
    free(r);
}

const struct ps_option_group *ps_remote_options(const struct ps_remote *r)
{
    return r != NULL ? &r->group : NULL;
}

bool (*ps_remote_test(const struct ps_remote *r))(const char *dest)
{
    return r != NULL ? ps_delivery_is_remote : NULL;
}

bool ps_remote_plan(const struct ps_remote *r, const struct ps_options *o, struct ps_error *err)
{
    if (o->remote)
        return ps_delivery_plan(&r->delivery, o->dest, err);
    if (r != NULL && r->check)
        return ps_fail(err, 0, "--check-destination: DEST is no place to deliver to; name s3://BUCKET/PREFIX/ or a "
                               "presigned https URL");
    return true;
}

/* ---- before the snapshot ---- */

static void print_line(void *context, const char *line)
{
    (void) context;
    ps_printf(PS_STDERR, "procsnap: %s\n", line);
}

int ps_remote_check(struct ps_remote *r, const struct ps_options *o)
{
    struct ps_error err;

    if (r == NULL || !r->check)
        return -1;
    (void) ps_harden_memory(); /* credentials are here from now on: no core, and nobody of our user looks */
    if (ps_courier_check(&r->delivery, o->dest, print_line, NULL, &err))
        return PS_EXIT_OK;
    ps_print_error(&err);
    return PS_SEALED_NOT_DELIVERED;
}

bool ps_remote_prepare(struct ps_remote *r, struct ps_options *o, struct ps_error *err)
{
    if (!o->remote)
        return true;
    o->hold_fd = memfd_create("procsnap-bundle", MFD_CLOEXEC);
    if (o->hold_fd < 0)
        return ps_fail(err, errno, "cannot hold the bundle in memory until it is delivered; collect to a FILE, and "
                                   "deliver that with procsnap push");
    if (!ps_delivery_secrets(&r->delivery, o->dest, &r->secrets, err))
        return false;
    o->own_secrets = &r->secrets;
    return true;
}

/* ---- behind the seal ---- */

static bool copy_bundle(int from, struct ps_destination *to, struct ps_error *err)
{
    uint8_t piece[64 << 10];
    off_t at = 0;

    for (;;) {
        ssize_t n = pread(from, piece, sizeof piece, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ps_fail(err, errno, "cannot read the bundle that is held in memory");
        if (n == 0)
            return true;
        if (!ps_destination_write(to, piece, (size_t) n, err))
            return false;
        at += n;
    }
}

/* The bundle and its signature in `folder`, by the names that they would have had. */
static bool keep_in(const char *folder, const struct ps_options *o, const struct ps_verdict *v,
                    struct ps_remote_verdict *out, struct ps_error *err)
{
    char dest[PS_KEPT_PATH], part[PS_KEPT_PATH];

    if ((size_t) snprintf(dest, sizeof dest, "%s/%s", folder, v->name) >= sizeof dest)
        return ps_fail(err, 0, "the name of %s is too long", folder);
    struct ps_destination *d = ps_destination_open(dest, v->bundle_id, err);
    if (d == NULL)
        return false;
    bool kept = copy_bundle(o->hold_fd, d, err) &&
                ps_destination_seal(d, ps_span_text(v->minisig), out->kept, out->kept_signature, err);
    if (!kept)
        out->kept_signature[0] = '\0';
    if (!kept && ps_destination_abandon(d, part))
        snprintf(out->kept, sizeof out->kept, "%s", part);
    ps_destination_free(d);
    return kept;
}

static void keep(const struct ps_remote *r, const struct ps_options *o, const struct ps_verdict *v,
                 struct ps_remote_verdict *out)
{
    static const char *const folders[] = {"/dev/shm", "/var/tmp", "/tmp"};
    struct ps_error err = {0};

    if (r->spool != NULL && keep_in(r->spool, o, v, out, &err))
        return;
    if (r->spool != NULL)
        ps_print_error(&err);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (keep_in(folders[i], o, v, out, &err))
            return;
    out->kept[0] = out->kept_signature[0] = '\0';
    (void) ps_fail_in(&err, "the bundle cannot be kept in /dev/shm, /var/tmp or /tmp");
    ps_print_error(&err);
}

/* Where lines about the delivery go. */
struct teller {
    void (*tell)(void *context, const char *line);
    void *context;
};

/* Whole lines of what the courier says. */
static void relay(int words, const struct teller *to)
{
    char text[4096];
    ssize_t n = read(words, text, sizeof text - 1);

    if (n <= 0)
        return;
    text[n] = '\0';
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        to->tell(to->context, line);
}

/* The signals of a run are still blocked: one that came until now, or comes, ends the trying, not what was collected. */
static bool told_to_stop(void)
{
    const struct timespec now = {0};
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    return sigtimedwait(&signals, NULL, &now) > 0;
}

static enum ps_delivered watch_over(struct ps_courier *c, const struct teller *to, struct ps_buffer *receipt,
                                    struct ps_error *err)
{
    uint64_t told_us = 0; /* to stop; 0: not yet */

    while (!ps_courier_over(c)) {
        struct pollfd words = {.fd = ps_courier_words(c), .events = POLLIN};
        to->tell(to->context, NULL);
        if (poll(&words, 1, TICK_MS) > 0 && (words.revents & POLLIN) != 0)
            relay(words.fd, to);
        else if (words.revents != 0)
            (void) poll(NULL, 0, TICK_MS); /* it has closed its end, and is about to end */
        uint64_t now_us = ps_boottime_us();
        bool told = told_to_stop();
        if (told && told_us == 0) {
            to->tell(to->context, "told to stop: the delivery has 15 s left; told again, it ends at once");
            told_us = now_us;
        } else if (told && now_us - told_us < STOP_GRACE_US) {
            told_us = now_us - STOP_GRACE_US;
        }
        if (told_us > 0 && now_us - told_us >= STOP_GRACE_US + KILL_GRACE_US)
            ps_courier_kill(c);
        else if (told_us > 0 && now_us - told_us >= STOP_GRACE_US)
            ps_courier_stop(c);
    }
    relay(ps_courier_words(c), to);
    return ps_courier_end(c, receipt, err);
}

/* Where it cannot be written it is printed: it is not to be had again. */
static void write_receipt(const struct ps_remote *r, struct ps_span receipt)
{
    struct ps_error err;

    if (r->receipt == NULL || receipt.len == 0)
        return;
    int fd = ps_receipt_file_open(r->receipt, &err);
    if (fd < 0 || !ps_receipt_file_add(fd, r->receipt, receipt, &err)) {
        ps_print_error(&err);
        ps_print_json(PS_STDERR, receipt);
    }
    if (fd >= 0)
        close(fd);
}

/* What a log may show of it. */
static void public_dest(const char *dest, char *out, size_t room)
{
    snprintf(out, room, "%.*s", (int) strcspn(dest, "?"), dest);
}

static bool is_bucket(const char *dest)
{
    return strncmp(dest, "s3://", 5) == 0;
}

void ps_remote_deliver(struct ps_remote *r, const struct ps_options *o, const struct ps_verdict *v,
                       void (*tell)(void *context, const char *line), void *context, struct ps_remote_verdict *out)
{
    const struct ps_parcel parcel = {
        .fd = o->hold_fd,
        .name = v->name,
        .minisig = ps_span_text(v->minisig),
        .head_line = v->head_line,
        .task_arn = v->task_arn[0] != '\0' ? v->task_arn : NULL,
    };
    enum ps_delivered delivered = PS_NOT_DELIVERED;

    out->remote = true;
    public_dest(o->dest, out->dest, sizeof out->dest);
    struct ps_courier *c = ps_courier_start(&r->delivery, o->dest, &parcel, &out->why);
    if (c != NULL)
        delivered = watch_over(c, &(struct teller){tell, context}, &out->receipt, &out->why);
    out->certain = delivered != PS_DELIVERED_PROBABLY;
    out->delivered = delivered != PS_NOT_DELIVERED;
    out->signature_unsent = !out->delivered || (!is_bucket(o->dest) && r->delivery.signature_url == NULL);
    if (delivered == PS_DELIVERED)
        write_receipt(r, ps_buffer_span(&out->receipt));
    else
        keep(r, o, v, out);
}
