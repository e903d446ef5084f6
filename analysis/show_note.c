/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/show.h"
#include "analysis/show_text.h"
#include "formats/quantity.h"

void ps_show_note(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    if (!s->wants.derive)
        return;
    ps_show_add_prose(out,
                      "The seal is missing: what follows is made from the raw captures that are in the file. Where the "
                      "journal is missing too, nothing says what else was read, and whether a process was the same to "
                      "the end.",
                      0, columns);
    if (s->sweep_alone > 0) {
        ps_quantity_count(out, s->sweep_alone, "process is", "processes are");
        ps_buffer_add_text(out, " known from the first look alone: name, parent, state and times.\n");
    }
    if (s->packs_unread > 0) {
        ps_quantity_count(out, s->packs_unread, "directory", "directories");
        ps_buffer_add_text(out, " below data/proc could not be told to a process.\n");
    }
}
