/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/show.h"

#include <errno.h>
#include <string.h>

#include "collector/commands/bundle_input.h"
#include "collector/commands/commands.h"
#include "collector/commands/verify_text.h"
#include "collector/terminal.h"
#include "formats/bundle_dir.h"
#include "formats/printable.h"

static const struct ps_flag flags[] = {
    {"json", NULL,
     "JSON: the summary as one object, processes and gaps as one\nobject a line; the verdict goes to standard error",
     0},
};

static const struct ps_help help = {
    .usage = "procsnap show BUNDLE|DIR|- [summary|processes|gaps] [--json]",
    .about = "What a bundle says. The first line is the verdict of verify, without a pinned key; then\n"
             "  summary    one screen: where, when, with which rights, what is there, what is missing (default)\n"
             "  processes  every process: pid, parent, user, start after boot, age when taken, program\n"
             "  gaps       what was not seen, of whom, why, and what would change it",
    .flags = flags,
    .flag_count = 1,
    .statuses = " 0  shown\n"
                " 2  the command line is wrong, or there is no such bundle\n"
                " 3  the bundle cannot be read to its end (disk, memory)\n"
                "10  INCOMPLETE, 11 TAMPERED, 12 MALFORMED: shown as far as it goes, but not to be trusted",
    .example = "procsnap show procsnap-20261122t001500z-0123abcd.tar.gz processes | less -S",
};

struct view {
    const char *name;
    size_t columns; /* where there is no terminal: tables are not cut then, prose is still broken into lines */
    void (*text)(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);
    void (*json)(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out);
};

enum { PROSE = 120, UNCUT = 1 << 30 };

static const struct view views[] = {
    {"summary", PROSE, ps_show_summary, ps_show_summary_json},
    {"processes", UNCUT, ps_show_processes, ps_show_processes_json},
    {"gaps", PROSE, ps_show_gaps, ps_show_gaps_json},
};

enum { VIEW_COUNT = sizeof views / sizeof views[0] };

static const struct view *find_view(const char *name, struct ps_error *err)
{
    const char *names[VIEW_COUNT];

    for (size_t i = 0; i < VIEW_COUNT; i++) {
        if (strcmp(views[i].name, name) == 0)
            return &views[i];
        names[i] = views[i].name;
    }
    const char *near = ps_nearest(name, names, VIEW_COUNT);
    ps_fail(err, 0, "show knows no %s; %s%s%schoose summary, processes or gaps", name,
            near != NULL ? "did you mean " : "", near != NULL ? near : "", near != NULL ? "? Or " : "");
    return NULL;
}

static bool load(struct ps_bundle_input *in, struct ps_snapshot *s, struct ps_error *err)
{
    struct ps_member_source source;
    bool ok = false;

    if (in->directory) {
        struct ps_bundle_dir *dir = ps_bundle_dir_new(in->fd, err);
        if (dir != NULL) {
            source = ps_bundle_dir_source(dir);
            ok = ps_snapshot_load(&source, s, err);
        }
        ps_bundle_dir_free(dir);
        return ok;
    }
    struct ps_tarball_reader *reader =
        ps_bundle_input_rewind(in, err) ? ps_tarball_reader_new(ps_input_fd, &in->fd, err) : NULL;
    if (reader != NULL) {
        source = ps_tarball_reader_source(reader);
        ok = ps_snapshot_load(&source, s, err);
    }
    ps_tarball_reader_free(reader);
    return ok;
}

/* Whoever reads further has seen this first. */
static int print_verdict(struct ps_bundle_input *in, bool json, struct ps_error *err)
{
    struct ps_verify_wants wants = {0};
    struct ps_verify_report report = {0};
    struct ps_buffer out = {0};

    if (!ps_bundle_input_verify(in, &wants, &report, err))
        return PS_EXIT_FAILED;
    ps_verify_first_line(&report, &out);
    ps_buffer_add_text(&out,
                       report.verdict == PS_VERIFY_UNPINNED ? "  (valid signature; verify --key pins whose)\n" : "\n");
    int status = report.verdict <= PS_VERIFY_UNPINNED ? PS_EXIT_OK : ps_verify_exit(report.verdict);
    if (status != PS_EXIT_OK)
        ps_buffer_add_text(&out, "Not to be trusted: procsnap verify says why. What follows is what is there.\n");
    ps_print(json ? PS_STDERR : PS_STDOUT, ps_buffer_span(&out));
    ps_buffer_done(&out);
    ps_verify_report_done(&report);
    return status;
}

static int show(const char *name, const struct view *view, bool json)
{
    struct ps_bundle_input in;
    struct ps_snapshot s = {0};
    struct ps_buffer out = {0};
    struct ps_error err = {0};

    if (!ps_bundle_input_open(name, true, &in, &err)) {
        ps_bundle_input_done(&in);
        return ps_usage_error(&err);
    }
    int status = print_verdict(&in, json, &err);
    bool ok = status != PS_EXIT_FAILED && load(&in, &s, &err);
    if (ok) {
        (json ? view->json : view->text)(&s, ps_terminal_columns(view->columns), &out);
        (json ? ps_print_json : ps_print)(PS_STDOUT, ps_buffer_span(&out));
        ok = !out.failed || ps_fail(&err, ENOMEM, "the lines above are not all of them");
    }
    if (!ok) {
        ps_print_error(&err);
        status = PS_EXIT_FAILED;
    }
    ps_buffer_done(&out);
    ps_snapshot_done(&s);
    ps_bundle_input_done(&in);
    return status;
}

int ps_command_show(int argc, char **argv)
{
    struct ps_arguments in = ps_arguments_over(argc, argv, flags, 1);
    const char *name = NULL;
    const struct view *view = NULL;
    struct ps_argument argument;
    struct ps_error err = {0};
    bool json = false;
    enum ps_arguments_step step;

    if (ps_help_wanted(argc, argv))
        return ps_print_help(&help);
    while ((step = ps_arguments_next(&in, &argument, &err)) == PS_ARGUMENTS_ONE) {
        if (argument.flag != NULL) {
            json = true;
        } else if (name == NULL) {
            name = argument.text;
        } else if (view == NULL) {
            view = find_view(argument.text, &err);
            if (view == NULL)
                return ps_usage_error(&err);
        } else {
            return ps_unexpected_operand(argv[0], argument.text);
        }
    }
    if (step == PS_ARGUMENTS_BAD)
        return ps_usage_error(&err);
    if (name == NULL) {
        ps_fail(&err, 0, "no BUNDLE: name the file, the directory where it was extracted, or - for standard input");
        return ps_usage_error(&err);
    }
    return show(name, view != NULL ? view : &views[0], json);
}
