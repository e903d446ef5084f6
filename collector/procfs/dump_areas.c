/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "collector/procfs/dump.h"
#include "parsers/pid_maps.h"

/* Reserved address space, of which nearly nothing is there, comes in pieces of up to many terabytes: asking for all of
 * its pages would take minutes. Such areas share what the others leave of the pages that may be asked for, and those are
 * not asked for in the order of addresses either: what lies low would decide about what lies high. */
static const uint64_t small_area = UINT64_C(256) << 20, large_area = UINT64_C(64) << 30;
enum { ROUNDS = 4 };

/* By its name the memory of a device, where a read may do something. Anybody can call a file so who writes to /dev, and
 * code or what a process has for itself is not left out for that: of what a driver maps (VM_PFNMAP) the page map has no
 * page. Without a page map the name is all there is. */
static bool is_of_device(const struct ps_dump *d, const struct ps_pid_maps *m)
{
    struct ps_span path = m->pathname;
    if (d->pagemap >= 0 && (m->perms.data[3] == 'p' || m->perms.data[2] == 'x'))
        return false;
    if (ps_span_starts(path, "/sys/") || ps_span_starts(path, "/proc/") || ps_span_starts(path, "anon_inode:"))
        return true;
    return ps_span_starts(path, "/dev/") && !ps_span_starts(path, "/dev/shm/") && !ps_span_starts(path, "/dev/zero") &&
           !ps_span_starts(path, "/dev/hugepages/");
}

/* Those, and pages that the kernel keeps for itself. */
static bool is_left_out(const struct ps_dump *d, const struct ps_pid_maps *m)
{
    static const char *const names[] = {"[vvar]", "[vvar_vclock]", "[vsyscall]"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (ps_span_is(m->pathname, names[i]))
            return true;
    }
    return m->end > INT64_MAX || is_of_device(d, m);
}

/* Code and the main stack, what may be written, and the rest. */
enum { TELLS_MOST, WRITABLE, OTHER, SORTS };

static unsigned sort_of(const struct ps_pid_maps *m)
{
    if (m->perms.data[2] == 'x' || ps_span_is(m->pathname, "[stack]"))
        return TELLS_MOST;
    return m->perms.data[1] == 'w' ? WRITABLE : OTHER;
}

/* The next row, and its sort. False at the end. */
static bool next_row(struct ps_cursor *in, unsigned *sort)
{
    struct ps_pid_maps m;
    struct ps_issue issue;
    memset(&m, 0, sizeof m);
    enum ps_step step = ps_parser_pid_maps.next(in, &m, &issue);
    *sort = step == PS_STEP_RECORD ? sort_of(&m) : OTHER;
    return step != PS_STEP_END;
}

/* Of more rows than a core can have those stay that tell most, in their order: thousands of small mappings shall not
 * hide the one that counts. */
static void choose_rows(struct ps_dump *d)
{
    struct ps_cursor in = ps_cursor_over(ps_span_of(d->maps, d->maps_len));
    size_t left[SORTS] = {0}, rows = 0, room = PS_DUMP_AREAS, kept = 0, from = 0;
    unsigned sort;
    for (; next_row(&in, &sort); rows++)
        left[sort]++;
    if (rows <= PS_DUMP_AREAS)
        return;
    d->limits |= PS_DUMPS_AREAS;
    for (unsigned i = 0; i < SORTS; i++) {
        left[i] = left[i] < room ? left[i] : room;
        room -= left[i];
    }
    for (in = ps_cursor_over(ps_span_of(d->maps, d->maps_len)); next_row(&in, &sort); from = in.at) {
        if (left[sort] == 0)
            continue;
        left[sort]--;
        memmove(d->maps + kept, d->maps + from, in.at - from);
        kept += in.at - from;
    }
    d->maps_len = kept;
}

static void add_area(struct ps_dump *d, const struct ps_pid_maps *m)
{
    bool code = m->perms.data[2] == 'x', first = sort_of(m) == TELLS_MOST;
    bool lost = ps_span_starts(m->pathname, "/memfd:") || ps_span_ends(m->pathname, " (deleted)");
    struct ps_dump_area *a = &d->areas[d->area_count++];
    *a = (struct ps_dump_area){.start = m->start, .end = m->end, .looked_at = m->start};
    a->own = first ? PS_RANK_CODE : PS_RANK_OWN;
    a->file = code && lost ? PS_RANK_CODE : PS_RANK_FILE;
    a->readable = m->perms.data[0] == 'r';
    a->backed = m->inode > 0;
    d->mapped_bytes += m->end - m->start;
    if (ps_span_is(m->pathname, "[vdso]")) {
        d->vdso = m->start;
        d->vdso_end = m->end;
    }
}

static int round_of(const struct ps_dump_area *a)
{
    uint64_t size = a->end - a->start;
    if (size > large_area)
        return 3;
    return a->own == PS_RANK_CODE ? 0 : size <= small_area ? 1 : 2;
}

/* How far into each area pages are asked for. */
static void share_pages(struct ps_dump *d)
{
    uint64_t left = d->p.t.r->job->dumps->limits.scan_pages;
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < d->area_count; i++) {
            struct ps_dump_area *a = &d->areas[i];
            uint64_t pages = (a->end - a->start) / d->page, most = pages < left ? pages : left;
            if (round_of(a) != round)
                continue;
            if (most < pages)
                d->limits |= PS_DUMPS_SCAN;
            a->looked_at = a->start + most * d->page;
            left -= most;
        }
    }
}

void ps_dump_areas(struct ps_dump *d)
{
    struct ps_cursor in;
    uint64_t last = 0;
    if (d->maps_cut) {
        d->limits |= PS_DUMPS_AREAS;
        while (d->maps_len > 0 && d->maps[d->maps_len - 1] != '\n')
            d->maps_len--;
    }
    choose_rows(d);
    d->area_count = 0;
    d->mapped_bytes = d->vdso = d->vdso_end = 0;
    in = ps_cursor_over(ps_span_of(d->maps, d->maps_len));
    while (!ps_cursor_done(&in)) {
        struct ps_pid_maps m;
        struct ps_issue issue;
        memset(&m, 0, sizeof m);
        enum ps_step step = ps_parser_pid_maps.next(&in, &m, &issue);
        if (step == PS_STEP_END)
            break;
        /* Rows that go backwards: maps was read while it changed, and the head of the core leaves them out too. */
        if (step != PS_STEP_RECORD || m.start < last || m.end <= m.start)
            continue;
        last = m.end;
        if (!is_left_out(d, &m))
            add_area(d, &m);
    }
    share_pages(d);
}
