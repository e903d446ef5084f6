/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/builder/dump_line.h"

#include <stdio.h>
#include <string.h>

#include "collector/builder/line_pack.h"
#include "formats/elf_core.h"

enum { TEXT_KEEP = 64 << 10 };

static bool begin(struct ps_line_builder *l, uint32_t row, struct ps_span bytes, uint64_t us)
{
    struct ps_dump_line *d = &l->dump;
    if (d->open || !l->open || l->content.open || bytes.len != sizeof d->facts.chosen)
        return false;
    d->facts = (struct ps_dump_facts){0};
    memcpy(&d->facts.chosen, bytes.data, sizeof d->facts.chosen);
    d->facts.chosen &= PS_CHOSEN_ANY;
    d->open = true;
    d->part = PS_DUMP_BEGIN;
    d->row = row;
    d->begin_us = us < l->head.us ? l->head.us : us;
    d->size = 0;
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
        ps_output_out_of_memory(l->out);
    return true;
}

static void begin_member(struct ps_line_builder *l, struct ps_span head)
{
    char name[96];
    snprintf(name, sizeof name, "data/memory/%s.core", l->life);
    if (!ps_line_add_pack(l, name) || l->out->failed)
        return;
    if (ps_member_stream_begin(&l->stream, l->out, name, l->dump.size, false))
        (void) !ps_member_stream_add(&l->stream, l->out, head);
}

static bool take_facts(struct ps_line_builder *l, struct ps_span bytes, struct ps_core_facts *core)
{
    struct ps_dump_line *d = &l->dump;
    struct ps_buffer *cmdline = &d->texts[PS_DUMP_CMDLINE_TEXT];
    struct ps_dump_open open;
    if (bytes.len != sizeof open)
        return false;
    /* Only the beginning of it goes into a note: a secret that is cut off there would not be found in the core. */
    d->facts.masked_bytes = ps_own_secrets_mask(l->own_secrets, cmdline->data, cmdline->len);
    memcpy(&open, bytes.data, sizeof open);
    d->facts.read = true;
    d->facts.mapped_bytes = open.mapped_bytes;
    d->facts.present_bytes = open.present_bytes;
    d->facts.no_pagemap = open.no_pagemap;
    *core = (struct ps_core_facts){
        .maps = ps_buffer_span(&d->texts[PS_DUMP_MAPS_TEXT]),
        .auxv = ps_buffer_span(&d->texts[PS_DUMP_AUXV_TEXT]),
        .stat = ps_buffer_span(&d->texts[PS_DUMP_STAT_TEXT]),
        .cmdline = ps_buffer_span(cmdline),
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
    if (l->stream.open || l->pack_count > 0 || l->pack.len > 0 || runs->len % sizeof(struct ps_core_run) != 0 ||
        !take_facts(l, bytes, &core))
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
    return part == PS_DUMP_BYTES ? ps_member_stream_add(&l->stream, l->out, bytes) : add_text(l, part, bytes);
}

static void end_member(struct ps_line_builder *l, enum ps_outcome *outcome)
{
    struct ps_dump_line *d = &l->dump;
    bool all = ps_member_stream_end(&l->stream, l->out, d->facts.sha256);
    if (!all && (*outcome == PS_COMPLETE || *outcome == PS_TRUNCATED))
        *outcome = PS_PARTIAL;
    d->facts.masked_bytes += l->stream.masked;
    d->facts.hashed = true;
    d->cores++;
}

bool ps_dump_end(struct ps_line_builder *l, const struct ps_capture *end, const struct ps_dump_tail *tail, uint64_t us)
{
    struct ps_dump_line *d = &l->dump;
    struct ps_capture capture = *end;
    if (!d->open)
        return false;
    bool stored = l->stream.open;
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
