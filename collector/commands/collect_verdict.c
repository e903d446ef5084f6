/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/commands/collect_verdict.h"

#include <string.h>

#include "formats/bundle_write.h"
#include "formats/head_line.h"
#include "formats/journal.h"
#include "formats/json.h"
#include "formats/printable.h"
#include "formats/quantity.h"

/* Outcomes that left something unread, in plain words; the others are no gap. */
static const struct {
    enum ps_outcome outcome;
    const char *words;
} unread[] = {
    {PS_DENIED, "denied"},
    {PS_TIMED_OUT, "given up after no progress"},
    {PS_TRUNCATED, "cut at the size limit"},
    {PS_PARTIAL, "broken off by an error"},
    {PS_FAILED, "failed with an error"},
    {PS_GONE, "gone (ended)"},
    {PS_SKIPPED, "not tried"},
    {PS_ABSENT, "not in this kernel"},
};

enum { UNREAD = sizeof unread / sizeof unread[0] };

/* What a bundle that went to standard output is to be called. */
static void add_path(struct ps_buffer *out, const char *path)
{
    ps_printable_add(out, ps_span_text(path));
}

static void add_unread(const struct ps_verdict *v, struct ps_buffer *out)
{
    bool any = false;

    ps_buffer_add_text(out, "  not read   ");
    for (size_t i = 0; i < UNREAD; i++) {
        uint64_t count = v->outcomes[unread[i].outcome];
        if (count == 0)
            continue;
        ps_buffer_add_text(out, any ? ", " : "");
        ps_buffer_add_u64(out, count);
        ps_buffer_addf(out, " %s", unread[i].words);
        any = true;
    }
    ps_buffer_add_text(out, any ? "\n             what and why: procsnap show BUNDLE gaps\n"
                                : "nothing; all that was planned was read\n");
    if (v->own_denied > 0)
        ps_buffer_addf(out, "             %llu of the denied are procsnap's own processes: they shield themselves\n",
                       (unsigned long long) v->own_denied);
    if (v->missing_ptrace)
        ps_buffer_add_text(
            out, "             CAP_SYS_PTRACE would have opened more; on ECS:\n"
                 "             linuxParameters.capabilities.add [\"SYS_PTRACE\"]\n");
    if (v->readers_abandoned > 0) {
        ps_buffer_add_text(out, "             ");
        ps_quantity_count(out, v->readers_abandoned, "reader", "readers");
        ps_buffer_add_text(out, " left behind, hung in the kernel by what does not answer there\n");
    }
}

/* Somebody hides processes, in one way or the other. */
static void add_hidden(const struct ps_verdict *v, struct ps_buffer *out)
{
    if (v->hidden > 0) {
        ps_buffer_add_text(out, "  hidden     ");
        ps_quantity_count(out, v->hidden, "process that no listing of /proc has", "processes that no listing of /proc has");
        ps_buffer_add_text(out, ": procsnap show BUNDLE\n");
    }
    if (v->covers == 0)
        return;
    ps_buffer_add_text(out, "  hidden     ");
    ps_quantity_count(out, v->covers, "mount lies", "mounts lie");
    ps_buffer_add_text(out, v->seen_past ? " over /proc, to hide what is there; procsnap looked past\n"
                                         : " over /proc, to hide what is there, and procsnap cannot look past:\n"
                                           "             that takes CAP_SYS_ADMIN; or umount, and collect again\n");
}

/* Which limits cut something off, and whether they were lower than usual. */
static void add_limits(const struct ps_verdict *v, struct ps_buffer *out)
{
    if (v->limits_reached[0] == '\0')
        return;
    ps_buffer_addf(out, "  limits     reached: %s", v->limits_reached);
    if (v->headroom_bytes > 0) {
        ps_buffer_add_text(out, "\n             lower than usual: the container had ");
        ps_quantity_bytes(out, v->headroom_bytes);
        ps_buffer_add_text(out, " of memory to spare");
    }
    ps_buffer_add_byte(out, '\n');
}

static void add_place(const struct ps_verdict *v, const struct ps_remote_verdict *remote, struct ps_buffer *out)
{
    ps_buffer_add_text(out, v->early[0] != '\0' ? "Sealed early (" : "Sealed");
    if (v->early[0] != '\0') {
        ps_printable_add(out, ps_span_text(v->early));
        ps_buffer_add_text(out, ")");
    }
    ps_buffer_add_text(out, ": ");
    add_path(out, v->path[0] != '\0' ? v->path : v->name);
    if (v->path[0] == '\0' && !remote->remote)
        ps_buffer_add_text(out, ", to standard output");
    ps_buffer_add_text(out, " (");
    ps_quantity_bytes(out, v->bundle_bytes);
    ps_buffer_add_text(out, ")\n");
}

static void add_signature(const struct ps_verdict *v, const struct ps_remote_verdict *remote, struct ps_buffer *out)
{
    ps_buffer_add_text(out, "  signature  ");
    if (v->minisig_path[0] != '\0')
        add_path(out, v->minisig_path);
    else if (remote->kept_signature[0] != '\0')
        add_path(out, remote->kept_signature);
    else if (remote->remote && !remote->signature_unsent)
        ps_buffer_addf(out, "%s.minisig, beside it", v->name);
    else if (remote->remote && !remote->delivered && remote->kept[0] == '\0')
        ps_buffer_add_text(out, "lost with it");
    else
        ps_buffer_addf(out, "the four lines above: save them as\n             %s.minisig", v->name);
    ps_buffer_addf(out, "\n  root       %s\n", v->root);
}

/* Where the bundle went, or where it is instead. */
static void add_delivery(const struct ps_remote_verdict *remote, struct ps_buffer *out)
{
    if (!remote->remote)
        return;
    ps_buffer_add_text(out, remote->delivered && remote->certain ? "  delivered  "
                            : remote->delivered                  ? "  delivered  probably, "
                                                                 : "  delivered  not; meant for ");
    add_path(out, remote->dest);
    ps_buffer_add_byte(out, '\n');
    if (remote->delivered && remote->certain)
        return;
    ps_buffer_add_text(out, "  kept       ");
    if (remote->kept[0] != '\0')
        add_path(out, remote->kept);
    else
        ps_buffer_add_text(out, "nowhere: no directory takes it, and it is lost");
    ps_buffer_add_byte(out, '\n');
}

static void add_amounts(const struct ps_options *o, const struct ps_verdict *v, struct ps_buffer *out)
{
    ps_buffer_add_text(out, "  processes  ");
    ps_buffer_add_u64(out, v->processes);
    ps_buffer_add_text(out, ": ");
    ps_quantity_count(out, v->captures, "capture", "captures");
    ps_buffer_add_text(out, ", ");
    ps_quantity_bytes(out, v->raw_bytes);
    ps_buffer_add_text(out, " of raw bytes, ");
    ps_quantity_count(out, v->records, "record", "records");
    ps_buffer_add_text(out, ", in ");
    ps_quantity_us(out, v->took_us);
    ps_buffer_add_byte(out, '\n');
    ps_buffer_add_text(out, "  skew       ");
    ps_quantity_us(out, v->skew_us);
    ps_buffer_add_text(out, " from the first capture to the last: this is not one moment\n");
    if (o->pid_count > v->processes) {
        ps_buffer_add_text(out, "  --pid      ");
        ps_buffer_add_u64(out, o->pid_count - v->processes);
        ps_buffer_addf(out, " of the %zu that you named were not there\n", o->pid_count);
    }
}

static void add_memory(const struct ps_verdict *v, struct ps_buffer *out)
{
    ps_buffer_add_text(out, "  memory     ");
    ps_quantity_count(out, v->cores, "core file", "core files");
    ps_buffer_add_text(out, v->cores > 0 ? ", secrets in them: treat the bundle like one\n" : "\n");
    if (v->pids_not_seen == 0)
        return;
    ps_buffer_add_text(out, "             ");
    ps_buffer_add_u64(out, v->pids_not_seen);
    ps_buffer_add_text(out, " of the processes that you named were not there\n");
}

static void add_recipients(const struct ps_age_recipients *to, struct ps_buffer *out)
{
    char text[PS_AGE_RECIPIENT_TEXT + 1];

    for (size_t i = 0; i < to->count; i++) {
        ps_age_recipient_text(&to->list[i], text);
        ps_buffer_addf(out, "  %-10s %s\n", i == 0 ? "encrypted" : "", text);
    }
    ps_buffer_add_text(out, "             whose identity opens it: verify --identity FILE, or age -d -i FILE\n");
}

static void add_key_text(const struct ps_options *o, const struct ps_verdict *v, struct ps_buffer *out)
{
    struct ps_head head;
    char pk[PS_PUBLIC_KEY_TEXT + 1] = "PUBLIC-KEY";

    if (ps_head_line_read(ps_span_text(v->head_line), &head))
        ps_public_key_text(&head.pk, pk);
    ps_buffer_addf(out, " --key %s%s\n", pk, o->encrypt_to.count > 0 ? " --identity FILE" : "");
}

/* What is undelivered: the cause was told before the verdict. */
static void add_next_delivery(const struct ps_remote_verdict *remote, struct ps_buffer *out)
{
    bool bucket = strncmp(remote->dest, "s3://", 5) == 0;

    if (remote->kept[0] == '\0') {
        ps_buffer_add_text(out, "Next: collect again, with --spool DIR, or to a DIR/ that has room\n");
        return;
    }
    ps_buffer_add_text(out, bucket ? "Next: mend that, and deliver it before the task ends, with the same options:\n"
                                   : "Next: deliver it before the task ends, with a new presigned URL in quotes:\n");
    ps_buffer_add_text(out, "  procsnap push ");
    add_path(out, remote->kept);
    ps_buffer_add_byte(out, ' ');
    add_path(out, bucket ? remote->dest : "'PRESIGNED-URL'");
    ps_buffer_add_byte(out, '\n');
}

static void add_next(const struct ps_options *o, const struct ps_verdict *v,
                     const struct ps_remote_verdict *remote, struct ps_buffer *out)
{
    const char *slash = strrchr(v->path, '/');

    if (remote->remote && (!remote->delivered || !remote->certain)) {
        add_next_delivery(remote, out);
        return;
    }
    if (remote->remote && !remote->signature_unsent)
        ps_buffer_add_text(out, "Next: fetch it and the .minisig beside it, and check it there:\n");
    else if (remote->remote)
        ps_buffer_add_text(out, "Next: fetch it, put its .minisig beside it, and check it there:\n");
    else
        ps_buffer_addf(out, "Next: take it%s off this machine, and check it there:\n",
                       v->minisig_path[0] != '\0' ? " and the .minisig beside it" : "");
    ps_buffer_add_text(out, "  procsnap verify ");
    add_path(out, slash != NULL ? slash + 1 : v->path[0] != '\0' ? v->path : v->name);
    add_key_text(o, v, out);
}

void ps_collect_verdict_text(const struct ps_options *o, const struct ps_verdict *v,
                             const struct ps_remote_verdict *remote, struct ps_buffer *out)
{
    add_place(v, remote, out);
    add_delivery(remote, out);
    add_signature(v, remote, out);
    if (o->encrypt_to.count > 0)
        add_recipients(&o->encrypt_to, out);
    add_amounts(o, v, out);
    add_hidden(v, out);
    add_unread(v, out);
    add_limits(v, out);
    if (v->redacted)
        ps_buffer_add_text(out,
                           "  environ    names are kept, values hashed; --redact none keeps the values\n");
    else
        ps_buffer_add_text(out, o->encrypt_to.count > 0
                                    ? "  environ    values are in the bundle, for its recipients to read\n"
                                    : "  environ    values are in the bundle: treat it like a secret\n");
    if (o->memory != PS_MEMORY_NONE)
        add_memory(v, out);
    if (v->ephemeral_key)
        ps_buffer_add_text(out, "  key        made for this run, then wiped: keep the EVIDENCE line, it names it\n");
    else
        ps_buffer_add_text(out, o->sign_key != NULL ? "  key        from --sign-key\n"
                                                    : "  key        from --sign-key-fd\n");
    add_next(o, v, remote, out);
}

static void add_outcomes(const struct ps_verdict *v, struct ps_json *j)
{
    ps_json_object(j, "outcomes");
    for (enum ps_outcome i = 0; i < PS_OUTCOMES; i++)
        ps_json_u64(j, ps_outcome_name(i), v->outcomes[i]);
    ps_json_object_end(j);
}

static const char *or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static void add_head(const struct ps_verdict *v, struct ps_json *j)
{
    struct ps_head head;
    char pk[PS_PUBLIC_KEY_TEXT + 1], prev[2 * PS_SHA256_LEN + 1];

    if (!ps_head_line_read(ps_span_text(v->head_line), &head))
        return;
    ps_public_key_text(&head.pk, pk);
    ps_hex_text(ps_span_of(head.prev, sizeof head.prev), prev);
    ps_json_u64(j, "seq", head.seq);
    ps_json_text(j, "pk", pk);
    ps_json_text(j, "prev", head.has_prev ? prev : NULL);
}

/* What the delivery came to; the receipt as it was made. */
static void add_delivery_json(const struct ps_remote_verdict *remote, struct ps_json *j)
{
    if (!remote->remote)
        return;
    ps_json_object(j, "delivery");
    ps_json_bytes(j, "destination", ps_span_text(remote->dest));
    ps_json_bool(j, "delivered", remote->delivered);
    ps_json_bool(j, "certain", remote->certain);
    ps_json_bytes(j, "kept", ps_span_text(remote->kept));
    ps_json_bytes(j, "error", ps_span_text(remote->delivered && remote->certain ? "" : remote->why.text));
    size_t len = remote->receipt.len; /* a line */
    if (len > 1)
        ps_json_raw(j, "receipt", ps_span_of(remote->receipt.data, len - 1));
    else
        ps_json_null(j, "receipt");
    ps_json_object_end(j);
}

void ps_collect_verdict_json(const struct ps_options *o, const struct ps_verdict *v,
                             const struct ps_remote_verdict *remote, struct ps_buffer *out)
{
    struct ps_json j = ps_json_into(out);

    ps_json_object(&j, NULL);
    ps_json_bool(&j, "sealed", true);
    ps_json_text(&j, "sealed_early", or_null(v->early));
    ps_json_text(&j, "bundle", v->bundle_id);
    ps_json_text(&j, "root", v->root);
    add_head(v, &j);
    ps_json_text(&j, "head_line", v->head_line);
    ps_json_bytes(&j, "path", ps_span_text(v->path));
    ps_json_bytes(&j, "signature_path", ps_span_text(v->minisig_path));
    ps_json_text(&j, "signature", v->minisig);
    ps_json_text(&j, "name", v->name);
    add_delivery_json(remote, &j);
    ps_json_u64(&j, "bytes", v->bundle_bytes);
    ps_json_u64(&j, "raw_bytes", v->raw_bytes);
    ps_json_u64(&j, "processes", v->processes);
    ps_json_u64(&j, "hidden", v->hidden);
    ps_json_u64(&j, "covers", v->covers);
    ps_json_bool(&j, "seen_past", v->seen_past);
    ps_json_u64(&j, "captures", v->captures);
    ps_json_u64(&j, "records", v->records);
    add_outcomes(v, &j);
    ps_json_u64(&j, "took_us", v->took_us);
    ps_json_u64(&j, "skew_us", v->skew_us);
    ps_json_u64(&j, "readers_replaced", v->readers_replaced);
    ps_json_u64(&j, "readers_abandoned", v->readers_abandoned);
    ps_json_u64(&j, "cores", v->cores);
    ps_json_u64(&j, "own_denied", v->own_denied);
    ps_json_text(&j, "limits_reached", or_null(v->limits_reached));
    ps_json_bool(&j, "environ_redacted", v->redacted);
    ps_age_recipients_json(&o->encrypt_to, &j, "encrypted_to");
    ps_json_bool(&j, "ephemeral_key", v->ephemeral_key);
    ps_json_bool(&j, "missing_ptrace", v->missing_ptrace);
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
}

void ps_collect_failure_json(const struct ps_error *err, struct ps_buffer *out)
{
    struct ps_json j = ps_json_into(out);

    ps_json_object(&j, NULL);
    ps_json_bool(&j, "sealed", false);
    ps_json_bytes(&j, "error", ps_span_text(err->text));
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
}
