/* SPDX-License-Identifier: Apache-2.0
 *
 * The two sweeps: every life that the opening one saw, for parents and for what the closing one says about them, and the
 * change record: a life that appeared, ended, or changed its program in between.
 */
#include <stdlib.h>
#include <string.h>

#include "formats/records_state.h"

static int by_pid_and_start(const void *left, const void *right)
{
    const struct ps_known *a = left, *b = right;
    if (a->pid != b->pid)
        return a->pid < b->pid ? -1 : 1;
    return a->start < b->start ? -1 : a->start > b->start;
}

static void sort(struct ps_known_list *list)
{
    if (!list->sorted && list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, by_pid_and_start);
    list->sorted = true;
}

/* The last life of that pid, or NULL. */
static struct ps_known *find(struct ps_known_list *list, uint32_t pid)
{
    sort(list);
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->items[middle].pid <= pid)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && list->items[low - 1].pid == pid ? &list->items[low - 1] : NULL;
}

static struct ps_known *find_life(struct ps_known_list *list, uint32_t pid, uint64_t start)
{
    struct ps_known *k = find(list, pid);
    while (k && k->start != start)
        k = k > list->items && k[-1].pid == pid ? k - 1 : NULL;
    return k;
}

const struct ps_known *ps_known_pid(struct ps_records *r, uint32_t pid)
{
    return find(&r->known, pid);
}

const struct ps_known *ps_known_life(struct ps_records *r, uint32_t pid, uint64_t start)
{
    return find_life(&r->known, pid, start);
}

struct ps_known *ps_known_change(struct ps_records *r, uint32_t pid, uint64_t start)
{
    return find_life(&r->known, pid, start);
}

static bool read_stat(struct ps_records *r, const struct ps_entry *entry, struct ps_known *out)
{
    const struct ps_parser *p = entry->row->parser;
    union ps_any_record record;
    memset(&record, 0, p->record_size);
    struct ps_issue issue = {0};
    struct ps_cursor in = ps_cursor_over(entry->bytes);
    if (p->next(&in, &record, &issue) != PS_STEP_RECORD) {
        ps_records_malformed(r, entry, &issue);
        return false;
    }
    const int64_t *pid = ps_record_value(p, &record, "pid"), *ppid = ps_record_value(p, &record, "ppid");
    const uint64_t *start = ps_record_value(p, &record, "starttime");
    const uint64_t *startcode = ps_record_value(p, &record, "startcode");
    const struct ps_span *comm = ps_record_value(p, &record, "comm");
    const uint8_t *state = ps_record_value(p, &record, "state");
    const uint64_t *flags = ps_record_value(p, &record, "flags");
    if (!pid || *pid <= 0 || !start || !comm)
        return false;
    *out = (struct ps_known){.pid = (uint32_t) *pid, .start = *start};
    out->ppid = ppid && *ppid > 0 ? (uint32_t) *ppid : 0;
    out->kernel_thread = flags && *flags & PS_FLAG_KTHREAD;
    out->ending = (flags && *flags & PS_FLAG_EXITING) || (state && (*state == 'Z' || *state == 'X'));
    out->startcode = startcode ? *startcode : 0;
    out->comm_len = (uint8_t) (comm->len < PS_COMM_KEPT ? comm->len : PS_COMM_KEPT);
    memcpy(out->comm, comm->data, out->comm_len);
    return true;
}

static void know(struct ps_records *r, const struct ps_known *k)
{
    struct ps_known_list *list = &r->known;
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 1024;
        struct ps_known *items = realloc(list->items, room * sizeof *items);
        if (!items) {
            r->failed = true;
            return;
        }
        list->items = items;
        list->room = room;
    }
    if (list->count > 0 && by_pid_and_start(&list->items[list->count - 1], k) > 0)
        list->sorted = false;
    else if (list->count == 0)
        list->sorted = true;
    list->items[list->count++] = *k;
}

/* "4711/stat" shows pid 4711, unless something lies over that directory: then the facts are of another process. */
static bool is_itself(struct ps_records *r, const struct ps_entry *entry, const struct ps_known *k)
{
    struct ps_cursor name = ps_cursor_over(entry->name);
    uint64_t pid = 0;
    if (!ps_take_u64(&name, &pid) || pid == k->pid)
        return true;
    struct ps_json j = ps_gap_begin(r, entry, "covered");
    ps_json_u64(&j, "pid", pid);
    ps_json_u64(&j, "shows_pid", k->pid);
    ps_json_text(&j, "why", "a mount over this directory shows another process in its place");
    ps_gap_end(&j);
    return false;
}

void ps_sweep_born(struct ps_records *r, const struct ps_entry *entry)
{
    struct ps_known k;
    if (read_stat(r, entry, &k) && !ps_known_life(r, k.pid, k.start))
        r->l->born = k;
}

void ps_sweep_know_born(struct ps_records *r)
{
    if (r->l->born.pid) {
        know(r, &r->l->born);
        ps_mention_seen(r, r->l->born.pid);
    }
    r->l->born.pid = 0;
}

static void change_out(struct ps_records *r, const struct ps_known *k, const char *change, const struct ps_entry *entry)
{
    char id[41];
    ps_entity_id(&r->facts, k->pid, k->start, id);
    struct ps_json j = ps_records_begin(r, PS_KIND_CHANGE);
    ps_json_object(&j, "process");
    ps_json_u64(&j, "pid", k->pid);
    ps_json_text(&j, "entity_id", id);
    ps_json_bytes(&j, "name", ps_span_of(k->comm, k->comm_len));
    if (k->ppid) {
        ps_json_object(&j, "parent");
        ps_json_u64(&j, "pid", k->ppid);
        ps_json_object_end(&j);
    }
    ps_json_object_end(&j);
    ps_records_proc(r, &j);
    if (entry)
        ps_records_source(&j, entry->member, entry->name, entry->begin_us);
    ps_json_text(&j, "change", change);
    ps_json_u64(&j, "start_boot_us", k->start * (1000000 / r->facts.clk_tck));
    ps_records_end(r, PS_KIND_CHANGE, &j);
}

static void compare(struct ps_records *r, const struct ps_entry *entry)
{
    struct ps_known now;
    r->closing_swept = true;
    if (!read_stat(r, entry, &now) || !is_itself(r, entry, &now))
        return;
    struct ps_known *before = find_life(&r->known, now.pid, now.start);
    if (!before) {
        change_out(r, &now, "appeared", entry);
        return;
    }
    before->closing = true;
    before->parent_stays = before->ppid == now.ppid;
    bool renamed = before->comm_len != now.comm_len || memcmp(before->comm, now.comm, now.comm_len) != 0;
    if (before->startcode != now.startcode && !before->ending && !now.ending)
        change_out(r, &now, "program", entry);
    else if (renamed && !now.kernel_thread) /* a worker is called after the work it does just now */
        change_out(r, &now, "name", entry);
}

void ps_sweep_entry(struct ps_records *r, const struct ps_entry *entry)
{
    ps_mention_name(r, entry->name);
    if (r->l->line.scope == PS_LINE_CLOSING) {
        compare(r, entry);
        return;
    }
    struct ps_known k;
    if (read_stat(r, entry, &k) && is_itself(r, entry, &k))
        know(r, &k);
}

void ps_sweep_closed(struct ps_records *r)
{
    if (!r->closing_swept)
        return;
    sort(&r->known);
    for (size_t i = 0; i < r->known.count; i++) {
        if (!r->known.items[i].closing)
            change_out(r, &r->known.items[i], "ended", NULL);
    }
}
