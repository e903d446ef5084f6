/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/commands/commands.h"
#include "collector/commands/parcel_file.h"
#include "collector/delivery/delivery_options.h"
#include "collector/sandbox/hardening.h"
#include "collector/terminal.h"
#include "formats/json.h"
#include "formats/printable.h"

enum { FLAG_RECEIPT, FLAG_CHECK, FLAG_JSON, OWN_FLAGS };
enum { FLAG_COUNT = (int) OWN_FLAGS + (int) PS_DELIVERY_OPTION_COUNT, OPERANDS_MAX = 4096, EXIT_NOT_DELIVERED = 4 };

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
        return ps_fail(err, 0, "the last word, %s, is where bundles go: s3://BUCKET/PREFIX/ or a presigned https:// URL",
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

/* ---- what became of one file ---- */

struct outcome {
    const char *path;
    int status;
    enum ps_delivered end;
    struct ps_buffer receipt; /* a line, or empty */
    struct ps_span unsent;    /* the text of a signature that was not sent, or empty */
    struct ps_error err;
};

static void print_json(const struct outcome *o)
{
    struct ps_buffer out = {0};
    struct ps_json j = ps_json_into(&out);
    struct ps_span receipt = ps_buffer_span(&o->receipt);
    bool delivered = o->status == PS_EXIT_OK;

    ps_json_object(&j, NULL);
    ps_json_bytes(&j, "file", ps_span_text(o->path));
    ps_json_bool(&j, "delivered", delivered);
    ps_json_i64(&j, "exit", o->status);
    if (o->err.text[0] == '\0')
        ps_json_null(&j, "error");
    else
        ps_json_bytes(&j, "error", ps_span_text(o->err.text));
    if (receipt.len > 0)
        ps_json_raw(&j, "receipt", ps_span_of(receipt.data, receipt.len - 1));
    else
        ps_json_null(&j, "receipt");
    if (o->unsent.len > 0)
        ps_json_bytes(&j, "minisig", o->unsent);
    ps_json_object_end(&j);
    ps_buffer_add_byte(&out, '\n');
    ps_print_json(PS_STDOUT, ps_buffer_span(&out));
    ps_buffer_done(&out);
}

static void print_text(const struct request *r, const struct outcome *o)
{
    struct ps_buffer out = {0};

    if (o->status != PS_EXIT_OK)
        return;
    ps_buffer_add_text(&out, "delivered: ");
    ps_printable_add(&out, ps_span_text(o->path));
    ps_buffer_add_text(&out, " to ");
    ps_printable_add(&out, ps_span_of(r->dest, strcspn(r->dest, "?#")));
    ps_buffer_add_byte(&out, '\n');
    ps_print(PS_STDOUT, ps_buffer_span(&out));
    if (o->unsent.len > 0) {
        ps_print_text(PS_STDERR, "its signature was not sent, for there is no --signature-url; keep it:\n");
        ps_print(PS_STDERR, o->unsent);
    }
    ps_buffer_done(&out);
}

static void print_outcome(const struct request *r, struct outcome *o)
{
    if (o->err.text[0] != '\0')
        ps_print_error(&o->err);
    if (o->end == PS_DELIVERED_PROBABLY || o->status == EXIT_NOT_DELIVERED) {
        struct ps_buffer line = {0};
        ps_buffer_add_text(&line, "procsnap: ");
        ps_printable_add(&line, ps_span_text(o->path));
        ps_buffer_add_text(&line, o->end == PS_DELIVERED_PROBABLY ? " is probably delivered" : " is not delivered");
        ps_buffer_add_text(&line, "; it stays where it is, and can be pushed again\n");
        ps_print(PS_STDERR, ps_buffer_span(&line));
        ps_buffer_done(&line);
    }
    if (r->json)
        print_json(o);
    else
        print_text(r, o);
}

/* The receipt is on disk, or on standard error. What is there probably gets none: whoever counts lines counts bundles. */
static bool keep_receipt(const struct request *r, int receipts, const struct outcome *o, struct ps_error *err)
{
    if (receipts < 0 || o->end != PS_DELIVERED)
        return true;
    ssize_t n = write(receipts, o->receipt.data, o->receipt.len);
    if (n == (ssize_t) o->receipt.len && fsync(receipts) == 0)
        return true;
    ps_fail(err, n < 0 ? errno : 0, "cannot write the receipt to %s; here it is", r->receipt);
    ps_print_error(err);
    ps_print_json(PS_STDERR, ps_buffer_span(&o->receipt));
    return false;
}

static int push_one(const struct request *r, const char *path, int receipts)
{
    struct outcome o = {.path = path, .status = PS_EXIT_FAILED, .end = PS_NOT_DELIVERED};
    struct ps_parcel_file file;
    struct ps_error err;

    if (ps_parcel_file_open(&file, path, &o.err)) {
        struct ps_parcel parcel = {.fd = file.fd,
                                   .name = file.name,
                                   .minisig = ps_buffer_span(&file.minisig),
                                   .head_line = file.head_line[0] != '\0' ? file.head_line : NULL};
        o.end = ps_delivery_run(&r->options, r->dest, &parcel, tell, NULL, &o.receipt, &o.err);
        o.status = o.end == PS_DELIVERED ? PS_EXIT_OK : EXIT_NOT_DELIVERED;
        if (o.end != PS_NOT_DELIVERED && strncmp(r->dest, "s3://", 5) != 0 && r->options.signature_url == NULL)
            o.unsent = parcel.minisig;
    }
    print_outcome(r, &o);
    if (!keep_receipt(r, receipts, &o, &err))
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

    if (ps_delivery_check(&r->options, r->dest, r->json ? tell : say, NULL, &err))
        return PS_EXIT_OK;
    ps_print_error(&err);
    return EXIT_NOT_DELIVERED;
}

static void stop(int number)
{
    (void) number;
    ps_http_stop();
}

static void obey_signals(void)
{
    struct sigaction action = {.sa_handler = stop};

    (void) sigaction(SIGINT, &action, NULL);
    (void) sigaction(SIGTERM, &action, NULL);
    signal(SIGHUP, SIG_IGN); /* the session is gone, the delivery goes on */
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
    if (r->receipt != NULL)
        receipts = open(r->receipt, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600);
    if (r->receipt != NULL && receipts < 0) {
        ps_fail(&err, 0, "cannot open %s for receipts: %s; nothing was sent", r->receipt, strerror(errno));
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
