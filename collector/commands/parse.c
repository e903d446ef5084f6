/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/commands/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "collector/sandbox/filter.h"
#include "collector/sandbox/folders.h"
#include "collector/terminal.h"
#include "formats/record_json.h"
#include "parsers/catalog.h"

enum { PARSE_FLAG_LIST, PARSE_FLAG_JSON, PARSE_FLAG_MARKDOWN, PARSE_FLAGS };

static const struct ps_flag flags[PARSE_FLAGS] = {
    [PARSE_FLAG_LIST] = {"list", NULL, "the kinds: which file, from which profile on, what it tells", 0},
    [PARSE_FLAG_JSON] = {"json", NULL, "with --list: one JSON object for each kind", 0},
    [PARSE_FLAG_MARKDOWN] = {"markdown", NULL, "with --list: the table of the README", 0},
};

static const struct ps_help help = {
    .usage = "procsnap parse KIND [FILE]\nprocsnap parse --list [--json|--markdown]",
    .about =
        "Reads one saved /proc file (or standard input, also called -) and prints it as NDJSON with the kernel's own\n"
        "field names. What cannot be read becomes a line {\"kind\":\"issue\",...} and does not stop the rest.",
    .flags = flags,
    .flag_count = PARSE_FLAGS,
    .statuses = "0  read to the end, whatever was in it\n"
                "2  the command line is wrong, or no such kind\n"
                "3  the file cannot be read",
    .example = "procsnap parse pid_status /proc/self/status | jq .CapEff",
};

/* What one file may take of memory. The largest that the kernel writes are maps and net/tcp of very busy machines. */
enum { INPUT_MAX = 1 << 30 };

static bool read_all(int fd, const char *name, struct ps_buffer *out, struct ps_error *err)
{
    enum { PIECE = 1 << 16 };

    while (ps_buffer_reserve(out, PIECE)) {
        ssize_t n = read(fd, out->data + out->len, PIECE);
        if (n == 0)
            return true;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ps_fail(err, errno, "cannot read %s", name);
        out->len += (size_t) n;
        if (out->len > INPUT_MAX)
            return ps_fail(err, 0, "%s is larger than 1 GiB, which no file below /proc is; name one of those", name);
    }
    return ps_fail(err, ENOMEM, "cannot read %s", name);
}

/* Once the file is open, this process can read it and print, and nothing else. */
static bool read_input(const char *path, struct ps_buffer *out, struct ps_error *err)
{
    bool piped = path == NULL || strcmp(path, "-") == 0;
    int fd = piped ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

    if (fd < 0)
        return ps_fail(err, 0, "cannot open %s: %s; name a saved /proc file, or - for standard input", path,
                       strerror(errno));
    (void) ps_sandbox_folders(-1, -1);
    (void) ps_sandbox_enter(PS_ROLE_OFFLINE);
    bool ok = read_all(fd, piped ? "standard input" : path, out, err);
    if (!piped)
        close(fd);
    return ok;
}

static const char *profile_name(enum ps_profile profile)
{
    return profile == PS_CARD ? "card" : profile == PS_STANDARD ? "standard" : "deep";
}

/* The path as people know it. */
static void add_path(struct ps_buffer *out, const struct ps_row *row)
{
    static const char *const places[] = {[PS_PER_HOST] = "/proc/", [PS_PER_CONTENT] = "content: ", [PS_PER_FACT] = ""};
    bool named = row->scope < sizeof places / sizeof places[0] && places[row->scope] != NULL;
    ps_buffer_add_text(out, named ? places[row->scope] : "/proc/PID/");
    if (!ps_row_is_family(row)) {
        ps_buffer_add_text(out, row->path);
        return;
    }
    ps_buffer_add_span(out, ps_row_before(row));
    ps_buffer_add_byte(out, '*');
    ps_buffer_add_span(out, ps_row_behind(row));
}

static void add_padded(struct ps_buffer *out, struct ps_span text, size_t width)
{
    ps_buffer_add_span(out, text);
    for (size_t i = text.len; i < width; i++)
        ps_buffer_add_byte(out, ' ');
}

static void add_row(struct ps_buffer *out, const struct ps_row *row, const char *before, const char *between,
                    const char *after, bool pad)
{
    struct ps_buffer path = {0};

    add_path(&path, row);
    ps_buffer_add_text(out, before);
    add_padded(out, ps_span_text(row->parser->kind), pad ? 18 : 0);
    ps_buffer_add_text(out, between);
    add_padded(out, ps_buffer_span(&path), pad ? 30 : 0);
    ps_buffer_add_text(out, between);
    add_padded(out, ps_span_text(profile_name(row->profile)), pad ? 8 : 0);
    ps_buffer_add_text(out, between);
    add_padded(out, ps_span_text(ps_reader_name(row->reader)), pad ? 6 : 0);
    ps_buffer_add_text(out, between);
    ps_buffer_add_text(out, row->tells);
    ps_buffer_add_text(out, after);
    ps_buffer_done(&path);
}

static void add_row_json(struct ps_buffer *out, const struct ps_row *row)
{
    struct ps_json j = ps_json_into(out);
    struct ps_buffer path = {0};

    add_path(&path, row);
    ps_json_object(&j, NULL);
    ps_json_text(&j, "kind", row->parser->kind);
    ps_json_bytes(&j, "path", ps_buffer_span(&path));
    ps_json_text(&j, "profile", profile_name(row->profile));
    ps_json_text(&j, "reader", ps_reader_name(row->reader));
    ps_json_bool(&j, "secret", row->secret);
    ps_json_bool(&j, "parsed", row->parser->next != NULL);
    ps_json_text(&j, "tells", row->tells);
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
    ps_buffer_done(&path);
}

static int list(bool json, bool markdown)
{
    struct ps_buffer out = {0};

    if (markdown)
        ps_buffer_add_text(&out, "| kind | file | profile | reader | what it tells |\n|---|---|---|---|---|\n");
    else if (!json)
        ps_buffer_add_text(&out, "KIND                FILE                            PROFILE   READER  WHAT IT TELLS\n");
    for (size_t i = 0; i < ps_catalog_count; i++) {
        if (json)
            add_row_json(&out, &ps_catalog[i]);
        else if (markdown)
            add_row(&out, &ps_catalog[i], "| ", " | ", " |\n", false);
        else
            add_row(&out, &ps_catalog[i], "", "  ", "\n", true);
    }
    if (json)
        ps_print_json(PS_STDOUT, ps_buffer_span(&out));
    else
        ps_print(PS_STDOUT, ps_buffer_span(&out));
    ps_buffer_done(&out);
    return PS_EXIT_OK;
}

/* The kind, or the nearest one in the error. */
static const struct ps_parser *find_kind(const char *kind, struct ps_error *err)
{
    enum { KINDS_MAX = 256 };
    const char *names[KINDS_MAX];
    size_t count = ps_catalog_count < KINDS_MAX ? ps_catalog_count : KINDS_MAX;
    const struct ps_row *row = ps_catalog_kind(ps_span_text(kind));

    if (row != NULL && row->parser->next != NULL)
        return row->parser;
    for (size_t i = 0; i < count; i++)
        names[i] = ps_catalog[i].parser->kind;
    const char *near = ps_nearest(kind, names, count);
    if (row != NULL)
        ps_fail(err, 0, "%s is kept raw and has no parser; look at the file itself", kind);
    else if (near != NULL)
        ps_fail(err, 0, "no kind %s; did you mean %s? All kinds: procsnap parse --list", kind, near);
    else
        ps_fail(err, 0, "no kind %s; all kinds: procsnap parse --list", kind);
    return NULL;
}

static int parse(const struct ps_parser *parser, const char *path)
{
    struct ps_buffer file = {0}, out = {0};
    struct ps_error err;

    bool ok = read_input(path, &file, &err);
    if (ok) {
        (void) ps_parse_lines(&out, parser, ps_buffer_span(&file));
        ps_print_json(PS_STDOUT, ps_buffer_span(&out));
        ok = !out.failed || ps_fail(&err, ENOMEM, "the lines above are not all of them");
    }
    if (!ok)
        ps_print_error(&err);
    ps_buffer_done(&file);
    ps_buffer_done(&out);
    return ok ? PS_EXIT_OK : PS_EXIT_FAILED;
}

/* What the command line asks for. */
struct request {
    bool given[PARSE_FLAGS];
    const char *kind, *path;
    const struct ps_parser *parser; /* NULL: the list */
};

static bool take(void *request, const struct ps_argument *argument, struct ps_error *err)
{
    struct request *r = request;

    if (argument->flag != NULL)
        r->given[argument->flag - flags] = true;
    else if (r->kind == NULL)
        r->kind = argument->text;
    else if (r->path == NULL)
        r->path = argument->text;
    else
        return ps_fail_operand(err, "parse", argument->text);
    return true;
}

static bool complete(void *request, struct ps_error *err)
{
    struct request *r = request;

    if (r->given[PARSE_FLAG_LIST])
        return r->kind == NULL || ps_fail_operand(err, "parse", r->kind);
    if (r->kind == NULL)
        return ps_fail(err, 0, "no KIND: say which /proc file this is; the kinds: procsnap parse --list");
    if (r->given[PARSE_FLAG_MARKDOWN] || r->given[PARSE_FLAG_JSON])
        return ps_fail(err, 0, "--json and --markdown belong to --list; parse prints NDJSON as it is");
    r->parser = find_kind(r->kind, err);
    return r->parser != NULL;
}

static int run(const void *request)
{
    const struct request *r = request;

    return r->parser != NULL ? parse(r->parser, r->path)
                             : list(r->given[PARSE_FLAG_JSON], r->given[PARSE_FLAG_MARKDOWN]);
}

int ps_command_parse(int argc, char **argv)
{
    static const struct ps_command command = {&help, take, complete, run};
    struct request r = {0};

    return ps_command_run(&command, argc, argv, &r);
}
