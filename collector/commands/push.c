/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/commands/commands.h"
#include "collector/commands/parcel_file.h"
#include "collector/commands/push_outcome.h"
#include "collector/commands/receipt_file.h"
#include "collector/delivery/courier.h"
#include "collector/delivery/delivery_options.h"
#include "collector/sandbox/hardening.h"
#include "collector/terminal.h"

enum { FLAG_RECEIPT, FLAG_CHECK, FLAG_JSON, OWN_FLAGS };
enum { FLAG_COUNT = (int) OWN_FLAGS + (int) PS_DELIVERY_OPTION_COUNT, OPERANDS_MAX = 4096 };

static const struct ps_flag own_flags[OWN_FLAGS] = {
    [FLAG_RECEIPT] = {"receipt", "FILE", "append a line of JSON for each bundle that was delivered", 0},
    [FLAG_CHECK] = {"check-destination", NULL,
                    "send no bundle, but find out whether one would be taken:\n"
                    "puts one small object",
                    0},
    [FLAG_JSON] = {"json", NULL, "one JSON object for each FILE on standard output", 0},
};

static const char about[] =
    "Delivers finished bundles, each with the FILE.minisig beside it. DEST is s3://BUCKET/PREFIX/, or a presigned PUT\n"
    "URL for one bundle (https://..., in quotes; --signature-url is that of the signature). Nothing that is there is\n"
    "overwritten, and FILE stays where it is. Credentials come from AWS_ACCESS_KEY_ID and its kin, else from the task\n"
    "role; profile files are not read. A bundle that is not sealed, or has no signature, is refused.";
static const char statuses[] = "0  all are delivered, or --check-destination says that one would be\n"
                               "2  the command line is wrong\n"
                               "3  a FILE cannot be read, or is no sealed bundle, or a receipt cannot be written\n"
                               "4  one was not delivered, or nobody knows whether it was; FILE stays where it is";
static const char example[] = "procsnap push /tmp/evidence/*.tar.gz s3://evidence/case1/ --receipt receipts.ndjson";

struct request {
    const char *operands[OPERANDS_MAX]; /* FILE..., DEST */
    size_t operand_count;
    const char *dest, *receipt;
    bool check, json;
    struct ps_delivery_options options;
    struct ps_option_group group;
};

/* Our own, and behind them those of every delivery. */
static struct ps_flag all_flags[FLAG_COUNT];

static bool take(void *request, const struct ps_argument *argument, struct ps_error *err)
{
    struct request *r = request;

    if (argument->flag == NULL) {
        if (r->operand_count == OPERANDS_MAX)
            return ps_fail(err, 0, "more than %d operands; push them in several runs", OPERANDS_MAX);
        r->operands[r->operand_count++] = argument->text;
        return true;
    }
    size_t which = (size_t) (argument->flag - all_flags);
    if (which >= OWN_FLAGS)
        return r->group.take(r->group.into, which - OWN_FLAGS, argument->text, err);
    if (which == FLAG_RECEIPT)
        r->receipt = argument->text;
    else if (which == FLAG_CHECK)
        r->check = true;
    else
        r->json = true;
    return true;
}

static bool complete(void *request, struct ps_error *err)
{
    struct request *r = request;

    if (r->operand_count == 0)
        return ps_fail(err, 0, "no FILE and no DEST; write: procsnap push FILE... s3://BUCKET/PREFIX/");
    r->dest = r->operands[--r->operand_count];
    if (!ps_delivery_is_remote(r->dest))
        return ps_fail(err, 0, "the last word, %s, is no DEST; write s3://BUCKET/PREFIX/ or a presigned https:// URL",
                       r->dest);
    if (r->operand_count == 0 && !r->check)
        return ps_fail(err, 0, "no FILE; name the bundles to deliver, or add --check-destination");
    for (size_t i = 0; i < r->operand_count; i++)
        if (ps_delivery_is_remote(r->operands[i]))
            return ps_fail(err, 0, "two destinations; name one, as the last word");
    if (r->operand_count > 1 && strncmp(r->dest, "s3://", 5) != 0)
        return ps_fail(err, 0, "a presigned URL is one object; push one FILE to it");
    return ps_delivery_plan(&r->options, r->dest, err);
}

static void tell(void *context, const char *line)
{
    (void) context;
    ps_printf(PS_STDERR, "procsnap: %s\n", line);
}

static void say(void *context, const char *line)
{
    (void) context;
    ps_printf(PS_STDOUT, "%s\n", line);
}

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    (void) number;
    stopped = 1;
}

static void obey_signals(void)
{
    struct sigaction action = {.sa_handler = stop};

    (void) sigaction(SIGINT, &action, NULL);
    (void) sigaction(SIGTERM, &action, NULL);
    signal(SIGHUP, SIG_IGN); /* the session is gone, the delivery goes on */
}

/* Whole lines; the courier writes them so. */
static void relay(int words)
{
    char text[4096];
    ssize_t n = read(words, text, sizeof text - 1);

    text[n > 0 ? n : 0] = '\0';
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        tell(NULL, line);
}

/* In a process of its own, for what answers may be hostile. */
static enum ps_delivered deliver(const struct request *r, const struct ps_parcel *parcel, struct ps_push_outcome *o)
{
    enum { TICK_MS = 100 };
    struct ps_courier *c = ps_courier_start(&r->options, r->dest, parcel, &o->err);

    if (c == NULL)
        return PS_NOT_DELIVERED;
    while (!ps_courier_over(c)) {
        struct pollfd words = {.fd = ps_courier_words(c), .events = POLLIN};
        if (poll(&words, 1, TICK_MS) > 0 && (words.revents & POLLIN) != 0)
            relay(words.fd);
        else if (words.revents != 0)
            (void) poll(NULL, 0, 1); /* it has closed its end, and is about to end */
        if (stopped)
            ps_courier_stop(c);
    }
    relay(ps_courier_words(c));
    return ps_courier_end(c, &o->receipt, &o->err);
}

static int push_one(const struct request *r, const char *path, int receipts)
{
    struct ps_push_outcome o = {.path = path, .dest = r->dest, .status = PS_EXIT_FAILED, .end = PS_NOT_DELIVERED};
    struct ps_parcel_file file;

    if (stopped) {
        o.status = PS_EXIT_NOT_DELIVERED;
        file = (struct ps_parcel_file){.fd = -1};
        ps_fail(&o.err, 0, "told to stop before %s was tried", path);
    } else if (ps_parcel_file_open(&file, path, &o.err)) {
        struct ps_parcel parcel = {.fd = file.fd,
                                   .name = file.name,
                                   .minisig = ps_buffer_span(&file.minisig),
                                   .head_line = file.head_line[0] != '\0' ? file.head_line : NULL};
        o.end = deliver(r, &parcel, &o);
        o.status = o.end == PS_DELIVERED ? PS_EXIT_OK : PS_EXIT_NOT_DELIVERED;
        if (o.end != PS_NOT_DELIVERED && strncmp(r->dest, "s3://", 5) != 0 && r->options.signature_url == NULL)
            o.unsent = parcel.minisig;
    }
    ps_push_outcome_print(&o, r->json);
    if (!ps_push_outcome_keep(&o, r->receipt, receipts))
        o.status = PS_EXIT_FAILED;
    ps_buffer_done(&o.receipt);
    ps_parcel_file_done(&file);
    return o.status;
}

/* What cannot be read is worse than what can be sent again; both are worse than nothing. */
static int worse(int a, int b)
{
    if (a == PS_EXIT_FAILED || b == PS_EXIT_FAILED)
        return PS_EXIT_FAILED;
    return a > b ? a : b;
}

static int check(const struct request *r)
{
    struct ps_error err;

    if (ps_courier_check(&r->options, r->dest, r->json ? tell : say, NULL, &err))
        return PS_EXIT_OK;
    ps_print_error(&err);
    return PS_EXIT_NOT_DELIVERED;
}

static int run(const void *request)
{
    const struct request *r = request;
    struct ps_error err;
    int receipts = -1, status = PS_EXIT_OK;

    (void) ps_harden_memory(); /* credentials are here from now on: no core, and nobody of our user looks */
    obey_signals();
    if (r->check)
        return check(r);
    if (r->receipt != NULL && (receipts = ps_receipt_file_open(r->receipt, &err)) < 0) {
        ps_fail_in(&err, "nothing was sent");
        ps_print_error(&err);
        return PS_EXIT_FAILED;
    }
    for (size_t i = 0; i < r->operand_count; i++)
        status = worse(status, push_one(r, r->operands[i], receipts));
    if (receipts >= 0)
        close(receipts);
    return status;
}

int ps_command_push(int argc, char **argv)
{
    static struct request r;

    r.group = ps_delivery_option_group(&r.options);
    struct ps_help help = {.usage = "procsnap push FILE... DEST [options]\n"
                                    "procsnap push --check-destination DEST [options]",
                           .about = about,
                           .flags = all_flags,
                           .flag_count = FLAG_COUNT,
                           .statuses = statuses,
                           .example = example};
    const struct ps_command command = {&help, take, complete, run};

    memcpy(all_flags, own_flags, sizeof own_flags);
    memcpy(all_flags + OWN_FLAGS, r.group.flags, PS_DELIVERY_OPTION_COUNT * sizeof *r.group.flags);
    return ps_command_run(&command, argc, argv, &r);
}
