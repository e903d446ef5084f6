/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/builder/dump_line.h"

#include <stdio.h>
#include <string.h>

#include "collector/builder/line.h"
#include "formats/elf_core.h"

enum { TEXT_KEEP = 64 << 10 };

void ps_dump_done(struct ps_dump_line *d)
{
    for (size_t i = 0; i < sizeof d->texts / sizeof *d->texts; i++)
        ps_buffer_done(&d->texts[i]);
}

static void out_of_memory(struct ps_line_builder *l)
{
    if (!l->out->failed)
        l->out->failed = !ps_fail(&l->out->error, 0, "out of memory while storing captures");
}

static bool begin(struct ps_line_builder *l, uint32_t row, struct ps_span bytes, uint64_t us)
{
    struct ps_dump_line *d = &l->dump;
    if (d->open || !l->open || l->content.open || bytes.len != sizeof d->facts.chosen)
        return false;
    d->facts = (struct ps_dump_facts){0};
    memcpy(&d->facts.chosen, bytes.data, sizeof d->facts.chosen);
    d->facts.chosen &= PS_CHOSEN_ANY;
    d->open = true;
    d->storing = false;
    d->part = PS_DUMP_BEGIN;
    d->row = row;
    d->begin_us = us < l->head.us ? l->head.us : us;
    d->size = d->stored = 0;
    return true;
}

static bool add_text(struct ps_line_builder *l, uint32_t part, struct ps_span bytes)
{
    struct ps_dump_line *d = &l->dump;
    struct ps_buffer *to = &d->texts[part];
    size_t most = part == PS_DUMP_MAPS_TEXT  ? PS_DUMP_MAPS
                  : part == PS_DUMP_RUN_LIST ? PS_DUMP_RUNS * sizeof(struct ps_core_run)
                                             : PS_DUMP_TEXT;
    if (bytes.len > most - to->len)
        return false;
    ps_buffer_add_span(to, bytes);
    if (to->failed)
        out_of_memory(l);
    return true;
}

static void put(struct ps_line_builder *l, struct ps_span bytes)
{
    if (!l->out->failed)
        l->out->failed = !ps_bundle_piece(l->out->bundle, bytes, &l->out->error);
    l->dump.stored += bytes.len;
}

static void begin_member(struct ps_line_builder *l, struct ps_span head)
{
    char name[96];
    snprintf(name, sizeof name, "data/memory/%s.core", l->life);
    if (!ps_line_add_pack(l, name) || l->out->failed)
        return;
    l->out->failed = !ps_bundle_begin(l->out->bundle, name, l->dump.size, &l->out->error);
    l->dump.storing = !l->out->failed;
    if (l->dump.storing)
        put(l, head);
}

static bool take_facts(struct ps_dump_line *d, struct ps_span bytes, struct ps_core_facts *core)
{
    struct ps_dump_open open;
    if (bytes.len != sizeof open)
        return false;
    memcpy(&open, bytes.data, sizeof open);
    d->facts.read = true;
    d->facts.mapped_bytes = open.mapped_bytes;
    d->facts.present_bytes = open.present_bytes;
    d->facts.no_pagemap = open.no_pagemap;
    *core = (struct ps_core_facts){
        .maps = ps_buffer_span(&d->texts[PS_DUMP_MAPS_TEXT]),
        .auxv = ps_buffer_span(&d->texts[PS_DUMP_AUXV_TEXT]),
        .stat = ps_buffer_span(&d->texts[PS_DUMP_STAT_TEXT]),
        .cmdline = ps_buffer_span(&d->texts[PS_DUMP_CMDLINE_TEXT]),
        .uid = open.uid,
        .gid = open.gid,
        .page_size = d->page_size,
        .machine = ps_core_machine(),
    };
    return true;
}

/* The limits are the reader's to keep; here they only end what a corrupted one would do to the destination. */
static bool open_core(struct ps_line_builder *l, struct ps_span bytes)
{
    struct ps_dump_line *d = &l->dump;
    struct ps_core_facts core;
    struct ps_buffer head = {0};
    const struct ps_buffer *runs = &d->texts[PS_DUMP_RUN_LIST];
    uint64_t data = 0;
    if (d->storing || l->pack_count > 0 || l->pack.len > 0 || runs->len % sizeof(struct ps_core_run) != 0 ||
        !take_facts(d, bytes, &core))
        return false;
    bool made = ps_core_head(&core, (const void *) runs->data, runs->len / sizeof(struct ps_core_run), &head, &data);
    bool fits = data <= d->limits.process_bytes && data <= d->limits.bytes - d->used_bytes;
    if (made && fits) {
        d->used_bytes += data;
        d->size = head.len + data;
        begin_member(l, ps_buffer_span(&head));
    }
    ps_buffer_done(&head);
    return made && fits;
}

static bool add_bytes(struct ps_line_builder *l, struct ps_span bytes)
{
    struct ps_dump_line *d = &l->dump;
    if (!d->storing || bytes.len > d->size - d->stored)
        return false;
    /* Copied once: a corrupted reader could change it between hashing and writing. */
    ps_buffer_clear(&l->item, SIZE_MAX);
    ps_buffer_add_span(&l->item, bytes);
    if (l->item.failed)
        out_of_memory(l);
    put(l, ps_buffer_span(&l->item));
    return true;
}

bool ps_dump_part(struct ps_line_builder *l, uint32_t row, uint32_t part, struct ps_span bytes, uint64_t us)
{
    struct ps_dump_line *d = &l->dump;
    if (l->out->failed)
        return true;
    if (part == PS_DUMP_BEGIN)
        return begin(l, row, bytes, us);
    if (!d->open || part < d->part || part >= PS_DUMP_PARTS)
        return false;
    d->part = part;
    if (part == PS_DUMP_OPEN)
        return open_core(l, bytes);
    return part == PS_DUMP_BYTES ? add_bytes(l, bytes) : add_text(l, part, bytes);
}

/* What the header promised and did not come is zeros. */
static void end_member(struct ps_line_builder *l, enum ps_outcome *outcome)
{
    static uint8_t zeros[64 << 10]; /* nobody writes it; as a constant it would lie in the executable */
    struct ps_dump_line *d = &l->dump;
    if (d->stored < d->size && (*outcome == PS_COMPLETE || *outcome == PS_TRUNCATED))
        *outcome = PS_PARTIAL;
    while (d->stored < d->size && !l->out->failed) {
        uint64_t left = d->size - d->stored;
        put(l, ps_span_of(zeros, left < sizeof zeros ? (size_t) left : sizeof zeros));
    }
    d->storing = false;
    if (!l->out->failed)
        l->out->failed = !ps_bundle_end(l->out->bundle, d->facts.sha256, &l->out->error);
    d->facts.hashed = true;
    d->cores++;
}

bool ps_dump_end(struct ps_line_builder *l, const struct ps_capture *end, const struct ps_dump_tail *tail, uint64_t us)
{
    struct ps_dump_line *d = &l->dump;
    struct ps_capture capture = *end;
    if (!d->open)
        return false;
    bool stored = d->storing;
    d->facts.absent_pages = tail->absent_pages;
    d->facts.unreadable_pages = tail->unreadable_pages;
    if (stored)
        end_member(l, &capture.outcome);
    capture.row = &ps_catalog[d->row];
    capture.name = capture.row->path;
    capture.bytes = stored ? d->size : 0;
    capture.begin_us = d->begin_us;
    capture.took_us = us > d->begin_us ? us - d->begin_us : 0;
    capture.stored = stored;
    capture.pack = 0;
    capture.object = stored ? l->packs[0] : NULL;
    capture.dump = &d->facts;
    ps_journal_capture(&l->journal, &capture);
    ps_records_capture(l->out->records, l->head.reader, &capture);
    ps_output_count(l->out, &l->head, &capture, l->own);
    for (size_t i = 0; i < sizeof d->texts / sizeof *d->texts; i++)
        ps_buffer_clear(&d->texts[i], TEXT_KEEP);
    d->open = false;
    return true;
}

void ps_dump_close(struct ps_line_builder *l, enum ps_outcome as, uint64_t us)
{
    const struct ps_capture end = {.outcome = as};
    const struct ps_dump_tail tail = {0};
    if (l->dump.open)
        (void) !ps_dump_end(l, &end, &tail, us);
}
