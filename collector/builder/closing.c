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
    const char *names[PS_LIMIT_NAMES];
    uint32_t missed = atomic_load(&job->roster->full);
    size_t count = ps_limits_reached(job, f->output, names);
    ps_json_array(j, "limits_reached");
    for (size_t i = 0; i < count; i++)
        ps_json_text(j, NULL, names[i]);
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
