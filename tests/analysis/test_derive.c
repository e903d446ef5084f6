/* SPDX-License-Identifier: Apache-2.0
 *
 * A bundle that is cut short: what packs and journal tell is shown, whether or not the records came along.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "analysis/show.h"
#include "tests/analysis/text_members.h"

/* clang-format off */
#define META {"data/meta.json", "{\"bundle\":\"procsnap-20261122t001500z-0123abcd\",\"seq\":0," \
    "\"host\":{\"boot_id\":\"b\",\"clk_tck\":100},\"options\":{\"pids\":[]}," \
    "\"clock\":{\"realtime_us\":1795306500000000,\"boottime_us\":5000000000,\"uncertainty_ns\":90}}"}
/* Pid, name, state and parent of one character each, started 5 ticks after boot: 47 bytes with the newline. */
#define STAT(pid, name, state, ppid) \
    #pid " (" name ") " state " " #ppid " 1 1 0 -1 0 0 0 0 0 0 0 0 0 0 0 1 0 5\n"
#define STAT_ENTRY(entry, pid, name, state, ppid) "f " entry " 47\n" STAT(pid, name, state, ppid) "\n"
#define OPENING {"data/opening/stat-0001.pack", \
    STAT_ENTRY("1/stat", 1, "i", "S", 0) STAT_ENTRY("7/stat", 7, "n", "R", 1) STAT_ENTRY("8/stat", 8, "z", "Z", 1)}
/* clang-format on */

#define CUT(members, s) load_cut((members), sizeof(members) / sizeof((members)[0]), (s))

static const struct ps_process_row *process_of(const struct ps_snapshot *s, uint32_t pid)
{
    const struct ps_process_row *p = ps_snapshot_process(s, pid, ps_span_of("", 0));

    cr_assert(ne(ptr, (void *) (uintptr_t) p, NULL), "no process %u", pid);
    return p;
}

static void expect_text(struct ps_span text, const char *expected)
{
    cr_expect(ps_span_is(text, expected), "\"%.*s\" is not \"%s\"", (int) text.len, (const char *) text.data, expected);
}

Test(derive, packs_alone_make_processes_and_the_sweep_names_the_others)
{
    static const struct text_member members[] = {
        META,
        OPENING,
        {"data/proc/7/memory.pack", "f cmdline 6\n/bin/n\n"},
        {"data/proc/7/state.pack",
         STAT_ENTRY("stat", 7, "n", "R", 1) "l exe 6\n/bin/n\nl fd/3 10\nsocket:[9]\n"},
        {"data/records/process-0001.ndjson", PROCESS(99, "") ",\"proc\":{}}\n"},
    };
    struct ps_snapshot s;

    CUT(members, &s);
    cr_assert(eq(sz, s.process_count, 3), "the records of the bundle are not read, each process comes once");
    const struct ps_process_row *p = process_of(&s, 7);
    expect_text(p->command_line, "/bin/n");
    expect_text(p->executable, "/bin/n");
    expect_text(p->state, "R");
    expect_text(p->identity, "unverified");
    cr_expect(eq(u32, p->ppid, 1));
    cr_expect(eq(u64, p->start_boot_us, 50000));
    cr_expect(not(p->swept_alone));
    p = process_of(&s, 8);
    expect_text(p->name, "z");
    expect_text(p->state, "Z");
    cr_expect(p->swept_alone);
    cr_expect(eq(u64, s.sweep_alone, 2));
    text_has(view_shown(ps_show_note, &s, 80), "2 processes are known from the first look alone");
    text_has(view_shown(ps_show_processes, &s, 200), "<first look alone>");
    text_has(view_shown(ps_show_summary, &s, 80), "not known: the counts stand at the end of the bundle");
    text_has(view_shown(ps_show_gaps, &s, 80), "The end of the bundle is not here.");
    ps_snapshot_done(&s);
}

Test(derive, what_the_journal_tells_comes_first)
{
    static const struct text_member members[] = {
        META,
        {"data/proc/7/state.pack", STAT_ENTRY("stat", 7, "n", "R", 1)},
        {"data/journal/0001.ndjson",
         "{\"phase\":\"start\",\"us\":1,\"processes\":0}\n"
         "{\"scope\":\"process\",\"pid\":7,\"start\":5,\"life\":\"7\",\"reader\":\"quiet\",\"us\":10,\"took\":1,"
         "\"identity\":\"same\",\"packs\":[\"data/proc/7/state.pack\"],"
         "\"c\":[[\"stat\",\"complete\",null,47,0,9,null,0,0],[\"exe\",\"denied\",\"EACCES\",0,1,1]]}\n"},
        {"data/proc/7/memory.pack", "f cmdline 6\n/bin/n\nf environ 9\nA=1"}, /* cut within an entry */
        {"data/proc/9/state.pack", STAT_ENTRY("stat", 9, "n", "S", 7)},
    };
    struct ps_snapshot s;

    CUT(members, &s);
    cr_assert(eq(sz, s.process_count, 2));
    expect_text(process_of(&s, 7)->command_line, "/bin/n");
    expect_text(process_of(&s, 9)->name, "n");
    cr_assert(eq(sz, s.gap_count, 1));
    expect_text(s.gaps[0].files, "exe");
    cr_expect(eq(u64, s.sweep_alone, 0));
    ps_snapshot_done(&s);
}

/* One that no collector writes ends the matching, as it ends verify; what came before it is shown. */
Test(derive, a_pack_that_cannot_be_one_ends_it)
{
    static const struct text_member members[] = {
        META,
        {"data/proc/9/state.pack", STAT_ENTRY("stat", 9, "n", "S", 1)},
        {"data/proc/7/state.pack", "f stat 999999999999\n7 (n)"},
        {"data/proc/8/state.pack", STAT_ENTRY("stat", 8, "n", "S", 1)},
    };
    struct ps_snapshot s;

    CUT(members, &s);
    cr_assert(eq(sz, s.process_count, 1));
    cr_expect(eq(u32, s.processes[0].pid, 9));
    ps_snapshot_done(&s);
}

Test(derive, hostile_packs_get_no_more_than_they_say)
{
    static const struct text_member members[] = {
        META,
        {"data/proc/8+x/memory.pack", "f cmdline 1\na\n"},
        {"data/proc/0/state.pack", "f cmdline 1\na\n"},
        {"data/proc/9/state.pack", STAT_ENTRY("stat", 8, "n", "S", 1)}, /* of another process */
        {"data/opening/stat-0001.pack", "f 4/stat 3\nx y\n"},
        {"data/journal/0001.ndjson", "{\"scope\":\n"},
    };
    struct ps_snapshot s;

    CUT(members, &s);
    cr_expect(eq(sz, s.process_count, 0));
    cr_expect(eq(u64, s.packs_unread, 3));
    text_has(view_shown(ps_show_note, &s, 80), "3 directories below data/proc could not be told to a process.");
    ps_snapshot_done(&s);
}
