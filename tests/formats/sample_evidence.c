/* SPDX-License-Identifier: Apache-2.0
 *
 * What is in the sample bundle: two sweeps' worth of one, one process with every form of capture, one global file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/digest.h"
#include "formats/pack.h"
#include "formats/records.h"
#include "tests/formats/sample_bundle.h"

/* A line under way, as a collector writes it. */
struct line {
    struct ps_bundle *bundle;
    struct ps_records *records;
    struct ps_buffer journal;
    struct ps_line head;
    struct ps_buffer pack;
    const char *name;
    struct ps_capture captures[16];
    struct ps_stored entries[16][8];
    struct ps_lost lost[16];
    size_t count;
};

static const char stat_1[] =
    "1 (init) S 0 1 1 0 -1 4194560 10 20 1 2 3 4 5 6 20 0 1 0 5 1000000 200 18446744073709551615 1 1 0 0 0 0 0 4096 "
    "17475 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
static const char stat_7[] =
    "7 (a) b\n) R 1 7 1 0 -1 4194560 10 20 1 2 3 4 5 6 20 0 1 0 900 1000000 200 18446744073709551615 1 1 0 0 0 0 0 "
    "4096 17475 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

static bool add_part(void *context, const char *kind, unsigned part, struct ps_span text)
{
    struct ps_error err;
    char name[80];
    snprintf(name, sizeof name, "data/records/%s-%04u.ndjson", kind, part);
    return ps_bundle_add(context, name, text, &err);
}

static void begin(struct line *l, enum ps_line_scope scope, enum ps_reader reader, const char *name)
{
    l->head = (struct ps_line){.scope = scope, .reader = reader, .us = 1000000 + 100 * (uint64_t) reader};
    if (scope == PS_LINE_PROCESS) {
        l->head.pid = 1;
        l->head.start = 5;
        l->head.life = "1";
    }
    l->name = name;
    l->count = 0;
    ps_buffer_clear(&l->pack, SIZE_MAX);
    ps_records_line(l->records, &l->head);
}

/* A capture; `path` finds its row. */
static struct ps_capture *capture(struct line *l, const char *name, const char *path, enum ps_scope scope,
                                  enum ps_outcome outcome)
{
    struct ps_capture *c = &l->captures[l->count++];
    *c = (struct ps_capture){.name = name, .outcome = outcome, .begin_us = l->head.us + 7, .took_us = 2};
    c->row = ps_catalog_path(ps_span_text(path), scope);
    sample_must(c->row != NULL, path);
    return c;
}

/* One entry of the pack, for that capture. `below`: its name in a directory, or NULL. */
static void item(struct line *l, struct ps_capture *c, const char *below, const char *name, struct ps_span bytes)
{
    size_t index = (size_t) (c - l->captures);
    if (!c->stored)
        c->offset = l->pack.len;
    c->stored = true;
    c->bytes += bytes.len;
    if (below != NULL) {
        l->entries[index][c->entry_count++] = (struct ps_stored){ps_span_text(below), bytes.len};
        c->entries = l->entries[index];
    }
    bool link = c->row->source == PS_READLINK;
    ps_pack_add(&l->pack, link ? PS_PACK_LINK : PS_PACK_FILE, ps_span_text(name), bytes);
}

/* Everything of the line into the records, in the order that records.h asks for. */
static void feed(struct line *l, const struct ps_line_end *end)
{
    struct ps_cursor in = ps_cursor_over(ps_buffer_span(&l->pack));
    struct ps_pack_entry found;
    const char *why;
    while (ps_pack_next(&in, &found, &why) == PS_PACK_ENTRY) {
        struct ps_entry entry = {.name = found.name, .bytes = found.bytes, .member = l->name};
        for (size_t i = 0; i < l->count; i++) {
            const struct ps_capture *c = &l->captures[i];
            size_t stem = strcspn(c->name, "{");
            bool family = c->name[stem] == '{';
            bool mine = l->head.scope == PS_LINE_OPENING ||
                        (family ? found.name.len > stem && memcmp(found.name.data, c->name, stem) == 0
                                : ps_span_starts(found.name, c->name) && !ps_span_is(found.name, "statm"));
            if (c->stored && mine && entry.row == NULL) {
                entry.row = c->row;
                entry.begin_us = c->begin_us;
            }
        }
        ps_records_entry(l->records, l->head.reader, &entry);
    }
    for (size_t i = 0; i < l->count; i++)
        ps_records_capture(l->records, l->head.reader, &l->captures[i]);
    ps_records_line_end(l->records, l->head.reader, end);
}

static void end(struct line *l, const struct ps_line_end *end)
{
    struct ps_journal_writer w = {0};
    struct ps_error err;
    bool any = l->pack.len > 0;
    sample_must(!any || ps_bundle_add(l->bundle, l->name, ps_buffer_span(&l->pack), &err), "adding a pack");
    ps_journal_begin(&w, &l->head);
    for (size_t i = 0; i < l->count; i++)
        ps_journal_capture(&w, &l->captures[i]);
    ps_journal_end(&w, end, &l->name, any ? 1 : 0, &l->journal);
    ps_journal_writer_done(&w);
    feed(l, end);
}

static void phase(struct line *l, const char *name)
{
    struct ps_phase p = {.name = name, .us = 2000000, .processes = 2};
    ps_journal_phase(&p, &l->journal);
    ps_records_phase(l->records, &p);
}

/* A file that exists once: a member of its own. */
static void global_line(struct line *l)
{
    static const char uptime[] = "12345.67 23456.78\n";
    static const char member[] = "data/proc/uptime";
    const char *const packs[] = {member};
    struct ps_error err;
    begin(l, PS_LINE_GLOBAL, PS_QUIET, member);
    struct ps_capture *c = capture(l, "uptime", "uptime", PS_PER_HOST, PS_COMPLETE);
    struct ps_entry entry = {c->row, ps_span_text("uptime"), ps_span_text(uptime), member, c->begin_us};
    c->stored = true;
    c->bytes = sizeof uptime - 1;
    sample_must(ps_bundle_add(l->bundle, member, ps_span_text(uptime), &err), "adding uptime");
    ps_records_entry(l->records, l->head.reader, &entry);
    ps_records_capture(l->records, l->head.reader, c);
    struct ps_line_end over = {.took_us = 3};
    ps_records_line_end(l->records, l->head.reader, &over);
    struct ps_journal_writer w = {0};
    ps_journal_begin(&w, &l->head);
    ps_journal_capture(&w, c);
    ps_journal_end(&w, &over, packs, 1, &l->journal);
    ps_journal_writer_done(&w);
}

/* What the prober brought: a family whose entries are members, and one that nobody offers. */
static void facts_line(struct line *l)
{
    static const char *const packs[] = {"data/facts/cgroup/memory.max", "data/facts/cgroup/memory.events"};
    static const char *const texts[] = {"max\n", "low 0\noom_kill 3\n"};
    struct ps_error err;
    begin(l, PS_LINE_FACTS, PS_PROBER, packs[0]);
    struct ps_capture *c = capture(l, "facts/cgroup/{}", "facts/cgroup/{}", PS_PER_FACT, PS_COMPLETE);
    c->stored = true;
    c->entries = l->entries[0];
    for (size_t i = 0; i < 2; i++) {
        struct ps_span name = ps_span_text(packs[i] + strlen("data/")), bytes = ps_span_text(texts[i]);
        struct ps_entry entry = {c->row, name, bytes, packs[i], c->begin_us};
        l->entries[0][c->entry_count++] = (struct ps_stored){ps_span_text(strrchr(packs[i], '/') + 1), bytes.len};
        c->bytes += bytes.len;
        sample_must(ps_bundle_add(l->bundle, packs[i], bytes, &err), "adding a fact");
        ps_records_entry(l->records, l->head.reader, &entry);
    }
    (void) capture(l, "facts/ecs/task", "facts/ecs/task", PS_PER_FACT, PS_ABSENT);
    struct ps_line_end over = {.took_us = 3};
    struct ps_journal_writer w = {0};
    ps_journal_begin(&w, &l->head);
    for (size_t i = 0; i < l->count; i++) {
        ps_records_capture(l->records, l->head.reader, &l->captures[i]);
        ps_journal_capture(&w, &l->captures[i]);
    }
    ps_records_line_end(l->records, l->head.reader, &over);
    ps_journal_end(&w, &over, packs, 2, &l->journal);
    ps_journal_writer_done(&w);
}

static void opening_line(struct line *l)
{
    begin(l, PS_LINE_OPENING, PS_QUIET, "data/opening/stat-0001.pack");
    struct ps_capture *c = capture(l, "{}/stat", "stat", PS_PER_PROCESS, PS_COMPLETE);
    item(l, c, "1", "1/stat", ps_span_text(stat_1));
    item(l, c, "7", "7/stat", ps_span_text(stat_7));
    struct ps_line_end over = {.took_us = 9};
    end(l, &over);
}

static void quiet_line(struct line *l)
{
    static const struct ps_file_facts facts = {.dev_major = 8, .dev_minor = 1, .mode = 0100755, .nlink = 1,
                                               .ino = 1234, .size = 4096, .mtime_ns = 1700000000000000001};
    begin(l, PS_LINE_PROCESS, PS_QUIET, "data/proc/1/state.pack");
    struct ps_capture *c = capture(l, "stat", "stat", PS_PER_PROCESS, PS_COMPLETE);
    item(l, c, NULL, "stat", ps_span_text(stat_1));
    c = capture(l, "comm", "comm", PS_PER_PROCESS, PS_COMPLETE);
    item(l, c, NULL, "comm", ps_span_text("in\xffit\n"));
    c = capture(l, "ns/{}", "ns/{}", PS_PER_PROCESS, PS_COMPLETE);
    item(l, c, "net", "ns/net", ps_span_text("net:[4026531840]"));
    c = capture(l, "exe", "exe", PS_PER_PROCESS, PS_COMPLETE);
    item(l, c, NULL, "exe", ps_span_text("/sbin/init"));
    c->facts = &facts;
    c = capture(l, "net/tcp", "net/tcp", PS_PER_NETNS, PS_SHARED);
    c->of = "self";
    struct ps_capture *fd = capture(l, "fd/{}", "fd/{}", PS_PER_PROCESS, PS_COMPLETE);
    struct ps_capture *info = capture(l, "fdinfo/{}", "fdinfo/{}", PS_PER_PROCESS, PS_COMPLETE);
    fd->switched = true;
    fd->as_uid = 101;
    fd->as_gid = 0;
    item(l, fd, "0", "fd/0", ps_span_text("/dev/null"));
    item(l, info, "0", "fdinfo/0", ps_span_text("pos:\t0\nflags:\t0100000\nmnt_id:\t12\n"));
    item(l, fd, "3", "fd/3", ps_span_text("socket:[777]"));
    item(l, info, "3", "fdinfo/3", ps_span_text("pos:\t0\nflags:\t02\nmnt_id:\t9\n"));
    l->lost[0] = (struct ps_lost){ps_span_text("4"), PS_GONE, "ENOENT"};
    fd->lost = l->lost;
    fd->lost_count = 1;
    struct ps_line_end over = {.took_us = 812, .identity = PS_CHANGED, .comm_changed = true};
    end(l, &over);
}

static void memory_line(struct line *l)
{
    begin(l, PS_LINE_PROCESS, PS_MEMORY, "data/proc/1/memory.pack");
    struct ps_capture *c = capture(l, "cmdline", "cmdline", PS_PER_PROCESS, PS_COMPLETE);
    item(l, c, NULL, "cmdline", ps_span_of("/sbin/init\0--x\0", 15));
    c = capture(l, "environ", "environ", PS_PER_PROCESS, PS_COMPLETE);
    item(l, c, NULL, "environ.redacted", ps_span_of("PATH=/bin\0KEY=0011223344556677\0", 31));
    c = capture(l, "maps", "maps", PS_PER_PROCESS, PS_DENIED);
    c->error = "EACCES";
    struct ps_line_end over = {.took_us = 50, .identity = PS_SAME};
    end(l, &over);
}

static void end_content(struct line *l, const char *member)
{
    const char *const packs[] = {member};
    struct ps_line_end over = {.took_us = 60, .identity = PS_SAME};
    struct ps_journal_writer w = {0};
    ps_journal_begin(&w, &l->head);
    for (size_t i = 0; i < l->count; i++)
        ps_journal_capture(&w, &l->captures[i]);
    ps_journal_end(&w, &over, packs, 1, &l->journal);
    ps_journal_writer_done(&w);
    feed(l, &over);
}

/* A program that was kept, streamed in two pieces; and a key that was not. */
static void content_line(struct line *l)
{
    struct ps_file_facts facts = {.dev_major = 8, .dev_minor = 1, .mode = 0100755, .nlink = 0, .ino = 1234, .size = 11,
                                    .mtime_ns = 1700000000000000001};
    char member[80] = "data/objects/";
    struct ps_span text = ps_span_text(SAMPLE_OBJECT);
    struct ps_error err;
    uint8_t sha256[PS_SHA256_LEN];
    begin(l, PS_LINE_PROCESS, PS_MEMORY, member);
    l->head.scope = PS_LINE_CONTENT;
    ps_records_line(l->records, &l->head);
    facts.owned = facts.hashed = true;
    ps_sha256_of(text, facts.sha256);
    ps_hex_text(ps_span_of(facts.sha256, PS_SHA256_LEN), member + strlen(member));
    sample_must(ps_bundle_begin(l->bundle, member, text.len, &err), "beginning an object");
    sample_must(ps_bundle_piece(l->bundle, ps_span_of(text.data, 4), &err), "an object");
    sample_must(ps_bundle_piece(l->bundle, ps_span_of(text.data + 4, text.len - 4), &err), "an object");
    sample_must(ps_bundle_end(l->bundle, sha256, &err), "ending an object");
    sample_must(memcmp(sha256, facts.sha256, sizeof sha256) == 0, "the hash of an object");
    struct ps_capture *c = capture(l, "exe", "exe", PS_PER_CONTENT, PS_COMPLETE);
    c->bytes = text.len;
    c->stored = true;
    c->facts = &facts;
    c->path = ps_span_text("/sbin/init (deleted)");
    c->object = member;
    struct ps_file_facts key = facts;
    key.ino = 1235;
    key.withheld = PS_WITHHELD_KEY;
    c = capture(l, "fd/3", "fd/{}", PS_PER_CONTENT, PS_COMPLETE);
    c->bytes = 11;
    c->facts = &key;
    c->path = ps_span_text("/tmp/\xff (deleted)");
    end_content(l, member);
}

/* The memory of a process, streamed. */
static void core_line(struct line *l)
{
    struct ps_dump_facts facts = {.chosen = PS_CHOSEN_PID | PS_SUSPECT_MEMFD_EXE, .read = true, .hashed = true,
                                  .mapped_bytes = 8192, .present_bytes = 4096};
    struct ps_span text = ps_span_text(SAMPLE_CORE);
    struct ps_error err;
    begin(l, PS_LINE_PROCESS, PS_MEMORY, SAMPLE_CORE_NAME);
    l->head.scope = PS_LINE_CONTENT;
    ps_records_line(l->records, &l->head);
    sample_must(ps_bundle_begin(l->bundle, SAMPLE_CORE_NAME, text.len, &err), "beginning a core");
    sample_must(ps_bundle_piece(l->bundle, text, &err), "a core");
    sample_must(ps_bundle_end(l->bundle, facts.sha256, &err), "ending a core");
    struct ps_capture *c = capture(l, "mem", "mem", PS_PER_CONTENT, PS_TRUNCATED);
    c->bytes = text.len;
    c->stored = true;
    c->dump = &facts;
    c->object = SAMPLE_CORE_NAME;
    end_content(l, SAMPLE_CORE_NAME);
}

void sample_add_evidence(struct ps_bundle *bundle)
{
    struct ps_records_facts facts = {.bundle = SAMPLE_ID,
                                     .realtime_us = 1795306500000000,
                                     .boottime_us = 900000,
                                     .uncertainty_ns = 800,
                                     .clk_tck = 100,
                                     .pid_namespace = 4026531836,
                                     .net_namespace = 4026531840,
                                     .boot_id = "11111111-2222-3333-4444-555555555555"};
    struct line *l = calloc(1, sizeof *l);
    struct ps_error err;
    sample_must(l != NULL, "memory");
    l->bundle = bundle;
    l->records = ps_records_new(&facts, add_part, bundle);
    sample_must(l->records != NULL, "records");
    phase(l, "start");
    global_line(l);
    phase(l, "global-end");
    facts_line(l);
    opening_line(l);
    phase(l, "opening-end");
    quiet_line(l);
    sample_must(ps_bundle_add(bundle, "data/journal/0001.ndjson", ps_buffer_span(&l->journal), &err), "a journal part");
    ps_buffer_clear(&l->journal, SIZE_MAX);
    memory_line(l);
    phase(l, "quiet-end");
    phase(l, "memory-end");
    content_line(l);
    core_line(l);
    phase(l, "content-end");
    phase(l, "closing-end");
    sample_must(ps_records_finish(l->records), "the records");
    phase(l, "seal");
    sample_must(ps_bundle_add(bundle, "data/journal/0002.ndjson", ps_buffer_span(&l->journal), &err), "a journal part");
    ps_records_free(l->records);
    ps_buffer_done(&l->journal);
    ps_buffer_done(&l->pack);
    free(l);
}
