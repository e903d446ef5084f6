/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "analysis/load.h"

static void load_case(struct ps_loader *l, const cJSON *meta)
{
    struct ps_snapshot_facts *f = &l->out->facts;

    f->case_id = ps_load_text(l, meta, "case.id");
    f->examiner = ps_load_text(l, meta, "case.examiner");
    f->evidence_id = ps_load_text(l, meta, "case.evidence_id");
    f->reason = ps_load_text(l, meta, "case.reason");
    f->authority = ps_load_text(l, meta, "case.authority");
    f->case_officer = ps_load_text(l, meta, "case.case_officer");
}

static void load_rights(struct ps_loader *l, const cJSON *meta)
{
    struct ps_snapshot_facts *f = &l->out->facts;
    int64_t no_new_privs = -1;

    f->uid_known = ps_json_number(ps_load_at(meta, "rights.euid"), &f->uid);
    f->caps_known = ps_load_hex(meta, "rights.cap_effective", &f->capabilities);
    f->can_switch_ids = ps_load_true(meta, "rights.can_switch_ids");
    (void) !ps_json_signed(ps_load_at(meta, "rights.no_new_privs"), &no_new_privs);
    f->no_new_privs = no_new_privs == 0 || no_new_privs == 1 ? (int) no_new_privs : -1;
}

void ps_load_meta(struct ps_loader *l, const cJSON *meta)
{
    struct ps_snapshot_facts *f = &l->out->facts;

    f->has_meta = true;
    f->bundle = ps_load_text(l, meta, "bundle");
    f->seq = ps_load_number(meta, "seq");
    f->tool_version = ps_load_text(l, meta, "tool.version");
    f->tool_commit = ps_load_text(l, meta, "tool.commit");
    f->profile = ps_load_text(l, meta, "options.profile");
    f->procfs = ps_load_text(l, meta, "options.procfs");
    f->chosen_pids = cJSON_GetArraySize(ps_load_at(meta, "options.pids")) > 0;
    f->redacted = ps_span_is(ps_load_text(l, meta, "options.redact"), "environ");
    f->files = ps_load_text(l, meta, "options.files");
    f->recover = !cJSON_IsFalse(ps_load_at(meta, "options.recover"));
    f->memory = ps_load_text(l, meta, "options.memory");
    f->metadata_endpoint = ps_load_text(l, meta, "host.metadata_endpoint");
    f->read_timeout_ms = ps_load_number(meta, "options.read_timeout_ms");
    f->deadline_ms = ps_load_number(meta, "options.deadline_ms");
    f->hostname = ps_load_text(l, meta, "host.hostname");
    f->kernel = ps_load_text(l, meta, "host.kernel");
    f->machine = ps_load_text(l, meta, "host.machine");
    f->boot_id = ps_load_text(l, meta, "host.boot_id");
    f->proc_mount = ps_load_text(l, meta, "host.proc_mount");
    f->covers = ps_load_number(meta, "host.procfs_mount.covers");
    f->covered = ps_load_joined(l, ps_load_at(meta, "host.procfs_mount.covered"));
    f->seen_past = ps_load_true(meta, "host.procfs_mount.private");
    f->realtime_us = ps_load_number(meta, "clock.realtime_us");
    f->boottime_us = ps_load_number(meta, "clock.boottime_us");
    load_case(l, meta);
    load_rights(l, meta);
    if (l->out->wants.derive && l->derive == NULL)
        ps_derive_begin(l, meta);
}

void ps_load_closing(struct ps_loader *l, const cJSON *closing)
{
    struct ps_snapshot_facts *f = &l->out->facts;
    const cJSON *counts = ps_load_at(closing, "counts.outcomes");

    f->has_closing = true;
    f->early = ps_load_text(l, closing, "sealed_early.reason");
    f->skipped = ps_load_number(closing, "sealed_early.skipped");
    f->captures = ps_load_number(closing, "counts.captures");
    f->limits_reached = ps_load_joined(l, ps_load_at(closing, "limits_reached"));
    f->read_as_others = ps_load_number(closing, "read_as_others");
    f->skew_us = ps_load_number(closing, "skew.us");
    f->skew_quiet_us = ps_load_number(closing, "skew.quiet_us");
    f->skew_memory_us = ps_load_number(closing, "skew.memory_us");
    f->skew_content_us = ps_load_number(closing, "skew.content_us");
    f->readers_abandoned = ps_load_number(closing, "readers.abandoned");
    f->processes_missed = ps_load_number(closing, "processes_missed");
    f->closing_boottime_us = ps_load_number(closing, "clock.boottime_us");
    (void) !ps_json_signed(ps_load_at(closing, "clock.stepped_us"), &f->clock_stepped_us);
    for (unsigned i = 0; i < PS_OUTCOMES; i++)
        f->outcomes[i] = ps_load_number(counts, ps_outcome_name((enum ps_outcome) i));
}
