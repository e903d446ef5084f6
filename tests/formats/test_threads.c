/* SPDX-License-Identifier: Apache-2.0
 *
 * The files of threads, from the journal and the packs to their records.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "formats/evidence.h"
#include "formats/pack.h"

#define PACK "data/proc/7/task.pack"
#define TAIL " S 1 7 7 0 -1 64 0 0 0 0 3 4 0 0 20 0 2 0 900 0 0\n"

/* Three directories whose files take turns: what the collector writes, and how it is handed out and derived again. */
struct bench {
    struct ps_records *records;
    struct ps_evidence *evidence;
    struct ps_json_check check;
    struct ps_buffer pack, journal, order, lines;
    struct ps_capture captures[3];
    struct ps_stored entries[3][4];
    enum ps_reader reader; /* of the line that is handed out */
    const char *why;
};

static bool keep_thread_lines(void *context, const char *kind, unsigned part, struct ps_span text)
{
    struct bench *b = context;
    (void) part;
    if (strcmp(kind, "thread") == 0 || strcmp(kind, "gap") == 0 || strcmp(kind, "process") == 0)
        ps_buffer_add_span(&b->lines, text);
    return true;
}

static void on_line(void *context, const struct ps_line *line)
{
    struct bench *b = context;
    b->reader = line->reader;
    ps_records_line(b->records, line);
}

static void on_entry(void *context, const struct ps_entry *entry)
{
    struct bench *b = context;
    ps_buffer_add_span(&b->order, entry->name);
    ps_buffer_add_byte(&b->order, ' ');
    ps_records_entry(b->records, b->reader, entry);
}

static void on_capture(void *context, const struct ps_capture *capture)
{
    struct bench *b = context;
    ps_records_capture(b->records, b->reader, capture);
}

static void on_line_end(void *context, const struct ps_line_end *end)
{
    struct bench *b = context;
    ps_records_line_end(b->records, b->reader, end);
}

static void setup(struct bench *b)
{
    static const char *const names[] = {"task/{}/stat", "task/{}/status", "task/{}/cgroup"};
    struct ps_evidence_visitor visitor = {b, on_line, on_entry, on_capture, on_line_end, NULL, NULL};
    struct ps_records_facts facts = {.bundle = "b", .clk_tck = 100, .boot_id = "boot"};

    memset(b, 0, sizeof *b);
    b->records = ps_records_new(&facts, keep_thread_lines, b);
    b->evidence = ps_evidence_new(&visitor);
    cr_assert(b->records != NULL && b->evidence != NULL);
    for (size_t i = 0; i < 3; i++) {
        struct ps_capture *c = &b->captures[i];
        *c = (struct ps_capture){.name = names[i], .begin_us = 1000, .entries = b->entries[i]};
        c->row = ps_catalog_path(ps_span_text(names[i]), PS_PER_THREAD);
        cr_assert(c->row != NULL);
    }
}

static void done(struct bench *b)
{
    ps_records_free(b->records);
    ps_evidence_free(b->evidence);
    ps_json_check_done(&b->check);
    ps_buffer_done(&b->pack);
    ps_buffer_done(&b->journal);
    ps_buffer_done(&b->order);
    ps_buffer_done(&b->lines);
}

/* The next entry of the pack. */
static void put(struct bench *b, size_t file, const char *tid, const char *bytes)
{
    struct ps_capture *c = &b->captures[file];
    struct ps_buffer name = {0};

    ps_buffer_addf(&name, "task/%s/%s", tid, strrchr(c->name, '/') + 1);
    if (!c->stored)
        c->offset = b->pack.len;
    c->stored = true;
    c->bytes += strlen(bytes);
    b->entries[file][c->entry_count++] = (struct ps_stored){ps_span_text(tid), strlen(bytes)};
    ps_pack_add(&b->pack, PS_PACK_FILE, ps_buffer_span(&name), ps_span_text(bytes));
    ps_buffer_done(&name);
}

static bool take_line(struct bench *b)
{
    struct ps_cursor in = ps_cursor_over(ps_buffer_span(&b->journal));
    struct ps_span line;
    while (ps_take_line(&in, &line)) {
        if (!ps_evidence_journal(b->evidence, &b->check, line, &b->why))
            return false;
    }
    return true;
}

/* The line as it stands in a bundle, read back. False with b->why. */
static bool take(struct bench *b, uint32_t via)
{
    static const char *const packs[] = {PACK};
    struct ps_journal_writer w = {0};
    struct ps_phase start = {.name = "start", .us = 1};
    struct ps_line head = {.scope = PS_LINE_PROCESS, .pid = 7, .start = 900, .life = "7", .us = 1000};
    struct ps_line_end end = {.took_us = 5, .via = via};

    ps_journal_phase(&start, &b->journal);
    ps_journal_begin(&w, &head);
    for (size_t i = 0; i < 3; i++)
        ps_journal_capture(&w, &b->captures[i]);
    ps_journal_end(&w, &end, packs, b->pack.len > 0, &b->journal);
    head.reader = PS_MEMORY;
    ps_journal_begin(&w, &head);
    ps_journal_end(&w, &(struct ps_line_end){.via = via + (via > 0)}, packs, 0, &b->journal);
    ps_journal_writer_done(&w);
    bool fine = b->pack.len == 0 || (ps_evidence_member(b->evidence, ps_span_text(PACK), &b->why) &&
                                     ps_evidence_bytes(b->evidence, ps_buffer_span(&b->pack), &b->why));
    return fine && take_line(b) && ps_evidence_end(b->evidence, &b->why) && ps_records_finish(b->records);
}

static bool has(struct bench *b, const char *text)
{
    ps_buffer_add_byte(&b->lines, 0);
    bool found = strstr((const char *) b->lines.data, text) != NULL;
    b->lines.len--;
    if (!found)
        cr_log_error("no %s in\n%.*s", text, (int) b->lines.len, (const char *) b->lines.data);
    return found;
}

static size_t lines_of(const struct bench *b, const char *dataset)
{
    size_t count = 0;
    for (size_t i = 0; i + strlen(dataset) <= b->lines.len; i++)
        count += memcmp(b->lines.data + i, dataset, strlen(dataset)) == 0;
    return count;
}

Test(threads, files_take_turns_and_become_one_record_for_each_thread)
{
    struct bench b;
    setup(&b);
    put(&b, 0, "7", "7 (first)" TAIL);
    put(&b, 1, "7", "Name:\tfirst\nSeccomp:\t0\n");
    put(&b, 2, "7", "0::/a\n");
    put(&b, 0, "8", "8 () R 1 (\n)" TAIL);
    put(&b, 1, "8", "Name:\t) R 1 (\\n\nSeccomp:\t2\n");
    put(&b, 2, "8", "4:memory:/b\n0::/c\n");
    cr_assert(take(&b, 0), "%s", b.why);
    ps_buffer_add_byte(&b.order, 0);
    cr_expect(eq(str, (char *) b.order.data,
                 "task/7/stat task/7/status task/7/cgroup task/8/stat task/8/status task/8/cgroup "));
    cr_expect(eq(sz, lines_of(&b, "procsnap.thread"), 2));
    cr_expect(has(&b, "\"thread\":{\"id\":7,\"name\":\"first\"}},\"proc\""));
    cr_expect(has(&b, "\"thread\":{\"id\":8,\"name\":\") R 1 (\\n\"}}"));
    cr_expect(has(&b, "\"source\":[\"" PACK "#task/8/stat\"],\"read_us\":1000,\"stat\":{\"pid\":8,"));
    cr_expect(has(&b, "\"Seccomp\":2},\"cgroup\":[{\"hierarchy_id\":4,"));
    done(&b);
}

Test(threads, what_vanished_or_makes_no_sense_leaves_the_rest)
{
    struct bench b;
    static const struct ps_lost lost[] = {{{(const uint8_t *) "9", 1}, PS_GONE, "ESRCH"}};
    setup(&b);
    put(&b, 0, "8", "8 no parentheses\n");
    put(&b, 1, "8", "Name:\teight\n");
    put(&b, 1, "9", "Name:\tnine\n");
    b.captures[0].lost = lost;
    b.captures[0].lost_count = 1;
    cr_assert(take(&b, 0), "%s", b.why);
    cr_expect(eq(sz, lines_of(&b, "procsnap.thread"), 2));
    cr_expect(has(&b, "\"thread\":{\"id\":8}}"));
    cr_expect(has(&b, "\"thread\":{\"id\":9}}"));
    cr_expect(has(&b, "\"gap\":{\"outcome\":\"malformed\""));
    cr_expect(has(&b, "\"gap\":{\"outcome\":\"gone\",\"errno\":\"ESRCH\",\"reader\":\"quiet\","
                      "\"files\":[\"task/{}/stat\"]}"));
    done(&b);
}

/* Only a bundle that others made has these. */
Test(threads, a_file_that_comes_twice_is_two_records)
{
    struct bench b;
    setup(&b);
    put(&b, 0, "8", "8 (one)" TAIL);
    put(&b, 0, "8", "8 (two)" TAIL);
    put(&b, 0, "x", "9 (three)" TAIL);
    cr_assert(take(&b, 0), "%s", b.why);
    cr_expect(eq(sz, lines_of(&b, "procsnap.thread"), 3));
    cr_expect(has(&b, "\"thread\":{\"name\":\"three\"}}"));
    done(&b);
}

Test(threads, an_entry_that_is_not_its_turn_is_refused)
{
    struct bench b;
    setup(&b);
    put(&b, 0, "7", "7 (first)" TAIL);
    put(&b, 1, "7", "Name:\tfirst\n");
    put(&b, 1, "8", "Name:\tx\n");
    b.entries[1][0].name = ps_span_text("8");
    b.entries[1][1].name = ps_span_text("7");
    cr_expect(not(take(&b, 0)));
    cr_expect(strcmp(b.why, "an entry of a pack is not the one that the journal says comes next") == 0, "%s", b.why);
    done(&b);
}

Test(threads, a_process_says_through_whom_it_was_read)
{
    struct bench b;
    setup(&b);
    cr_assert(take(&b, 12), "%s", b.why);
    cr_expect(has(&b, "\"via_thread\":12,\"via_thread_memory\":13,"));
    done(&b);
}
