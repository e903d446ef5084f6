/* SPDX-License-Identifier: Apache-2.0
 *
 * One chain of five, and what can be done to it. Roots and keys are made up: signatures were checked before.
 */
#include "formats/chain_walk.h"

#include <criterion/criterion.h>
#include <string.h>

enum { LINKS = 5, ROOM = 12, S = 1000000 };

static struct ps_chain_entry entries[ROOM];
static size_t count;
static struct ps_series_wants wants;
static struct ps_series_report report;
static struct ps_public_key key0;
static const char *const files[ROOM] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"};

static struct ps_public_key key_of(uint8_t chain, uint64_t seq)
{
    struct ps_public_key key = {.id = {chain, (uint8_t) seq}, .pk = {chain, (uint8_t) seq, 1}};
    return key;
}

static struct ps_chain_entry entry(uint8_t chain, uint64_t seq)
{
    struct ps_chain_entry e = {.file = files[count], .verdict = PS_VERIFY_UNPINNED, .has_next = true, .has_boot = true,
                               .reason = PS_CHAIN_GOES_ON, .interval_s = 60};
    e.chain[0] = chain;
    e.head.seq = seq;
    e.head.root[0] = chain;
    e.head.root[1] = (uint8_t) (seq + 1);
    e.head.pk = key_of(chain, seq);
    e.next = key_of(chain, seq + 1);
    e.head.has_prev = seq > 0;
    e.head.prev[0] = seq > 0 ? chain : 0;
    e.head.prev[1] = (uint8_t) seq;
    e.started_us = seq * 60 * S;
    e.finished_us = e.started_us + S;
    e.realtime_us = e.started_us + S * UINT64_C(1700000000);
    return e;
}

static void setup(void)
{
    ps_series_report_done(&report);
    memset(&wants, 0, sizeof wants);
    for (count = 0; count < LINKS; count++)
        entries[count] = entry(7, count);
    entries[LINKS - 1].reason = PS_CHAIN_FINAL;
    key0 = key_of(7, 0);
    wants.keys = &key0;
    wants.key_count = 1;
}

static void teardown(void)
{
    ps_series_report_done(&report);
}

TestSuite(chain_walk, .init = setup, .fini = teardown);

static void walk(void)
{
    ps_series_report_done(&report);
    ps_chain_walk(entries, count, &wants, &report);
    cr_assert(!report.failed);
}

/* How many findings of that weight hold the words. */
static size_t findings(enum ps_verify_verdict weight, const char *words)
{
    size_t n = 0;
    for (size_t i = 0; i < report.finding_count; i++)
        n += report.findings[i].weight == weight && strstr(report.findings[i].what, words) != NULL;
    return n;
}

static void expect(enum ps_verify_verdict worst, const char *words)
{
    walk();
    cr_assert_eq(report.worst, worst, "%s: %s", words, ps_verify_name(report.worst));
    cr_assert_geq(findings(worst, words), 1, "nothing says: %s", words);
}

static void take_out(size_t at)
{
    memmove(&entries[at], &entries[at + 1], (--count - at) * sizeof *entries);
}

Test(chain_walk, a_whole_chain)
{
    walk();
    cr_assert_eq(report.finding_count, 0, "%s", report.finding_count > 0 ? report.findings[0].what : "");
    cr_assert_eq(report.chain_count, 1);
    cr_assert(report.chains[0].pinned && !report.chains[0].open && report.chains[0].bundles == LINKS);
}

Test(chain_walk, order_of_files_does_not_matter)
{
    struct ps_chain_entry first = entries[0];
    entries[0] = entries[3];
    entries[3] = first;
    walk();
    cr_assert_eq(report.finding_count, 0);
}

Test(chain_walk, no_key_pins_nothing)
{
    wants.key_count = 0;
    walk();
    cr_assert_eq(report.worst, PS_VERIFY_OK);
    cr_assert(!report.chains[0].pinned);
}

Test(chain_walk, another_key)
{
    key0 = key_of(7, 2);
    expect(PS_VERIFY_TAMPERED, "pin that of number 0");
    key0 = key_of(8, 0);
    expect(PS_VERIFY_TAMPERED, "another key than the pinned one");
    cr_assert(!report.chains[0].pinned);
}

Test(chain_walk, each_missing_one_is_told)
{
    for (size_t gone = 0; gone + 1 < LINKS; gone++) {
        setup();
        take_out(gone);
        expect(PS_VERIFY_TAMPERED, "missing");
        const struct ps_series_finding *f = &report.findings[0];
        cr_assert(f->seq == gone && f->to == gone && f->has_seq);
        cr_assert(!report.chains[0].pinned);
    }
    setup();
    take_out(1);
    take_out(1);
    expect(PS_VERIFY_TAMPERED, "missing");
    cr_assert(report.findings[0].seq == 1 && report.findings[0].to == 2);
}

Test(chain_walk, a_cut_tail_is_an_open_end)
{
    take_out(LINKS - 1);
    expect(PS_VERIFY_INCOMPLETE, "open");
    cr_assert(report.chains[0].open && report.chains[0].pinned);
}

/* What the caller knows from outside settles it. */
Test(chain_walk, an_open_end_that_is_known)
{
    uint8_t root[PS_SHA256_LEN] = {7, 4};
    uint64_t seq = 3;
    take_out(LINKS - 1);
    wants.seq = &seq;
    wants.root = root;
    walk();
    cr_assert_eq(report.worst, PS_VERIFY_OK);
    root[1] = 5;
    expect(PS_VERIFY_TAMPERED, "expected root");
    seq = 4;
    expect(PS_VERIFY_TAMPERED, "expected root");
    wants.seq = NULL;
    wants.root = NULL;
    wants.has_log = true;
    entries[count - 1].logged = true;
    walk();
    cr_assert_eq(report.worst, PS_VERIFY_OK);
    entries[count - 1].logged = false;
    expect(PS_VERIFY_INCOMPLETE, "open");
}

/* journald, first lesson: cut off, and continued by somebody who has a later key. */
Test(chain_walk, cut_and_continued)
{
    take_out(2);
    entries[2].head.prev[1] = 2; /* number 3 names number 1 */
    expect(PS_VERIFY_TAMPERED, "missing");
    setup();
    take_out(2);
    for (size_t i = 2; i < count; i++)
        entries[i].head.seq--; /* and numbers go on, too */
    entries[2].head.prev[1] = 2;
    expect(PS_VERIFY_TAMPERED, "another key");
}

/* journald, second lesson: sealed again with a newer key, here that of number 3. */
Test(chain_walk, sealed_again_with_a_newer_key)
{
    entries[1].head.pk = key_of(7, 3);
    expect(PS_VERIFY_TAMPERED, "sealed again");
    setup();
    entries[1].head.root[5] = 1;
    entries[1].head.pk = key_of(7, 3);
    expect(PS_VERIFY_TAMPERED, "predecessor that it names is another");
}

/* journald, third lesson: an epoch that nobody misses. */
Test(chain_walk, an_epoch_is_missing)
{
    take_out(0);
    expect(PS_VERIFY_TAMPERED, "missing");
    cr_assert(report.findings[0].seq == 0 && report.findings[0].to == 0);
}

Test(chain_walk, sealed_again_anywhere)
{
    for (size_t i = 0; i < LINKS; i++) {
        setup();
        entries[i].head.root[9] = 1;
        entries[i].head.pk = key_of(9, 0);
        walk();
        cr_assert_eq(report.worst, PS_VERIFY_TAMPERED, "%zu", i);
    }
}

Test(chain_walk, replay_and_fork)
{
    entries[count] = entries[2];
    entries[count].file = files[count];
    count++;
    expect(PS_VERIFY_TAMPERED, "once more");
    cr_assert_eq(findings(PS_VERIFY_TAMPERED, ""), 1);
    setup();
    entries[count] = entries[2];
    entries[count].file = files[count];
    entries[count++].head.root[9] = 1;
    expect(PS_VERIFY_TAMPERED, "fork");
    cr_assert_eq(findings(PS_VERIFY_TAMPERED, ""), 1, "the chain goes on behind the one that is named");
}

Test(chain_walk, times_that_contradict)
{
    entries[2].started_us = entries[1].started_us;
    expect(PS_VERIFY_TAMPERED, "before the one before it was finished");
    setup();
    entries[2].realtime_us -= 3600 * UINT64_C(1000000);
    walk();
    cr_assert_eq(report.worst, PS_VERIFY_OK);
    cr_assert_eq(findings(PS_VERIFY_OK, "set back"), 1);
    setup();
    for (size_t i = 2; i < LINKS; i++)
        entries[i].boot[0] = 1, entries[i].started_us = i;
    walk();
    cr_assert_eq(findings(PS_VERIFY_OK, "boot id"), 1);
}

Test(chain_walk, an_interval_without_a_snapshot)
{
    for (size_t i = 3; i < LINKS; i++) {
        entries[i].started_us += 31 * S;
        entries[i].finished_us += 31 * S;
    }
    walk();
    cr_assert_eq(report.worst, PS_VERIFY_OK);
    cr_assert_eq(findings(PS_VERIFY_OK, "one and a half intervals"), 1);
}

Test(chain_walk, goes_on_after_the_last)
{
    entries[2].reason = PS_CHAIN_FINAL;
    expect(PS_VERIFY_TAMPERED, "last of its chain");
}

Test(chain_walk, first_and_later_ones_without_reason)
{
    entries[0].head.has_prev = true;
    expect(PS_VERIFY_TAMPERED, "the first of its chain");
    entries[0].reason = PS_CHAIN_RESTART;
    walk();
    cr_assert_eq(report.worst, PS_VERIFY_OK);
    cr_assert_eq(findings(PS_VERIFY_OK, "nothing proves that"), 1);
    setup();
    entries[0].head.has_prev = true;
    entries[0].reason = PS_CHAIN_FINAL; /* a watch that was told to end just after its chain had ended */
    count = 1;
    walk();
    cr_assert_eq(report.worst, PS_VERIFY_OK);
    cr_assert_eq(findings(PS_VERIFY_OK, "nothing proves that"), 1);
    setup();
    entries[2].head.has_prev = false;
    expect(PS_VERIFY_TAMPERED, "names no predecessor");
    setup();
    entries[2].has_next = false;
    expect(PS_VERIFY_TAMPERED, "another key");
}

Test(chain_walk, what_does_not_verify_leaves_a_hole)
{
    entries[2].verdict = PS_VERIFY_TAMPERED;
    expect(PS_VERIFY_TAMPERED, "missing");
    cr_assert_eq(report.chains[0].bundles, LINKS - 1);
}

Test(chain_walk, two_chains_and_one_alone)
{
    struct ps_public_key keys[] = {key_of(7, 0), key_of(8, 0), key_of(3, 0)};
    entries[count] = entry(8, 0);
    entries[count++].reason = PS_CHAIN_FINAL;
    entries[count] = entry(3, 0);
    entries[count].has_next = false;
    entries[count++].reason = PS_CHAIN_SINGLE;
    wants.keys = keys;
    wants.key_count = 3;
    walk();
    cr_assert_eq(report.worst, PS_VERIFY_OK);
    cr_assert(report.chain_count == 2 && report.singles == 1 && report.singles_pinned == 1);
    wants.key_count = 2;
    expect(PS_VERIFY_TAMPERED, "another key");
    entries[0].logged = true; /* the one alone sorts first */
    walk();
    cr_assert_eq(report.worst, PS_VERIFY_OK);
    cr_assert_eq(report.singles_pinned, 1);
}

Test(chain_walk, findings_are_limited_and_counted)
{
    static struct ps_chain_entry many[PS_SERIES_FINDINGS_MAX + 100];
    for (size_t i = 0; i < sizeof many / sizeof *many; i++) {
        many[i] = entries[0];
        many[i].file = "x";
    }
    ps_chain_walk(many, sizeof many / sizeof *many, &wants, &report);
    cr_assert_eq(report.finding_count, PS_SERIES_FINDINGS_MAX);
    cr_assert_eq(report.findings_dropped, 100);
    cr_assert_eq(report.worst, PS_VERIFY_TAMPERED);
}
