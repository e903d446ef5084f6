/* SPDX-License-Identifier: Apache-2.0
 *
 * Raw captures that no line of the journal names any more: lines are made for them that say no more than the packs do.
 * Outcomes, errors and the last look at a process are not known; what is stored is shown.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/derive.h"
#include "formats/lower_bound.h"
#include "formats/pack.h"

/* A raw member, borrowed from the evidence. */
struct left {
    struct ps_span name, bytes;
};

struct left_list {
    struct left *items;
    size_t count, room;
    bool failed;
};

static void collect(void *context, struct ps_span name, struct ps_span bytes)
{
    struct left_list *list = context;

    if (list->count == list->room) {
        size_t room = list->room > 0 ? list->room * 2 : 256;
        struct left *items = realloc(list->items, room * sizeof *items);
        if (items == NULL) {
            list->failed = true;
            return;
        }
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = (struct left){name, bytes};
}

/* The length of its directory, with the slash. */
static size_t directory_of(struct ps_span name)
{
    size_t len = name.len;

    while (len > 0 && name.data[len - 1] != '/')
        len--;
    return len;
}

static bool same_directory(const struct left *a, const struct left *b)
{
    return ps_span_equal(ps_span_of(a->name.data, directory_of(a->name)),
                         ps_span_of(b->name.data, directory_of(b->name)));
}

/* All packs of a life follow each other, state.pack first: it says which life that is. */
static int by_name(const void *left, const void *right)
{
    const struct left *a = left, *b = right;
    bool first = ps_span_ends(a->name, "/state.pack"), second = ps_span_ends(b->name, "/state.pack");

    if (same_directory(a, b) && first != second)
        return first ? -1 : 1;
    return strcmp((const char *) a->name.data, (const char *) b->name.data);
}

static int by_life(const void *left, const void *right)
{
    const struct ps_derived_life *a = left, *b = right;

    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    return a->start < b->start ? -1 : a->start > b->start;
}

/* One item for each life. */
static void join_lives(struct ps_derive *d)
{
    size_t kept = 0;

    if (d->count > 1)
        qsort(d->lives, d->count, sizeof *d->lives, by_life);
    for (size_t i = 0; i < d->count; i++) {
        struct ps_derived_life *to = &d->lives[kept > 0 ? kept - 1 : 0], *from = &d->lives[i];
        if (kept == 0 || by_life(to, from) != 0) {
            d->lives[kept++] = *from;
            continue;
        }
        for (size_t reader = 0; reader < 2; reader++) {
            to->seen[reader] |= from->seen[reader];
            to->ended[reader] |= from->ended[reader];
        }
        if (from->stat.len > 0) {
            to->stat = from->stat;
            to->member = from->member;
        }
    }
    d->count = kept;
}

static struct ps_derived_life *find_life(const struct ps_derive *d, uint32_t pid, uint64_t start)
{
    struct ps_derived_life wanted = {.pid = pid, .start = start};

    return d->count > 0 ? bsearch(&wanted, d->lives, d->count, sizeof wanted, by_life) : NULL;
}

/* The first life of a pid: that of a directory that is called after the pid alone. */
static struct ps_derived_life *first_life(const struct ps_derive *d, uint32_t pid)
{
    struct ps_derived_life wanted = {.pid = pid};
    size_t at = ps_lower_bound(&wanted, d->lives, d->count, sizeof wanted, by_life);

    return at < d->count && d->lives[at].pid == pid ? &d->lives[at] : NULL;
}

/* ---- entries ---- */

/* The row of an entry as it is named in a pack: "fd/3", "environ.redacted", "net/tcp.part-0002". */
static const struct ps_row *row_of(struct ps_span name)
{
    struct ps_span entry;

    if (ps_span_ends(name, ".redacted"))
        name.len -= strlen(".redacted");
    else if (ps_span_ends(name, ".masked"))
        name.len -= strlen(".masked");
    else if (name.len > 10 && ps_span_starts(ps_span_of(name.data + name.len - 10, 10), ".part-"))
        name.len -= 10;
    for (size_t i = 0; i < ps_catalog_count; i++) {
        const struct ps_row *row = &ps_catalog[i];
        bool named = ps_row_is_family(row) ? ps_row_entry(row, name, &entry) : ps_span_is(name, row->path);
        if (named && row->scope != PS_PER_CONTENT)
            return row;
    }
    return NULL;
}

static void hand_entry(struct ps_derive *d, const char *member, struct ps_span name, struct ps_span bytes)
{
    bool sweep = d->line.scope == PS_LINE_OPENING || d->line.scope == PS_LINE_CLOSING;
    struct ps_entry entry = {.name = name, .bytes = bytes, .member = member};

    entry.row = sweep                                  ? ps_catalog_path(ps_span_text("stat"), PS_PER_PROCESS)
                : d->line.scope == PS_LINE_CONTENT ? ps_catalog_path(name, PS_PER_CONTENT)
                                                   : row_of(name);
    ps_derive_entry(d, &entry);
    if (entry.row == NULL || entry.row->source != PS_READLINK || ps_row_is_family(entry.row))
        return;
    /* A link is stored whole or not at all. */
    struct ps_capture link = {.name = entry.row->path, .row = entry.row, .bytes = bytes.len, .stored = true};
    ps_derive_capture(d, &link);
}

/* As far as it goes: the last one may be cut. */
static void hand_pack(struct ps_derive *d, const struct left *pack)
{
    struct ps_cursor in = ps_cursor_over(pack->bytes);
    struct ps_pack_entry entry;
    const char *why;

    while (ps_pack_next(&in, &entry, &why) == PS_PACK_ENTRY)
        hand_entry(d, (const char *) pack->name.data, entry.name, entry.bytes);
}

/* ---- lines ---- */

static void end_line(struct ps_derive *d, enum ps_identity identity, bool more)
{
    struct ps_line_end end = {.identity = identity, .more = more};

    ps_derive_line_end(d, &end);
}

/* A line that belongs to no process. */
static void hand_other(struct ps_derive *d, const struct left *left, enum ps_line_scope scope)
{
    struct ps_line line = {.scope = scope, .reader = scope == PS_LINE_FACTS ? PS_PROBER : PS_QUIET};
    size_t top = strlen(ps_line_member_top(&line));

    ps_derive_line(d, &line);
    if (ps_line_has_members(&line))
        hand_entry(d, (const char *) left->name.data, ps_span_of(left->name.data + top, left->name.len - top),
                   left->bytes);
    else
        hand_pack(d, left);
    end_line(d, PS_SAME, false);
}

static void begin_line(struct ps_derive *d, const struct ps_derived_life *life, enum ps_line_scope scope,
                       enum ps_reader reader)
{
    char name[16];
    struct ps_line line = {
        .scope = scope, .pid = life->pid, .start = life->start, .life = name, .reader = reader};

    (void) snprintf(name, sizeof name, "%u", life->pid);
    ps_derive_line(d, &line);
}

/* Nothing more of it comes: what is there becomes a record. */
static void close_life(struct ps_derive *d, const struct ps_derived_life *life)
{
    bool known = life->seen[PS_QUIET] || life->seen[PS_MEMORY];

    if (!known && d->l->out->facts.chosen_pids) /* only the sweeps look at all of them */
        return;
    d->l->out->sweep_alone += !known;
    begin_line(d, life, PS_LINE_PROCESS, PS_QUIET);
    if (!life->seen[PS_QUIET] && life->stat.len > 0)
        hand_entry(d, life->member, ps_span_text("stat"), life->stat);
    end_line(d, PS_SAME, false);
    begin_line(d, life, PS_LINE_PROCESS, PS_MEMORY);
    end_line(d, PS_SAME, false);
    struct ps_derived_life *told = find_life(d, life->pid, life->start);
    if (told != NULL)
        told->ended[PS_QUIET] = told->ended[PS_MEMORY] = true;
}

/* "data/proc/4711+82375/state.pack": 4711 and 82375, or start 0. */
static bool read_name(struct ps_span name, uint32_t *pid, uint64_t *start, enum ps_reader *reader)
{
    struct ps_cursor in = ps_cursor_over(name);
    uint64_t number = 0;

    *start = 0;
    if (!ps_take_text(&in, "data/proc/") || !ps_take_u64(&in, &number) || number == 0 || number > UINT32_MAX)
        return false;
    *pid = (uint32_t) number;
    if (ps_take_byte(&in, '+') && !ps_take_u64(&in, start))
        return false;
    *reader = ps_take_text(&in, "/memory") ? PS_MEMORY : PS_QUIET;
    return true;
}

/* Which life is it? Its own stat says, or its directory, or the opening sweep. */
static bool life_of(const struct ps_derive *d, const struct left *pack, struct ps_derived_life *out)
{
    struct ps_cursor in = ps_cursor_over(pack->bytes);
    struct ps_pack_entry entry;
    enum ps_reader reader;
    uint32_t pid, inside;
    uint64_t start;
    const char *why;

    if (!read_name(pack->name, &pid, &start, &reader))
        return false;
    if (start == 0 && ps_pack_next(&in, &entry, &why) == PS_PACK_ENTRY && ps_span_is(entry.name, "stat") &&
        !(ps_derive_stat(entry.bytes, &inside, &start) && inside == pid))
        start = 0;
    const struct ps_derived_life *known = start > 0 ? find_life(d, pid, start) : first_life(d, pid);
    *out = known != NULL ? *known : (struct ps_derived_life){.pid = pid, .start = start};
    return known != NULL || start > 0;
}

/* "data/proc/4711/files.pack", files-0002.pack */
static bool is_drift_list(struct ps_span name)
{
    size_t at = directory_of(name);
    return ps_span_starts(ps_span_of(name.data + at, name.len - at), "files");
}

static void hand_process(struct ps_derive *d, const struct left *pack, struct ps_derived_life *life)
{
    enum ps_reader reader = PS_QUIET;
    uint32_t pid;
    uint64_t start;

    if (!read_name(pack->name, &pid, &start, &reader))
        return;
    if (is_drift_list(pack->name)) {
        begin_line(d, life, PS_LINE_CONTENT, PS_MEMORY);
        hand_pack(d, pack);
        end_line(d, PS_UNVERIFIED, false);
        return;
    }
    begin_line(d, life, PS_LINE_PROCESS, reader);
    hand_pack(d, pack);
    end_line(d, PS_UNVERIFIED, true);
    life->seen[reader] = true;
}

/* From `at`, the packs of one life; returns where the next one begins. */
static size_t hand_life(struct ps_derive *d, const struct left_list *list, size_t at)
{
    const struct left *first = &list->items[at];
    struct ps_derived_life life;
    bool known = life_of(d, first, &life);

    d->l->out->packs_unread += !known;
    for (; at < list->count && same_directory(first, &list->items[at]); at++)
        if (known)
            hand_process(d, &list->items[at], &life);
    /* The journal may have told all of it but its drift list. */
    if (known && !(life.ended[PS_QUIET] && life.ended[PS_MEMORY]))
        close_life(d, &life);
    return at;
}

/* The packs of processes, and the files that exist once. */
static void hand_proc(struct ps_derive *d, const struct left_list *list)
{
    for (size_t at = 0; at < list->count;) {
        const struct left *left = &list->items[at];
        enum ps_member_class class = ps_member_class_of(left->name);
        if (class == PS_MEMBER_PACK && ps_span_starts(left->name, "data/proc/")) {
            at = hand_life(d, list, at);
            continue;
        }
        if (class == PS_MEMBER_GLOBAL)
            hand_other(d, left, ps_span_starts(left->name, "data/facts/") ? PS_LINE_FACTS : PS_LINE_GLOBAL);
        at++;
    }
}

static void hand_sweep(struct ps_derive *d, const struct left_list *list, const char *below, enum ps_line_scope scope)
{
    for (size_t i = 0; i < list->count; i++)
        if (ps_span_starts(list->items[i].name, below))
            hand_other(d, &list->items[i], scope);
}

void ps_derive_cut(struct ps_derive *d)
{
    struct left_list list = {0};

    ps_evidence_left(d->evidence, &list, collect);
    if (list.count > 1)
        qsort(list.items, list.count, sizeof *list.items, by_name);
    hand_sweep(d, &list, "data/opening/", PS_LINE_OPENING);
    join_lives(d);
    d->joined = true;
    hand_proc(d, &list);
    for (size_t i = 0; i < d->count; i++)
        if (!d->lives[i].ended[PS_QUIET] || !d->lives[i].ended[PS_MEMORY])
            close_life(d, &d->lives[i]);
    hand_sweep(d, &list, "data/closing/", PS_LINE_CLOSING);
    d->l->failed = d->l->failed || list.failed;
    free(list.items);
}
