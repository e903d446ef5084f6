/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/watch/changes.h"
#include "collector/watch/snapshot_event.h"
#include "collector/watch/state.h"
#include "formats/bundle_write.h"

static bool is_final(const struct ps_watch_state *s)
{
    return strcmp(s->taken.reason, "final") == 0;
}

/* How long sealing may take behind the deadline before a snapshot counts as hung. */
enum { GRACE_MS = 120000 };

/* A last snapshot ends while there is time to deliver it: it reads for two fifths of what is left, and less of
 * everything when the ones before took longer than that. */
static void fit_into_budget(struct ps_watch_state *s)
{
    uint64_t left_ms = s->stop_by_us > s->now_us ? (s->stop_by_us - s->now_us) / 1000 : 0, reads_ms = left_ms * 2 / 5;
    uint64_t took_ms = s->last_took_us > 0 ? s->last_took_us / 1000 : 10000;
    if (s->running.deadline_ms > reads_ms)
        s->running.deadline_ms = reads_ms > 0 ? (uint32_t) reads_ms : 1;
    if (took_ms <= reads_ms)
        return;
    s->running.profile = PS_CARD;
    s->running.files = PS_FILES_NONE;
    s->running.memory = PS_MEMORY_NONE;
}

static void tell_failed(struct ps_watch_state *s, const char *words, int status)
{
    char line[PS_ANSWER_ROOM];
    struct ps_json *j = ps_event_begin(&s->events, "snapshot_failed");
    ps_json_text(j, "reason", s->taken.reason);
    if (s->taken.asked[0] != '\0')
        ps_json_text(j, "asked_by", s->taken.asked);
    ps_json_text(j, "words", words);
    ps_event_end(&s->events);
    snprintf(line, sizeof line, "%d not sealed: %s", status, words);
    ps_watch_answer_waiting(s, s->taken.ticket, line);
    s->exit_status = status;
}

/* A chain that follows another one says so with its first snapshot; the last one says that it is the last. */
static bool link_to_chain(struct ps_watch_state *s, struct ps_error *err)
{
    bool fresh = s->chain.ratchet == NULL;
    if (fresh && !ps_chain_begin(s->has_root ? s->root : NULL, &s->chain, err))
        return false;
    if (s->chain.seq == 0 && !is_final(s))
        s->taken.reason = s->follows ? "restart" : "start";
    if (!ps_chain_link_make(&s->chain, s->taken.reason, (s->w->every_ms + 500) / 1000, &s->link, err))
        return false;
    s->running.chain = &s->link;
    return true;
}

static bool aim_at_spool(struct ps_watch_state *s, struct ps_error *err)
{
    if (!ps_spool_dest(&s->spool, s->spool_dest, &s->spool_keep, err))
        return false;
    bool moved = s->spool_keep >= 0;
    if (moved && !s->spool_moved)
        ps_event_say(&s->events, "spool_moved",
                     "--spool no longer names the directory that was opened at the start (renamed, or something was "
                     "mounted over it): bundles go on lying in that one");
    s->spool_moved = moved;
    s->running.dest = s->spool_dest;
    s->running.remote = false;
    s->parts_before = ps_spool_part_bytes(&s->spool);
    return true;
}

/* Where the bundle goes that is to be delivered: into the directory of the spool, or into memory. */
static bool aim(struct ps_watch_state *s, struct ps_error *err)
{
    s->spool_keep = -1;
    if (!s->o->remote)
        return true;
    if (s->w->spool != NULL)
        return aim_at_spool(s, err);
    s->running.hold_fd = memfd_create("bundle", MFD_CLOEXEC);
    return s->running.hold_fd >= 0 || ps_fail(err, errno, "no memory to hold a bundle in (memfd_create)");
}

static void drop_held(struct ps_watch_state *s)
{
    if (s->running.hold_fd >= 0)
        close(s->running.hold_fd);
    s->running.hold_fd = -1;
}

static bool start_snapshot(struct ps_watch_state *s, struct ps_error *err)
{
    if (!link_to_chain(s, err))
        return false;
    s->running.sightings = s->snapshot.now;
    s->running.known = s->snapshot.known;
    s->running.asked_by = s->taken.asked[0] != '\0' ? s->taken.asked : NULL;
    bool started = aim(s, err) && ps_snapshot_start(&s->snapshot, &s->running,
                                                    (int[]){s->link.seed_fd, s->running.hold_fd, s->spool_keep}, 3,
                                                    GRACE_MS, err);
    ps_chain_link_close(&s->link);
    if (!started)
        drop_held(s);
    return started;
}

/* The last one is over, well or not. What waits still has the rest of the budget. */
static void note_final(struct ps_watch_state *s)
{
    if (!is_final(s))
        return;
    s->final_taken = true;
    s->over = !s->o->remote;
}

static void refuse(struct ps_watch_state *s)
{
    struct ps_json *j = ps_event_begin(&s->events, "spool_full");
    ps_json_text(j, "refused", s->taken.reason);
    ps_json_u64(j, "waiting", s->spool.count);
    ps_json_u64(j, "waiting_bytes", s->spool.bytes);
    if (s->kept_bytes > 0)
        ps_json_u64(j, "kept_bytes", s->kept_bytes);
    ps_json_u64(j, "max_bytes", s->spool.most_bytes);
    ps_event_end(&s->events);
    ps_watch_answer_waiting(s, s->taken.ticket,
                            "4 refused: no room for a further bundle until those that wait are delivered");
    s->exit_status = PS_SEALED_NOT_DELIVERED;
    note_final(s);
}

static void begin(struct ps_watch_state *s)
{
    struct ps_error err;
    s->taken = s->wish;
    s->wish = (struct ps_wish){0};
    s->running = *s->o;
    if (s->stopping)
        fit_into_budget(s);
    if (!ps_watch_make_room(s)) {
        refuse(s);
        return;
    }
    if (start_snapshot(s, &err)) {
        if (s->stopping)
            s->snapshot.late_us = s->stop_by_us;
        return;
    }
    tell_failed(s, err.text, PS_NOT_SEALED);
    note_final(s);
}

/* A bundle that grows beyond the room that there is for it is sealed early. */
static void look_after_room(struct ps_watch_state *s)
{
    struct stat held = {0};
    if (!s->o->remote || s->snapshot.told_to_stop)
        return;
    if (s->running.hold_fd >= 0)
        (void) fstat(s->running.hold_fd, &held);
    uint64_t grown =
        s->running.hold_fd >= 0 ? (uint64_t) held.st_size : ps_spool_part_bytes(&s->spool) - s->parts_before;
    if (grown <= ps_watch_room(s))
        return;
    ps_event_say(&s->events, "spool_full", "the snapshot under way is sealed early: there is no room for more of it");
    ps_snapshot_stop(&s->snapshot);
}

/* Its memory was the snapshot's, and is not believed to end where it should. */
static void end_texts(struct ps_verdict *v)
{
    v->early[sizeof v->early - 1] = v->bundle_id[sizeof v->bundle_id - 1] = '\0';
    v->head_line[sizeof v->head_line - 1] = v->path[sizeof v->path - 1] = '\0';
    v->minisig_path[sizeof v->minisig_path - 1] = v->minisig[sizeof v->minisig - 1] = '\0';
    v->name[sizeof v->name - 1] = v->task_arn[sizeof v->task_arn - 1] = '\0';
    v->root[sizeof v->root - 1] = v->limits_reached[sizeof v->limits_reached - 1] = '\0';
}

/* Two bundles of one seq would be a fork: where one may exist that we do not know, another chain begins. */
static void break_chain(struct ps_watch_state *s)
{
    s->chains++;
    s->snapshot.known->count = 0; /* contents are in each chain once */
    ps_chain_end(&s->chain);
    ps_event_say(&s->events, "chain_ended",
                 "it is not known whether a bundle was sealed; the next one begins a new chain");
}

static void follow_chain(struct ps_watch_state *s, const struct ps_head *head)
{
    ps_chain_sealed(&s->chain, head->root);
    memcpy(s->root, head->root, sizeof s->root);
    s->follows = s->has_root = true;
}

/* What it says must be of the bundle that was asked for: its memory was the snapshot's. */
static bool is_believed(const struct ps_watch_state *s, const struct ps_verdict *v, struct ps_head *head)
{
    return v->sealed && ps_head_line_read(ps_span_text(v->head_line), head) && head->seq == s->chain.seq &&
           strcmp(head->bundle, v->bundle_id) == 0;
}

static uint32_t objects_of(const struct ps_watch_state *s)
{
    uint32_t count = s->snapshot.now->object_count;
    return count < PS_SIGHTINGS_OBJECTS ? count : PS_SIGHTINGS_OBJECTS;
}

/* Which contents it holds: known when it is delivered, and no earlier. */
static void keep_objects(struct ps_watch_state *s, struct ps_spooled *item, uint64_t seq)
{
    uint32_t count = objects_of(s);
    item->seq = seq;
    item->chain = s->chains;
    item->objects = count > 0 ? malloc((size_t) count * PS_SHA256_LEN) : NULL;
    item->object_count = item->objects != NULL ? count : 0; /* without memory they are stored again */
    if (item->objects != NULL)
        memcpy(item->objects, s->snapshot.now->objects, (size_t) count * PS_SHA256_LEN);
}

/* The bundle waits for its courier. False, and told: it does not. */
static bool spool(struct ps_watch_state *s, const struct ps_verdict *v, uint64_t seq)
{
    struct ps_error err;
    char name[PS_BUNDLE_FILE_LEN + 1];
    ps_bundle_file_name(v->bundle_id, s->o->encrypt_to.count > 0, name);
    struct ps_spooled *item = ps_spool_add(&s->spool, name, s->running.hold_fd, v->bundle_bytes, &err);
    if (!item) {
        drop_held(s);
        ps_event_say(&s->events, "not_spooled", err.text);
        return false;
    }
    s->running.hold_fd = -1;
    item->since_us = s->now_us;
    item->ticket = s->taken.ticket;
    keep_objects(s, item, seq);
    ps_spool_say(&s->spool, item, v->minisig, v->head_line);
    if (is_final(s))
        s->final_item = item;
    return true;
}

/* Delivered is what a remote DEST has: until then, nobody who waits is answered. */
static void end_well(struct ps_watch_state *s, const struct ps_verdict *v, uint64_t seq, int status)
{
    char line[PS_ANSWER_ROOM];
    s->exit_status = status;
    if (s->o->remote) {
        bool waits = spool(s, v, seq);
        s->exit_status = PS_SEALED_NOT_DELIVERED;
        s->final_status = status;
        if (waits) {
            ps_watch_answer_undelivered(s);
            return;
        }
    }
    snprintf(line, sizeof line, "%d sealed%s%s: %s", s->exit_status, status == PS_SEALED ? "" : " early, ", v->early,
             v->head_line);
    ps_watch_answer_waiting(s, s->taken.ticket, line);
}

/* One that was cut short did not see all who are there: it is compared with nothing. */
static void tell_sealed(struct ps_watch_state *s, const struct ps_verdict *v)
{
    bool whole = v->early[0] == '\0';
    if (whole)
        ps_changes_settle(s->snapshot.now, getpid(), s->snapshot.conductor);
    ps_snapshot_event(&s->events, v, s->taken.reason, s->taken.asked,
                      whole && s->snapshot.has_before ? s->snapshot.before : NULL, s->snapshot.now);
}

static void sealed(struct ps_watch_state *s, const struct ps_head *head)
{
    struct ps_verdict *v = &s->snapshot.told->verdict;
    follow_chain(s, head);
    int status = v->early[0] != '\0' ? PS_SEALED_EARLY : PS_SEALED;
    s->last_took_us = v->took_us;
    s->last_bytes = v->bundle_bytes;
    tell_sealed(s, v);
    if (!s->o->remote)
        ps_snapshot_know(&s->snapshot, s->snapshot.now->objects, objects_of(s), head->seq);
    end_well(s, v, head->seq, status);
    if (status == PS_SEALED)
        ps_snapshot_keep(&s->snapshot);
}

static void lost(struct ps_watch_state *s)
{
    char words[160];
    int status = s->snapshot.wait_status;
    if (s->snapshot.killed)
        snprintf(words, sizeof words, "it did not end in its time and was killed");
    else if (WIFSIGNALED(status))
        snprintf(words, sizeof words, "its process was killed by signal %d", WTERMSIG(status));
    else
        snprintf(words, sizeof words, "its process ended with status %d and said nothing", WEXITSTATUS(status));
    tell_failed(s, words, PS_NOT_SEALED);
    break_chain(s);
}

static void finish(struct ps_watch_state *s, enum ps_snapshot_state state)
{
    struct ps_snapshot_told *told = s->snapshot.told;
    struct ps_head head;
    end_texts(&told->verdict);
    told->error.text[sizeof told->error.text - 1] = '\0';
    if (state == PS_SNAPSHOT_LOST) {
        lost(s);
    } else if (is_believed(s, &told->verdict, &head)) {
        memcpy(s->task_arn, told->verdict.task_arn, sizeof s->task_arn);
        sealed(s, &head);
    } else {
        tell_failed(s, told->verdict.sealed ? "what it says of itself makes no sense" : told->error.text,
                    PS_NOT_SEALED);
        if (told->verdict.sealed || told->verdict.signing)
            break_chain(s);
    }
    drop_held(s);
    note_final(s);
}

void ps_watch_take(struct ps_watch_state *s)
{
    enum ps_snapshot_state state = ps_snapshot_look(&s->snapshot, s->now_us);
    if (state == PS_SNAPSHOT_OVER || state == PS_SNAPSHOT_LOST)
        finish(s, state);
    if (state == PS_SNAPSHOT_RUNNING)
        look_after_room(s);
    if (s->snapshot.pid <= 0 && s->wish.open && !s->over)
        begin(s);
}
