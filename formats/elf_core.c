/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/elf_core.h"

#include "formats/elf_note.h"
#include "parsers/pid_maps.h"

enum { EHDR_SIZE = 64, PHDR_SIZE = 56 };
enum { ET_CORE = 4, PT_LOAD = 1, PT_NOTE = 4, PF_X = 1, PF_W = 2, PF_R = 4 };

struct segment {
    uint32_t flags;
    uint64_t start, filesz, memsz;
};

struct layout {
    const struct ps_core_facts *facts;
    const struct ps_core_run *runs;
    size_t count, next; /* runs, and which of them is to come */
    struct ps_buffer segments; /* struct segment[] */
    uint64_t data_size;
};

uint16_t ps_core_machine(void)
{
#if defined(__x86_64__)
    return 62;
#elif defined(__aarch64__)
    return 183;
#else
    return 0;
#endif
}

static void add_segment(struct layout *l, uint32_t flags, uint64_t start, uint64_t filesz, uint64_t memsz)
{
    struct segment s = {.flags = flags, .start = start, .filesz = filesz, .memsz = memsz};
    ps_buffer_add(&l->segments, &s, sizeof s);
    l->data_size += filesz;
}

/* A row of maps: the pages before its first run, then each run with what is missing behind it. False when a run leaves
 * the row in its middle. */
static bool add_row(struct layout *l, const struct ps_pid_maps *row)
{
    uint32_t flags = 0;
    const char letters[] = "rwx";
    const uint32_t bits[] = {PF_R, PF_W, PF_X};
    for (size_t i = 0; i < 3 && i < row->perms.len; i++)
        flags |= row->perms.data[i] == (uint8_t) letters[i] ? bits[i] : 0;
    uint64_t at = row->start;
    if (l->next == l->count || l->runs[l->next].start >= row->end) {
        add_segment(l, flags, at, 0, row->end - at);
        return true;
    }
    if (l->runs[l->next].start > at)
        add_segment(l, flags, at, 0, l->runs[l->next].start - at);
    while (l->next < l->count && l->runs[l->next].start < row->end) {
        const struct ps_core_run *run = &l->runs[l->next++];
        bool more = l->next < l->count && l->runs[l->next].start < row->end;
        uint64_t end = more ? l->runs[l->next].start : row->end;
        if (run->end > row->end || end < run->end)
            return false;
        add_segment(l, flags, run->start, run->end - run->start, end - run->start);
    }
    return true;
}

static bool whole_pages(const struct layout *l)
{
    uint64_t page = l->facts->page_size, last = 0;
    for (size_t i = 0; i < l->count; i++) {
        const struct ps_core_run *run = &l->runs[i];
        if (run->start < last || run->end <= run->start || run->start % page || run->end % page)
            return false;
        last = run->end;
    }
    return true;
}

/* False too when a run lies outside of all rows. Rows that overlap or come backwards, which maps shows when it is read
 * while it changes, are left out. */
static bool lay_out(struct layout *l)
{
    struct ps_cursor in = ps_cursor_over(l->facts->maps);
    uint64_t last = 0;
    for (;;) {
        struct ps_pid_maps row = {0};
        struct ps_issue issue;
        enum ps_step step = ps_parser_pid_maps.next(&in, &row, &issue);
        if (step == PS_STEP_END)
            break;
        if (step != PS_STEP_RECORD || row.start < last || row.end <= row.start)
            continue;
        if (l->next < l->count && l->runs[l->next].start < row.start)
            return false;
        if (!add_row(l, &row))
            return false;
        last = row.end;
    }
    return l->next == l->count && !l->segments.failed;
}

static void put(struct ps_buffer *out, uint64_t value, size_t size)
{
    const uint8_t small = (uint8_t) value;
    const uint16_t half = (uint16_t) value;
    const uint32_t word = (uint32_t) value;
    const void *const forms[] = {&small, &half, &word, &value};
    ps_buffer_add(out, forms[size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3], size);
}

static void add_ehdr(struct ps_buffer *out, const struct ps_core_facts *facts, size_t phdrs)
{
    const uint16_t one = 1;
    const uint8_t little = *(const uint8_t *) &one;
    const uint8_t ident[16] = {0x7f, 'E', 'L', 'F', 2, little ? 1 : 2, 1};
    ps_buffer_add(out, ident, sizeof ident);
    put(out, ET_CORE, 2);
    put(out, facts->machine, 2);
    put(out, 1, 4);         /* e_version */
    put(out, 0, 8);         /* e_entry */
    put(out, EHDR_SIZE, 8); /* e_phoff */
    put(out, 0, 8);         /* e_shoff */
    put(out, 0, 4);         /* e_flags */
    put(out, EHDR_SIZE, 2);
    put(out, PHDR_SIZE, 2);
    put(out, phdrs, 2);
    put(out, 0, 2); /* e_shentsize, e_shnum, e_shstrndx */
    put(out, 0, 2);
    put(out, 0, 2);
}

static void add_phdr(struct ps_buffer *out, uint32_t type, const struct segment *s, uint64_t offset, uint64_t align)
{
    put(out, type, 4);
    put(out, s->flags, 4);
    put(out, offset, 8);
    put(out, s->start, 8);
    put(out, 0, 8); /* p_paddr */
    put(out, s->filesz, 8);
    put(out, s->memsz, 8);
    put(out, align, 8);
}

static void add_head(const struct layout *l, const struct ps_buffer *notes, struct ps_buffer *out)
{
    const struct segment *segments = (const void *) l->segments.data;
    size_t count = l->segments.len / sizeof *segments, begin = out->len;
    uint64_t page = l->facts->page_size;
    uint64_t note_at = EHDR_SIZE + (uint64_t) (count + 1) * PHDR_SIZE;
    uint64_t at = (note_at + notes->len + page - 1) / page * page;
    const struct segment note = {.filesz = notes->len};
    add_ehdr(out, l->facts, count + 1);
    add_phdr(out, PT_NOTE, &note, note_at, 4);
    for (size_t i = 0; i < count; i++) {
        add_phdr(out, PT_LOAD, &segments[i], at, page);
        at += segments[i].filesz;
    }
    ps_buffer_add_span(out, ps_buffer_span(notes));
    while (!out->failed && (out->len - begin) % page)
        ps_buffer_add_byte(out, 0);
}

bool ps_core_head(const struct ps_core_facts *facts, const struct ps_core_run *runs, size_t count,
                  struct ps_buffer *out, uint64_t *data_size)
{
    struct layout l = {.facts = facts, .runs = runs, .count = count};
    struct ps_buffer notes = {0};
    size_t before = out->len;
    bool ok = facts->page_size > 0 && whole_pages(&l) && lay_out(&l) &&
              l.segments.len / sizeof(struct segment) <= PS_CORE_SEGMENTS_MAX;
    if (ok) {
        ps_core_notes(facts, &notes);
        add_head(&l, &notes, out);
        ok = !notes.failed && !out->failed;
    }
    if (!ok)
        out->len = before;
    *data_size = l.data_size;
    ps_buffer_done(&l.segments);
    ps_buffer_done(&notes);
    return ok;
}
