/* SPDX-License-Identifier: Apache-2.0
 *
 * Which pages are there: /proc/PID/pagemap (Documentation/admin-guide/mm/pagemap.rst), 64 bits for each page. The frame
 * numbers in it are hidden from us; that a page is present or swapped, and that it is of a file, is not.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "collector/procfs/dump.h"

static const uint64_t present_bit = UINT64_C(1) << 63, swapped_bit = UINT64_C(1) << 62, file_bit = UINT64_C(1) << 61;

/* Runs that are closer than that are joined when there are too many. */
enum { GAP_MAX = 64 };

typedef void visitor(struct ps_dump *d, const struct ps_dump_area *a, uint64_t at, unsigned rank);

/* The entries of `count` pages from `at` on; how many came, 0: d->error says why none. Without a page map every page of
 * what may be read passes for one that is there. */
static size_t load_entries(struct ps_dump *d, const struct ps_dump_area *a, uint64_t at, size_t count)
{
    if (d->pagemap < 0 || (at >= d->vdso && at < d->vdso_end)) {
        uint64_t entry = a->readable ? present_bit | (a->backed ? file_bit : 0) : 0;
        for (size_t i = 0; i < count; i++)
            d->entries[i] = entry;
        ps_progress_made(d->p.t.r);
        return count;
    }
    ssize_t n = pread(d->pagemap, d->entries, count * sizeof *d->entries, (off_t) (at / d->page * sizeof *d->entries));
    d->error = n < 0 ? errno : ESRCH; /* no entry at all: it ended */
    ps_progress_made(d->p.t.r);
    return n > 0 ? (size_t) n / sizeof *d->entries : 0;
}

static bool is_there(uint64_t entry)
{
    return entry & (present_bit | swapped_bit);
}

/* False when the process ended or the run is stopped. */
static bool scan(struct ps_dump *d, visitor *visit)
{
    for (size_t i = 0; i < d->area_count; i++) {
        const struct ps_dump_area *a = &d->areas[i];
        size_t got = 0;
        for (uint64_t at = a->start; at < a->looked_at; at += got * d->page) {
            uint64_t pages = (a->looked_at - at) / d->page;
            got = load_entries(d, a, at, pages < PS_DUMP_ENTRIES ? (size_t) pages : PS_DUMP_ENTRIES);
            if (got == 0 || ps_reader_stopped(d->p.t.r))
                return false;
            for (size_t k = 0; k < got; k++) {
                if (is_there(d->entries[k]))
                    visit(d, a, at + k * d->page, d->entries[k] & file_bit ? a->file : a->own);
            }
        }
    }
    return true;
}

static void count_page(struct ps_dump *d, const struct ps_dump_area *a, uint64_t at, unsigned rank)
{
    (void) a, (void) at;
    d->present[rank]++;
}

static void take_page(struct ps_dump *d, const struct ps_dump_area *a, uint64_t at, unsigned rank)
{
    struct ps_core_run *last = d->run_count > 0 ? &d->runs[d->run_count - 1] : NULL;
    bool other = rank != PS_RANK_CODE;
    if (d->left[rank] == 0)
        return;
    uint64_t hole = last && last->start >= a->start ? (at - last->end) / d->page : UINT64_MAX;
    if (hole > 0 && (hole > d->gap || hole > d->spare)) {
        if (d->run_count == PS_DUMP_RUNS || (other && d->others == 0)) {
            d->full = true;
            return;
        }
        d->others -= other;
        d->runs[d->run_count++] = (struct ps_core_run){at, at + d->page};
    } else {
        d->spare -= hole;
        last->end = at + d->page;
    }
    d->left[rank]--;
}

/* What of each rank fits. */
static void share_bytes(struct ps_dump *d, uint64_t pages)
{
    for (unsigned i = 0; i < PS_RANKS; i++) {
        d->left[i] = d->present[i] < pages ? d->present[i] : pages;
        pages -= d->left[i];
    }
    d->spare = pages;
}

/* The pages of as many runs as there may be, of them `others` that begin with no code. */
static bool take_pages(struct ps_dump *d, uint64_t bytes, size_t others)
{
    d->run_count = 0;
    d->full = false;
    d->others = others;
    share_bytes(d, bytes / d->page);
    if (others == 0)
        d->left[PS_RANK_OWN] = d->left[PS_RANK_FILE] = 0;
    return scan(d, take_page);
}

bool ps_dump_runs(struct ps_dump *d, uint64_t bytes)
{
    memset(d->present, 0, sizeof d->present);
    if (!scan(d, count_page))
        return false;
    for (d->gap = 0;; d->gap = d->gap ? 2 * d->gap : 1) {
        if (!take_pages(d, bytes, PS_DUMP_RUNS))
            return false;
        if (!d->full)
            return true;
        if (d->gap >= GAP_MAX)
            break;
    }
    d->limits |= PS_DUMPS_RUNS;
    /* Pages that lie alone, as many as anybody likes to make, shall not leave out code that lies above them. */
    return take_pages(d, bytes, 0) && take_pages(d, bytes, PS_DUMP_RUNS - d->run_count);
}

/* Pages from `at` on into `place`. What cannot be read is zeros; false: there is nothing to read from any more. */
static bool read_pages(struct ps_dump *d, uint64_t at, uint8_t *place, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = pread(d->mem, place + done, len - done, (off_t) (at + done));
        int error = n < 0 ? errno : 0;
        ps_progress_made(d->p.t.r);
        if (n < 0 && error == EINTR)
            continue;
        if (n > 0)
            done += (size_t) n;
        if (n == 0) {
            d->error = ESRCH;
            memset(place + done, 0, len - done);
            return false;
        }
        if (n < 0 && done < len) {
            size_t rest = d->page - done % d->page;
            memset(place + done, 0, rest);
            done += rest;
            d->unreadable++;
        }
    }
    return true;
}

/* Only pages that are there now: to read another one would make it, or wait for a disk or a server. */
static bool fill_piece(struct ps_dump *d, uint64_t at, uint8_t *place, size_t len)
{
    const struct ps_dump_area any = {.readable = true};
    size_t pages = len / d->page, from = 0;
    size_t known = load_entries(d, &any, at, pages);
    if (known == 0)
        return false;
    while (from < pages) {
        size_t to = from;
        bool there = from < known && is_there(d->entries[from]);
        while (to < pages && (to < known && is_there(d->entries[to])) == there)
            to++;
        if (there && !read_pages(d, at + from * d->page, place + from * d->page, (to - from) * d->page))
            return false;
        if (!there) {
            memset(place + from * d->page, 0, (to - from) * d->page);
            d->absent += to - from;
        }
        from = to;
    }
    return true;
}

static bool send_run(struct ps_dump *d, const struct ps_core_run *run)
{
    struct ps_reader_state *r = d->p.t.r;
    struct ps_frame frame = {.kind = PS_FRAME_DUMP, .subject = d->p.t.subject, .row = r->job->plan->of.mem};
    frame.as_uid = PS_DUMP_BYTES;
    for (uint64_t at = run->start; at < run->end;) {
        size_t len = run->end - at < PS_PIECE ? (size_t) (run->end - at) : PS_PIECE;
        uint8_t *place = ps_ring_reserve(r->ring, 0, PS_PIECE);
        if (ps_reader_stopped(r) || !fill_piece(d, at, place, len))
            return false;
        ps_ring_commit(r->ring, &frame, "", len);
        ps_reader_wake_builder(r);
        at += len;
    }
    return true;
}

enum ps_outcome ps_dump_send(struct ps_dump *d, int *error)
{
    d->absent = d->unreadable = 0;
    for (size_t i = 0; i < d->run_count; i++) {
        if (!send_run(d, &d->runs[i])) {
            *error = ps_reader_stopped(d->p.t.r) ? 0 : d->error;
            return PS_PARTIAL;
        }
    }
    return d->limits ? PS_TRUNCATED : PS_COMPLETE;
}
