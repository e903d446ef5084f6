/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/journal_read.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* NULL, or what is wrong; what was read is dropped. */
static const char *flaw_of(const char *text)
{
    struct ps_json_check check = {0};
    struct ps_journal_line line;
    const char *why = NULL;
    bool read = ps_journal_read(&check, ps_span_text(text), &line, &why);
    cr_assert(read || line.owned == NULL, "nothing may be left behind");
    ps_journal_line_done(&line);
    ps_json_check_done(&check);
    return read ? NULL : why;
}

/* Writes a line and reads it back. */
struct round {
    struct ps_journal_writer writer;
    struct ps_buffer text;
    struct ps_json_check check;
    struct ps_journal_line line;
};

static struct ps_journal_line *back(struct round *r)
{
    const char *why;
    cr_assert_gt(r->text.len, 0);
    cr_assert_eq(r->text.data[r->text.len - 1], '\n');
    bool read = ps_journal_read(&r->check, ps_span_of(r->text.data, r->text.len - 1), &r->line, &why);
    cr_assert(read, "%s: %.*s", why, (int) r->text.len, (const char *) r->text.data);
    return &r->line;
}

static void round_done(struct round *r)
{
    ps_journal_line_done(&r->line);
    ps_json_check_done(&r->check);
    ps_journal_writer_done(&r->writer);
    ps_buffer_done(&r->text);
}

static void same_capture(const struct ps_capture *a, const struct ps_capture *b)
{
    cr_assert_str_eq(a->name, b->name);
    cr_assert_eq(a->outcome, b->outcome);
    cr_assert_eq(a->error == NULL, b->error == NULL);
    cr_assert(a->error == NULL || strcmp(a->error, b->error) == 0);
    cr_assert_eq(a->bytes, b->bytes);
    cr_assert_eq(a->begin_us, b->begin_us);
    cr_assert_eq(a->took_us, b->took_us);
    cr_assert_eq(a->switched, b->switched);
    cr_assert_eq(a->as_uid, b->as_uid);
    cr_assert_eq(a->as_gid, b->as_gid);
    cr_assert_eq(a->stored, b->stored);
    cr_assert_eq(a->pack, b->pack);
    cr_assert_eq(a->offset, b->offset);
    cr_assert_eq(a->entry_count, b->entry_count);
    for (size_t i = 0; i < a->entry_count; i++) {
        cr_assert(ps_span_equal(a->entries[i].name, b->entries[i].name));
        cr_assert_eq(a->entries[i].bytes, b->entries[i].bytes);
    }
    cr_assert_eq(a->lost_count, b->lost_count);
    for (size_t i = 0; i < a->lost_count; i++) {
        cr_assert(ps_span_equal(a->lost[i].name, b->lost[i].name));
        cr_assert_eq(a->lost[i].outcome, b->lost[i].outcome);
        cr_assert_eq(a->lost[i].error == NULL, b->lost[i].error == NULL);
    }
    cr_assert_eq(a->facts == NULL, b->facts == NULL);
    cr_assert(a->facts == NULL || (a->facts->dev_major == b->facts->dev_major && a->facts->ino == b->facts->ino &&
                                   a->facts->dev_minor == b->facts->dev_minor && a->facts->mode == b->facts->mode &&
                                   a->facts->size == b->facts->size && a->facts->nlink == b->facts->nlink &&
                                   a->facts->mtime_ns == b->facts->mtime_ns));
    cr_assert_eq(a->of == NULL, b->of == NULL);
    cr_assert(a->of == NULL || strcmp(a->of, b->of) == 0);
}

Test(journal_read, every_form_of_a_capture_comes_back)
{
    static const struct ps_file_facts facts = {.dev_major = UINT32_MAX,
                                               .dev_minor = 7,
                                               .mode = 0100755,
                                               .ino = UINT64_MAX,
                                               .size = UINT64_C(1) << 60,
                                               .mtime_ns = -INT64_C(1700000000000000001)};
    static const struct ps_stored entries[] = {{{(const uint8_t *) "0", 1}, 9}, {{(const uint8_t *) "12", 2}, 0}};
    static const struct ps_lost lost[] = {{{(const uint8_t *) "7", 1}, PS_GONE, "ENOENT"},
                                          {{(const uint8_t *) "8", 1}, PS_FAILED, NULL}};
    const struct ps_capture captures[] = {
        {.name = "stat", .outcome = PS_COMPLETE, .bytes = 311, .begin_us = 1000, .took_us = 9, .stored = true},
        {.name = "exe", .outcome = PS_DENIED, .error = "EACCES", .begin_us = 1001},
        {.name = "exe", .outcome = PS_COMPLETE, .bytes = 4, .begin_us = 1001, .stored = true, .facts = &facts},
        {.name = "cwd",
         .outcome = PS_DENIED,
         .error = "EPERM",
         .begin_us = 1002,
         .switched = true,
         .as_uid = UINT32_MAX,
         .as_gid = 0},
        {.name = "fd/{}",
         .outcome = PS_COMPLETE,
         .bytes = 9,
         .begin_us = 1003,
         .stored = true,
         .pack = 1,
         .offset = UINT64_C(1) << 54,
         .entries = entries,
         .entry_count = 2,
         .lost = lost,
         .lost_count = 2},
        {.name = "fdinfo/{}", .outcome = PS_GONE, .begin_us = 1004, .lost = lost, .lost_count = 1},
        {.name = "net/tcp", .outcome = PS_SHARED, .begin_us = 1005, .of = "4711+82375"},
        {.name = "mountinfo",
         .outcome = PS_SHARED,
         .begin_us = 1005,
         .switched = true,
         .as_uid = 1,
         .as_gid = 2,
         .of = "1"},
        {.name = "of a newer version", .outcome = PS_SKIPPED, .begin_us = 1006},
    };
    static const char *const packs[] = {"data/proc/4711/state.pack", "data/proc/4711/state-0002.pack"};
    struct round r = {0};
    struct ps_line head = {PS_LINE_PROCESS, 4711, 82375, "4711+82375", PS_MEMORY, 1000};
    struct ps_line_end end = {
        .took_us = 812, .identity = PS_CHANGED, .comm_changed = true, .image_changed = true, .more = true, .via = 4712};
    size_t count = sizeof captures / sizeof *captures;
    ps_journal_begin(&r.writer, &head);
    for (size_t i = 0; i < count; i++)
        ps_journal_capture(&r.writer, &captures[i]);
    ps_journal_end(&r.writer, &end, packs, 2, &r.text);

    struct ps_journal_line *line = back(&r);
    cr_assert(!line->is_phase);
    cr_assert_eq(line->line.scope, PS_LINE_PROCESS);
    cr_assert_eq(line->line.pid, 4711);
    cr_assert_eq(line->line.start, 82375);
    cr_assert_str_eq(line->line.life, "4711+82375");
    cr_assert_eq(line->line.reader, PS_MEMORY);
    cr_assert_eq(line->end.identity, PS_CHANGED);
    cr_assert(line->end.comm_changed && line->end.image_changed && line->end.more);
    cr_assert_eq(line->end.took_us, 812);
    cr_assert_eq(line->end.via, 4712);
    cr_assert_eq(line->pack_count, 2);
    cr_assert_str_eq(line->packs[1], packs[1]);
    cr_assert_eq(line->capture_count, count);
    for (size_t i = 0; i < count; i++)
        same_capture(&captures[i], &line->captures[i]);
    cr_assert_str_eq(line->captures[0].row->parser->kind, "pid_stat");
    cr_assert(line->captures[count - 1].row == NULL);
    round_done(&r);
}

Test(journal_read, scopes_and_their_rows)
{
    static const struct {
        enum ps_line_scope scope;
        const char *name, *kind;
    } cases[] = {
        {PS_LINE_GLOBAL, "stat", "stat"},
        {PS_LINE_OPENING, "{}/stat", "pid_stat"},
        {PS_LINE_CLOSING, "{}/stat", "pid_stat"},
        {PS_LINE_GLOBAL, "net/tcp", "net_tcp"},
        {PS_LINE_PROCESS, "task/{}/stat", "task_stat"},
        {PS_LINE_FACTS, "facts/ecs/task", "ecs_task"},
        {PS_LINE_FACTS, "facts/cgroup/{}", "cgroup_file"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct round r = {0};
        bool facts = cases[i].scope == PS_LINE_FACTS;
        struct ps_line head = {
            .scope = cases[i].scope, .reader = facts ? PS_PROBER : PS_QUIET, .us = 5, .life = "0"};
        struct ps_line_end end = {0};
        struct ps_capture c = {.name = cases[i].name, .outcome = PS_ABSENT, .begin_us = 5};
        ps_journal_begin(&r.writer, &head);
        ps_journal_capture(&r.writer, &c);
        ps_journal_end(&r.writer, &end, NULL, 0, &r.text);
        struct ps_journal_line *line = back(&r);
        cr_assert_eq(line->line.scope, cases[i].scope);
        cr_assert_eq(line->line.reader, head.reader);
        cr_assert_str_eq(line->captures[0].row->parser->kind, cases[i].kind);
        round_done(&r);
    }
}

/* Facts of content, and the paths of files: text, and bytes that are none. */
Test(journal_read, content)
{
    struct ps_file_facts facts[2] = {{8, 1, 0100755, 1, 1234, 4096, 1700000000000000001, -1, 101, 102, 7, true, true, true,
                                      PS_WITHHELD_EARLIER, {0xab, 0xcd}}};
    struct ps_capture captures[] = {
        {.name = "exe", .outcome = PS_COMPLETE, .bytes = 4096, .begin_us = 1000, .facts = &facts[0]},
        {.name = "root/tmp/=FF", .outcome = PS_SHARED, .begin_us = 1000, .facts = &facts[1]},
        {.name = "fd/3", .outcome = PS_GONE, .error = "ENOENT", .begin_us = 1000},
        {.name = "files", .outcome = PS_SKIPPED, .begin_us = 1000},
    };
    static const char *const kinds[] = {"content_exe", "content_root", "content_fd", "content_files"};
    struct round r = {0};
    struct ps_line head = {PS_LINE_CONTENT, 4711, 82375, "4711", PS_MEMORY, 1000};
    struct ps_line_end end = {.took_us = 1};
    facts[1] = facts[0];
    facts[1].hashed = facts[1].atime = facts[1].withheld = 0;
    captures[0].path = ps_span_text("/usr/bin/x");
    captures[1].path = ps_span_text("/tmp/\xff");
    ps_journal_begin(&r.writer, &head);
    for (size_t i = 0; i < 4; i++)
        ps_journal_capture(&r.writer, &captures[i]);
    ps_journal_end(&r.writer, &end, NULL, 0, &r.text);
    struct ps_journal_line *line = back(&r);
    cr_assert_eq(line->line.scope, PS_LINE_CONTENT);
    for (size_t i = 0; i < 4; i++) {
        const struct ps_capture *c = &line->captures[i];
        cr_assert_str_eq(c->row->parser->kind, kinds[i]);
        cr_assert(ps_span_equal(c->path, captures[i].path));
        cr_assert((c->facts == NULL) == (captures[i].facts == NULL));
        if (c->facts == NULL)
            continue;
        cr_assert_eq(c->facts->ctime_ns, -1);
        cr_assert_eq(c->facts->uid, 101);
        cr_assert_eq(c->facts->gid, 102);
        cr_assert_eq(c->facts->withheld, facts[i].withheld);
        cr_assert_eq(c->facts->kept_seq, facts[i].withheld ? 7 : 0);
        cr_assert_eq(c->facts->hashed, facts[i].hashed);
        cr_assert_eq(c->facts->atime, facts[i].atime);
        cr_assert(!facts[i].hashed || memcmp(c->facts->sha256, facts[i].sha256, 32) == 0);
    }
    round_done(&r);
}

#define FACTS "\"dev\":\"8:1\",\"ino\":1,\"mode\":1,\"size\":1,\"mtime_ns\":1,\"nlink\":1"
#define CONTENT(facts)                                                                                                 \
    "{\"scope\":\"content\",\"pid\":1,\"start\":5,\"life\":\"1\",\"reader\":\"memory\",\"us\":1,\"took\":2,"                  \
    "\"identity\":\"same\",\"packs\":[],\"c\":[[\"exe\",\"complete\",null,0,0,0,null,null,null,{" FACTS facts "}]]}"

Test(journal_read, facts_that_are_none)
{
    cr_assert(flaw_of(CONTENT("")) == NULL);
    cr_assert(flaw_of(CONTENT(",\"withheld\":\"earlier bundle\",\"kept_seq\":3")) == NULL);
    cr_assert(flaw_of(CONTENT(",\"withheld\":\"earlier bundle\"")) != NULL);
    cr_assert(flaw_of(CONTENT(",\"withheld\":\"objects\",\"kept_seq\":3")) != NULL);
    cr_assert(flaw_of(CONTENT(",\"kept_seq\":3")) != NULL);
    cr_assert(flaw_of(CONTENT(",\"ctime_ns\":1,\"uid\":0,\"gid\":0")) == NULL);
    cr_assert(flaw_of(CONTENT(",\"path\":\"/x\"")) == NULL);
    cr_assert(flaw_of(CONTENT(",\"path\":\"/\\ufffd\",\"path_b64\":\"L/8=\"")) == NULL);
    cr_assert(flaw_of(CONTENT(",\"path\":\"/x\",\"path_b64\":\"L/8=\"")) != NULL, "another path");
    cr_assert(flaw_of(CONTENT(",\"path\":\"/\\ufffdx\",\"path_b64\":\"L/8=\"")) != NULL, "a longer one");
    cr_assert(flaw_of(CONTENT(",\"path\":\"/x\",\"path_b64\":\"L3g=\"")) != NULL, "it shows all bytes");
    cr_assert(flaw_of(CONTENT(",\"ctime_ns\":1,\"uid\":0")) != NULL);
    cr_assert(flaw_of(CONTENT(",\"sha256\":\"00\"")) != NULL);
    cr_assert(flaw_of(CONTENT(",\"withheld\":\"\"")) != NULL);
    cr_assert(flaw_of(CONTENT(",\"withheld\":1")) != NULL);
    cr_assert(flaw_of(CONTENT(",\"atime\":false")) != NULL);
    cr_assert(flaw_of(CONTENT(",\"path\":\"\"")) != NULL);
    cr_assert(flaw_of(CONTENT(",\"path_b64\":\"L3g=\"")) != NULL);
    cr_assert(flaw_of(CONTENT(",\"path\":\"/x\",\"path_b64\":\"L3g\"")) != NULL);
    cr_assert(flaw_of(CONTENT(",\"path\":\"/x\",\"path_b64\":\"\"")) != NULL);
    cr_assert(flaw_of(CONTENT(",\"path\":\"/x\",\"path_b64\":7")) != NULL);
    cr_assert(flaw_of(CONTENT(",\"other\":1")) != NULL);
}

Test(journal_read, phases)
{
    struct round r = {0};
    struct ps_phase phase = {"opening-end", 81223311, 143};
    ps_journal_phase(&phase, &r.text);
    struct ps_journal_line *line = back(&r);
    cr_assert(line->is_phase);
    cr_assert_str_eq(line->phase.name, "opening-end");
    cr_assert_eq(line->phase.us, 81223311);
    cr_assert_eq(line->phase.processes, 143);
    round_done(&r);
    cr_assert(flaw_of("{\"phase\":\"x\",\"us\":1}") == NULL);
    cr_assert(flaw_of("{\"phase\":\"x\"}") != NULL);
    cr_assert(flaw_of("{\"phase\":1,\"us\":1}") != NULL);
    cr_assert(flaw_of("{\"phase\":\"x\",\"us\":1,\"scope\":\"global\"}") != NULL);
    cr_assert(flaw_of("{\"phase\":\"x\",\"us\":1,\"processes\":[]}") != NULL);
}

#define PROCESS "{\"scope\":\"process\",\"pid\":1,\"start\":5,\"life\":\"1\",\"reader\":\"quiet\",\"us\":1,\"took\":2,"

Test(journal_read, heads)
{
    cr_assert(flaw_of(PROCESS "\"identity\":\"same\",\"packs\":[],\"c\":[]}") == NULL);
    cr_assert(flaw_of("{\"scope\":\"global\",\"us\":1,\"took\":2,\"packs\":[],\"c\":[]}") == NULL);
    cr_assert(flaw_of("{\"scope\":\"facts\",\"reader\":\"prober\",\"us\":1,\"took\":2,\"packs\":[],\"c\":[]}") == NULL);
    static const char *const bad[] = {
        "",
        "[]",
        "1",
        "{}",
        "{\"scope\":\"process\"}",
        "x",
        "{\"scope\":\"globl\",\"us\":1,\"took\":2,\"packs\":[],\"c\":[]}",
        "{\"scope\":\"global\",\"us\":1,\"took\":2,\"packs\":{},\"c\":[]}",
        "{\"scope\":\"global\",\"us\":1,\"took\":2,\"packs\":[],\"c\":{}}",
        "{\"scope\":\"global\",\"us\":-1,\"took\":2,\"packs\":[],\"c\":[]}",
        "{\"scope\":\"global\",\"took\":2,\"packs\":[],\"c\":[]}",
        "{\"scope\":\"global\",\"us\":1,\"packs\":[],\"c\":[]}",
        "{\"scope\":\"global\",\"us\":1,\"took\":2,\"packs\":[1],\"c\":[]}",
        "{\"scope\":\"global\",\"us\":1,\"took\":2,\"packs\":[\"../x\"],\"c\":[]}",
        "{\"scope\":\"global\",\"us\":1,\"took\":2,\"more\":false,\"packs\":[],\"c\":[]}",
        "{\"scope\":\"global\",\"us\":1,\"took\":2,\"pid\":1,\"packs\":[],\"c\":[]}",
        "{\"scope\":\"global\",\"us\":1,\"took\":2,\"new\":1,\"packs\":[],\"c\":[]}",
        "{\"scope\":\"facts\",\"us\":1,\"took\":2,\"packs\":[],\"c\":[]}",
        "{\"scope\":\"facts\",\"reader\":\"loud\",\"us\":1,\"took\":2,\"packs\":[],\"c\":[]}",
        "{\"scope\":\"facts\",\"reader\":\"prober\",\"pid\":1,\"us\":1,\"took\":2,\"packs\":[],\"c\":[]}",
        "{\"scope\":\"global\",\"reader\":\"quiet\",\"us\":1,\"took\":2,\"packs\":[],\"c\":[]}",
        "{\"scope\":\"process\",\"pid\":1,\"start\":5,\"life\":\"1\",\"reader\":\"prober\",\"us\":1,\"took\":2,"
        "\"identity\":\"same\",\"packs\":[],\"c\":[]}",
        PROCESS "\"packs\":[],\"c\":[]}",
        PROCESS "\"identity\":\"other\",\"packs\":[],\"c\":[]}",
        PROCESS "\"identity\":\"changed\",\"packs\":[],\"c\":[]}",
        PROCESS "\"identity\":\"changed\",\"changed\":[\"x\"],\"packs\":[],\"c\":[]}",
        PROCESS "\"identity\":\"same\",\"changed\":[],\"packs\":[],\"c\":[]}",
        PROCESS "\"identity\":\"same\",\"via\":0,\"packs\":[],\"c\":[]}",
        PROCESS "\"identity\":\"same\",\"via\":4294967296,\"packs\":[],\"c\":[]}",
        PROCESS "\"identity\":\"same\",\"via\":true,\"packs\":[],\"c\":[]}",
        "{\"scope\":\"global\",\"us\":1,\"took\":2,\"via\":7,\"packs\":[],\"c\":[]}",
        "{\"scope\":\"process\",\"pid\":1,\"start\":5,\"life\":\"2\",\"reader\":\"quiet\",\"us\":1,\"took\":2,"
        "\"identity\":\"same\",\"packs\":[],\"c\":[]}",
        "{\"scope\":\"process\",\"pid\":1,\"start\":5,\"life\":\"1+6\",\"reader\":\"quiet\",\"us\":1,\"took\":2,"
        "\"identity\":\"same\",\"packs\":[],\"c\":[]}",
        "{\"scope\":\"process\",\"pid\":4294967296,\"start\":5,\"life\":\"1\",\"reader\":\"quiet\",\"us\":1,\"took\":2,"
        "\"identity\":\"same\",\"packs\":[],\"c\":[]}",
        "{\"scope\":\"process\",\"pid\":1,\"start\":5,\"life\":\"1\",\"reader\":\"loud\",\"us\":1,\"took\":2,"
        "\"identity\":\"same\",\"packs\":[],\"c\":[]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_assert(flaw_of(bad[i]) != NULL, "%s", bad[i]);
}

Test(journal_read, captures)
{
    static const char *const good[] = {
        "",
        "[\"stat\",\"complete\",null,3,0,9,null,0,0]",
        "[\"stat\",\"absent\",null,0,0,9]",
        "[\"stat\",\"complete\",null,3,0,9,null,0,\"9007199254740993\"]",
        "[\"a\",\"shared\",null,0,0,9,\"0:0\",null,null,\"self\"]",
        "[\"fd/{}\",\"complete\",null,0,0,9,null,null,null,[],[[\"1\",\"gone\",null]]]",
    };
    static const char *const bad[] = {
        "1",
        "{}",
        "[]",
        "[1,\"complete\",null,3,0,9]",
        "[\"\",\"complete\",null,3,0,9]",
        "[\"stat\",\"completed\",null,3,0,9]",
        "[\"stat\",\"complete\",5,3,0,9]",
        "[\"stat\",\"complete\",\"\\u001b[31m\",3,0,9]",
        "[\"stat\",\"complete\",null,\"x\",0,9]",
        "[\"stat\",\"complete\",null,3,0]",
        "[\"stat\",\"complete\",null,3,-1,9]",
        "[\"stat\",\"complete\",null,3,0,9,\"0\",0,0]",
        "[\"stat\",\"complete\",null,3,0,9,\"00:0\",0,0]",
        "[\"stat\",\"complete\",null,3,0,9,\"4294967296:0\",0,0]",
        "[\"stat\",\"complete\",null,3,0,9,null,1,0]",
        "[\"stat\",\"complete\",null,3,0,9,null,null,0]",
        "[\"stat\",\"complete\",null,3,0,9,null,0,-1]",
        "[\"stat\",\"complete\",null,3,0,9,null,0,\"01\"]",
        "[\"stat\",\"complete\",null,3,0,9,null,0,0,7]",
        "[\"stat\",\"complete\",null,3,0,9,null,0,0,[\"1\"]]",
        "[\"stat\",\"complete\",null,3,0,9,null,0,0,[1,1]]",
        "[\"stat\",\"complete\",null,3,0,9,null,0,0,[\"1\",\"x\"]]",
        "[\"stat\",\"complete\",null,3,0,9,null,0,0,[\"a b\",1]]",
        "[\"stat\",\"complete\",null,3,0,9,null,0,0,[\"1\",1],{}]",
        "[\"stat\",\"complete\",null,3,0,9,null,0,0,[\"1\",1],[1]]",
        "[\"stat\",\"complete\",null,3,0,9,null,0,0,[\"1\",1],[[\"1\",\"gone\"]]]",
        "[\"stat\",\"complete\",null,3,0,9,null,0,0,[\"1\",1],[],1]",
        "[\"stat\",\"complete\",null,3,0,9,null,0,0,{}]",
        "[\"stat\",\"complete\",null,3,0,9,null,0,0,{\"dev\":\"8:1\",\"ino\":1,\"mode\":1,\"size\":1,\"mtime_ns\":1}]",
        "[\"stat\",\"complete\",null,3,0,9,null,0,0,\"1\",[]]",
    };
    char text[600];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(text, sizeof text, PROCESS "\"identity\":\"gone\",\"packs\":[\"data/proc/1/state.pack\"],\"c\":[%s]}",
                 good[i]);
        const char *why = flaw_of(text);
        cr_assert(why == NULL, "%s: %s", good[i], why);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, PROCESS "\"identity\":\"gone\",\"packs\":[\"data/proc/1/state.pack\"],\"c\":[%s]}",
                 bad[i]);
        cr_assert(flaw_of(text) != NULL, "%s", bad[i]);
    }
}
