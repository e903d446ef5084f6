/* SPDX-License-Identifier: Apache-2.0
 *
 * Which limits of data/meta.json this run came to.
 */
#include "collector/builder/builder.h"

#include <string.h>

struct names {
    const char **names;
    size_t count;
};

static void add(struct names *n, bool reached, const char *name)
{
    if (reached && n->count < PS_LIMIT_NAMES)
        n->names[n->count++] = name;
}

static void add_content(struct names *n, const struct ps_wanted *w)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {
        {PS_REACHED_TIME, "content_ms"},         {PS_REACHED_FILE, "content_file_bytes"},
        {PS_REACHED_RECOVER, "recovered_bytes"}, {PS_REACHED_WALK, "drift_walk"},
        {PS_REACHED_ROOTS, "drift_roots"},       {PS_REACHED_SEEN, "content_seen"},
        {PS_REACHED_DRIFT_BYTES, "drift_bytes"},
    };
    uint32_t reached = atomic_load(&w->reached);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        add(n, reached & names[i].bit, names[i].name);
    add(n, atomic_load(&w->missed) > 0, "content_files");
}

static void add_dumps(struct names *n, const struct ps_dumps *d)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {
        {PS_DUMPS_PROCESS_BYTES, "memory_process_bytes"}, {PS_DUMPS_BYTES, "memory_bytes"},
        {PS_DUMPS_AREAS, "memory_mappings"},              {PS_DUMPS_RUNS, "memory_runs"},
        {PS_DUMPS_SCAN, "memory_scan_pages"},
    };
    uint32_t reached = atomic_load(&d->reached);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        add(n, reached & names[i].bit, names[i].name);
}

/* The limit that a truncated capture of that scope has reached; content has its own. */
static const char *limit_of(enum ps_scope scope)
{
    return scope == PS_PER_THREAD ? "threads" : scope == PS_PER_NETNS ? "table_bytes" : "capture_bytes";
}

static bool truncated(const struct ps_output *o, const char *limit)
{
    for (size_t row = 0; row < ps_catalog_count && row < PS_CATALOG_MAX; row++) {
        enum ps_scope scope = ps_catalog[row].scope;
        if (scope != PS_PER_CONTENT && strcmp(limit_of(scope), limit) == 0 && o->coverage[row][PS_TRUNCATED] > 0)
            return true;
    }
    return false;
}

static void add_captures(struct names *n, const struct ps_output *o)
{
    static const char *const limits[] = {"capture_bytes", "table_bytes", "threads"};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        add(n, truncated(o, limits[i]), limits[i]);
    add(n, o->objects_full, "objects");
}

size_t ps_limits_reached(const struct ps_builder_job *job, const struct ps_output *output,
                         const char *names[PS_LIMIT_NAMES])
{
    struct names n = {.names = names};
    add(&n, atomic_load(&job->roster->full) > 0, "processes");
    add_captures(&n, output);
    add(&n, atomic_load(&job->control->net_left_out) > 0, "net_namespaces");
    add(&n, atomic_load(&job->control->readers_abandoned) >= PS_SLOTS - PS_LANES, "abandoned_readers");
    add(&n, ps_records_sockets_cut(output->records), "socket_rows");
    add_content(&n, job->wanted);
    add_dumps(&n, job->dumps);
    return n.count;
}
