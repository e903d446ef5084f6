/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/builder/lane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/host/clock.h"
#include "collector/procfs/reader.h"
#include "formats/pack.h"

static struct ps_output *output(struct ps_lane_builder *b)
{
    return b->line.out;
}

static bool is_ours(const struct ps_lane_builder *b, const struct ps_life *life)
{
    return b->conductor != 0 && (life->pid == b->conductor || life->ppid == b->conductor);
}

static uint8_t lane_flag(const struct ps_lane_builder *b)
{
    return b->lane == PS_QUIET ? PS_LIFE_QUIET : PS_LIFE_MEMORY;
}

static void begin_line(struct ps_lane_builder *b, uint32_t subject, enum ps_line_scope scope, const char *stem, uint64_t us)
{
    const struct ps_life *life = ps_lives_at(b->lives, subject);
    char name[PS_LIFE_NAME], whole[128];
    ps_life_name(life, name);
    snprintf(whole, sizeof whole, "data/proc/%s/%s", name, stem);
    struct ps_line head = {.scope = scope, .pid = life->pid, .start = life->start, .life = name};
    head.reader = b->lane;
    head.us = us;
    b->subject = subject;
    b->line.own = is_ours(b, life);
    ps_line_begin(&b->line, &head, whole, false);
}

static bool begin_process(struct ps_lane_builder *b, uint32_t subject, uint64_t us)
{
    if (b->lane == PS_PROBER || b->line.open || subject >= PS_ROSTER_MAX || subject >= atomic_load(&b->roster->count))
        return false;
    struct ps_roster_entry entry = b->roster->entries[subject];
    bool memory = false;
    if (!ps_lives_claim(b->lives, subject, &entry, lane_flag(b), &memory)) {
        if (memory && !output(b)->failed)
            output(b)->failed = !ps_fail(&output(b)->error, 0, "out of memory while storing captures");
        return false;
    }
    begin_line(b, subject, PS_LINE_PROCESS, b->lane == PS_QUIET ? "state" : "memory", us);
    return true;
}

/* A line about the files of a life that has its other lines already. */
static bool begin_content(struct ps_lane_builder *b, uint32_t subject, uint64_t us)
{
    if (b->line.open || !ps_lives_at(b->lives, subject))
        return false;
    begin_line(b, subject, PS_LINE_CONTENT, "files", us);
    return true;
}

static bool in_content(const struct ps_lane_builder *b)
{
    return b->line.open && b->line.head.scope == PS_LINE_CONTENT;
}

static void end_process(struct ps_lane_builder *b, enum ps_outcome open_as, enum ps_outcome rest,
                        const struct ps_line_end *end, uint64_t us)
{
    static const struct ps_rows none;
    const struct ps_rows *rows = in_content(b) ? &none : &b->plan->lane[b->lane];
    if (in_content(b)) {
        ps_content_close(&b->line, open_as, us);
        ps_dump_close(&b->line, open_as, us);
    }
    ps_line_end(&b->line, rows->rows, rows->count, open_as, rest, end, us);
    b->subject = PS_NO_SUBJECT;
}

static void begin_facts(struct ps_lane_builder *b, uint64_t us)
{
    struct ps_line head = {.scope = PS_LINE_FACTS, .reader = b->lane, .us = us};
    b->facts_told = true;
    b->line.own = false;
    ps_line_begin(&b->line, &head, "", true);
}

/* A line of what belongs to no process begins with its first capture. */
static bool begin_without_subject(struct ps_lane_builder *b, uint64_t us)
{
    if (b->lane != PS_QUIET)
        return false;
    struct ps_line head = {.scope = PS_LINE_GLOBAL, .us = us};
    const char *stem = "";
    if (b->phase == PS_WALK_OPENING) {
        head.scope = PS_LINE_OPENING;
        stem = "data/opening/stat";
    } else if (b->phase == PS_WALK_CLOSING) {
        head.scope = PS_LINE_CLOSING;
        stem = "data/closing/stat";
    } else if (b->phase != PS_WALK_GLOBAL) {
        return false;
    }
    b->line.own = false;
    ps_line_begin(&b->line, &head, stem, true);
    return true;
}

_Static_assert(PS_PLAN_MAX <= 64, "one bit of global_done for each row");

/* The rows that the line of what exists once ends with: its own, and, when nobody goes on behind it, all that are left. */
static void take_global_rows(struct ps_lane_builder *b, bool phase_over, struct ps_rows *out)
{
    const struct ps_rows *all = &b->plan->global;
    out->count = 0;
    for (size_t i = 0; i < all->count; i++) {
        const struct ps_open_capture *c = &b->line.captures[all->rows[i]];
        bool here = b->line.open && (c->open || c->ended), left = !(b->global_done >> i & 1);
        if (!here && !(phase_over && left))
            continue;
        out->rows[out->count++] = all->rows[i];
        b->global_done |= UINT64_C(1) << i;
    }
}

static void end_global(struct ps_lane_builder *b, enum ps_outcome open_as, bool phase_over, uint64_t us)
{
    struct ps_line_end end = {.identity = PS_SAME};
    struct ps_rows rows;
    take_global_rows(b, phase_over, &rows);
    if (!b->line.open && (rows.count == 0 || !begin_without_subject(b, us)))
        return;
    ps_line_end(&b->line, rows.rows, rows.count, open_as, PS_SKIPPED, &end, us);
}

static void end_without_subject(struct ps_lane_builder *b, enum ps_outcome open_as, bool phase_over, uint64_t us)
{
    struct ps_line_end end = {.identity = PS_SAME};
    const struct ps_rows *facts = &b->plan->facts[b->lane];
    if (b->line.open && b->line.head.scope == PS_LINE_FACTS)
        ps_line_end(&b->line, facts->rows, facts->count, open_as, PS_SKIPPED, &end, us);
    else if (b->phase == PS_WALK_GLOBAL)
        end_global(b, open_as, phase_over, us);
    else if (b->line.open)
        ps_line_end(&b->line, &b->plan->stat, 1, open_as, PS_SKIPPED, &end, us);
}

/* The rows whose captures belong into the line that is open. */
static struct ps_rows rows_of_line(const struct ps_lane_builder *b)
{
    switch (b->line.head.scope) {
    case PS_LINE_PROCESS:
        return b->plan->lane[b->lane];
    case PS_LINE_GLOBAL:
        return b->plan->global;
    case PS_LINE_FACTS:
        return b->plan->facts[b->lane];
    case PS_LINE_CONTENT:
        return (struct ps_rows){.rows = {b->plan->of.files}, .count = b->plan->content.count > 0};
    case PS_LINE_OPENING:
    case PS_LINE_CLOSING:
        break;
    }
    return (struct ps_rows){.rows = {b->plan->stat}, .count = 1};
}

/* Each planned file is in exactly one capture, and facts are in the order of the plan: what a corrupted reader makes of
 * it otherwise would be no bundle. */
static bool may_begin(const struct ps_lane_builder *b, uint32_t row)
{
    const struct ps_rows rows = rows_of_line(b);
    const struct ps_open_capture *all = b->line.captures;
    bool planned = false, late = false;
    for (size_t i = 0; i < rows.count; i++) {
        planned = planned || rows.rows[i] == row;
        late = late || (rows.rows[i] > row && (all[rows.rows[i]].open || all[rows.rows[i]].ended));
    }
    late = late && b->line.head.scope == PS_LINE_FACTS;
    return planned && !late && !all[row].open && !all[row].ended;
}

static bool take_begin(struct ps_lane_builder *b, const struct ps_frame *f)
{
    if (f->row >= ps_catalog_count || f->row >= PS_CATALOG_MAX)
        return false;
    bool fact = ps_catalog[f->row].scope == PS_PER_FACT;
    if (!b->line.open && fact && b->facts_told)
        return false; /* all that one brings is one line */
    if (!b->line.open && fact)
        begin_facts(b, f->us);
    else if (!b->line.open && (f->subject != PS_NO_SUBJECT || !begin_without_subject(b, f->us)))
        return false;
    if (!may_begin(b, f->row))
        return false;
    if (in_content(b)) {
        /* The drift list: one for each life, or its packs would have one name. */
        if (b->lives->items[b->subject].flags & PS_LIFE_FILES)
            return false;
        b->lives->items[b->subject].flags |= PS_LIFE_FILES;
    }
    ps_line_capture_begin(&b->line, f->row, f->us);
    return true;
}

static bool take_content(struct ps_lane_builder *b, const struct ps_frame *f, struct ps_span entry,
                         struct ps_span bytes)
{
    struct ps_file_facts facts;
    bool known = f->flags & PS_FLAG_FACTS;
    if (!in_content(b) || f->row >= ps_catalog_count || f->row >= PS_CATALOG_MAX || f->as_uid > PS_WANTED_MAX ||
        f->row == b->plan->of.files || f->row == b->plan->of.mem || b->line.captures[b->plan->of.files].open ||
        (known && bytes.len < sizeof facts) || bytes.len > sizeof facts + PS_CONTENT_PATH_MAX)
        return false;
    if (known) {
        memcpy(&facts, bytes.data, sizeof facts);
        bytes = ps_span_of(bytes.data + sizeof facts, bytes.len - sizeof facts);
    }
    if (f->as_uid > 0)
        b->wanted_done[(f->as_uid - 1) / 8] |= (uint8_t) (1 << (f->as_uid - 1) % 8);
    b->contents++;
    return ps_content_begin(&b->line, f->row, entry, bytes, known ? &facts : NULL, f->us);
}

/* Of each life once: its member has one name. */
static bool take_dump(struct ps_lane_builder *b, const struct ps_frame *f, struct ps_span bytes)
{
    if (!b->plan->dumps || !in_content(b) || f->row != b->plan->of.mem)
        return false;
    if (f->as_uid == PS_DUMP_BEGIN) {
        if (b->lives->items[b->subject].flags & PS_LIFE_DUMP)
            return false;
        b->lives->items[b->subject].flags |= PS_LIFE_DUMP;
        b->contents++;
    }
    return ps_dump_part(&b->line, f->row, f->as_uid, bytes, f->us);
}

static bool end_dump(struct ps_lane_builder *b, const struct ps_frame *f, const struct ps_capture *end,
                     const uint8_t *data)
{
    struct ps_dump_tail tail;
    if (f->data_len != sizeof tail)
        return false;
    memcpy(&tail, data, sizeof tail);
    return ps_dump_end(&b->line, end, &tail, f->us);
}

static bool take_end(struct ps_lane_builder *b, const struct ps_frame *f, const uint8_t *data)
{
    struct ps_file_facts facts;
    char life[PS_LIFE_NAME];
    struct ps_capture end = {.outcome = (enum ps_outcome) f->outcome, .error = ps_errno_name(f->error)};
    if (f->outcome >= PS_OUTCOMES)
        return false;
    end.switched = f->flags & PS_FLAG_SWITCHED;
    end.as_uid = f->as_uid;
    end.as_gid = f->as_gid;
    if (in_content(b) && b->line.content.open)
        return ps_content_end(&b->line, &end, f->flags & PS_FLAG_ATIME, f->us);
    if (in_content(b) && b->line.dump.open)
        return end_dump(b, f, &end, data);
    if (f->data_len == sizeof facts) {
        memcpy(&facts, data, sizeof facts);
        end.facts = &facts;
    }
    if (end.outcome == PS_SHARED) {
        uint32_t with = f->as_uid;
        end.of = "self";
        if (with != PS_NO_SUBJECT) {
            const struct ps_life *holder = ps_lives_at(b->lives, with);
            if (!holder || !(holder->flags & PS_LIFE_QUIET))
                return false;
            ps_life_name(holder, life);
            end.of = life;
        }
    }
    return ps_line_capture_end(&b->line, f->row, &end, f->us);
}

static bool take_done(struct ps_lane_builder *b, const struct ps_frame *f)
{
    if (b->line.open && b->line.head.scope == PS_LINE_FACTS) {
        end_without_subject(b, PS_SKIPPED, false, f->us);
        return true;
    }
    if (!b->line.open || b->subject == PS_NO_SUBJECT || f->outcome >= PS_OUTCOMES || f->error < 0 ||
        f->error > PS_UNVERIFIED)
        return false;
    struct ps_line_end end = {.identity = (enum ps_identity) f->error};
    end.comm_changed = f->flags & PS_FLAG_COMM;
    end.image_changed = f->flags & PS_FLAG_IMAGE;
    enum ps_outcome rest = (enum ps_outcome) f->outcome;
    end_process(b, rest, rest, &end, f->us);
    return true;
}

static bool take_via(struct ps_lane_builder *b, const struct ps_frame *f)
{
    if (!b->line.open || b->subject == PS_NO_SUBJECT || f->as_uid == 0 || f->as_uid >= PS_PID_LIMIT)
        return false;
    ps_line_via(&b->line, f->as_uid, f->us);
    return true;
}

static const char *const phase_names[] = {
    [PS_WALK_GLOBAL] = "global-end", [PS_WALK_OPENING] = "opening-end", [PS_WALK_PROCESSES] = "quiet-end",
    [PS_WALK_CLOSING] = "closing-end",
};

static bool take_phase(struct ps_lane_builder *b, const struct ps_frame *f)
{
    if (b->lane == PS_MEMORY && f->row == PS_WALK_PROCESSES && !b->line.open && b->plan->content.count > 0) {
        b->phase = PS_WALK_CONTENT; /* said by the builder, when both lanes have come so far */
        return true;
    }
    if (b->lane != PS_QUIET || f->row > PS_WALK_CLOSING || !phase_names[f->row] || f->row < (uint32_t) b->phase)
        return false;
    end_without_subject(b, PS_SKIPPED, true, f->us);
    uint64_t count = f->row == PS_WALK_CLOSING ? b->lives->processes : (uint64_t) (uint32_t) f->error;
    ps_output_phase(output(b), phase_names[f->row], f->us, count);
    b->phase = f->row == PS_WALK_PROCESSES ? PS_WALK_CLOSING : (enum ps_walk_phase) (f->row + 1);
    return true;
}

/* While a core or an object is open nothing else may go into the bundle. */
static bool may_come_now(const struct ps_lane_builder *b, uint8_t kind)
{
    if (kind == PS_FRAME_END || kind == PS_FRAME_DONE)
        return true;
    if (b->line.dump.open)
        return kind == PS_FRAME_DUMP;
    return !b->line.content.open || kind == PS_FRAME_DIGEST || kind == PS_FRAME_KEEP || kind == PS_FRAME_STORE;
}

static bool take_frame(struct ps_lane_builder *b, const struct ps_frame *f, const uint8_t *name, const uint8_t *data)
{
    uint8_t copy[256];
    memcpy(copy, name, f->name_len);
    struct ps_span entry = ps_span_of(copy, f->name_len), bytes = ps_span_of(data, f->data_len);
    bool more = f->flags & PS_FLAG_CONTINUES;
    uint8_t kind = f->flags & PS_FLAG_LINK ? PS_PACK_LINK : PS_PACK_FILE;
    if (!may_come_now(b, f->kind))
        return false;
    switch (f->kind) {
    case PS_FRAME_SUBJECT:
        return b->phase == PS_WALK_CONTENT ? begin_content(b, f->subject, f->us) : begin_process(b, f->subject, f->us);
    case PS_FRAME_BEGIN:
        return take_begin(b, f);
    case PS_FRAME_ITEM:
        return ps_line_item(&b->line, f->row, entry, kind, f->flags & PS_FLAG_PART, bytes, more);
    case PS_FRAME_MORE:
        return ps_line_more(&b->line, f->row, bytes, more);
    case PS_FRAME_LOST:
        return f->outcome < PS_OUTCOMES &&
               ps_line_lost(&b->line, f->row, entry, (enum ps_outcome) f->outcome, ps_errno_name(f->error));
    case PS_FRAME_END:
        return take_end(b, f, data);
    case PS_FRAME_DONE:
        return take_done(b, f);
    case PS_FRAME_VIA:
        return take_via(b, f);
    case PS_FRAME_PHASE:
        return take_phase(b, f);
    case PS_FRAME_CONTENT:
        return take_content(b, f, entry, bytes);
    case PS_FRAME_DIGEST:
        return ps_content_digest(&b->line, bytes);
    case PS_FRAME_KEEP:
        return ps_content_keep(&b->line, f->flags & PS_FLAG_PART);
    case PS_FRAME_STORE:
        return ps_content_store(&b->line, bytes);
    case PS_FRAME_DUMP:
        return take_dump(b, f, bytes);
    default:
        return false;
    }
}

/* A sweep has one capture for all: the process at whose stat it was given up is told by its pid. */
static void name_the_stuck(struct ps_lane_builder *b, const struct ps_slot *slot)
{
    uint32_t phase = atomic_load(&slot->phase), pid = atomic_load(&slot->position);
    char name[16];
    bool sweep = phase == PS_WALK_OPENING || phase == PS_WALK_CLOSING;
    if (!sweep || phase != (uint32_t) b->phase || pid == 0 || pid >= PS_PID_LIMIT)
        return;
    snprintf(name, sizeof name, "%u", pid);
    (void) !ps_line_lost(&b->line, b->plan->stat, ps_span_text(name), PS_TIMED_OUT, NULL);
}

/* The writer was killed or lost in the middle: what was open is closed as it stands. */
static void close_open_line(struct ps_lane_builder *b)
{
    struct ps_slot *slot = &b->control->slots[b->slot];
    enum ps_outcome open_as = atomic_load(&slot->timed_out) ? PS_TIMED_OUT : PS_SKIPPED;
    if (!b->line.open)
        return;
    if (b->subject == PS_NO_SUBJECT) {
        if (open_as == PS_TIMED_OUT)
            name_the_stuck(b, slot);
        end_without_subject(b, open_as, false, ps_boottime_us());
        return;
    }
    struct ps_line_end end = {.identity = PS_UNVERIFIED};
    end_process(b, open_as, PS_SKIPPED, &end, ps_boottime_us());
}

/* Nothing is pending: is that all there will be from this slot? */
static bool slot_over(struct ps_lane_builder *b)
{
    struct ps_slot *slot = &b->control->slots[b->slot];
    uint32_t state = atomic_load(&slot->state);
    if (state == PS_SLOT_FREE || state == PS_SLOT_ACTIVE)
        return false;
    if (!b->broken && ps_ring_pending(&b->rings[b->slot]) > 0)
        return false; /* written just before the state changed */
    close_open_line(b);
    b->finished = state == PS_SLOT_ENDED;
    b->slot_drained = true;
    b->broken = false;
    if (state == PS_SLOT_ENDED || state == PS_SLOT_RETIRED) {
        uint32_t expected = state;
        atomic_compare_exchange_strong(&slot->state, &expected, PS_SLOT_DRAINED);
    }
    return true;
}

static bool follow_lane(struct ps_lane_builder *b)
{
    uint32_t slot = atomic_load(&b->control->lanes[b->lane].slot);
    if (!b->slot_drained)
        return true;
    if (slot != b->slot && slot < PS_SLOTS) {
        b->slot = slot;
        b->slot_drained = false;
        b->rings[slot].at = 0;
        return true;
    }
    if (atomic_load(&b->control->lanes[b->lane].over))
        b->finished = true;
    return false;
}

bool ps_lane_take(struct ps_lane_builder *b, size_t budget)
{
    bool moved = false;
    if (b->finished || !follow_lane(b))
        return false;
    struct ps_ring *ring = &b->rings[b->slot];
    for (size_t taken = 0; taken < budget && !output(b)->failed && !b->broken;) {
        struct ps_frame frame;
        const uint8_t *name, *data;
        enum ps_take take = ps_ring_peek(ring, &frame, &name, &data);
        if (take == PS_TAKE_NONE)
            break;
        if (take == PS_TAKE_FRAME && b->hold_opening && frame.kind == PS_FRAME_PHASE && frame.row == PS_WALK_OPENING)
            return moved;
        if (take == PS_TAKE_BROKEN || !take_frame(b, &frame, name, data)) {
            b->broken = true;
            atomic_store(&b->control->broken, b->slot + 1);
            break;
        }
        ps_ring_drop(ring, &frame);
        taken += frame.size;
        moved = true;
        if (frame.kind == PS_FRAME_PHASE)
            break; /* what the other lane owes before the next phase comes first */
    }
    return moved ? true : slot_over(b);
}

bool ps_lane_owes(const struct ps_lane_builder *b, uint32_t subject)
{
    const struct ps_life *life = ps_lives_at(b->lives, subject);
    return b->roster->entries[subject].chosen && !(life && life->flags & lane_flag(b));
}

void ps_lane_skip(struct ps_lane_builder *b, uint32_t subject)
{
    uint64_t now = ps_boottime_us();
    struct ps_line_end end = {.identity = PS_UNVERIFIED};
    if (begin_process(b, subject, now))
        end_process(b, PS_SKIPPED, PS_SKIPPED, &end, now);
}

void ps_lane_skip_global(struct ps_lane_builder *b)
{
    if (b->phase == PS_WALK_GLOBAL)
        end_without_subject(b, PS_SKIPPED, true, ps_boottime_us());
}

void ps_lane_skip_facts(struct ps_lane_builder *b)
{
    uint64_t now = ps_boottime_us();
    if (b->facts_told || b->plan->facts[b->lane].count == 0)
        return;
    begin_facts(b, now);
    end_without_subject(b, PS_SKIPPED, false, now);
}

/* One line with one capture that nobody made. */
static void skip_file(struct ps_lane_builder *b, uint32_t subject, uint16_t row, const char *entry)
{
    uint64_t now = ps_boottime_us();
    struct ps_line_end end = {.identity = PS_UNVERIFIED};
    struct ps_capture skipped = {.outcome = PS_SKIPPED};
    if (b->line.open || !begin_content(b, subject, now))
        return;
    b->contents++;
    if (ps_content_begin(&b->line, row, ps_span_text(entry), ps_span_text(""), NULL, now))
        (void) !ps_content_end(&b->line, &skipped, false, now);
    end_process(b, PS_SKIPPED, PS_SKIPPED, &end, now);
}

/* The memory of a life that nobody came to. */
static void skip_dump(struct ps_lane_builder *b, uint32_t subject, uint32_t chosen)
{
    uint64_t now = ps_boottime_us();
    struct ps_line_end end = {.identity = PS_UNVERIFIED};
    if (b->line.open || !begin_content(b, subject, now))
        return;
    b->lives->items[subject].flags |= PS_LIFE_DUMP;
    b->contents++;
    if (ps_dump_part(&b->line, b->plan->of.mem, PS_DUMP_BEGIN, ps_span_of(&chosen, sizeof chosen), now))
        ps_dump_close(&b->line, PS_SKIPPED, now);
    end_process(b, PS_SKIPPED, PS_SKIPPED, &end, now);
}

static void skip_dumps(struct ps_lane_builder *b)
{
    uint32_t lives = atomic_load(&b->roster->count);
    for (uint32_t i = 0; i < lives && i < PS_ROSTER_MAX; i++) {
        uint32_t chosen = ps_dumps_chosen(b->dumps, b->options, &b->roster->entries[i], i);
        const struct ps_life *life = ps_lives_at(b->lives, i);
        if (chosen && life && !(life->flags & PS_LIFE_DUMP))
            skip_dump(b, i, chosen);
    }
}

/* One capture for all that a process has mapped, or names in its arguments, and nobody looked at. */
static void skip_noted(struct ps_lane_builder *b)
{
    const struct ps_noted *noted = &b->wanted->noted;
    uint32_t count = atomic_load(&noted->count), last = PS_NO_SUBJECT;
    for (uint32_t i = 0; i < count && i < PS_NOTED_MAX; i++) {
        uint32_t subject = noted->notes[i].subject;
        if (atomic_load(&noted->notes[i].looked) || subject == last)
            continue;
        last = subject;
        skip_file(b, subject, b->plan->of.map, "");
    }
}

/* The list is in memory that readers write: every number of it is checked. */
void ps_lane_skip_content(struct ps_lane_builder *b)
{
    const struct ps_wanted *w = b->wanted;
    uint32_t count = atomic_load(&w->count);
    uint32_t roots = atomic_load(&w->root_count);
    for (uint32_t i = 0; i < count && i < PS_WANTED_MAX; i++) {
        struct ps_wanted_item item = w->items[i];
        char fd[16] = "";
        if (b->wanted_done[i / 8] >> i % 8 & 1)
            continue;
        if (item.sort == PS_WANT_FD)
            snprintf(fd, sizeof fd, "%u", item.fd);
        skip_file(b, item.lives[0], item.sort == PS_WANT_FD ? b->plan->of.fd : b->plan->of.exe, fd);
    }
    if (b->plan->dumps)
        skip_dumps(b);
    if (b->plan->content.count <= 2)
        return;
    skip_noted(b);
    for (uint32_t i = atomic_load(&w->roots_done); i < roots && i < PS_ROOTS_MAX; i++)
        skip_file(b, w->roots[i].subject, b->plan->of.files, "");
}
