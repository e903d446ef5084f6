/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/chain_walk.h"

#include <stdlib.h>
#include <string.h>

struct walk {
    const struct ps_series_wants *wants;
    struct ps_series_report *report;
    enum ps_verify_verdict worst; /* of the chain under way */
    bool intact;                  /* everything so far follows from a first snapshot that is vouched for */
};

static enum ps_chain_reason reason_of(const char *text)
{
    if (strcmp(text, "single") == 0)
        return PS_CHAIN_SINGLE;
    if (strcmp(text, "restart") == 0)
        return PS_CHAIN_RESTART;
    return strcmp(text, "final") == 0 ? PS_CHAIN_FINAL : PS_CHAIN_GOES_ON;
}

bool ps_chain_entry_of(const struct ps_verify_report *r, const char *file, struct ps_chain_entry *out)
{
    uint8_t hash[PS_SHA256_LEN];
    struct ps_chain_entry e = {.file = file, .verdict = r->verdict, .head = r->head};
    if (!r->has_chain || !r->has_root || !ps_hex_decode(ps_span_text(r->chain_id), e.chain, sizeof e.chain))
        return false;
    e.has_next = r->has_next;
    e.next = r->next_key;
    e.reason = reason_of(r->reason);
    e.started_us = r->started_boottime_us;
    e.finished_us = r->finished_boottime_us;
    e.interval_s = r->interval_s;
    e.realtime_us = r->realtime_us;
    e.has_boot = r->boot_id != NULL && r->boot_id[0] != '\0';
    if (e.has_boot) {
        ps_sha256_of(ps_span_text(r->boot_id), hash);
        memcpy(e.boot, hash, sizeof e.boot);
    }
    *out = e;
    return true;
}

/* Room for one more; doubles. */
static bool grow(void **items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return true;
    size_t more = *room == 0 ? 16 : 2 * *room;
    void *bigger = realloc(*items, more * size);
    if (bigger == NULL)
        return false;
    *items = bigger;
    *room = more;
    return true;
}

void ps_series_find(struct ps_series_report *r, struct ps_series_finding finding)
{
    void *items = r->findings;
    if (finding.weight > r->worst)
        r->worst = finding.weight;
    if (r->finding_count == PS_SERIES_FINDINGS_MAX) {
        r->findings_dropped++;
        return;
    }
    if (!grow(&items, r->finding_count, &r->finding_room, sizeof finding)) {
        r->failed = true;
        return;
    }
    r->findings = items;
    r->findings[r->finding_count++] = finding;
}

static void find(struct walk *w, enum ps_verify_verdict weight, const char *what, const struct ps_chain_entry *e,
                 const struct ps_chain_entry *other)
{
    struct ps_series_finding f = {.weight = weight, .what = what, .file = e->file, .in_chain = true, .has_seq = true,
                                  .other = other != NULL ? other->file : NULL, .seq = e->head.seq, .to = e->head.seq};
    memcpy(f.chain, e->chain, sizeof f.chain);
    if (weight > w->worst)
        w->worst = weight;
    if (weight > PS_VERIFY_UNPINNED)
        w->intact = false;
    ps_series_find(w->report, f);
}

/* Numbers from `seq` on are missing before `e`, and come after `before`, or after nothing. */
static void find_gap(struct walk *w, uint64_t seq, const struct ps_chain_entry *e, const struct ps_chain_entry *before)
{
    struct ps_series_finding f = {.weight = PS_VERIFY_TAMPERED, .what = "missing", .file = e->file, .in_chain = true,
                                  .has_seq = true, .other = before != NULL ? before->file : NULL, .seq = seq,
                                  .to = e->head.seq - 1};
    memcpy(f.chain, e->chain, sizeof f.chain);
    w->worst = PS_VERIFY_TAMPERED;
    w->intact = false;
    ps_series_find(w->report, f);
}

static bool same_root(const struct ps_chain_entry *a, const struct ps_chain_entry *b)
{
    return memcmp(a->head.root, b->head.root, PS_SHA256_LEN) == 0;
}

static int order(const struct ps_chain_entry *a, const struct ps_chain_entry *b)
{
    int by = memcmp(a->chain, b->chain, sizeof a->chain);
    if (by == 0)
        by = (a->head.seq > b->head.seq) - (a->head.seq < b->head.seq);
    if (by == 0)
        by = memcmp(a->head.root, b->head.root, PS_SHA256_LEN);
    return by != 0 ? by : strcmp(a->file, b->file);
}

/* What has no place in a chain comes last. */
static int by_chain(const void *a, const void *b)
{
    const struct ps_chain_entry *one = a, *other = b;
    bool out = one->verdict > PS_VERIFY_UNPINNED, other_out = other->verdict > PS_VERIFY_UNPINNED;
    if (out != other_out)
        return out ? 1 : -1;
    return order(one, other);
}

static bool is_wanted_key(const struct ps_series_wants *wants, const struct ps_public_key *key)
{
    for (size_t i = 0; i < wants->key_count; i++)
        if (ps_public_key_equal(&wants->keys[i], key))
            return true;
    return false;
}

/* Of the same boot: by the clock that never goes back. */
static void check_times(struct walk *w, const struct ps_chain_entry *e, const struct ps_chain_entry *before)
{
    bool same_boot = e->has_boot && before->has_boot && memcmp(e->boot, before->boot, sizeof e->boot) == 0;
    uint64_t since, now = same_boot ? e->started_us : e->realtime_us;
    if (same_boot && e->started_us < before->finished_us) {
        find(w, PS_VERIFY_TAMPERED, "it was started before the one before it was finished", e, before);
        return;
    }
    if (e->has_boot && before->has_boot && !same_boot)
        find(w, PS_VERIFY_OK, "another boot id than in the one before it: their times cannot be compared", e, before);
    if (e->realtime_us < before->realtime_us)
        find(w, PS_VERIFY_OK, "the machine's clock was set back since the one before it", e, before);
    since = same_boot ? before->started_us : before->realtime_us;
    if (before->interval_s > 0 && now > since && now - since > before->interval_s * 1500000)
        find(w, PS_VERIFY_OK,
             "more than one and a half intervals after the one before it; none was removed in between, none was taken",
             e, before);
}

/* `e` is number n + 1, `before` number n. */
static void check_link(struct walk *w, const struct ps_chain_entry *e, const struct ps_chain_entry *before)
{
    if (!e->head.has_prev)
        find(w, PS_VERIFY_TAMPERED, "it names no predecessor, and yet it is not the first", e, before);
    else if (memcmp(e->head.prev, before->head.root, PS_SHA256_LEN) != 0)
        find(w, PS_VERIFY_TAMPERED, "the predecessor that it names is another one than the one that is here", e,
             before);
    if (!before->has_next || !ps_public_key_equal(&before->next, &e->head.pk))
        find(w, PS_VERIFY_TAMPERED, "it is sealed by another key than the one before it named: sealed again", e,
             before);
    if (before->reason == PS_CHAIN_FINAL)
        find(w, PS_VERIFY_TAMPERED, "the one before it was the last of its chain", e, before);
    check_times(w, e, before);
}

static void check_first(struct walk *w, const struct ps_chain_entry *e)
{
    if (e->head.seq > 0)
        find_gap(w, 0, e, NULL);
    else if (e->head.has_prev && (e->reason == PS_CHAIN_RESTART || e->reason == PS_CHAIN_FINAL))
        find(w, PS_VERIFY_OK, "it says that it goes on behind a chain that ended without notice; nothing proves that",
             e, NULL);
    else if (e->head.has_prev)
        find(w, PS_VERIFY_TAMPERED, "it is the first of its chain, and yet it names a predecessor", e, NULL);
}

/* Of those with one number, the one that the next one names; the first of them when it names none of them. */
static size_t choose(const struct ps_chain_entry *e, size_t at, size_t end, size_t count)
{
    for (size_t i = at; i < end && end < count; i++)
        if (e[end].head.has_prev && memcmp(e[end].head.prev, e[i].head.root, PS_SHA256_LEN) == 0)
            return i;
    return at;
}

/* Entries at..end have one number. */
static void check_twins(struct walk *w, const struct ps_chain_entry *e, size_t at, size_t end)
{
    for (size_t i = at + 1; i < end; i++) {
        if (same_root(&e[i], &e[i - 1]))
            find(w, PS_VERIFY_TAMPERED, "the same bundle once more, under another name", &e[i], &e[i - 1]);
        else
            find(w, PS_VERIFY_TAMPERED, "two different bundles have one number: a fork", &e[i], &e[i - 1]);
    }
}

static bool is_expected_end(const struct ps_series_wants *wants, const struct ps_chain_entry *last)
{
    if (wants->root == NULL && wants->seq == NULL)
        return false;
    return (wants->root == NULL || memcmp(wants->root, last->head.root, PS_SHA256_LEN) == 0) &&
           (wants->seq == NULL || *wants->seq == last->head.seq);
}

static bool check_end(struct walk *w, const struct ps_chain_entry *last)
{
    bool alone = last->reason == PS_CHAIN_SINGLE;
    if (alone || last->reason == PS_CHAIN_FINAL || is_expected_end(w->wants, last))
        return false;
    if (w->wants->has_log && last->logged) {
        find(w, PS_VERIFY_OK, "the chain ends here without a final snapshot; so does the log", last, NULL);
        return false;
    }
    find(w, PS_VERIFY_INCOMPLETE,
         "the chain is open: this one is not marked as the last, and what came after it may have been removed", last,
         NULL);
    return true;
}

/* A key vouches for a chain as its first; whoever pins a later one lets the one before be exchanged. */
static void check_key(struct walk *w, const struct ps_chain_entry *e, size_t count)
{
    const struct ps_series_wants *wants = w->wants;
    bool all_logged = true, later = false;
    for (size_t i = 0; i < count; i++) {
        all_logged = all_logged && e[i].logged;
        later = later || is_wanted_key(wants, &e[i].head.pk);
    }
    if (wants->key_count == 0 || all_logged || e->head.seq > 0 || is_wanted_key(wants, &e->head.pk))
        return;
    find(w, PS_VERIFY_TAMPERED,
         later ? "the pinned key is that of a later snapshot; pin that of number 0"
               : "the chain begins with another key than the pinned one; each task, and each start of a task, has its "
                 "own: give --key for each of them, or the log with --heads",
         e, NULL);
}

static void add_summary(struct walk *w, const struct ps_chain_entry *e, size_t count, bool open)
{
    struct ps_series_report *r = w->report;
    struct ps_chain_summary s = {.first = e, .last = &e[count - 1], .bundles = count, .pinned = true, .open = open,
                                 .worst = w->worst};
    void *items = r->chains;
    memcpy(s.id, e->chain, sizeof s.id);
    for (size_t i = 0; i < count; i++)
        s.pinned = s.pinned && e[i].pinned;
    if (!grow(&items, r->chain_count, &r->chain_room, sizeof s)) {
        r->failed = true;
        return;
    }
    r->chains = items;
    r->chains[r->chain_count++] = s;
}

static void walk_chain(struct walk *w, struct ps_chain_entry *e, size_t count)
{
    const struct ps_chain_entry *before = NULL;
    w->worst = PS_VERIFY_OK;
    w->intact = is_wanted_key(w->wants, &e->head.pk) && e->head.seq == 0;
    check_first(w, e);
    check_key(w, e, count);
    for (size_t at = 0, end; at < count; at = end) {
        for (end = at + 1; end < count && e[end].head.seq == e[at].head.seq;)
            end++;
        check_twins(w, e, at, end);
        struct ps_chain_entry *now = &e[choose(e, at, end, count)];
        if (before != NULL && now->head.seq != before->head.seq + 1)
            find_gap(w, before->head.seq + 1, now, before);
        else if (before != NULL)
            check_link(w, now, before);
        for (size_t i = at; i < end; i++)
            e[i].pinned = e[i].logged || (w->intact && &e[i] == now);
        before = now;
    }
    bool open = check_end(w, before);
    add_summary(w, e, count, open);
}

static void walk_single(struct walk *w, struct ps_chain_entry *e)
{
    const struct ps_series_wants *wants = w->wants;
    bool wanted = is_wanted_key(wants, &e->head.pk);
    w->worst = PS_VERIFY_OK;
    e->pinned = e->logged || wanted;
    w->report->singles++;
    w->report->singles_pinned += e->pinned;
    if (wants->key_count > 0 && !e->pinned)
        find(w, PS_VERIFY_TAMPERED, "it is sealed by another key than the pinned one", e, NULL);
}

/* Does any chain end as the command line says? */
static void check_expected(struct walk *w, const struct ps_chain_entry *entries, size_t count)
{
    const struct ps_series_wants *wants = w->wants;
    bool expects = wants->root != NULL || wants->seq != NULL, ends = false;
    for (size_t i = 0; i < w->report->chain_count; i++)
        ends = ends || is_expected_end(wants, w->report->chains[i].last);
    for (size_t i = 0; i < count && !ends; i++)
        ends = entries[i].reason == PS_CHAIN_SINGLE && is_expected_end(wants, &entries[i]);
    if (!expects || ends)
        return;
    ps_series_find(w->report, (struct ps_series_finding){
                                  .weight = PS_VERIFY_TAMPERED,
                                  .what = "no chain ends with the expected root or number: newer ones were removed, "
                                          "or others added"});
}

static int by_time(const void *a, const void *b)
{
    const struct ps_chain_entry *one = ((const struct ps_chain_summary *) a)->first,
                                *other = ((const struct ps_chain_summary *) b)->first;
    int by = (one->realtime_us > other->realtime_us) - (one->realtime_us < other->realtime_us);
    return by != 0 ? by : memcmp(one->chain, other->chain, sizeof one->chain);
}

void ps_chain_walk(struct ps_chain_entry *entries, size_t count, const struct ps_series_wants *wants,
                   struct ps_series_report *r)
{
    struct walk w = {.wants = wants, .report = r};
    if (count > 1)
        qsort(entries, count, sizeof *entries, by_chain);
    while (count > 0 && entries[count - 1].verdict > PS_VERIFY_UNPINNED)
        count--;
    for (size_t at = 0, end; at < count; at = end) {
        for (end = at + 1; end < count && memcmp(entries[end].chain, entries[at].chain, PS_CHAIN_RAW_ID) == 0;)
            end++;
        if (end == at + 1 && entries[at].reason == PS_CHAIN_SINGLE)
            walk_single(&w, &entries[at]);
        else
            walk_chain(&w, &entries[at], end - at);
    }
    check_expected(&w, entries, count);
    if (r->chain_count > 1)
        qsort(r->chains, r->chain_count, sizeof *r->chains, by_time);
}

void ps_series_report_done(struct ps_series_report *r)
{
    free(r->findings);
    free(r->chains);
    *r = (struct ps_series_report){0};
}
