/* SPDX-License-Identifier: Apache-2.0 */
#include "analysis/show_left_out.h"

static void add_files_left_out(const struct ps_snapshot_facts *f, size_t columns, struct ps_buffer *out)
{
    bool card = ps_span_is(f->profile, "card");

    if (ps_span_is(f->files, "none") && card)
        ps_show_gap_text(out, "files",
                         "No file was hashed or kept, and no drift list made: --profile card, --files none.", columns);
    else if (ps_span_is(f->files, "none"))
        ps_show_gap_text(out, "files",
                         "--files none: executables and deleted files were looked at, but no mapped library, script "
                         "or changed file, and no drift list was made. --files drift does that.",
                         columns);
    else if (ps_span_is(f->files, "drift"))
        ps_show_gap_text(out, "files",
                         "Of files, what the image brings back is hashed and not kept, and the root of the machine "
                         "itself has no drift list (--files all).",
                         columns);
    else if (ps_span_is(f->files, "all"))
        ps_show_gap_text(out, "files", "Of files, what the image brings back is hashed and not kept.", columns);
    if (!f->recover)
        ps_show_gap_text(out, "content", "--no-recover: files were hashed, and none was kept.", columns);
}

static void add_memory_left_out(const struct ps_snapshot_facts *f, size_t columns, struct ps_buffer *out)
{
    if (ps_span_is(f->memory, "none"))
        ps_show_gap_text(out, "memory", "No memory was taken: --memory PID,... | suspects | all does that.", columns);
    else if (ps_span_is(f->memory, "suspects"))
        ps_show_gap_text(out, "memory",
                         "Memory was taken of suspects alone (docs/BUNDLE.md says of whom): --memory suspects.",
                         columns);
    else if (!ps_span_is(f->memory, "all"))
        ps_show_gap_text(out, "memory", "Memory was taken of the processes alone that --memory names.", columns);
}

void ps_show_left_out(const struct ps_snapshot *s, size_t columns, struct ps_buffer *out)
{
    const struct ps_snapshot_facts *f = &s->facts;

    ps_buffer_add_text(out, "Left out on purpose\n");
    if (f->redacted)
        ps_show_gap_text(out, "environ",
                         "Values of environment variables are stored as keyed hashes, their names are kept. --redact "
                         "none keeps the values.",
                         columns);
    if (ps_span_is(f->profile, "card"))
        ps_show_gap_text(out, "profile",
                         "card reads few files of each process, none of its threads, and no settings of the kernel. "
                         "--profile standard reads more.",
                         columns);
    else if (ps_span_is(f->profile, "standard"))
        ps_show_gap_text(out, "profile",
                         "standard leaves out what procsnap parse --list calls deep, and threads beyond 4096 of a "
                         "process.",
                         columns);
    if (f->chosen_pids)
        ps_show_gap_text(out, "processes", "Only those named with --pid were read in full.", columns);
    add_files_left_out(f, columns, out);
    add_memory_left_out(f, columns, out);
    if (f->has_meta && f->metadata_endpoint.len == 0)
        ps_show_gap_text(out, "metadata",
                         "The ECS agent was not asked: ECS_CONTAINER_METADATA_URI_V4 was not set where procsnap ran. "
                         "On ECS it is set in a shell that has the environment of its container.",
                         columns);
    ps_show_gap_text(out, "elsewhere",
                     "Processes of other PID namespaces that this /proc does not show. On ECS, pidMode task shows all "
                     "containers of a task.",
                     columns);
}
