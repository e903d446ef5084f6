/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of /proc against the kernel's answer. Both come before the opening sweep has ended; then they are compared, and
 * what both have is kept as the text of /proc alone until sockets can be told with their owners.
 */
#include <stdlib.h>

#include "formats/lower_bound.h"
#include "formats/record_diag.h"
#include "parsers/net_inet.h"
#include "parsers/net_unix.h"
#include "parsers/sock_diag.h"

/* How /proc prints a name: every NUL of it as '@' (unix_seq_show). */
static bool prints_as(struct ps_span name, struct ps_span printed, bool *cut)
{
    if (name.len < printed.len)
        return false;
    for (size_t i = 0; i < printed.len; i++) {
        if ((name.data[i] ? name.data[i] : '@') != printed.data[i])
            return false;
    }
    /* What comes behind a newline was taken for another row. */
    *cut = name.len > printed.len;
    return !*cut || name.data[printed.len] == '\n';
}

/* Is that socket of the answer this row? *cut: the row has only the beginning of its name. */
static bool is_same(const struct ps_diag_unix *asked, const struct ps_net_unix *row, bool *cut)
{
    *cut = false;
    if (row->path.len == 0)
        return asked->name.len == 0;
    return prints_as(asked->name, row->path, cut);
}

static void add_unix(struct ps_json *j, const struct ps_diag_unix *asked, bool cut)
{
    if (asked->peer)
        ps_json_u64(j, "peer_inode", asked->peer);
    if (cut)
        ps_json_bytes(j, "name", asked->name);
}

/* Each socket of the answer is one row at most: of two rows that say the same, one is too many. A key that a hostile
 * answer gives to very many sockets is not searched to its end. */
enum { SAME_KEY_MAX = 64 };

/* `j` may be NULL but for unix sockets. */
static bool find(struct ps_json *j, struct ps_diag_table *t, size_t index, uint64_t key, const void *row)
{
    struct ps_diag_ref wanted = {.key = key};
    size_t first = ps_lower_bound(&wanted, t->refs, t->count, sizeof wanted, ps_diag_by_key), end;
    for (size_t i = first; i < t->count && i - first < SAME_KEY_MAX && t->refs[i].key == key; i++) {
        union ps_any_record asked;
        bool cut = false;
        if (t->refs[i].told)
            continue;
        if (index == PS_DIAG_UNIX &&
            (!ps_diag_read(t, t->refs[i].at, &asked, &end) || !is_same((const void *) &asked, row, &cut)))
            continue;
        t->refs[i].told = true;
        if (index == PS_DIAG_UNIX)
            add_unix(j, (const void *) &asked, cut);
        return true;
    }
    return false;
}

static uint64_t row_key(size_t index, const void *record)
{
    const struct ps_net_inet *inet = record;
    const struct ps_net_unix *local = record;
    if (index == PS_DIAG_UNIX)
        return ps_diag_unix_key(local->inode, local->type, local->type_code);
    return ps_diag_inet_key(inet->local_address, inet->local_port, inet->remote_address, inet->remote_port, inet->inode);
}

static int by_number(const void *left, const void *right)
{
    const uint32_t *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

void ps_diag_compare(struct ps_records *r, struct ps_json *j, struct ps_table *t, size_t number, const void *record)
{
    size_t index = ps_diag_table_of(t->row->parser->kind);
    if (index == PS_SOCKET_TABLES || !r->diag[index].member)
        return;
    const uint32_t wanted = (uint32_t) number;
    bool unverified = t->compared
                          ? t->unverified_count > 0 && bsearch(&wanted, t->unverified, t->unverified_count,
                                                               sizeof wanted, by_number) != NULL
                          : !find(j, &r->diag[index], index, row_key(index, record), record);
    if (unverified && r->diag[index].complete)
        ps_json_bool(j, "unverified", true);
}

static bool note_unverified(struct ps_table *t, size_t number)
{
    uint32_t *list = ps_diag_one_more(t->unverified, t->unverified_count, &t->unverified_room, sizeof *list);
    if (!list)
        return false;
    t->unverified = list;
    list[t->unverified_count++] = (uint32_t) number;
    return true;
}

static bool compare_table(struct ps_records *r, struct ps_table *t, size_t index)
{
    struct ps_cursor in = ps_cursor_over(ps_buffer_span(&t->text));
    union ps_any_record record;
    t->compared = true;
    for (size_t number = 0; ps_diag_next_row(t->row, &in, &record); number++) {
        if (!find(NULL, &r->diag[index], index, row_key(index, &record), &record) && !note_unverified(t, number))
            return false;
    }
    return true;
}

/* Only what no row has is kept of the answer. */
static bool keep_untold(struct ps_diag_table *t)
{
    struct ps_buffer kept = {0};
    union ps_any_record record;
    size_t count = 0, end;
    if (t->count > 1)
        qsort(t->refs, t->count, sizeof *t->refs, ps_diag_by_place);
    for (size_t i = 0; i < t->count; i++) {
        struct ps_diag_ref ref = t->refs[i];
        if (ref.told || !ps_diag_read(t, ref.at, &record, &end))
            continue;
        size_t at = kept.len;
        ps_buffer_add(&kept, t->text.data + ref.at, end - ref.at);
        ref.at = at;
        t->refs[count++] = ref;
    }
    ps_buffer_done(&t->text);
    t->text = kept;
    t->count = count;
    if (count > 1)
        qsort(t->refs, count, sizeof *t->refs, ps_diag_by_key);
    struct ps_diag_ref *fewer = realloc(t->refs, (count + 1) * sizeof *fewer);
    if (fewer)
        t->refs = fewer;
    return !kept.failed;
}

void ps_diag_settle(struct ps_records *r)
{
    bool fine = true;
    ps_diag_index(r);
    for (size_t i = 0; i < r->table_count; i++) {
        struct ps_table *t = r->tables[i];
        size_t index = ps_diag_table_of(t->row->parser->kind);
        bool both = index < PS_DIAG_UNIX && r->diag[index].member && t->net_namespace != 0 &&
                    t->net_namespace == r->facts.net_namespace && !t->compared;
        fine = fine && (!both || compare_table(r, t, index));
    }
    for (size_t i = 0; i < PS_DIAG_UNIX; i++)
        fine = fine && (!r->diag[i].member || keep_untold(&r->diag[i]));
    r->failed = r->failed || !fine;
}

