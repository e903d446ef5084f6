/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/export_procfs.h"
#include "collector/commands/commands.h"
#include "collector/commands/verdict_line.h"
#include "collector/key_file.h"
#include "collector/terminal.h"
#include "formats/json.h"
#include "formats/quantity.h"

enum { FLAG_FORMAT, FLAG_OUTPUT, FLAG_IDENTITY, FLAG_JSON, FLAGS };

static const struct ps_flag flags[FLAGS] = {
    [FLAG_FORMAT] = {"format", "procfs", "what to make; procfs is the only one so far", 0},
    [FLAG_OUTPUT] = {"output", "OUT", "a directory that is not there yet, or is empty", 'o'},
    [FLAG_IDENTITY] = PS_IDENTITY_FLAG,
    [FLAG_JSON] = {"json", NULL, "what was made as one JSON object; the verdict goes to standard\nerror", 0},
};

static const struct ps_help help = {
    .usage = "procsnap export BUNDLE|DIR|- --format procfs -o OUT [--identity FILE] [--json]",
    .about =
        "A bundle for other tools. The first line is the verdict of verify, without a pinned key; then\n"
        "  procfs  OUT/proc, a tree as /proc has it: raw files at their paths, exe, cwd, root, fd and ns as links.\n"
        "          The links lead where they led in the container, so on this machine to something else:\n"
        "          read the tree with tools that take a path for /proc, and do not walk it with others.",
    .flags = flags,
    .flag_count = FLAGS,
    .statuses = " 0  exported\n"
                " 2  the command line is wrong, there is no such bundle, OUT is not empty, or ENCRYPTED: no\n"
                "    --identity that opens it\n"
                " 3  the export is not whole (disk, memory)\n"
                "10  INCOMPLETE, 11 TAMPERED, 12 MALFORMED: exported as far as it goes, but not to be trusted",
    .example = "procsnap export procsnap-20261122t001500z-0123abcd.tar.gz --format procfs -o view\n"
               "PROC_ROOT=view/proc ss -tanp",
};

struct request {
    const char *bundle, *out;
    struct ps_age_identities *identities;
    bool procfs, json;
};

static bool again(void *self, struct ps_member_source *out, struct ps_error *err)
{
    return ps_bundle_input_members(self, out, err);
}

static bool is_empty(int dir, bool *out)
{
    int copy = dup(dir);
    DIR *list = copy >= 0 ? fdopendir(copy) : NULL;
    const struct dirent *entry;

    if (list == NULL) {
        if (copy >= 0)
            close(copy);
        return false;
    }
    *out = true;
    while ((entry = readdir(list)) != NULL)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            *out = false;
    closedir(list);
    return true;
}

/* A new directory, or one with nothing in it. -1 with *err. */
static int open_out(const char *name, struct ps_error *err)
{
    bool empty = false;

    if (mkdir(name, 0700) != 0 && errno != EEXIST) {
        ps_fail(err, errno, "cannot make %s; choose a directory that you may write to", name);
        return -1;
    }
    int dir = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir < 0 || !is_empty(dir, &empty))
        ps_fail(err, errno, "cannot open %s as a directory; name one that is not there yet", name);
    else if (!empty)
        ps_fail(err, 0, "%s is not empty, and nothing in it would be safe; name a directory that is not there yet",
                name);
    if (empty)
        return dir;
    if (dir >= 0)
        close(dir);
    return -1;
}

static void counts_text(const struct request *r, const struct ps_export_counts *c, struct ps_buffer *out)
{
    ps_quantity_count(out, c->processes, "process, ", "processes, ");
    ps_quantity_count(out, c->files, "file and ", "files and ");
    ps_quantity_count(out, c->links, "link in ", "links in ");
    ps_buffer_add_text(out, r->out);
    ps_buffer_add_text(out, "/proc\n");
    if (c->without_stat > 0)
        ps_buffer_addf(out, "%llu more ended before their stat was read: no directory, see show gaps\n",
                       (unsigned long long) c->without_stat);
    if (c->passed_over > 0)
        ps_quantity_count(out, c->passed_over, "capture that no tree can hold was left out\n",
                          "captures that no tree can hold were left out\n");
    if (c->flaw != NULL)
        ps_buffer_addf(out, "The bundle could not be read to its end: %s\n", c->flaw);
}

static void counts_json(const struct request *r, const struct ps_verify_report *report,
                        const struct ps_export_counts *c, struct ps_buffer *out)
{
    struct ps_json j = ps_json_into(out);
    struct ps_buffer path = {0};

    ps_buffer_add_text(&path, r->out);
    ps_buffer_add_text(&path, "/proc");
    ps_json_object(&j, NULL);
    ps_json_text(&j, "verdict", ps_verify_name(report->verdict));
    ps_json_i64(&j, "exit", ps_verdict_exit(report->verdict));
    if (report->bundle != NULL)
        ps_json_bytes(&j, "bundle", ps_span_text(report->bundle));
    else
        ps_json_null(&j, "bundle");
    ps_json_text(&j, "format", "procfs");
    ps_json_bytes(&j, "path", ps_buffer_span(&path));
    ps_json_u64(&j, "processes", c->processes);
    ps_json_u64(&j, "files", c->files);
    ps_json_u64(&j, "links", c->links);
    ps_json_object(&j, "left_out");
    ps_json_u64(&j, "processes_without_stat", c->without_stat);
    ps_json_u64(&j, "captures", c->passed_over);
    ps_json_object_end(&j);
    ps_json_text(&j, "flaw", c->flaw);
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
    out->failed |= path.failed;
    ps_buffer_done(&path);
}

static bool print_counts(const struct request *r, const struct ps_verify_report *report,
                         const struct ps_export_counts *c, struct ps_error *err)
{
    struct ps_buffer out = {0};

    if (r->json)
        counts_json(r, report, c, &out);
    else
        counts_text(r, c, &out);
    (r->json ? ps_print_json : ps_print)(PS_STDOUT, ps_buffer_span(&out));
    bool ok = !out.failed || ps_fail(err, ENOMEM, "all is exported, but what that is cannot be told");
    ps_buffer_done(&out);
    return ok;
}

/* The exit status of the verdict, unless something of our own fails. */
static int export_into(struct ps_bundle_input *in, int out, const struct request *r, struct ps_error *err)
{
    struct ps_export_bundle bundle = {.self = in, .again = again};
    struct ps_verify_report report = {0};
    struct ps_export_counts counts;
    int status = PS_EXIT_FAILED;

    ps_bundle_input_enclose(in, out);
    bool ok = ps_print_verdict(in, r->json ? PS_STDERR : PS_STDOUT, &report, err);
    if (ok && !ps_verdict_is_open(&report, err))
        status = PS_EXIT_USAGE;
    else if (ok && ps_export_procfs(&bundle, out, &counts, err) && print_counts(r, &report, &counts, err))
        status = ps_verdict_exit(report.verdict);
    ps_verify_report_done(&report);
    return status;
}

static int export(struct ps_bundle_input *in, const void *request, struct ps_error *err)
{
    const struct request *r = request;

    if (!ps_bundle_input_load(in, true, err))
        return PS_EXIT_FAILED;
    int out = open_out(r->out, err);
    if (out < 0)
        return PS_EXIT_USAGE;
    int status = export_into(in, out, r, err);
    close(out);
    return status;
}

static int run(const void *request)
{
    const struct request *r = request;

    return ps_bundle_input_run(r->bundle, r->identities, export, request);
}

static bool take(void *request, const struct ps_argument *argument, struct ps_error *err)
{
    struct request *r = request;

    if (argument->flag == NULL) {
        if (r->bundle != NULL)
            return ps_fail_operand(err, "export", argument->text);
        r->bundle = argument->text;
        return true;
    }
    switch (argument->flag - flags) {
    case FLAG_FORMAT:
        r->procfs = strcmp(argument->text, "procfs") == 0;
        return r->procfs || ps_fail(err, 0, "export knows no format %s; choose procfs", argument->text);
    case FLAG_IDENTITY:
        return ps_identity_file_read(argument->text, &r->identities, err);
    case FLAG_OUTPUT:
        r->out = argument->text;
        return true;
    default:
        r->json = true;
        return true;
    }
}

static bool complete(void *request, struct ps_error *err)
{
    const struct request *r = request;

    if (!ps_bundle_input_named(r->bundle, err))
        return false;
    if (!r->procfs)
        return ps_fail(err, 0, "export needs --format; choose procfs");
    if (r->out == NULL || r->out[0] == '\0')
        return ps_fail(err, 0, "export needs -o OUT, a directory that is not there yet");
    return true;
}

int ps_command_export(int argc, char **argv)
{
    static const struct ps_command command = {&help, take, complete, run};
    struct request r = {0};

    return ps_command_run(&command, argc, argv, &r);
}
