/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "build_info.h"
#include "collector/builder/builder.h"
#include "collector/chain.h"
#include "collector/host/prober.h"
#include "collector/procfs/capture.h"
#include "collector/procfs/threads.h"
#include "formats/json.h"

static const char *const profile_names[] = {[PS_CARD] = "card", [PS_STANDARD] = "standard", [PS_DEEP] = "deep"};

static const char *const files_names[] = {[PS_FILES_NONE] = "none", [PS_FILES_DRIFT] = "drift",
                                          [PS_FILES_ALL] = "all"};

static const char *const memory_names[] = {[PS_MEMORY_NONE] = "none", [PS_MEMORY_PIDS] = "pids",
                                           [PS_MEMORY_SUSPECTS] = "suspects", [PS_MEMORY_ALL] = "all"};

static void add_tool(struct ps_json *j, const struct ps_builder_job *job, const struct ps_run_facts *run)
{
    const char *key = job->options->chain ? "chain" : run->ephemeral_key ? "ephemeral" : "given";
    ps_json_object(j, "tool");
    ps_json_text(j, "name", "procsnap");
    ps_json_text(j, "version", PS_VERSION);
    ps_json_text(j, "commit", PS_COMMIT);
    ps_json_text(j, "compiler", PS_COMPILER);
    ps_json_text(j, "executable_sha256", run->executable_sha256[0] ? run->executable_sha256 : NULL);
    ps_json_text(j, "selftest", "passed");
    ps_json_text(j, "signing_key", key);
    ps_json_object_end(j);
}

static void add_options(struct ps_json *j, const struct ps_options *o)
{
    ps_json_object(j, "options");
    ps_json_text(j, "profile", profile_names[o->profile]);
    ps_json_bytes(j, "procfs", ps_span_text(o->procfs));
    ps_json_array(j, "pids");
    for (size_t i = 0; i < o->pid_count; i++)
        ps_json_u64(j, NULL, o->pids[i]);
    ps_json_array_end(j);
    ps_json_text(j, "files", files_names[o->files]);
    ps_json_bool(j, "recover", o->recover);
    ps_json_text(j, "memory", memory_names[o->memory]);
    ps_json_array(j, "memory_pids");
    for (size_t i = 0; i < o->memory_pids.count; i++)
        ps_json_u64(j, NULL, o->memory_pids.pids[i]);
    ps_json_array_end(j);
    ps_age_recipients_json(&o->encrypt_to, j, "encrypt_to");
    ps_json_bool(j, "plaintext", o->plaintext);
    ps_json_text(j, "redact", o->redact_environ ? "environ" : "none");
    ps_json_u64(j, "read_timeout_ms", o->read_timeout_ms);
    ps_json_u64(j, "deadline_ms", o->deadline_ms);
    ps_json_u64(j, "compress", (uint64_t) o->compress);
    if (o->asked_by)
        ps_json_text(j, "asked_by", o->asked_by);
    ps_json_object_end(j);
}

static void add_stated(struct ps_json *j, const char *name, const char *text)
{
    if (text)
        ps_json_bytes(j, name, ps_span_text(text));
    else
        ps_json_null(j, name);
}

static void add_case(struct ps_json *j, const struct ps_case *c)
{
    ps_json_object(j, "case");
    add_stated(j, "id", c->id);
    add_stated(j, "examiner", c->examiner);
    add_stated(j, "evidence_id", c->evidence_id);
    add_stated(j, "reason", c->reason);
    add_stated(j, "authority", c->authority);
    add_stated(j, "case_officer", c->case_officer);
    ps_json_object_end(j);
}

/* Mounts that lie over processes, and whether we see past them. */
static void add_procfs(struct ps_json *j, const struct ps_procfs *p)
{
    ps_json_object(j, "procfs_mount");
    ps_json_bool(j, "private", p->is_private);
    if (p->private_errno)
        ps_json_text(j, "private_errno", ps_errno_name(p->private_errno));
    ps_json_u64(j, "covers", p->covers);
    ps_json_array(j, "covered");
    for (unsigned i = 0; i < p->covers && i < PS_COVERED_TOLD; i++)
        ps_json_bytes(j, NULL, ps_span_text(p->covered[i]));
    ps_json_array_end(j);
    ps_json_object_end(j);
}

enum { IPC_NAMESPACE = 1, MNT_NAMESPACE = 2 };

uint32_t ps_meta_own_pid(const struct ps_builder_job *job)
{
    return job->host->own ? (uint32_t) job->conductor : 0;
}

uint64_t ps_meta_mnt_namespace(const struct ps_builder_job *job)
{
    return job->host->own ? job->surroundings->namespaces[MNT_NAMESPACE] : 0;
}

uint64_t ps_meta_ipc_namespace(const struct ps_builder_job *job)
{
    return job->host->own ? job->surroundings->namespaces[IPC_NAMESPACE] : 0;
}

/* Of the collector: whoever reads a copied tree is somewhere else. */
static void add_surroundings(struct ps_json *j, const struct ps_builder_job *job)
{
    const struct ps_surroundings *s = job->surroundings;
    const char *endpoint = getenv(PS_METADATA_VARIABLE);
    ps_json_u64(j, "own_pid", ps_meta_own_pid(job));
    ps_json_u64(j, "mnt_namespace", ps_meta_mnt_namespace(job));
    ps_json_u64(j, "ipc_namespace", ps_meta_ipc_namespace(job));
    ps_json_object(j, "own_namespaces");
    for (size_t i = 0; i < PS_NAMESPACES; i++) {
        if (s->namespaces[i])
            ps_json_u64(j, ps_namespace_names[i], s->namespaces[i]);
    }
    ps_json_object_end(j);
    ps_json_text(j, "platform", s->platform);
    ps_json_text(j, "platform_by", s->platform_by);
    if (endpoint && endpoint[0])
        ps_json_bytes(j, "metadata_endpoint", ps_span_text(endpoint));
    ps_json_bytes(j, "proc_mount", ps_span_text(s->proc_options));
    if (s->offsets_known) {
        ps_json_object(j, "time_offsets");
        ps_json_i64(j, "monotonic_s", s->monotonic_offset_s);
        ps_json_i64(j, "boottime_s", s->boottime_offset_s);
        ps_json_object_end(j);
    }
}

static void add_host(struct ps_json *j, const struct ps_builder_job *job)
{
    const struct ps_host *h = job->host;

    ps_json_object(j, "host");
    ps_json_text(j, "boot_id", h->boot_id);
    ps_json_bytes(j, "hostname", ps_span_text(h->nodename));
    ps_json_bytes(j, "kernel", ps_span_text(h->release));
    ps_json_bytes(j, "kernel_version", ps_span_text(h->version));
    ps_json_bytes(j, "machine", ps_span_text(h->machine));
    ps_json_u64(j, "page_size", h->page_size);
    ps_json_u64(j, "clk_tck", h->clk_tck);
    ps_json_text(j, "byte_order", h->byte_order);
    ps_json_bool(j, "procfs", h->procfs);
    add_procfs(j, job->procfs);
    ps_json_bool(j, "own_pid_namespace", h->own);
    ps_json_u64(j, "pid_namespace", h->pid_namespace);
    ps_json_u64(j, "net_namespace", h->net_namespace);
    add_surroundings(j, job);
    ps_json_object_end(j);
}

static void add_rights(struct ps_json *j, const struct ps_rights *r)
{
    ps_json_object(j, "rights");
    ps_json_u64(j, "uid", r->uid);
    ps_json_u64(j, "euid", r->euid);
    ps_json_u64(j, "gid", r->gid);
    ps_json_u64(j, "egid", r->egid);
    if (r->caps_known) {
        ps_json_hex(j, "cap_effective", r->effective);
        ps_json_hex(j, "cap_permitted", r->permitted);
    }
    if (r->bounding_known)
        ps_json_hex(j, "cap_bounding", r->bounding);
    ps_json_i64(j, "no_new_privs", r->no_new_privs);
    ps_json_i64(j, "seccomp", r->seccomp);
    ps_json_bool(j, "can_trace", ps_rights_can_trace(r));
    ps_json_bool(j, "can_switch_ids", ps_rights_can_switch_ids(r));
    ps_json_object_end(j);
}

static void add_limit(struct ps_json *j, const char *name, const struct ps_limit *l)
{
    if (l->known == PS_LIMITED)
        ps_json_u64(j, name, l->value);
    else
        ps_json_text(j, name, l->known == PS_UNLIMITED ? "none" : "unknown");
}

static void add_content_limits(struct ps_json *j, const struct ps_content_limits *l)
{
    ps_json_u64(j, "content_file_bytes", l->file_bytes);
    ps_json_u64(j, "recovered_bytes", l->recover_bytes);
    ps_json_u64(j, "objects", PS_OBJECTS_MAX);
    ps_json_u64(j, "content_files", PS_WANTED_MAX);
    ps_json_u64(j, "content_ms", l->content_ms);
    ps_json_u64(j, "drift_roots", PS_ROOTS_MAX);
    ps_json_u64(j, "drift_ms", l->drift_ms);
    ps_json_u64(j, "drift_entries", l->drift_entries);
    ps_json_u64(j, "drift_files", l->drift_files);
    ps_json_u64(j, "drift_file_bytes", l->drift_file_bytes);
    ps_json_u64(j, "drift_bytes", l->drift_bytes);
}

static void add_limits(struct ps_json *j, const struct ps_builder_job *job)
{
    const struct ps_limits *l = job->limits;
    const struct ps_caps *caps = job->caps;
    const struct ps_dump_limits *dumps = &job->dumps->limits;
    ps_json_object(j, "limits");
    ps_json_u64(j, "capture_bytes", caps->capture_bytes);
    ps_json_u64(j, "table_bytes", caps->table_bytes);
    ps_json_u64(j, "processes", PS_ROSTER_MAX);
    ps_json_u64(j, "threads", ps_threads_most(job->options->profile));
    ps_json_u64(j, "thread_listings", PS_THREAD_LISTINGS);
    ps_json_u64(j, "net_namespaces", ps_net_namespaces_most(job->options->profile));
    ps_json_u64(j, "abandoned_readers", PS_SLOTS - PS_LANES);
    ps_json_u64(j, "socket_rows", caps->socket_rows);
    ps_json_u64(j, "socket_text_bytes", caps->socket_text_bytes);
    add_content_limits(j, &job->wanted->limits);
    ps_json_u64(j, "memory_process_bytes", dumps->process_bytes);
    ps_json_u64(j, "memory_bytes", dumps->bytes);
    ps_json_u64(j, "memory_scan_pages", dumps->scan_pages);
    ps_json_u64(j, "memory_mappings", PS_DUMP_AREAS);
    ps_json_u64(j, "memory_runs", PS_DUMP_RUNS);
    add_limit(j, "cgroup_memory_bytes", &l->memory_bytes);
    add_limit(j, "cgroup_headroom_bytes", &l->headroom_bytes);
    ps_json_u64(j, "cgroup_floor_bytes", caps->floor_bytes);
    ps_json_bool(j, "lowered_for_headroom", caps->lowered);
    add_limit(j, "cgroup_cpu_millis", &l->cpu_millis);
    add_limit(j, "open_files", &l->open_files);
    ps_json_object_end(j);
}

static void add_clock(struct ps_json *j, const struct ps_anchor *a)
{
    ps_json_object(j, "clock");
    ps_json_u64(j, "realtime_us", a->realtime_us);
    ps_json_u64(j, "boottime_us", a->boottime_us);
    ps_json_u64(j, "monotonic_us", a->monotonic_us);
    ps_json_u64(j, "monotonic_raw_us", a->monotonic_raw_us);
    ps_json_u64(j, "uncertainty_ns", a->uncertainty_ns);
    if (a->quality.known) {
        ps_json_u64(j, "adjtimex_status", a->quality.status);
        ps_json_i64(j, "maxerror_us", a->quality.maxerror_us);
        ps_json_i64(j, "esterror_us", a->quality.esterror_us);
        ps_json_i64(j, "tai_s", a->quality.tai_s);
    }
    ps_json_object_end(j);
}

static void add_rows(struct ps_json *j, const char *name, const struct ps_rows *rows)
{
    ps_json_array(j, name);
    for (size_t i = 0; i < rows->count; i++)
        ps_json_text(j, NULL, ps_catalog[rows->rows[i]].path);
    ps_json_array_end(j);
}

static void add_plan(struct ps_json *j, const struct ps_plan *plan)
{
    static const char *const columns[] = {"name", "outcome", "errno", "bytes", "begin_us", "took_us", "as", "pack",
                                          "offset", "entries|facts|of", "lost"};
    ps_json_object(j, "journal");
    ps_json_array(j, "columns");
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        ps_json_text(j, NULL, columns[i]);
    ps_json_array_end(j);
    ps_json_object_end(j);
    ps_json_object(j, "plan");
    add_rows(j, "global", &plan->global);
    add_rows(j, "quiet", &plan->lane[PS_QUIET]);
    add_rows(j, "memory", &plan->lane[PS_MEMORY]);
    add_rows(j, "quiet_facts", &plan->facts[PS_QUIET]);
    add_rows(j, "prober", &plan->facts[PS_PROBER]);
    add_rows(j, "content", &plan->content);
    if (plan->dumps) {
        ps_json_array(j, "dumps");
        ps_json_text(j, NULL, ps_catalog[plan->of.mem].path);
        ps_json_array_end(j);
    }
    ps_json_object_end(j);
}

static void add_sandbox(struct ps_json *j, const struct ps_builder_job *job, const struct ps_run_facts *run)
{
    uint32_t reader = atomic_load(&job->control->reader_sandbox);
    ps_json_object(j, "sandbox");
    ps_json_text(j, "builder", ps_sandbox_state_name(run->sandbox.state));
    ps_json_text(j, "reader",
                 reader ? ps_sandbox_state_name((enum ps_sandbox_state) (reader - 1)) : "not known yet");
    ps_json_object_end(j);
}

void ps_meta_json(const struct ps_builder_job *job, const struct ps_run_facts *run, struct ps_buffer *out)
{
    struct ps_json j = ps_json_into(out);
    ps_json_object(&j, NULL);
    ps_json_u64(&j, "format", PS_BUNDLE_FORMAT);
    ps_json_u64(&j, "records", PS_RECORDS_VERSION);
    ps_json_text(&j, "bundle", run->bundle_id);
    ps_json_u64(&j, "seq", job->options->chain ? job->options->chain->seq : 0);
    add_tool(&j, job, run);
    add_options(&j, job->options);
    add_case(&j, &job->options->who);
    add_host(&j, job);
    add_rights(&j, job->rights);
    add_limits(&j, job);
    add_sandbox(&j, job, run);
    add_clock(&j, &job->opening);
    add_plan(&j, job->plan);
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
}
