/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/procfs/plan.h"

#include <string.h>

static void add(struct ps_rows *rows, size_t index)
{
    if (rows->count < PS_PLAN_MAX)
        rows->rows[rows->count++] = (uint16_t) index;
}

/* --files none leaves the executables, which are hashed whenever the profile reads more than the card, or memory. */
static void plan_content(const struct ps_options *options, struct ps_plan *out)
{
    static const struct {
        const char *path;
        size_t offset;
    } rows[] = {
        {"exe", offsetof(struct ps_plan, of.exe)},   {"fd/{}", offsetof(struct ps_plan, of.fd)},
        {"map/{}", offsetof(struct ps_plan, of.map)}, {"root/{}", offsetof(struct ps_plan, of.root)},
        {"files", offsetof(struct ps_plan, of.files)}, {"mem", offsetof(struct ps_plan, of.mem)},
    };
    bool memory = options->memory != PS_MEMORY_NONE;
    size_t count = options->files != PS_FILES_NONE ? 5 : options->profile > PS_CARD || memory ? 2 : 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct ps_row *row = ps_catalog_path(ps_span_text(rows[i].path), PS_PER_CONTENT);
        uint16_t index = (uint16_t) (row - ps_catalog);
        memcpy((uint8_t *) out + rows[i].offset, &index, sizeof index);
        if (i < count)
            add(&out->content, index);
    }
    out->dumps = memory;
    out->maps = out->cmdline = PS_NO_ROW;
    if (count > 2) {
        out->maps = (uint16_t) (ps_catalog_path(ps_span_text("maps"), PS_PER_PROCESS) - ps_catalog);
        out->cmdline = (uint16_t) (ps_catalog_path(ps_span_text("cmdline"), PS_PER_PROCESS) - ps_catalog);
    }
}

void ps_plan_make(const struct ps_options *options, struct ps_plan *out)
{
    enum ps_profile profile = options->profile;
    memset(out, 0, sizeof *out);
    plan_content(options, out);
    for (size_t i = 0; i < ps_catalog_count; i++) {
        if (ps_catalog[i].scope == PS_PER_NETNS && ps_catalog[i].profile <= profile)
            add(&out->global, i);
    }
    for (size_t i = 0; i < ps_catalog_count; i++) {
        const struct ps_row *row = &ps_catalog[i];
        if (row->profile > profile || row->scope == PS_PER_CONTENT)
            continue;
        if (row->scope == PS_PER_HOST || row->scope == PS_PER_FACT) {
            add(row->scope == PS_PER_HOST ? &out->global : &out->facts[row->reader], i);
            if (row->scope == PS_PER_FACT && row->reader == PS_QUIET)
                out->probe = (uint16_t) i;
            continue;
        }
        add(&out->lane[row->reader], i);
        if (row->scope == PS_PER_THREAD)
            add(&out->threads, i);
        if (row->scope == PS_PER_PROCESS && strcmp(row->path, "stat") == 0)
            out->stat = (uint16_t) i;
    }
}
