/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collector/host/limits.h"
#include "collector/watch/backoff.h"
#include "collector/watch/state.h"

/* What a bundle needs at least, and between tries while the watch ends. */
enum { BUNDLE_LEAST = 256 << 10, STOP_RETRY_MS = 500, LAST_WORDS_MS = 300 };
/* Of a courier, when the command line names none; and what it has behind it until it is killed. */
enum { DEADLINE_MS = 120000, GRACE_MS = 10000, YIELD_GRACE_MS = 1500 };

/* A quarter of the room that the container has now, what is held already counted, when bundles lie in memory. */
static void fit_into_memory(struct ps_watch_state *s)
{
    struct ps_limits limits;
    s->spool.most_bytes = s->w->spool_max;
    if (s->spool.dir >= 0)
        return;
    ps_limits_own(&limits);
    uint64_t share = (limits.headroom_bytes.value + s->spool.bytes) / 4;
    if (limits.headroom_bytes.known == PS_LIMITED && share < s->spool.most_bytes)
        s->spool.most_bytes = share;
}

static void tell_dropped(struct ps_watch_state *s, const struct ps_spooled *item)
{
    struct ps_json *j = ps_event_begin(&s->events, "dropped");
    ps_json_text(j, "bundle", item->name);
    ps_json_u64(j, "bytes", item->bytes);
    ps_json_text(j, "why", "the spool is full, and the newest are kept (--spool-policy newest)");
    ps_event_end(&s->events);
}

uint64_t ps_watch_room(const struct ps_watch_state *s)
{
    uint64_t taken = s->spool.bytes + s->kept_bytes;
    if (!s->o->remote)
        return UINT64_MAX;
    return taken < s->spool.most_bytes && s->spool.count < PS_SPOOL_MOST ? s->spool.most_bytes - taken : 0;
}

bool ps_watch_make_room(struct ps_watch_state *s)
{
    uint64_t need = s->last_bytes + s->last_bytes / 4;
    if (!s->o->remote)
        return true;
    fit_into_memory(s);
    s->kept_bytes = ps_spool_kept_bytes(&s->spool);
    if (need < BUNDLE_LEAST)
        need = BUNDLE_LEAST;
    /* Nothing is dropped for a bundle that has no room all the same. */
    bool may_drop = s->w->spool_newest && s->kept_bytes + need <= s->spool.most_bytes;
    for (size_t i = 0; may_drop && ps_watch_room(s) < need && i < s->spool.count;) {
        if (s->spool.items[i] == s->carried) {
            i++; /* under way */
            continue;
        }
        tell_dropped(s, s->spool.items[i]);
        ps_spool_remove(&s->spool, s->spool.items[i]);
    }
    return ps_watch_room(s) >= need;
}

static void tell_end(struct ps_watch_state *s, struct ps_spooled *item, int status, const char *words)
{
    char line[PS_ANSWER_ROOM];
    snprintf(line, sizeof line, "%d %s: %s", status, words, item->name);
    if (item->ticket > 0)
        ps_watch_answer_waiting(s, item->ticket, line);
    item->ticket = 0;
}

static void delivered(struct ps_watch_state *s, struct ps_spooled *item, bool certain, const struct ps_buffer *receipt,
                      const char *words)
{
    enum { RECEIPT_MOST = 3000 }; /* of an event's line */
    struct ps_json *j = ps_event_begin(&s->events, "delivered");
    ps_json_text(j, "bundle", item->name);
    ps_json_bool(j, "certain", certain);
    ps_json_u64(j, "tries", item->tries);
    ps_json_u64(j, "waited_ms", (s->now_us - item->since_us) / 1000);
    if (!certain)
        ps_json_text(j, "words", words);
    if (receipt->len > 1 && receipt->len <= RECEIPT_MOST)
        ps_json_raw(j, "receipt", ps_span_of(receipt->data, receipt->len - 1)); /* a line */
    ps_json_u64(j, "waiting", s->spool.count - 1);
    ps_event_end(&s->events);
    if (s->final_item == item)
        s->exit_status = s->final_status;
    if (s->final_item == item)
        s->final_item = NULL;
    tell_end(s, item, PS_SEALED, certain ? "sealed and delivered" : "sealed and most likely delivered");
    if (certain && item->chain == s->chains)
        ps_snapshot_know(&s->snapshot, item->objects, item->object_count, item->seq);
    if (certain)
        ps_spool_remove(&s->spool, item);
    else
        ps_spool_set_aside(&s->spool, item);
    s->failures = 0;
    s->next_try_us = s->now_us;
}

/* Nobody waits for an outage to end. */
void ps_watch_answer_undelivered(struct ps_watch_state *s)
{
    for (size_t i = 0; i < s->spool.count && s->failures > 0; i++)
        tell_end(s, s->spool.items[i], PS_SEALED_NOT_DELIVERED,
                 "sealed, but not delivered yet: deliveries fail at present");
}

static void failed(struct ps_watch_state *s, struct ps_spooled *item, const char *words)
{
    uint32_t wait_ms = ps_backoff_ms(++s->failures, randombytes_random());
    if (s->stopping)
        wait_ms = STOP_RETRY_MS;
    s->next_try_us = s->now_us + (uint64_t) wait_ms * 1000;
    struct ps_json *j = ps_event_begin(&s->events, "delivery_failed");
    ps_json_text(j, "bundle", item->name);
    ps_json_text(j, "words", words);
    ps_json_u64(j, "tries", item->tries);
    ps_json_u64(j, "next_try_ms", wait_ms);
    ps_json_u64(j, "waiting", s->spool.count);
    ps_json_u64(j, "waiting_bytes", s->spool.bytes);
    ps_event_end(&s->events);
    ps_watch_answer_undelivered(s);
}

/* Takes what the courier says in its end. */
static enum ps_delivered take_end(struct ps_watch_state *s, struct ps_buffer *receipt, struct ps_error *err)
{
    enum ps_delivered end = ps_courier_end(s->courier, receipt, err);
    if (s->carried->fd < 0)
        close(s->parcel.fd);
    s->courier = NULL;
    s->carried = NULL;
    return end;
}

/* The last bundle goes before all others: what is under way when it is sealed is broken off when half of the budget is
 * over. */
static void hurry_courier(struct ps_watch_state *s)
{
    bool yields = s->final_item != NULL && s->carried != s->final_item;
    uint64_t half_us = s->stop_by_us - (uint64_t) s->w->stop_budget_ms * 500;
    if (s->now_us > s->courier_late_us || (yields && s->now_us > half_us + YIELD_GRACE_MS * 1000))
        ps_courier_kill(s->courier);
    else if (yields && s->now_us > half_us)
        ps_courier_stop(s->courier);
}

static void look_after_courier(struct ps_watch_state *s)
{
    struct ps_spooled *item = s->carried;
    struct ps_buffer receipt = {0};
    struct ps_error err = {0};
    if (s->courier == NULL)
        return;
    if (!ps_courier_over(s->courier)) {
        hurry_courier(s);
        return;
    }
    enum ps_delivered end = take_end(s, &receipt, &err);
    if (end == PS_NOT_DELIVERED)
        failed(s, item, err.text);
    else
        delivered(s, item, end == PS_DELIVERED, &receipt, err.text);
    ps_buffer_done(&receipt);
}

static bool pack(struct ps_watch_state *s, struct ps_spooled *item, struct ps_error *err)
{
    int fd = ps_spool_fetch(&s->spool, item, s->minisig, s->head_line, err);
    if (fd < 0)
        return false;
    s->parcel = (struct ps_parcel){
        .fd = fd,
        .name = item->name,
        .minisig = ps_span_text(s->minisig),
        .head_line = s->head_line[0] != '\0' ? s->head_line : NULL,
        .task_arn = s->task_arn[0] != '\0' ? s->task_arn : NULL,
        .tried_before = item->tried_before,
    };
    s->delivery = s->w->delivery;
    uint64_t deadline_ms = s->delivery.deadline_ms > 0 ? s->delivery.deadline_ms : DEADLINE_MS;
    if (s->stopping && (s->stop_by_us - s->now_us) / 1000 < deadline_ms)
        deadline_ms = (s->stop_by_us - s->now_us) / 1000;
    s->delivery.deadline_ms = (uint32_t) deadline_ms;
    s->courier_late_us = s->now_us + (deadline_ms + GRACE_MS) * 1000;
    return true;
}

/* Others who may write to the directory of the spool have been there. What they changed goes as it is: its signature
 * tells, and so does the log. False: there is nothing to deliver any more. */
static bool find(struct ps_watch_state *s, struct ps_spooled *item)
{
    enum ps_spool_found found = ps_spool_look(&s->spool, item);
    if (found == PS_SPOOL_UNTOUCHED)
        return true;
    struct ps_json *j = ps_event_begin(&s->events, found == PS_SPOOL_GONE ? "spool_gone" : "spool_altered");
    ps_json_text(j, "bundle", item->name);
    ps_json_text(j, "words",
                 found == PS_SPOOL_GONE
                     ? "somebody took it out of the spool before it was delivered"
                     : "somebody changed its file in the spool; it goes as it is, and procsnap verify judges it");
    ps_event_end(&s->events);
    if (found == PS_SPOOL_ALTERED)
        return true;
    tell_end(s, item, PS_SEALED_NOT_DELIVERED, "sealed, not delivered, and gone from the spool");
    if (s->final_item == item)
        s->final_item = NULL;
    ps_spool_forget(&s->spool, item);
    return false;
}

static void start_courier(struct ps_watch_state *s)
{
    struct ps_error err;
    struct ps_spooled *item = s->final_item != NULL ? s->final_item : ps_spool_next(&s->spool);
    if (!item || s->courier != NULL || s->now_us < s->next_try_us)
        return;
    if (!find(s, item))
        return;
    ps_spool_try(&s->spool, item);
    if (!pack(s, item, &err)) {
        failed(s, item, err.text);
        return;
    }
    s->courier = ps_courier_start(&s->delivery, s->o->dest, &s->parcel, &err);
    s->carried = item;
    item->tried_before = true;
    if (s->courier != NULL)
        return;
    if (item->fd < 0)
        close(s->parcel.fd);
    s->carried = NULL;
    failed(s, item, err.text);
}

/* What is under way ends without an answer. */
static void end_delivery(struct ps_watch_state *s)
{
    struct ps_buffer receipt = {0};
    struct ps_error err;
    if (s->courier == NULL)
        return;
    ps_courier_kill(s->courier);
    (void) take_end(s, &receipt, &err);
    ps_buffer_done(&receipt);
}

/* All that waits is lost with the memory that it lies in, or left to the next watch. */
static void tell_left(struct ps_watch_state *s)
{
    if (s->spool.count == 0)
        return;
    struct ps_json *j = ps_event_begin(&s->events, s->spool.dir >= 0 ? "left_in_spool" : "lost");
    ps_json_u64(j, "bundles", s->spool.count);
    ps_json_u64(j, "bytes", s->spool.bytes);
    ps_json_text(j, "oldest", s->spool.items[0]->name);
    ps_json_text(j, "newest", s->spool.items[s->spool.count - 1]->name);
    ps_json_text(j, "words",
                 s->spool.dir >= 0 ? "procsnap push, or the next watch with this --spool, delivers them"
                                   : "without --spool DIR what is not delivered ends with the watch");
    ps_event_end(&s->events);
}

static void end_of_budget(struct ps_watch_state *s)
{
    bool time_is_up = s->now_us + LAST_WORDS_MS * 1000 >= s->stop_by_us;
    if (!s->final_taken || (s->spool.count > 0 && !time_is_up))
        return;
    end_delivery(s);
    tell_left(s);
    s->over = true;
}

void ps_watch_deliver(struct ps_watch_state *s)
{
    if (!s->o->remote)
        return;
    look_after_courier(s);
    if (s->stopping)
        end_of_budget(s);
    if (!s->over && (!s->stopping || s->stop_by_us > s->now_us))
        start_courier(s);
}
