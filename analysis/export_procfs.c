/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/export_procfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/export_tree.h"
#include "formats/evidence.h"

enum pass { LOOK, FILES, LINKS };

struct life {
    uint32_t pid;
    uint64_t start;
    bool has_stat;
};

struct export
{
    enum pass pass;
    int proc;  /* OUT/proc */
    int place; /* where entries of the line go; -1: nowhere */
    struct ps_line line;
    struct life *lives; /* by pid and start, once LOOK is done */
    size_t life_count, life_room;
    struct ps_evidence *evidence;
    struct ps_json_check check;
    struct ps_buffer text; /* of the journal's line under way */
    struct ps_export_counts *counts;
    bool failed;
    struct ps_error *err;
};

static void fail(struct export *x, int error, const char *doing)
{
    if (!x->failed)
        ps_fail(x->err, error, "cannot %s in the export; what is there so far is not all of it", doing);
    x->failed = true;
}

static int by_life(const void *left, const void *right)
{
    const struct life *a = left, *b = right;

    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    return a->start < b->start ? -1 : a->start > b->start;
}

/* ---- first reading ---- */

static void note_life(struct export *x, bool has_stat)
{
    if (x->life_count == x->life_room) {
        size_t room = x->life_room > 0 ? x->life_room * 2 : 1024;
        struct life *lives = realloc(x->lives, room * sizeof *lives);
        if (lives == NULL) {
            fail(x, ENOMEM, "list the processes");
            return;
        }
        x->lives = lives;
        x->life_room = room;
    }
    x->lives[x->life_count++] = (struct life){x->line.pid, x->line.start, has_stat};
}

/* One row for each life, with what any of its lines said. */
static void settle_lives(struct export *x)
{
    size_t kept = 0;

    if (x->life_count > 1)
        qsort(x->lives, x->life_count, sizeof *x->lives, by_life);
    for (size_t i = 0; i < x->life_count; i++) {
        if (kept > 0 && by_life(&x->lives[kept - 1], &x->lives[i]) == 0)
            x->lives[kept - 1].has_stat |= x->lives[i].has_stat;
        else
            x->lives[kept++] = x->lives[i];
    }
    x->life_count = kept;
    for (size_t i = 0; i < kept; i++)
        x->counts->without_stat += !x->lives[i].has_stat;
    x->counts->processes = kept - x->counts->without_stat;
}

static bool has_place(const struct export *x)
{
    struct life wanted = {.pid = x->line.pid, .start = x->line.start};
    const struct life *life = NULL;

    if (x->life_count > 0)
        life = bsearch(&wanted, x->lives, x->life_count, sizeof wanted, by_life);
    return life != NULL && life->has_stat;
}

/* ---- every reading ---- */

/* `life` was checked against pid and start: digits, or digits, a plus and digits. */
static void on_line(void *context, const struct ps_line *line)
{
    struct export *x = context;

    x->line = *line;
    x->place = -1;
    if (x->failed || (line->scope != PS_LINE_PROCESS && line->scope != PS_LINE_GLOBAL)) /* facts are no files of /proc */
        return;
    if (x->pass == LOOK) {
        if (line->scope == PS_LINE_PROCESS)
            note_life(x, false);
        return;
    }
    if (line->scope == PS_LINE_GLOBAL)
        x->place = dup(x->proc);
    else if (has_place(x))
        x->place = ps_export_directory(x->proc, line->life);
    else
        return;
    if (x->place < 0)
        fail(x, errno, "make a directory");
}

static void settle(struct export *x, enum ps_export_made made, uint64_t *count, const char *doing)
{
    if (made == PS_EXPORT_FAILED)
        fail(x, errno, doing);
    else if (made == PS_EXPORT_MADE)
        (*count)++;
    else
        x->counts->passed_over++;
}

static void on_entry(void *context, const struct ps_entry *entry)
{
    struct export *x = context;
    struct ps_export_name name;

    if (x->pass == LOOK && x->line.scope == PS_LINE_PROCESS && entry->row != NULL &&
        strcmp(entry->row->path, "stat") == 0 && entry->bytes.len > 0)
        note_life(x, true);
    if (x->place < 0 || x->failed)
        return;
    bool named = ps_export_name_of(entry, &name);
    if (!named) {
        x->counts->passed_over += x->pass == FILES;
        return;
    }
    if (x->pass == LINKS && name.link)
        settle(x, ps_export_link(x->place, &name, entry->bytes), &x->counts->links, "make a link");
    else if (x->pass == FILES && !name.link)
        settle(x, ps_export_file(x->place, &name, entry->bytes), &x->counts->files, "write a file");
    else if (x->pass == FILES && !ps_export_parents(x->place, &name))
        fail(x, errno, "make a directory");
}

/* A directory that was read and is empty is there all the same (but for task/: each of its entries is one, too). */
static void on_capture(void *context, const struct ps_capture *capture)
{
    struct export *x = context;
    struct ps_export_name name;

    if (x->pass != FILES || x->place < 0 || x->failed || capture->row == NULL || !ps_row_is_family(capture->row) ||
        ps_row_behind(capture->row).len > 0)
        return;
    struct ps_entry any = {.row = capture->row, .name = ps_span_text(capture->row->path)};
    if (capture->outcome == PS_COMPLETE && ps_export_name_of(&any, &name) && !ps_export_parents(x->place, &name))
        fail(x, errno, "make a directory");
}

static void on_line_end(void *context, const struct ps_line_end *end)
{
    struct export *x = context;

    (void) end;
    if (x->place >= 0)
        close(x->place);
    x->place = -1;
}

/* False ends the reading: at a flaw of the bundle, which every reading meets at the same place, or at our failure. */
static bool go_on(struct export *x, bool taken, const char *why)
{
    if (!taken && why == ps_no_memory)
        fail(x, ENOMEM, "read the bundle");
    if (!taken)
        x->counts->flaw = why;
    return taken && !x->failed;
}

static bool take_journal(struct export *x, struct ps_span piece)
{
    const char *why = NULL;

    while (piece.len > 0) {
        const uint8_t *end = memchr(piece.data, '\n', piece.len);
        size_t len = end != NULL ? (size_t) (end - piece.data) : piece.len;
        if (len > PS_JSON_LINE_MAX - x->text.len)
            return go_on(x, false, "a line of more than 1 MiB");
        ps_buffer_add(&x->text, piece.data, len);
        if (x->text.failed)
            return go_on(x, false, ps_no_memory);
        if (end == NULL)
            return true;
        if (!go_on(x, ps_evidence_journal(x->evidence, &x->check, ps_buffer_span(&x->text), &why), why))
            return false;
        ps_buffer_clear(&x->text, PS_JSON_LINE_MAX);
        piece = ps_span_of(piece.data + len + 1, piece.len - len - 1);
    }
    return true;
}

/* The bytes of one member. False: the reading has ended. */
static bool take_member(struct export *x, const struct ps_member_source *source, enum ps_member_class class)
{
    struct ps_span piece;
    struct ps_flaw flaw;
    enum ps_source_step step;
    const char *why = NULL;

    while ((step = source->piece(source->self, &piece, &flaw, x->err)) == PS_SOURCE_NEXT) {
        if (class == PS_MEMBER_JOURNAL ? !take_journal(x, piece)
                                       : !go_on(x, ps_evidence_bytes(x->evidence, piece, &why), why))
            return false;
    }
    x->failed = x->failed || step == PS_SOURCE_FAILED;
    if (step == PS_SOURCE_FLAW)
        x->counts->flaw = flaw.why;
    return step == PS_SOURCE_END;
}

static void take_members(struct export *x, const struct ps_member_source *source)
{
    struct ps_member member;
    struct ps_flaw flaw;
    enum ps_source_step step;
    const char *why = NULL;

    while ((step = source->member(source->self, &member, &flaw, x->err)) == PS_SOURCE_NEXT) {
        enum ps_member_class class = ps_member_class_of(member.name);
        bool raw = ps_member_is_raw(class);
        if (!raw && class != PS_MEMBER_JOURNAL)
            continue;
        if (raw && !go_on(x, ps_evidence_member(x->evidence, member.name, &why), why))
            return;
        if (!take_member(x, source, class))
            return;
    }
    x->failed = x->failed || step == PS_SOURCE_FAILED;
    if (step == PS_SOURCE_FLAW)
        x->counts->flaw = flaw.why;
}

static bool read_once(struct export *x, const struct ps_export_bundle *bundle, enum pass pass)
{
    struct ps_evidence_visitor visitor = {
        .context = x, .line = on_line, .entry = on_entry, .capture = on_capture, .line_end = on_line_end};
    struct ps_member_source source;

    x->pass = pass;
    x->place = -1;
    if (!bundle->again(bundle->self, &source, x->err))
        return false;
    x->evidence = ps_evidence_new(&visitor);
    if (x->evidence == NULL)
        return ps_fail(x->err, ENOMEM, "cannot read the bundle");
    take_members(x, &source);
    on_line_end(x, NULL); /* a line that ended in a flaw */
    ps_evidence_free(x->evidence);
    ps_buffer_clear(&x->text, PS_JSON_LINE_MAX);
    if (pass == LOOK)
        settle_lives(x);
    return !x->failed;
}

bool ps_export_procfs(const struct ps_export_bundle *bundle, int out, struct ps_export_counts *counts,
                      struct ps_error *err)
{
    struct export x = {.counts = counts, .err = err, .place = -1};

    *counts = (struct ps_export_counts){0};
    x.proc = ps_export_directory(out, "proc");
    if (x.proc < 0)
        return ps_fail(err, errno, "cannot make the directory proc in the export");
    bool ok = read_once(&x, bundle, LOOK) && read_once(&x, bundle, FILES) && read_once(&x, bundle, LINKS);
    close(x.proc);
    free(x.lives);
    ps_buffer_done(&x.text);
    ps_json_check_done(&x.check);
    return ok;
}
