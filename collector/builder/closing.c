/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "collector/builder/builder.h"
#include "formats/json.h"

static void add_outcomes(struct ps_json *j, const uint64_t counts[PS_OUTCOMES])
{
    for (unsigned i = 0; i < PS_OUTCOMES; i++) {
        if (counts[i] > 0)
            ps_json_u64(j, ps_outcome_name((enum ps_outcome) i), counts[i]);
    }
}

static void add_counts(struct ps_json *j, const struct ps_closing_facts *f)
{
    ps_json_object(j, "counts");
    ps_json_u64(j, "processes", f->lives->processes);
    ps_json_u64(j, "captures", f->output->captures);
    ps_json_u64(j, "raw_bytes", f->output->raw_bytes);
    ps_json_u64(j, "records", f->records);
    ps_json_object(j, "outcomes");
    add_outcomes(j, f->output->outcomes);
    ps_json_object_end(j);
    ps_json_object_end(j);
}

static void add_coverage(struct ps_json *j, const struct ps_closing_facts *f)
{
    ps_json_object(j, "coverage");
    for (size_t row = 0; row < ps_catalog_count && row < PS_CATALOG_MAX; row++) {
        uint64_t all = 0;
        for (unsigned i = 0; i < PS_OUTCOMES; i++)
            all += f->output->coverage[row][i];
        if (all == 0)
            continue;
        ps_json_object(j, ps_catalog[row].parser->kind);
        add_outcomes(j, f->output->coverage[row]);
        ps_json_object_end(j);
    }
    ps_json_object_end(j);
}

/* From the first to the last capture: what is told of two things need not have been true at one moment. */
static void add_skew(struct ps_json *j, const struct ps_output *o)
{
    static const char *const names[PS_SKEWS] = {
        [PS_SKEW_QUIET] = "quiet_us", [PS_SKEW_MEMORY] = "memory_us", [PS_SKEW_CONTENT] = "content_us"};
    const struct ps_skew *all = &o->skew[PS_SKEW_ALL];
    if (all->last_us == 0)
        return;
    ps_json_object(j, "skew");
    ps_json_u64(j, "us", ps_output_skew_us(o, PS_SKEW_ALL));
    ps_json_u64(j, "first_us", all->first_us);
    ps_json_u64(j, "last_us", all->last_us);
    for (unsigned i = PS_SKEW_QUIET; i < PS_SKEWS; i++) {
        if (o->skew[i].last_us > 0)
            ps_json_u64(j, names[i], ps_output_skew_us(o, (enum ps_skew_of) i));
    }
    ps_json_object_end(j);
}

static void add_early(struct ps_json *j, const struct ps_builder_job *job, const struct ps_closing_facts *f)
{
    if (!f->early) {
        ps_json_null(j, "sealed_early");
        return;
    }
    char reason[sizeof job->control->early];
    snprintf(reason, sizeof reason, "%s", job->control->early);
    ps_json_object(j, "sealed_early");
    ps_json_text(j, "reason", reason);
    ps_json_u64(j, "skipped", f->output->outcomes[PS_SKIPPED]);
    ps_json_u64(j, "captures", f->output->captures);
    ps_json_object_end(j);
}

static void add_content_limits_reached(struct ps_json *j, const struct ps_wanted *w)
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
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (reached & names[i].bit)
            ps_json_text(j, NULL, names[i].name);
    }
    if (atomic_load(&w->missed) > 0)
        ps_json_text(j, NULL, "content_files");
}

/* The limit that a truncated capture has reached; content has its own, told elsewhere. */
static const char *limit_of(enum ps_scope scope)
{
    return scope == PS_PER_CONTENT ? NULL
           : scope == PS_PER_THREAD ? "threads"
           : scope == PS_PER_NETNS  ? "table_bytes"
                                    : "capture_bytes";
}

static bool reached(const struct ps_output *o, const char *limit)
{
    for (size_t row = 0; row < ps_catalog_count && row < PS_CATALOG_MAX; row++) {
        const char *of = limit_of(ps_catalog[row].scope);
        if (of && strcmp(of, limit) == 0 && o->coverage[row][PS_TRUNCATED] > 0)
            return true;
    }
    return false;
}

static void add_captures_limits_reached(struct ps_json *j, const struct ps_output *o)
{
    static const char *const limits[] = {"capture_bytes", "table_bytes", "threads"};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        if (reached(o, limits[i]))
            ps_json_text(j, NULL, limits[i]);
    }
    if (o->objects_full)
        ps_json_text(j, NULL, "objects");
}

static void add_dump_limits_reached(struct ps_json *j, const struct ps_dumps *d)
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
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (reached & names[i].bit)
            ps_json_text(j, NULL, names[i].name);
    }
}

/* With --memory: who was judged, who could not be, and which processes were named but never seen. */
static void add_memory(struct ps_json *j, const struct ps_builder_job *job)
{
    uint32_t pids[PS_PIDS_MAX];
    size_t not_seen = ps_dumps_not_seen(job->options, job->roster, pids);
    uint32_t count = atomic_load(&job->roster->count), judged = 0, undecided = 0;
    if (job->options->memory == PS_MEMORY_NONE)
        return;
    for (uint32_t i = 0; i < count && i < PS_ROSTER_MAX; i++) {
        uint16_t bits = atomic_load(&job->dumps->lives[i]);
        judged += (bits & PS_DUMP_JUDGED) != 0;
        undecided += (bits & PS_DUMP_UNDECIDED) != 0;
    }
    ps_json_object(j, "memory");
    ps_json_u64(j, "judged", judged);
    ps_json_u64(j, "undecided", undecided);
    ps_json_array(j, "not_seen");
    for (size_t i = 0; i < not_seen; i++)
        ps_json_u64(j, NULL, pids[i]);
    ps_json_array_end(j);
    ps_json_object_end(j);
}

static void add_limits_reached(struct ps_json *j, const struct ps_builder_job *job, const struct ps_closing_facts *f)
{
    uint32_t missed = atomic_load(&job->roster->full);
    ps_json_array(j, "limits_reached");
    if (missed > 0)
        ps_json_text(j, NULL, "processes");
    add_captures_limits_reached(j, f->output);
    if (atomic_load(&job->control->net_left_out) > 0)
        ps_json_text(j, NULL, "net_namespaces");
    if (atomic_load(&job->control->readers_abandoned) >= PS_SLOTS - PS_LANES)
        ps_json_text(j, NULL, "abandoned_readers");
    add_content_limits_reached(j, job->wanted);
    add_dump_limits_reached(j, job->dumps);
    ps_json_array_end(j);
    if (missed > 0)
        ps_json_u64(j, "processes_missed", missed);
    if (atomic_load(&job->wanted->missed) > 0)
        ps_json_u64(j, "content_files_missed", atomic_load(&job->wanted->missed));
}

/* What the run itself did to the machine, the conductor and the last moments of the builder left out. */
static void add_footprint(struct ps_json *j, const struct ps_builder_job *job, const struct ps_closing_facts *f)
{
    struct rusage builder;
    memset(&builder, 0, sizeof builder);
    getrusage(RUSAGE_SELF, &builder);
    ps_json_object(j, "readers");
    ps_json_u64(j, "started", atomic_load(&job->control->readers_started));
    ps_json_u64(j, "replaced", atomic_load(&job->control->readers_replaced));
    ps_json_u64(j, "abandoned", atomic_load(&job->control->readers_abandoned));
    ps_json_object_end(j);
    ps_json_object(j, "footprint");
    ps_json_u64(j, "processes", UINT64_C(2) + atomic_load(&job->control->readers_started));
    ps_json_u64(j, "builder_user_us",
                (uint64_t) builder.ru_utime.tv_sec * 1000000 + (uint64_t) builder.ru_utime.tv_usec);
    ps_json_u64(j, "builder_system_us",
                (uint64_t) builder.ru_stime.tv_sec * 1000000 + (uint64_t) builder.ru_stime.tv_usec);
    ps_json_u64(j, "builder_max_rss_kb", (uint64_t) builder.ru_maxrss);
    ps_json_u64(j, "tar_bytes", ps_bundle_bytes_in(f->output->bundle));
    ps_json_array(j, "changes");
    ps_json_text(j, NULL, "the destination file");
    if (job->oom_errno == 0)
        ps_json_text(j, NULL, "own oom_score_adj: 1000");
    ps_json_text(j, NULL, "own RLIMIT_CORE: 0");
    ps_json_array_end(j);
    ps_json_object_end(j);
}

static void add_clock(struct ps_json *j, const struct ps_builder_job *job, const struct ps_closing_facts *f)
{
    int64_t by_ns = 0;
    bool stepped = ps_anchor_stepped(&job->opening, &f->closing, &by_ns);
    ps_json_object(j, "clock");
    ps_json_u64(j, "realtime_us", f->closing.realtime_us);
    ps_json_u64(j, "boottime_us", f->closing.boottime_us);
    ps_json_u64(j, "monotonic_us", f->closing.monotonic_us);
    ps_json_u64(j, "monotonic_raw_us", f->closing.monotonic_raw_us);
    ps_json_u64(j, "uncertainty_ns", f->closing.uncertainty_ns);
    if (stepped)
        ps_json_i64(j, "stepped_us", by_ns / 1000);
    ps_json_object_end(j);
}

void ps_closing_json(const struct ps_builder_job *job, const struct ps_closing_facts *f, struct ps_buffer *out)
{
    struct ps_json j = ps_json_into(out);
    ps_json_object(&j, NULL);
    add_counts(&j, f);
    add_coverage(&j, f);
    add_skew(&j, f->output);
    ps_json_u64(&j, "read_as_others", f->output->switched);
    add_early(&j, job, f);
    add_limits_reached(&j, job, f);
    add_memory(&j, job);
    add_footprint(&j, job, f);
    add_clock(&j, job, f);
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
}
