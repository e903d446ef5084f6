/* SPDX-License-Identifier: Apache-2.0
 *
 * What the prober brought: which record it becomes, or what it is kept for.
 */
#include "formats/records_state.h"

void ps_fact_entry(struct ps_records *r, const struct ps_entry *entry)
{
    union ps_any_record record;
    struct ps_cursor in = ps_cursor_over(entry->bytes);
    if (entry->row->parser->single)
        return;
    while (ps_records_row(r, entry, &in, &record))
        continue;
}
