/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/analysis/text_members.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

/* Members from an array, in pieces of a few bytes: a line that spans pieces is the common case. */
struct text_source {
    const struct text_member *members;
    size_t count, next, at, len, piece;
    bool cut; /* ends in a flaw */
};

static enum ps_source_step next_member(void *self, struct ps_member *out, struct ps_flaw *flaw, struct ps_error *err)
{
    struct text_source *s = self;

    (void) err;
    if (s->next == s->count)
        return s->cut ? ps_flaw_set(flaw, PS_FLAW_CUT_SHORT, "cut", ps_span_of(NULL, 0)) : PS_SOURCE_END;
    const struct text_member *m = &s->members[s->next++];
    s->at = 0;
    s->len = strlen(m->text);
    *out = (struct ps_member){.name = ps_span_text(m->name), .size = s->len};
    return PS_SOURCE_NEXT;
}

static enum ps_source_step next_piece(void *self, struct ps_span *out, struct ps_flaw *flaw, struct ps_error *err)
{
    struct text_source *s = self;
    const char *text = s->members[s->next - 1].text;
    size_t left = s->len - s->at;

    (void) flaw, (void) err;
    if (left == 0)
        return PS_SOURCE_END;
    *out = ps_span_of(text + s->at, left < s->piece ? left : s->piece);
    s->at += out->len;
    return PS_SOURCE_NEXT;
}

static void load(const struct text_member *members, size_t count, bool cut, const struct ps_snapshot_wants *wants,
                 struct ps_snapshot *s)
{
    struct text_source texts = {.members = members, .count = count, .piece = 7, .cut = cut};
    struct ps_member_source source = {.self = &texts, .member = next_member, .piece = next_piece};
    struct ps_error err = {0};

    cr_assert(ps_snapshot_load(&source, wants, s, &err), "%s", err.text);
}

void load_members(const struct text_member *members, size_t count, bool cut, struct ps_snapshot *s)
{
    load(members, count, cut, &(struct ps_snapshot_wants){.tables = ~0U}, s);
}

void load_pid(const struct text_member *members, size_t count, uint32_t pid, struct ps_snapshot *s)
{
    load(members, count, false, &(struct ps_snapshot_wants){.tables = ~0U, .pid = pid}, s);
}

void load_cut(const struct text_member *members, size_t count, struct ps_snapshot *s)
{
    load(members, count, true, &(struct ps_snapshot_wants){.tables = ~0U, .derive = true}, s);
}

char *view_shown(ps_view *show, const struct ps_snapshot *s, size_t columns)
{
    static char text[1 << 16];
    struct ps_buffer out = {0};

    show(s, columns, &out);
    cr_assert(not(out.failed));
    cr_assert(lt(sz, out.len, sizeof text));
    if (out.len > 0)
        memcpy(text, out.data, out.len);
    text[out.len] = '\0';
    ps_buffer_done(&out);
    return text;
}

void text_has(const char *text, const char *part)
{
    cr_expect(strstr(text, part) != NULL, "no \"%s\" in:\n%s", part, text);
}
