/* SPDX-License-Identifier: Apache-2.0
 *
 * What one frame does to the line that is open. Every number in it was written by a reader, which may be corrupted.
 */
#include <string.h>

#include "collector/builder/lane_line.h"
#include "collector/procfs/reader.h"
#include "formats/pack.h"

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
    if (!b->line.open && fact && (b->facts_told || b->plan->facts[b->lane].count == 0))
        return false; /* all that one brings is one line */
    if (!b->line.open && fact)
        ps_lane_begin_facts(b, f->us);
    else if (!b->line.open && (f->subject != PS_NO_SUBJECT || !ps_lane_begin_other(b, f->us)))
        return false;
    if (!may_begin(b, f->row))
        return false;
    if (ps_lane_in_content(b)) {
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
    if (!ps_lane_in_content(b) || f->row >= ps_catalog_count || f->row >= PS_CATALOG_MAX || f->as_uid > PS_WANTED_MAX ||
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
    if (!b->plan->dumps || !ps_lane_in_content(b) || f->row != b->plan->of.mem)
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

/* Bytes of a capture that says that another one has them. */
static bool holds_bytes(const struct ps_line_builder *l, uint32_t row)
{
    const struct ps_open_capture *c = row < PS_CATALOG_MAX ? &l->captures[row] : NULL;
    return c && (c->stored || c->entry_count > 0 || c->lost_count > 0 || (l->item_open && l->item_row == row));
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
    if (ps_lane_in_content(b) && b->line.content.open)
        return ps_content_end(&b->line, &end, f->flags & PS_FLAG_ATIME, f->us);
    if (ps_lane_in_content(b) && b->line.dump.open)
        return end_dump(b, f, &end, data);
    if (f->data_len == sizeof facts) {
        memcpy(&facts, data, sizeof facts);
        end.facts = &facts;
    }
    if (end.outcome == PS_SHARED && holds_bytes(&b->line, f->row))
        return false;
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
        ps_lane_end_other(b, PS_SKIPPED, false, f->us);
        return true;
    }
    if (!b->line.open || b->subject == PS_NO_SUBJECT || f->outcome >= PS_OUTCOMES || f->error < 0 ||
        f->error > PS_UNVERIFIED)
        return false;
    struct ps_line_end end = {.identity = (enum ps_identity) f->error};
    end.comm_changed = f->flags & PS_FLAG_COMM;
    end.image_changed = f->flags & PS_FLAG_IMAGE;
    enum ps_outcome rest = (enum ps_outcome) f->outcome;
    ps_lane_end_process(b, rest, rest, &end, f->us);
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
    if (b->lane != PS_QUIET || f->row > PS_WALK_CLOSING || !phase_names[f->row] || f->row != (uint32_t) b->phase)
        return false; /* in their order, none left out */
    ps_lane_end_other(b, PS_SKIPPED, true, f->us);
    if (f->row == PS_WALK_PROCESSES)
        ps_lane_settle(b);
    uint64_t count = f->row == PS_WALK_CLOSING ? b->lives->processes : (uint64_t) (uint32_t) f->error;
    ps_output_phase(b->line.out, phase_names[f->row], f->us, count);
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

bool ps_lane_frame(struct ps_lane_builder *b, const struct ps_frame *f, const uint8_t *name, const uint8_t *data)
{
    uint8_t copy[256];
    memcpy(copy, name, f->name_len);
    struct ps_span entry = ps_span_of(copy, f->name_len), bytes = ps_span_of(data, f->data_len);
    bool more = f->flags & PS_FLAG_CONTINUES;
    bool link = f->row < ps_catalog_count && ps_catalog[f->row].source == PS_READLINK;
    uint8_t kind = link ? PS_PACK_LINK : PS_PACK_FILE;
    if (!may_come_now(b, f->kind))
        return false;
    switch (f->kind) {
    case PS_FRAME_SUBJECT:
        return b->phase == PS_WALK_CONTENT ? ps_lane_begin_content(b, f->subject, f->us)
                                           : ps_lane_begin_process(b, f->subject, f->us);
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
