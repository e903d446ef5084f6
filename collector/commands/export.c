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
#include "collector/terminal.h"
#include "formats/quantity.h"

static const struct ps_flag flags[] = {
    {"format", "procfs", "what to make; procfs is the only one so far", 0},
    {"output", "OUT", "a directory that is not there yet, or is empty", 'o'},
};

static const struct ps_help help = {
    .usage = "procsnap export BUNDLE|DIR|- --format procfs -o OUT",
    .about =
        "A bundle for other tools. The first line is the verdict of verify, without a pinned key; then\n"
        "  procfs  OUT/proc, a tree as /proc has it: raw files at their paths, exe, cwd, root, fd and ns as links.\n"
        "          The links lead where they led in the container, so on this machine to something else:\n"
        "          read the tree with tools that take a path for /proc, and do not walk it with others.",
    .flags = flags,
    .flag_count = 2,
    .statuses = " 0  exported\n"
                " 2  the command line is wrong, there is no such bundle, or OUT is not empty\n"
                " 3  the export is not whole (disk, memory)\n"
                "10  INCOMPLETE, 11 TAMPERED, 12 MALFORMED: exported as far as it goes, but not to be trusted",
    .example = "procsnap export procsnap-20261122t001500z-0123abcd.tar.gz --format procfs -o view\n"
               "PROC_ROOT=view/proc ss -tanp",
};

struct request {
    const char *bundle, *out;
    bool procfs;
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

static void print_counts(const struct request *r, const struct ps_export_counts *c)
{
    struct ps_buffer out = {0};

    ps_quantity_count(&out, c->processes, "process, ", "processes, ");
    ps_quantity_count(&out, c->files, "file and ", "files and ");
    ps_quantity_count(&out, c->links, "link in ", "links in ");
    ps_print(PS_STDOUT, ps_buffer_span(&out));
    ps_printf(PS_STDOUT, "%s/proc\n", r->out);
    if (c->without_stat > 0)
        ps_printf(PS_STDOUT, "%llu more ended before their stat was read: no directory, see show gaps\n",
                  (unsigned long long) c->without_stat);
    if (c->passed_over > 0)
        ps_printf(PS_STDOUT, "%llu captures that no tree can hold were left out\n",
                  (unsigned long long) c->passed_over);
    if (c->flaw != NULL)
        ps_printf(PS_STDOUT, "The bundle could not be read to its end: %s\n", c->flaw);
    ps_buffer_done(&out);
}

/* The exit status of the verdict, unless something of our own fails. */
static int export_into(struct ps_bundle_input *in, int out, const struct request *r, struct ps_error *err)
{
    struct ps_export_bundle bundle = {.self = in, .again = again};
    struct ps_export_counts counts;
    int status = ps_print_verdict(in, PS_STDOUT, err);

    if (status == PS_EXIT_FAILED || !ps_export_procfs(&bundle, out, &counts, err)) {
        ps_print_error(err);
        return PS_EXIT_FAILED;
    }
    print_counts(r, &counts);
    return status;
}

static int run(const struct request *r)
{
    struct ps_bundle_input in;
    struct ps_error err = {0};
    int status = PS_EXIT_USAGE;

    int out = ps_bundle_input_open(r->bundle, true, &in, &err) ? open_out(r->out, &err) : -1;
    if (out >= 0)
        status = export_into(&in, out, r, &err);
    else
        ps_print_error(&err);
    if (out >= 0)
        close(out);
    ps_bundle_input_done(&in);
    return status;
}

static bool take(struct request *r, const struct ps_argument *argument, struct ps_error *err)
{
    if (argument->flag == NULL) {
        r->bundle = argument->text;
        return true;
    }
    if (argument->flag == &flags[1]) {
        r->out = argument->text;
        return true;
    }
    r->procfs = strcmp(argument->text, "procfs") == 0;
    return r->procfs || ps_fail(err, 0, "export knows no format %s; choose procfs", argument->text);
}

static bool is_whole(const struct request *r, struct ps_error *err)
{
    if (r->bundle == NULL)
        return ps_fail(err, 0,
                       "no BUNDLE: name the file, the directory where it was extracted, or - for standard input");
    if (!r->procfs)
        return ps_fail(err, 0, "export needs --format; choose procfs");
    if (r->out == NULL || r->out[0] == '\0')
        return ps_fail(err, 0, "export needs -o OUT, a directory that is not there yet");
    return true;
}

int ps_command_export(int argc, char **argv)
{
    struct ps_arguments in = ps_arguments_over(argc, argv, flags, 2);
    struct request r = {0};
    struct ps_argument argument;
    struct ps_error err = {0};
    enum ps_arguments_step step;

    if (ps_help_wanted(argc, argv))
        return ps_print_help(&help);
    while ((step = ps_arguments_next(&in, &argument, &err)) == PS_ARGUMENTS_ONE) {
        if (argument.flag == NULL && r.bundle != NULL)
            return ps_unexpected_operand(argv[0], argument.text);
        if (!take(&r, &argument, &err))
            return ps_usage_error(&err);
    }
    if (step == PS_ARGUMENTS_BAD || !is_whole(&r, &err))
        return ps_usage_error(&err);
    return run(&r);
}
