/* SPDX-License-Identifier: Apache-2.0
 *
 * The threads of one life: a line for each.
 */
#include "analysis/show_process.h"
#include "formats/printable.h"

enum { INDENT = 2, TID_WIDTH = 8, CPU_WIDTH = 11 };

/* utime and stime count ticks of a hundredth of a second, whatever the kernel was built with (USER_HZ). */
static void add_cpu(const cJSON *stat, struct ps_buffer *out)
{
    uint64_t ticks = ps_load_number(stat, "utime") + ps_load_number(stat, "stime");

    ps_buffer_addf(out, "%*llu.%02llu s", CPU_WIDTH - 5, (unsigned long long) (ticks / 100),
                   (unsigned long long) (ticks % 100));
}

static void add_thread(const struct ps_life *life, const cJSON *record, struct ps_buffer *out)
{
    const cJSON *stat = ps_load_at(record, "proc.stat");
    struct ps_span name = ps_load_text(life->l, record, "process.thread.name");

    ps_buffer_addf(out, "%*s%*llu ", INDENT, "", TID_WIDTH,
                   (unsigned long long) ps_load_number(record, "process.thread.id"));
    ps_printable_add(out, stat != NULL ? ps_load_text(life->l, stat, "state") : ps_span_text("?"));
    if (stat != NULL)
        add_cpu(stat, out);
    else
        ps_buffer_addf(out, "%*s", CPU_WIDTH, "?");
    ps_buffer_addf(out, "  ");
    ps_printable_add(out, stat != NULL ? name : ps_span_text("(stat not read)"));
    ps_buffer_add_byte(out, '\n');
}

void ps_life_add_threads(const struct ps_life *life, struct ps_buffer *out)
{
    size_t count = ps_life_count(life, "thread");

    if (count == 0)
        return;
    ps_life_label(out, "threads");
    ps_buffer_addf(out, "%zu (number, state, CPU time, name)\n", count);
    ps_life_each(life, "thread", add_thread, out);
}
