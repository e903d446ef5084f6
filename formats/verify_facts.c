/* SPDX-License-Identifier: Apache-2.0
 *
 * The documents of a bundle: what they say of it, and whether they say the same.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "formats/bundle_write.h"
#include "formats/json_value.h"
#include "formats/tag_files.h"
#include "formats/verify_state.h"

enum { TICKS_MAX = 1000000 }; /* a second: records tell times in microseconds */
/* A century, in seconds. */
#define INTERVAL_MAX UINT64_C(3200000000)

static void malformed(struct ps_verify *v, enum ps_member_class class, const char *what)
{
    ps_verify_find(v, PS_FINDING_CONTENT, what, ps_span_text(ps_member_class_name(class)));
}

/* The tree of a document that is one JSON object, or NULL. */
static cJSON *parse(struct ps_verify *v, enum ps_member_class class)
{
    struct ps_json_flaw flaw;
    cJSON *tree = ps_json_parse(&v->check, ps_buffer_span(&v->text[class]), &flaw);
    if (tree == NULL && flaw.why == ps_no_memory)
        (void) ps_verify_out_of_memory(v);
    else if (tree == NULL)
        malformed(v, class, flaw.why);
    if (tree != NULL && !cJSON_IsObject(tree)) {
        malformed(v, class, "not an object");
        cJSON_Delete(tree);
        return NULL;
    }
    return tree;
}

/* A copy of the string, or NULL when there is none. */
static char *copy(struct ps_verify *v, const cJSON *value)
{
    const char *text = ps_json_string(value);
    if (text == NULL)
        return NULL;
    char *out = strdup(text);
    if (out == NULL)
        (void) ps_verify_out_of_memory(v);
    return out;
}

static void read_case(struct ps_verify *v, const cJSON *object)
{
    struct ps_verify_report *r = v->report;
    r->case_id = copy(v, ps_json_get(object, "id"));
    r->examiner = copy(v, ps_json_get(object, "examiner"));
    r->evidence_id = copy(v, ps_json_get(object, "evidence_id"));
    r->purpose = copy(v, ps_json_get(object, "reason"));
    r->authority = copy(v, ps_json_get(object, "authority"));
    r->case_officer = copy(v, ps_json_get(object, "case_officer"));
}

/* What records are derived from, besides captures. */
static bool read_facts(struct ps_verify *v, const cJSON *meta)
{
    struct ps_records_facts *f = &v->facts;
    const cJSON *clock = ps_json_get(meta, "clock"), *host = ps_json_get(meta, "host");
    if (!ps_json_number(ps_json_get(clock, "realtime_us"), &f->realtime_us) ||
        !ps_json_number(ps_json_get(clock, "boottime_us"), &f->boottime_us) ||
        !ps_json_number(ps_json_get(clock, "uncertainty_ns"), &f->uncertainty_ns) ||
        !ps_json_number32(ps_json_get(host, "clk_tck"), &f->clk_tck) ||
        f->clk_tck == 0 || f->clk_tck > TICKS_MAX)
        return false;
    /* 0 where nobody could tell. */
    (void) !ps_json_number(ps_json_get(host, "pid_namespace"), &f->pid_namespace);
    (void) !ps_json_number(ps_json_get(host, "net_namespace"), &f->net_namespace);
    (void) !ps_json_number(ps_json_get(host, "mnt_namespace"), &f->mnt_namespace);
    (void) !ps_json_number(ps_json_get(host, "ipc_namespace"), &f->ipc_namespace);
    (void) !ps_json_number32(ps_json_get(host, "own_pid"), &f->own_pid);
    const cJSON *limits = ps_json_get(meta, "limits");
    (void) !ps_json_number32(ps_json_get(limits, "socket_rows"), &f->socket_rows);
    (void) !ps_json_number(ps_json_get(limits, "socket_text_bytes"), &f->socket_text_bytes);
    v->report->platform = copy(v, ps_json_get(host, "platform"));
    v->report->platform_by = copy(v, ps_json_get(host, "platform_by"));
    f->platform = v->report->platform;
    f->platform_by = v->report->platform_by;
    const char *mount = ps_json_string(ps_json_get(host, "proc_mount"));
    f->hides_pids = ps_proc_hides_pids(ps_span_text(mount != NULL ? mount : ""),
                                       cJSON_IsTrue(ps_json_get(ps_json_get(meta, "rights"), "can_trace")));
    v->report->boot_id = copy(v, ps_json_get(host, "boot_id"));
    f->bundle = v->report->bundle;
    f->seq = v->report->seq;
    f->boot_id = v->report->boot_id != NULL ? v->report->boot_id : "";
    v->report->realtime_us = f->realtime_us;
    return f->realtime_us <= INT64_MAX;
}

/* What of it the journal can be held to. */
static bool read_plan(struct ps_verify *v, const cJSON *plan)
{
    const cJSON *content = ps_json_get(plan, "content");
    v->plan_known = cJSON_IsArray(content);
    v->content_planned = v->plan_known && content->child != NULL;
    return v->plan_known;
}

static const char *read_meta(struct ps_verify *v, const cJSON *meta)
{
    struct ps_verify_report *r = v->report;
    uint64_t format = 0;
    int64_t time = 0;
    const cJSON *number = ps_json_get(meta, "format");
    if (!cJSON_IsNumber(number) || !ps_json_number(number, &format) || format != PS_BUNDLE_FORMAT)
        return "a format that this version of procsnap does not know";
    if (!ps_json_number(ps_json_get(meta, "records"), &r->records_version))
        return "no version of the records";
    r->bundle = copy(v, ps_json_get(meta, "bundle"));
    if (r->bundle == NULL || !ps_bundle_id_read(ps_span_text(r->bundle), &time))
        return "no bundle id";
    if (!ps_json_number(ps_json_get(meta, "seq"), &r->seq))
        return "no sequence number";
    r->tool_version = copy(v, ps_json_get(ps_json_get(meta, "tool"), "version"));
    read_case(v, ps_json_get(meta, "case"));
    v->facts_known = read_facts(v, meta);
    if (!read_plan(v, ps_json_get(meta, "plan")))
        return "it does not say whether content was planned";
    return v->facts_known ? NULL : "no clock anchor or no ticks a second";
}

void ps_verify_meta(struct ps_verify *v)
{
    cJSON *tree = parse(v, PS_MEMBER_META);
    const char *why = tree != NULL ? read_meta(v, tree) : NULL;
    if (why != NULL)
        malformed(v, PS_MEMBER_META, why);
    v->report->has_meta = tree != NULL && why == NULL;
    cJSON_Delete(tree);
}

/* Outcomes that did not occur are left out; others than there are say nothing of the journal. */
static bool read_counts(const cJSON *counts, struct ps_verify_counts *out)
{
    const cJSON *outcomes = ps_json_get(counts, "outcomes");
    if (!cJSON_IsObject(outcomes) || !ps_json_number(ps_json_get(counts, "captures"), &out->captures) ||
        !ps_json_number(ps_json_get(counts, "raw_bytes"), &out->raw_bytes) ||
        !ps_json_number(ps_json_get(counts, "records"), &out->records))
        return false;
    for (const cJSON *item = outcomes->child; item != NULL; item = item->next) {
        enum ps_outcome outcome;
        if (!ps_outcome_named(ps_span_text(item->string), &outcome) || !ps_json_number(item, &out->outcomes[outcome]))
            return false;
    }
    return true;
}

void ps_verify_closing(struct ps_verify *v)
{
    cJSON *tree = parse(v, PS_MEMBER_CLOSING);
    const cJSON *early = ps_json_get(tree, "sealed_early");
    v->not_early = cJSON_IsNull(early);
    v->said_counts = read_counts(ps_json_get(tree, "counts"), &v->said);
    if (tree != NULL && !v->said_counts)
        malformed(v, PS_MEMBER_CLOSING, "it does not count the captures, raw bytes and records");
    if (tree != NULL &&
        (early == NULL || (!cJSON_IsNull(early) && ps_json_string(ps_json_get(early, "reason")) == NULL)))
        malformed(v, PS_MEMBER_CLOSING, "it does not say whether it was sealed early");
    v->report->sealed_early = copy(v, ps_json_get(early, "reason"));
    (void) !ps_json_number(ps_json_get(early, "skipped"), &v->report->skipped);
    cJSON_Delete(tree);
}

static bool read_key(const cJSON *value, struct ps_public_key *out)
{
    const char *text = ps_json_string(value);
    struct ps_error ignored;
    return text != NULL && strlen(text) == PS_PUBLIC_KEY_TEXT && ps_public_key_read(ps_span_text(text), out, &ignored);
}

/* One snapshot alone stands at the beginning of no chain but its own. */
static bool is_single(const struct ps_verify_report *r)
{
    return r->head.seq == 0 && !r->head.has_prev && !r->has_next;
}

static const char *check_chain(const struct ps_verify *v, const cJSON *chain)
{
    const struct ps_verify_report *r = v->report;
    const char *boot = ps_json_string(ps_json_get(chain, "boot_id"));
    if (r->finished_boottime_us < r->started_boottime_us)
        return "it was finished before it was started";
    if (r->has_meta && strcmp(boot != NULL ? boot : "", r->boot_id != NULL ? r->boot_id : "") != 0)
        return "another boot id than in data/meta.json";
    if (r->has_meta && r->seq != r->head.seq)
        return "another sequence number than in data/meta.json";
    if (strcmp(r->reason, "single") == 0 && !is_single(r))
        return "one snapshot alone, and yet it has a number, a predecessor or a successor";
    return NULL;
}

static const char *read_chain(struct ps_verify *v, const cJSON *chain)
{
    struct ps_verify_report *r = v->report;
    const cJSON *prev = ps_json_get(chain, "prev_root");
    const char *root = ps_json_string(prev);
    uint64_t version = 0;
    if (!ps_json_number(ps_json_get(chain, "v"), &version) || version != 1)
        return "a version that this procsnap does not know";
    if (!read_key(ps_json_get(chain, "pk"), &r->head.pk))
        return "no public key";
    v->key_known = true;
    if (!ps_json_number(ps_json_get(chain, "seq"), &r->head.seq))
        return "no sequence number";
    r->head.has_prev = root != NULL;
    if (root != NULL ? !ps_hex_decode(ps_span_text(root), r->head.prev, PS_SHA256_LEN) : !cJSON_IsNull(prev))
        return "the previous root is neither 64 hex digits nor null";
    r->chain_id = copy(v, ps_json_get(chain, "chain_id"));
    uint8_t id[16];
    if (r->chain_id == NULL || !ps_hex_decode(ps_span_text(r->chain_id), id, sizeof id))
        return "the chain id is not 32 hex digits";
    r->reason = copy(v, ps_json_get(chain, "reason"));
    if (r->reason == NULL || !ps_json_number(ps_json_get(chain, "started_boottime_us"), &r->started_boottime_us) ||
        !ps_json_number(ps_json_get(chain, "finished_boottime_us"), &r->finished_boottime_us))
        return "no reason or no times";
    const cJSON *next = ps_json_get(chain, "next_pk"), *interval = ps_json_get(chain, "interval_s");
    r->has_next = !cJSON_IsNull(next);
    if (r->has_next && !read_key(next, &r->next_key))
        return "the next public key is none";
    if (!cJSON_IsNull(interval) && (!ps_json_number(interval, &r->interval_s) || r->interval_s > INTERVAL_MAX))
        return "the interval is no number of seconds";
    return check_chain(v, chain);
}

void ps_verify_chain(struct ps_verify *v)
{
    cJSON *tree = parse(v, PS_MEMBER_CHAIN);
    const char *why = tree != NULL ? read_chain(v, tree) : NULL;
    if (why != NULL)
        malformed(v, PS_MEMBER_CHAIN, why);
    v->report->has_chain = tree != NULL && why == NULL;
    cJSON_Delete(tree);
}

static const char *check_acquisition(const struct ps_verify *v, const cJSON *line)
{
    const char *action = ps_json_string(ps_json_get(line, "action"));
    const char *bundle = ps_json_string(ps_json_get(line, "bundle"));
    if (v->line_number > 1)
        return "more than the acquisition: later holders are told elsewhere";
    if (!cJSON_IsObject(line))
        return "not an object";
    if (action == NULL || strcmp(action, "acquired") != 0 || !cJSON_IsNull(ps_json_get(line, "prev_line_sha256")))
        return "not the acquisition, which has no line before it";
    if (bundle == NULL || (v->report->bundle != NULL && strcmp(bundle, v->report->bundle) != 0))
        return "it speaks of another bundle";
    return NULL;
}

void ps_verify_custody_line(struct ps_verify *v, struct ps_span line)
{
    struct ps_json_flaw flaw;
    cJSON *tree = ps_json_parse(&v->check, line, &flaw);
    const char *why = tree != NULL ? check_acquisition(v, tree) : flaw.why;
    if (why != NULL)
        ps_verify_line_flaw(v, why);
    cJSON_Delete(tree);
}

static void read_recipient(struct ps_verify *v, struct ps_span line)
{
    struct ps_error ignored;
    const size_t label = strlen(PS_TAG_ENCRYPTED_TO ": ");
    if (!ps_age_recipients_add(&v->report->encrypted_to, ps_span_of(line.data + label, line.len - label), &ignored))
        malformed(v, PS_MEMBER_BAG_INFO, "it names a recipient that is none");
}

/* Two sorts of fields can be checked: the one that covers names and lengths in a second way, and the recipients. */
void ps_verify_bag_info(struct ps_verify *v)
{
    struct ps_cursor in = ps_cursor_over(ps_buffer_span(&v->text[PS_MEMBER_BAG_INFO]));
    struct ps_span line;
    char oxum[80];
    (void) snprintf(oxum, sizeof oxum, "Payload-Oxum: %" PRIu64 ".%zu", v->report->payload_bytes, v->payload.count);
    bool fits = false;
    while (ps_take_line(&in, &line)) {
        fits = fits || ps_span_is(line, oxum);
        if (ps_span_starts(line, PS_TAG_ENCRYPTED_TO ": "))
            read_recipient(v, line);
    }
    if (!fits)
        malformed(v, PS_MEMBER_BAG_INFO, "its Payload-Oxum is not that of the payload");
}
