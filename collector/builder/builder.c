/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/builder/builder.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>

#include "build_info.h"
#include "collector/builder/turns.h"
#include "collector/chain.h"
#include "collector/delivery/destination.h"
#include "collector/key_file.h"
#include "collector/selftest.h"
#include "collector/sightings.h"
#include "formats/digest.h"
#include "formats/head_line.h"

struct builder {
    const struct ps_builder_job *job;
    struct ps_output out;
    struct ps_run_facts run;
    struct ps_destination *destination;
    struct ps_signing_key *key;
    struct ps_turns turns;
    uint8_t redact_key[PS_REDACT_KEY_LEN];
    struct ps_buffer head_line;
    bool early; /* the run was stopped while it read; decided once, so that bundle, verdict and exit status agree */
};

static bool to_destination(void *context, const void *data, size_t len, struct ps_error *err)
{
    return ps_destination_write(context, data, len, err);
}

/* That of a chain is derived here, and as short-lived as one that is drawn. */
static bool open_key(struct builder *b, struct ps_error *err)
{
    const struct ps_options *o = b->job->options;
    if (!o->chain)
        return ps_key_file_open(o, &b->key, &b->run.ephemeral_key, err);
    b->run.ephemeral_key = true;
    return ps_chain_link_key(o->chain, &b->key, err);
}

static uint64_t seq_of(const struct ps_builder_job *job)
{
    return job->options->chain ? job->options->chain->seq : 0;
}

static bool open_bundle(struct builder *b, struct ps_error *err)
{
    const struct ps_builder_job *job = b->job;
    const struct ps_age_recipients *to = &job->options->encrypt_to;
    char name[PS_BUNDLE_FILE_LEN + 1];
    if (!ps_selftest(err))
        return ps_fail_in(err, "self-test failed, nothing this executable says could be trusted");
    if (!open_key(b, err))
        return false;
    ps_bundle_id_make((int64_t) (job->opening.realtime_us / 1000000), randombytes_random(), b->run.bundle_id);
    ps_bundle_file_name(b->run.bundle_id, to->count > 0, name);
    b->destination = job->options->remote ? ps_destination_hold(job->options->hold_fd, name, err)
                                          : ps_destination_open(job->options->dest, name, err);
    if (!b->destination)
        return false;
    if (!ps_host_own_sha256(b->run.executable_sha256, err))
        b->run.executable_sha256[0] = 0;
    b->run.sandbox = ps_sandbox_enter(PS_ROLE_BUILDER);
    b->out.bundle = ps_bundle_new(b->run.bundle_id, seq_of(job), job->options->compress, to, to_destination,
                                  b->destination, err);
    return b->out.bundle != NULL;
}

static bool open_records(struct builder *b, struct ps_error *err)
{
    const struct ps_builder_job *job = b->job;
    struct ps_records_facts facts = {
        .bundle = b->run.bundle_id,
        .seq = seq_of(job),
        .realtime_us = job->opening.realtime_us,
        .boottime_us = job->opening.boottime_us,
        .uncertainty_ns = job->opening.uncertainty_ns,
        .clk_tck = job->host->clk_tck,
        .boot_id = job->host->boot_id,
        .pid_namespace = job->host->pid_namespace,
        .net_namespace = job->host->net_namespace,
        .mnt_namespace = ps_meta_mnt_namespace(job),
        .ipc_namespace = ps_meta_ipc_namespace(job),
        .own_pid = ps_meta_own_pid(job),
        .socket_rows = job->caps->socket_rows,
        .socket_text_bytes = job->caps->socket_text_bytes,
        .platform = job->surroundings->platform,
        .platform_by = job->surroundings->platform_by,
        .hides_pids = ps_proc_hides_pids(ps_span_text(job->surroundings->proc_options), ps_rights_can_trace(job->rights)),
    };
    b->out.records = ps_records_new(&facts, ps_output_records, &b->out);
    return b->out.records || ps_fail(err, 0, "out of memory before anything was read");
}

static bool open_lanes(struct builder *b, struct ps_error *err)
{
    const struct ps_builder_job *job = b->job;
    if (!ps_turns_make(&b->turns, job, &b->out))
        return ps_fail(err, 0, "out of memory before anything was read");
    randombytes_buf(b->redact_key, sizeof b->redact_key);
    for (unsigned i = 0; i < PS_LANES; i++) {
        struct ps_line_builder *line = &b->turns.lanes[i].line;
        line->content.sightings = job->options->sightings;
        line->content.known = job->options->known;
        line->own_secrets = line->stream.secrets = job->options->own_secrets;
        line->redact_key = job->options->redact_environ ? b->redact_key : NULL;
    }
    return true;
}

static bool begin(struct builder *b, struct ps_error *err)
{
    struct ps_buffer meta = {0};
    if (!open_bundle(b, err) || !open_records(b, err) || !open_lanes(b, err))
        return false;
    ps_meta_json(b->job, &b->run, &meta);
    bool ok = meta.failed ? ps_fail(err, 0, "out of memory before anything was read")
                          : ps_bundle_add(b->out.bundle, "data/meta.json", ps_buffer_span(&meta), err);
    ps_buffer_done(&meta);
    ps_output_phase(&b->out, "start", b->job->opening.boottime_us, 0);
    return ok;
}

static bool add_closing(struct builder *b, struct ps_anchor *closing, struct ps_error *err)
{
    struct ps_buffer text = {0};
    struct ps_closing_facts facts = {.output = &b->out, .lives = &b->turns.lives, .early = b->early};
    ps_anchor_take(closing);
    facts.closing = *closing;
    facts.records = ps_records_lines(b->out.records);
    ps_closing_json(b->job, &facts, &text);
    bool ok = text.failed ? ps_fail(err, 0, "out of memory while closing the bundle")
                          : ps_bundle_add(b->out.bundle, "data/closing.json", ps_buffer_span(&text), err);
    ps_buffer_done(&text);
    return ok;
}

/* One snapshot alone is a chain of its own. */
static void add_chain(const struct ps_chain_link *link, char id[PS_CHAIN_ID_LEN + 1], struct ps_seal_facts *facts)
{
    if (!link) {
        ps_chain_id_make(id);
        facts->chain_id = id;
        facts->reason = "single";
        return;
    }
    facts->chain_id = link->id;
    facts->reason = link->reason;
    facts->interval_s = link->interval_s;
    facts->prev_root = link->has_prev ? link->prev_root : NULL;
    facts->next_key = &link->next_key;
}

static bool seal(struct builder *b, struct ps_sealed *sealed, struct ps_error *err)
{
    const struct ps_builder_job *job = b->job;
    struct ps_anchor closing;
    char chain[PS_CHAIN_ID_LEN + 1];
    ps_output_phase(&b->out, "seal", ps_boottime_us(), b->turns.lives.processes);
    ps_output_journal_flush(&b->out);
    if (!ps_records_finish(b->out.records) || !ps_output_ok(&b->out)) {
        *err = b->out.error;
        return err->text[0] ? false : ps_fail(err, 0, "out of memory while deriving records");
    }
    if (!add_closing(b, &closing, err))
        return false;
    struct ps_seal_facts facts = {
        .software_agent = "procsnap " PS_VERSION,
        .time = (int64_t) (closing.realtime_us / 1000000),
        .case_id = job->options->who.id,
        .examiner = job->options->who.examiner,
        .evidence_id = job->options->who.evidence_id,
        .purpose = job->options->who.reason,
        .authority = job->options->who.authority,
        .case_officer = job->options->who.case_officer,
        .boot_id = job->host->boot_id,
        .started_boottime_us = job->opening.boottime_us,
        .finished_boottime_us = closing.boottime_us,
        .key = b->key,
        .file = ps_destination_name(b->destination),
    };
    add_chain(job->options->chain, chain, &facts);
    job->control->verdict.signing = true;
    return ps_bundle_seal(b->out.bundle, &facts, sealed, err);
}

/* What there is to tell is made before the file gets its name: after that nothing may fail. */
static bool deliver(struct builder *b, const struct ps_sealed *sealed, struct ps_error *err)
{
    struct ps_verdict *v = &b->job->control->verdict;
    ps_head_line_write(&sealed->head, &b->head_line);
    if (b->head_line.failed)
        return ps_fail(err, 0, "out of memory while sealing");
    return ps_destination_seal(b->destination, ps_buffer_span(&sealed->minisig), v->path, v->minisig_path, err);
}

static void tell_limits(const struct builder *b, struct ps_verdict *v)
{
    const char *names[PS_LIMIT_NAMES];
    size_t count = ps_limits_reached(b->job, &b->out, names), at = 0;
    for (size_t i = 0; i < count && at < sizeof v->limits_reached; i++)
        at += (size_t) snprintf(v->limits_reached + at, sizeof v->limits_reached - at, "%s%s", i ? ", " : "", names[i]);
    if (b->job->caps->lowered)
        v->headroom_bytes = b->job->limits->headroom_bytes.value;
}

/* Of the lives that have a line. The programs were noted as they were hashed. */
static void tell_sightings(const struct builder *b, struct ps_sightings *s)
{
    snprintf(s->boot_id, sizeof s->boot_id, "%s", b->job->host->boot_id);
    s->pid_namespace = b->job->host->pid_namespace;
    for (size_t i = 0; i < b->turns.lives.room && s->process_count < PS_SIGHTINGS_PROCESSES; i++) {
        const struct ps_life *life = ps_lives_at(&b->turns.lives, (uint32_t) i);
        if (life)
            s->processes[s->process_count++] = (struct ps_sighting){life->start, life->pid, life->ppid};
    }
}

static void tell(struct builder *b, const struct ps_sealed *sealed)
{
    struct ps_control *control = b->job->control;
    struct ps_verdict *v = &control->verdict;
    const struct ps_buffer *line = &b->head_line;
    snprintf(v->head_line, sizeof v->head_line, "%.*s", (int) (line->len > 0 ? line->len - 1 : 0), (char *) line->data);
    snprintf(v->minisig, sizeof v->minisig, "%.*s", (int) sealed->minisig.len, (char *) sealed->minisig.data);
    snprintf(v->name, sizeof v->name, "%s", ps_destination_name(b->destination));
    snprintf(v->bundle_id, sizeof v->bundle_id, "%s", sealed->head.bundle);
    ps_hex_text(ps_span_of(sealed->head.root, PS_SHA256_LEN), v->root);
    if (b->early)
        snprintf(v->early, sizeof v->early, "%s", control->early);
    snprintf(v->task_arn, sizeof v->task_arn, "%s", ps_records_task_arn(b->out.records));
    v->bundle_bytes = sealed->file_bytes;
    v->raw_bytes = b->out.raw_bytes;
    v->processes = b->turns.lives.processes;
    v->captures = b->out.captures;
    v->records = ps_records_lines(b->out.records);
    v->hidden = ps_records_hidden(b->out.records);
    for (unsigned i = 0; i < PS_OUTCOMES; i++)
        v->outcomes[i] = b->out.outcomes[i];
    v->skew_us = ps_output_skew_us(&b->out, PS_SKEW_ALL);
    v->cores = b->turns.lanes[PS_MEMORY].line.dump.cores;
    v->pids_not_seen = ps_dumps_not_seen(b->job->options, b->job->roster, NULL);
    tell_limits(b, v);
    if (b->job->options->sightings)
        tell_sightings(b, b->job->options->sightings);
    v->redacted = b->job->options->redact_environ;
    v->ephemeral_key = b->run.ephemeral_key;
    v->own_denied = b->out.own_denied;
    v->missing_ptrace = b->out.ptrace_denied && !ps_rights_can_trace(b->job->rights);
    v->sealed = true;
}

static enum ps_collect_status work(struct builder *b, struct ps_error *err)
{
    struct ps_sealed sealed = {0};
    if (!begin(b, err))
        return PS_NOT_SEALED;
    ps_turns_take_all(&b->turns);
    /* A signal that comes later finds nothing more to stop. */
    b->early = atomic_load(&b->job->control->stop) || atomic_load(&b->job->control->lane_lost);
    if (ps_output_ok(&b->out))
        ps_turns_account(&b->turns);
    sodium_memzero(b->redact_key, sizeof b->redact_key);
    if (!ps_output_ok(&b->out)) {
        *err = b->out.error;
        return PS_NOT_SEALED;
    }
    bool ok = seal(b, &sealed, err) && deliver(b, &sealed, err);
    if (ok)
        tell(b, &sealed);
    ps_buffer_done(&sealed.minisig);
    if (!ok)
        return PS_NOT_SEALED;
    return b->early ? PS_SEALED_EARLY : PS_SEALED;
}

static void abandon(struct builder *b)
{
    char part[4096] = "";
    if (!b->destination)
        return;
    bool whole = ps_destination_abandon(b->destination, part);
    if (!part[0])
        return;
    struct ps_error why = b->job->control->error, *err = &b->job->control->error;
    if (whole)
        (void) !ps_fail(err, 0,
                        "%.230s; the bundle is whole and signed within, in %.180s: verify it, then take off the .part",
                        why.text, part);
    else
        (void) !ps_fail(err, 0, "%.300s; what was read until then is in %.180s", why.text, part);
}

_Noreturn void ps_builder_run(const struct ps_builder_job *job)
{
    static struct builder b;
    struct ps_control *control = job->control;
    b.job = job;
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != job->conductor)
        _exit(1);
    enum ps_collect_status status = PS_NOT_SEALED;
    if (sodium_init() < 0)
        (void) !ps_fail(&control->error, 0, "libsodium does not start: no source of random numbers");
    else
        status = work(&b, &control->error);
    if (status == PS_NOT_SEALED)
        abandon(&b);
    ps_signing_key_free(b.key);
    atomic_store(&control->exit_status, (uint32_t) status + 1);
    _exit(0);
}
