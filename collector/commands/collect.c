/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/collect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/commands/collect_verdict.h"
#include "collector/commands/commands.h"
#include "collector/commands/remote.h"
#include "collector/host/clock.h"
#include "collector/terminal.h"
#include "formats/printable.h"
#include "formats/quantity.h"

static const char usage[] = "procsnap collect DEST [options]";
static const char about[] =
    "Takes one snapshot of all processes that /proc shows, and seals it as one signed bundle. Opens everything\n"
    "read-only, starts no program and writes nothing but DEST.\n"
    "\n"
    "DEST  FILE  a new file; an existing one is never overwritten\n"
    "      DIR/  a new file in that directory, called after the bundle\n"
    "      -     standard output (not a terminal)\n"
#ifndef PROCSNAP_CORE
    "      s3://BUCKET/PREFIX/  or a presigned https URL: held in memory, and delivered when it is sealed\n"
#endif
    "      There is no default: the working directory may be the suspect's web root.\n"
    "\n"
    "Standard output carries one line, the head line of the bundle: keep it in a log that this machine cannot\n"
    "change. With DEST - it goes to standard error. Times have a unit: 500ms, 120s, 2m.";
static const char statuses[] = "0  sealed (what could not be read is listed in the bundle)\n"
                               "2  the command line is wrong\n"
                               "3  nothing sealed: destination, key, disk or --procfs\n"
#ifndef PROCSNAP_CORE
                               "4  sealed, but not delivered: standard error says where it is kept\n"
#endif
                               "5  sealed early: deadline, signal, or a reader that could not be replaced";
static const char example[] = "procsnap collect /tmp/evidence/ --case IR-2041 --examiner 'A. Responder'";

/* What the phases of a run are called while people wait; any other name is shown as it is. */
static const struct phase {
    const char *name, *words;
    bool counted; /* the number of processes says how far it is */
} phases[] = {
    {"global", "network tables and files that exist once", false},
    {"opening", "first sweep: who is there", false},
    {"quiet", "reading processes", true},
    {"memory", "reading what can block", true},
    {"content", "reading the content of files", false},
    {"closing", "second sweep: who came or went", false},
    {"seal", "sealing", false},
    {"deliver", "delivering", false},
};

struct live {
    bool terminal;
    uint64_t begun_us, shown_us;
    const char *phase; /* the last one told */
    bool status;       /* a status line stands there */
};

static struct phase find_phase(const char *name)
{
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++)
        if (strcmp(phases[i].name, name) == 0)
            return phases[i];
    return (struct phase){name, name, false};
}

static void show_phase(void *context, const char *name, uint64_t done, uint64_t planned)
{
    enum { REDRAW_US = 100000 };
    struct live *live = context;
    struct phase phase = find_phase(name);
    uint64_t now = ps_boottime_us();
    bool fresh = live->phase == NULL || strcmp(live->phase, name) != 0;
    char line[160], count[64] = "";

    if (!fresh && (!live->terminal || now - live->shown_us < REDRAW_US))
        return;
    live->phase = name;
    live->shown_us = now;
    uint64_t tenths = (now - live->begun_us) / 100000;
    if (phase.counted && live->terminal)
        snprintf(count, sizeof count, ": %llu of %llu", (unsigned long long) done, (unsigned long long) planned);
    snprintf(line, sizeof line, "procsnap: %3llu.%llu s  %s%s", (unsigned long long) (tenths / 10),
             (unsigned long long) (tenths % 10), phase.words, count);
    if (live->terminal)
        ps_print_status(PS_STDERR, line);
    else
        ps_printf(PS_STDERR, "%s\n", line);
    live->status = live->terminal;
}

/* Standard output is gone, the bundle is not: its head line must not be lost with it, nor the status that says so. */
static void save_head_line(const struct ps_verdict *v)
{
    struct ps_error err;

    if (ps_print_complete(&err))
        return;
    ps_print_error(&err);
    ps_printf(PS_STDERR, "%s\n", v->head_line);
}

static bool piped(const struct ps_options *o)
{
    return strcmp(o->dest, "-") == 0; /* standard output carries the bundle */
}

/* The line that a log should have comes first: whatever happens to the delivery, or to us, it is out. */
static void print_head(const struct ps_options *o, const struct ps_verdict *v)
{
    if (o->json)
        return;
    ps_printf(piped(o) ? PS_STDERR : PS_STDOUT, "%s\n", v->head_line);
    if (piped(o))
        ps_print_text(PS_STDERR, v->minisig);
    save_head_line(v);
}

static void print_verdict(const struct ps_options *o, const struct ps_verdict *v, const struct ps_remote_verdict *remote)
{
    struct ps_buffer out = {0};

    if (o->json) {
        ps_collect_verdict_json(o, v, remote, &out);
        ps_print_json(piped(o) ? PS_STDERR : PS_STDOUT, ps_buffer_span(&out));
        ps_buffer_clear(&out, SIZE_MAX);
        save_head_line(v);
    }
    if (!o->quiet) {
        ps_collect_verdict_text(o, v, remote, &out);
        ps_print(PS_STDERR, ps_buffer_span(&out));
    }
    ps_buffer_done(&out);
}

static void print_failure(const struct ps_options *o, const struct ps_error *err)
{
    struct ps_buffer out = {0};

    if (o->json && !piped(o)) {
        ps_collect_failure_json(err, &out);
        ps_print_json(PS_STDOUT, ps_buffer_span(&out));
        ps_buffer_done(&out);
    }
    ps_print_error(err);
}

static void tell_try(void *context, const char *line)
{
    struct live *live = context;

    if (line == NULL) {
        show_phase(live, "deliver", 0, 0);
        return;
    }
    if (live->status)
        ps_print_status(PS_STDERR, "");
    ps_printf(PS_STDERR, "procsnap: %s\n", line);
}

static void tell_nothing(void *context, const char *line)
{
    (void) context, (void) line;
}

/* With --quiet, too: nobody would find it otherwise. */
static void print_kept(const struct ps_remote_verdict *delivery)
{
    struct ps_buffer line = {0};

    ps_buffer_add_text(&line, delivery->kept[0] != '\0' ? "procsnap: the bundle is kept in "
                                                       : "procsnap: no directory takes the bundle: it is lost");
    ps_printable_add(&line, ps_span_text(delivery->kept));
    ps_buffer_add_byte(&line, '\n');
    ps_print(PS_STDERR, ps_buffer_span(&line));
    ps_buffer_done(&line);
}

/* What was sealed: head line, delivery, verdict. The exit status. */
static int finish(struct ps_remote *remote, const struct ps_options *o, const struct ps_verdict *v,
                  enum ps_collect_status sealed, struct live *live)
{
    struct ps_remote_verdict delivery = {0};
    int status = (int) sealed;

    print_head(o, v);
    if (o->remote) {
        ps_remote_deliver(remote, o, v, o->quiet ? tell_nothing : tell_try, live, &delivery);
        if (live->status)
            ps_print_status(PS_STDERR, "");
        if (!delivery.delivered || !delivery.certain) {
            status = PS_SEALED_NOT_DELIVERED;
            ps_print_error(&delivery.why);
        }
    }
    bool lost = o->remote && !delivery.delivered && delivery.kept[0] == '\0';
    if (delivery.signature_unsent && delivery.kept_signature[0] == '\0' && !lost && !o->json)
        ps_print_text(PS_STDERR, v->minisig);
    print_verdict(o, v, &delivery);
    if (status == PS_SEALED_NOT_DELIVERED && o->quiet)
        print_kept(&delivery);
    ps_buffer_done(&delivery.receipt);
    return status;
}

static int run(struct ps_remote *remote, const struct ps_options *o)
{
    struct live live = {.terminal = ps_is_terminal(PS_STDERR), .begun_us = ps_boottime_us()};
    struct ps_progress progress = {.phase = show_phase, .context = &live};
    struct ps_verdict *v = calloc(1, sizeof *v);
    struct ps_error err = {0};

    if (v == NULL) {
        ps_fail(&err, 0, "out of memory before anything was read; free some and try again");
        return ps_print_error(&err), PS_NOT_SEALED;
    }
    enum ps_collect_status sealed = ps_collect(o, o->quiet ? NULL : &progress, v, &err);
    if (live.status)
        ps_print_status(PS_STDERR, "");
    int status = (int) sealed;
    if (v->sealed)
        status = finish(remote, o, v, sealed, &live);
    else
        print_failure(o, &err);
    free(v);
    return status;
}

static int print_help(const struct ps_option_group *more)
{
    struct ps_flag flags[PS_OPTION_COUNT + PS_MORE_OPTIONS];
    struct ps_help help = {.usage = usage,
                           .about = about,
                           .flags = flags,
                           .flag_count = PS_OPTION_COUNT + (more != NULL ? more->count : 0),
                           .statuses = statuses,
                           .example = example};

    ps_options_flags(flags);
    for (size_t i = 0; more != NULL && i < more->count; i++)
        flags[PS_OPTION_COUNT + i] = more->flags[i];
    return ps_print_help(&help);
}

static int collect(struct ps_remote *remote, int argc, char **argv)
{
    const struct ps_option_group *more = ps_remote_options(remote);
    struct ps_options options;
    struct ps_error err;

    if (ps_help_wanted(argc, argv))
        return print_help(more);
    if (!ps_options_parse(argc, argv, more, ps_remote_test(remote), &options, &err) ||
        !ps_remote_plan(remote, &options, &err))
        return ps_usage_error(&err);
    int checked = ps_remote_check(remote, &options);
    if (checked >= 0)
        return checked;
    if (!ps_remote_prepare(remote, &options, &err)) {
        ps_print_error(&err);
        return PS_NOT_SEALED;
    }
    return run(remote, &options);
}

int ps_command_collect(int argc, char **argv)
{
    struct ps_remote *remote = ps_remote_new();
    int status = collect(remote, argc, argv);

    ps_remote_free(remote);
    return status;
}
