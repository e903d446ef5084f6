/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/show.h"

#include <errno.h>
#include <string.h>

#include "collector/commands/bundle_input.h"
#include "collector/commands/commands.h"
#include "collector/commands/verdict_line.h"
#include "collector/key_file.h"
#include "collector/terminal.h"
#include "formats/printable.h"

enum { FLAG_IDENTITY, FLAG_JSON, FLAGS };

static const struct ps_flag flags[FLAGS] = {
    [FLAG_IDENTITY] = PS_IDENTITY_FLAG,
    [FLAG_JSON] = {"json", NULL,
     "JSON: the summary as one object, everything else as one object\na line; the verdict goes to standard error", 0},
};

static const struct ps_help help = {
    .usage = "procsnap show BUNDLE|DIR|- [summary|tree|processes|process PID|sockets|files|gaps] [options]",
    .about = "What a bundle says. The first line is the verdict of verify, without a pinned key; then\n"
             "  summary      one screen: where, when, with which rights, what is there, what is missing (default)\n"
             "  tree         every process below the one that started it; first those whose parent is not in view\n"
             "  processes    every process by pid: parent, user, start after boot, age when taken, program\n"
             "  process PID  everything about one: ids, program, arguments, descriptors, sockets and their other ends\n"
             "  sockets      what listens and what is connected, and who holds it\n"
             "  files        content that was kept, files that changed; open files by path, and who holds them\n"
             "  gaps         what was not seen, of whom, why, and what would change it",
    .flags = flags,
    .flag_count = FLAGS,
    .statuses = " 0  shown\n"
                " 2  the command line is wrong, there is no such bundle, or ENCRYPTED: no --identity that opens it\n"
                " 3  the bundle cannot be read to its end (disk, memory)\n"
                "10  INCOMPLETE, 11 TAMPERED, 12 MALFORMED: shown as far as it goes, but not to be trusted",
    .example = "procsnap show procsnap-20261122t001500z-0123abcd.tar.gz processes | less -S",
};

struct view {
    const char *name;
    unsigned tables;
    bool takes_pid;
    size_t columns; /* where there is no terminal: tables are not cut then, prose is still broken into lines */
    void (*text)(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);
    void (*json)(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);
};

enum { PROSE = 120, UNCUT = 1 << 30 };
enum { NAMES = PS_LOAD_PROCESSES, COMMANDS = PS_LOAD_PROCESSES | PS_LOAD_COMMANDS };

static const struct view views[] = {
    {"summary",
     COMMANDS | PS_LOAD_SOCKETS | PS_LOAD_GAPS | PS_LOAD_CHANGES | PS_LOAD_ENVIRONS | PS_LOAD_PLACE, false, PROSE,
     ps_show_summary, ps_show_summary_json},
    {"tree", COMMANDS, false, UNCUT, ps_show_tree, ps_show_tree_json},
    {"processes", COMMANDS, false, UNCUT, ps_show_processes, ps_show_processes_json},
    {"process", COMMANDS | PS_LOAD_SOCKETS | PS_LOAD_GAPS | PS_LOAD_CONTENTS, true, PROSE, ps_show_process, ps_show_process_json},
    {"sockets", NAMES | PS_LOAD_SOCKETS | PS_LOAD_GAPS, false, UNCUT, ps_show_sockets, ps_show_sockets_json},
    {"files", COMMANDS | PS_LOAD_FILES | PS_LOAD_GAPS | PS_LOAD_CONTENTS, false, UNCUT, ps_show_files, ps_show_files_json},
    {"gaps", NAMES | PS_LOAD_GAPS | PS_LOAD_ENVIRONS, false, PROSE, ps_show_gaps, ps_show_gaps_json},
};

enum { VIEW_COUNT = sizeof views / sizeof views[0] };

/* What the command line asks for. */
struct request {
    const char *bundle;
    const struct view *view; /* NULL: the first */
    uint32_t pid;            /* 0: not given */
    struct ps_age_identities *identities;
    bool json;
};

static const struct view *find_view(const char *name, struct ps_error *err)
{
    const char *names[VIEW_COUNT];

    for (size_t i = 0; i < VIEW_COUNT; i++) {
        if (strcmp(views[i].name, name) == 0)
            return &views[i];
        names[i] = views[i].name;
    }
    const char *near = ps_nearest(name, names, VIEW_COUNT);
    ps_fail(err, 0, "show knows no %s; %s%s%schoose summary, tree, processes, process PID, sockets, files or gaps",
            name, near != NULL ? "did you mean " : "", near != NULL ? near : "", near != NULL ? "? Or " : "");
    return NULL;
}

static bool load(struct ps_bundle_input *in, const struct ps_snapshot_wants *wants, struct ps_snapshot *s,
                 struct ps_error *err)
{
    struct ps_member_source source;

    return ps_bundle_input_members(in, &source, err) && ps_snapshot_load(&source, wants, s, err);
}

/* Whatever a value of the evidence was too long for, no line is wider than the terminal. */
static void print_folded(struct ps_buffer *text, size_t columns)
{
    struct ps_buffer folded = {0};

    ps_printable_add_folded(&folded, ps_buffer_span(text), columns);
    ps_print(PS_STDOUT, ps_buffer_span(&folded));
    text->failed = text->failed || folded.failed;
    ps_buffer_done(&folded);
}

/* The view, or why there is none. */
static bool print_view(const struct request *r, const struct ps_snapshot *s, struct ps_error *err)
{
    struct ps_buffer out = {0};
    size_t columns = ps_terminal_columns(r->view->columns);

    ps_show_note(s, ps_terminal_columns(PROSE), &out);
    ps_print(PS_STDERR, ps_buffer_span(&out));
    ps_buffer_clear(&out, SIZE_MAX);
    (r->json ? r->view->json : r->view->text)(s, columns, &out);
    if (r->json)
        ps_print_json(PS_STDOUT, ps_buffer_span(&out));
    else if (columns < UNCUT)
        print_folded(&out, columns);
    else
        ps_print(PS_STDOUT, ps_buffer_span(&out));
    bool ok = !out.failed || ps_fail(err, ENOMEM, "the lines above are not all of them");
    ps_buffer_done(&out);
    return ok;
}

/* The exit status of the verdict, unless something of our own fails. */
static int show(struct ps_bundle_input *in, const void *request, struct ps_error *err)
{
    const struct request *r = request;
    struct ps_snapshot_wants wants = {.tables = r->view->tables, .pid = r->pid};
    struct ps_verify_report report = {0};
    struct ps_snapshot s = {0};
    int status = PS_EXIT_FAILED;

    bool ok = ps_bundle_input_load(in, true, err);
    if (ok)
        ps_bundle_input_enclose(in, -1);
    ok = ok && ps_print_verdict(in, r->json ? PS_STDERR : PS_STDOUT, &report, err);
    if (ok && !ps_verdict_is_open(&report, err)) {
        ok = false;
        status = PS_EXIT_USAGE;
    }
    wants.derive = report.verdict == PS_VERIFY_INCOMPLETE;
    ok = ok && load(in, &wants, &s, err);
    if (ok && r->pid != 0 && s.kept_count == 0) {
        ps_fail(err, 0, "nothing in this bundle is about pid %u; all that is: procsnap show %s processes", r->pid,
                r->bundle);
        status = PS_EXIT_USAGE;
    } else if (ok && print_view(r, &s, err)) {
        status = ps_verdict_exit(report.verdict);
    }
    ps_snapshot_done(&s);
    ps_verify_report_done(&report);
    return status;
}

static int run(const void *request)
{
    const struct request *r = request;

    return ps_bundle_input_run(r->bundle, r->identities, show, request);
}

static bool take_pid(const char *text, uint32_t *pid, struct ps_error *err)
{
    uint64_t number;

    if (!ps_argument_u64(text, 1, UINT32_MAX, &number))
        return ps_fail(err, 0, "show process takes one PID, a number from 1, and not %s", text);
    *pid = (uint32_t) number;
    return true;
}

/* BUNDLE, then the view, then what the view takes. */
static bool take(void *request, const struct ps_argument *argument, struct ps_error *err)
{
    struct request *r = request;

    if (argument->flag != NULL) {
        if (argument->flag - flags == FLAG_IDENTITY)
            return ps_identity_file_read(argument->text, &r->identities, err);
        return r->json = true;
    }
    if (r->bundle == NULL) {
        r->bundle = argument->text;
        return true;
    }
    if (r->view == NULL) {
        r->view = find_view(argument->text, err);
        return r->view != NULL;
    }
    if (!r->view->takes_pid || r->pid != 0)
        return ps_fail_operand(err, "show", argument->text);
    return take_pid(argument->text, &r->pid, err);
}

static bool complete(void *request, struct ps_error *err)
{
    struct request *r = request;

    if (!ps_bundle_input_named(r->bundle, err))
        return false;
    if (r->view == NULL)
        r->view = &views[0];
    if (r->view->takes_pid && r->pid == 0)
        return ps_fail(err, 0, "show process needs a PID; all of them: procsnap show %s processes", r->bundle);
    return true;
}

int ps_command_show(int argc, char **argv)
{
    static const struct ps_command command = {&help, take, complete, run};
    struct request r = {0};

    return ps_command_run(&command, argc, argv, &r);
}
