/* SPDX-License-Identifier: Apache-2.0
 *
 * The documents of a bundle: what they say of it, and whether they say the same.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/bundle_write.h"
#include "formats/json_value.h"
#include "formats/tag_files.h"
#include "formats/verify_state.h"

enum { TICKS_MAX = 1000000 }; /* a second: records tell times in microseconds */

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
    v->report->platform = copy(v, ps_json_get(host, "platform"));
    v->report->platform_by = copy(v, ps_json_get(host, "platform_by"));
    f->platform = v->report->platform;
    f->platform_by = v->report->platform_by;
    v->report->boot_id = copy(v, ps_json_get(host, "boot_id"));
    f->bundle = v->report->bundle;
    f->seq = v->report->seq;
    f->boot_id = v->report->boot_id != NULL ? v->report->boot_id : "";
    v->report->realtime_us = f->realtime_us;
    return f->realtime_us <= INT64_MAX;
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

void ps_verify_closing(struct ps_verify *v)
{
    cJSON *tree = parse(v, PS_MEMBER_CLOSING);
    const cJSON *early = ps_json_get(tree, "sealed_early");
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
    return NULL;
}

void ps_verify_chain(struct ps_verify *v)
{
    cJSON *tree = parse(v, PS_MEMBER_CHAIN);
    const char *why = tree != NULL ? read_chain(v, tree) : NULL;
    if (why != NULL)
        malformed(v, PS_MEMBER_CHAIN, why);
    v->report->has_chain = tree != NULL && why == NULL;
    if (v->report->has_chain && v->report->has_meta && v->report->seq != v->report->head.seq)
        malformed(v, PS_MEMBER_CHAIN, "another sequence number than in data/meta.json");
    cJSON_Delete(tree);
}

/* The one field of bag-info.txt that can be checked: it covers names and lengths in a second way. */
void ps_verify_bag_info(struct ps_verify *v)
{
    struct ps_cursor in = ps_cursor_over(ps_buffer_span(&v->text[PS_MEMBER_BAG_INFO]));
    struct ps_span line;
    char oxum[80];
    (void) snprintf(oxum, sizeof oxum, "Payload-Oxum: %" PRIu64 ".%zu", v->report->payload_bytes, v->payload.count);
    while (ps_take_line(&in, &line))
        if (ps_span_is(line, oxum))
            return;
    malformed(v, PS_MEMBER_BAG_INFO, "its Payload-Oxum is not that of the payload");
}
