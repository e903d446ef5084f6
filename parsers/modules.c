/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/modules, printed by kernel/module/procfs.c m_show(); proc(5).
 *
 *   nf_tables 360448 0 - Live 0x0000000000000000 (E)
 *
 * Everybody may read it; addresses are zeros without CAP_SYSLOG. A kernel without modules has none (ENOENT).
 */
#include "parsers/modules.h"

#include "parsers/columns.h"
#include "parsers/lines.h"

#define FIELD(name, type) PS_FIELD(struct ps_modules, name, type)

static const struct ps_field fields[] = {
    FIELD(name, PS_BYTES),  FIELD(size, PS_U64),      FIELD(ref_count, PS_I64), FIELD(used_by, PS_BYTES),
    FIELD(state, PS_BYTES), FIELD(address, PS_HEX64), FIELD(taints, PS_BYTES),
};

enum { NAME, SIZE, REF_COUNT, USED_BY, STATE, ADDRESS, TAINTS, COUNT };

/* A word and the blank behind it. */
static bool take_word(struct ps_cursor *line, size_t index, void *record)
{
    struct ps_span word;

    if (!ps_take_word(line, &word) || !ps_skip_blanks(line))
        return false;
    ps_put_span(fields, index, record, word);
    return true;
}

static const char *read_module(struct ps_cursor *line, void *record)
{
    if (!take_word(line, NAME, record))
        return "no name";
    if (!ps_take_number(line, fields, SIZE, record) || !ps_skip_blanks(line))
        return "no size";
    if (!ps_take_number(line, fields, REF_COUNT, record) && !ps_take_byte(line, '-'))
        return "no number of references";
    if (!ps_skip_blanks(line) || !take_word(line, USED_BY, record) || !take_word(line, STATE, record))
        return "no users and state";
    if (!ps_take_text(line, "0x") || !ps_take_number(line, fields, ADDRESS, record))
        return "no address";
    if (!ps_skip_blanks(line) && !ps_cursor_done(line))
        return "no blank behind the address";
    ps_put_rest(line, fields, TAINTS, record);
    return NULL;
}

static enum ps_step modules_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_row(in, record, issue, read_module);
}

const struct ps_parser ps_parser_modules = {
    .kind = "modules",
    .record_size = sizeof(struct ps_modules),
    .fields = fields,
    .field_count = COUNT,
    .next = modules_next,
};
