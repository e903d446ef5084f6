/* SPDX-License-Identifier: Apache-2.0
 *
 * What is said of a directory of bundles: chains first, then what was found, the gravest first.
 */
#include <string.h>

#include "collector/commands/verify_series.h"
#include "formats/json.h"
#include "formats/printable.h"
#include "formats/quantity.h"
#include "formats/timestamp.h"

/* A screen or two; the rest is counted, and --json has it. */
enum { CHAINS_SHOWN = 50, FINDINGS_SHOWN = 200, SHORT_ID = 8 };

static const char *const weights[] = {
    [PS_VERIFY_OK] = "note",         [PS_VERIFY_UNPINNED] = "note",        [PS_VERIFY_INCOMPLETE] = "incomplete",
    [PS_VERIFY_TAMPERED] = "tampered", [PS_VERIFY_MALFORMED] = "malformed",
};

static const char *const next_steps[] = {
    [PS_VERIFY_OK] = "Each of them is as it was sealed, and none is missing in between. Look into one: procsnap show "
                     "BUNDLE\n",
    [PS_VERIFY_UNPINNED] = "Whole by themselves, but any key could have made them. Pin pk= of the EVIDENCE line with "
                           "seq=0 of each chain\n(--key PK), or give the log that holds the lines (--heads FILE).\n",
    [PS_VERIFY_INCOMPLETE] = "What could be looked into fits together, but nothing says that it is all. The log with "
                             "the EVIDENCE lines\ndoes: --heads FILE. What is encrypted: --identity FILE\n",
    [PS_VERIFY_TAMPERED] = "This is not what was sealed, or not all of it. Fetch the directory again from where it was "
                           "delivered, and compare\nwith the EVIDENCE lines that were logged: --heads FILE\n",
    [PS_VERIFY_MALFORMED] = "Something here is called a bundle and is none. Take it out, or fetch it again.\n",
};

static void add_key(const struct ps_public_key *key, struct ps_buffer *out)
{
    char pk[PS_PUBLIC_KEY_TEXT + 1];
    ps_public_key_text(key, pk);
    ps_buffer_add_text(out, pk);
}

static void add_time(uint64_t us, struct ps_buffer *out)
{
    char when[PS_TIMESTAMP_SIZE];
    ps_timestamp((int64_t) us, when);
    ps_buffer_add_text(out, when);
}

static void add_chain(const struct ps_chain_summary *c, struct ps_buffer *out)
{
    ps_buffer_add_text(out, "chain ");
    ps_hex_add(out, ps_span_of(c->id, SHORT_ID));
    ps_buffer_add_text(out, "  ");
    ps_quantity_count(out, c->bundles, "bundle", "bundles");
    ps_buffer_add_text(out, ", seq ");
    ps_buffer_add_u64(out, c->first->head.seq);
    ps_buffer_add_text(out, " to ");
    ps_buffer_add_u64(out, c->last->head.seq);
    ps_buffer_addf(out, ": %s\n  %-13s ",
                   c->worst > PS_VERIFY_UNPINNED ? weights[c->worst] : c->open ? "open" : "unbroken", "taken");
    add_time(c->first->realtime_us, out);
    ps_buffer_add_text(out, " to ");
    add_time(c->last->realtime_us, out);
    if (c->first->interval_s > 0) {
        ps_buffer_add_text(out, ", every ");
        ps_quantity_us(out, c->first->interval_s * 1000000);
    }
    ps_buffer_addf(out, "\n  %-13s ", c->first->head.seq == 0 ? "first key" : "key");
    add_key(&c->first->head.pk, out);
    ps_buffer_add_text(out, c->pinned ? ", vouched for\n" : ", which nobody vouches for\n");
    ps_buffer_addf(out, "  %-13s ", "last root");
    ps_hex_add(out, ps_span_of(c->last->head.root, PS_SHA256_LEN));
    ps_buffer_add_byte(out, '\n');
}

static void add_finding(const struct ps_series_finding *f, struct ps_buffer *out)
{
    ps_buffer_addf(out, "%s: ", weights[f->weight]);
    if (f->in_chain) {
        ps_buffer_add_text(out, "chain ");
        ps_hex_add(out, ps_span_of(f->chain, SHORT_ID));
        ps_buffer_add_text(out, ", ");
    }
    if (f->has_seq) {
        ps_buffer_add_text(out, "seq ");
        ps_buffer_add_u64(out, f->seq);
        if (f->to != f->seq) {
            ps_buffer_add_text(out, " to ");
            ps_buffer_add_u64(out, f->to);
        }
        ps_buffer_add_text(out, ": ");
    }
    bool gap = strcmp(f->what, "missing") == 0;
    if (f->file != NULL && !gap) {
        ps_printable_add(out, ps_span_text(f->file));
        ps_buffer_add_text(out, ": ");
    }
    ps_buffer_add_text(out, f->what);
    if (gap)
        ps_buffer_add_text(out, f->other != NULL ? ", between " : ", before ");
    else if (f->other != NULL)
        ps_buffer_add_text(out, " (");
    if (f->other != NULL)
        ps_printable_add(out, ps_span_text(f->other));
    if (gap) {
        ps_buffer_add_text(out, f->other != NULL ? " and " : "");
        ps_printable_add(out, ps_span_text(f->file));
    } else if (f->other != NULL) {
        ps_buffer_add_byte(out, ')');
    }
    ps_buffer_add_byte(out, '\n');
}

static void add_findings(const struct ps_series_report *r, struct ps_buffer *out)
{
    size_t shown = 0;
    for (int weight = PS_VERIFY_MALFORMED; weight >= PS_VERIFY_OK; weight--)
        for (size_t i = 0; i < r->finding_count && shown < FINDINGS_SHOWN; i++)
            if ((int) r->findings[i].weight == weight) {
                add_finding(&r->findings[i], out);
                shown++;
            }
    uint64_t more = r->finding_count - shown + r->findings_dropped;
    if (more > 0) {
        ps_buffer_add_text(out, "and ");
        ps_quantity_count(out, more, "more finding", "more findings");
        ps_buffer_add_byte(out, '\n');
    }
}

void ps_series_text(const struct ps_series_verdict *v, const char *name, struct ps_buffer *out)
{
    const struct ps_series_report *r = v->report;
    ps_buffer_addf(out, "%s  ", ps_verify_name(v->verdict));
    ps_printable_add(out, ps_span_text(name));
    ps_buffer_add_text(out, ": ");
    ps_quantity_count(out, v->bundles, "bundle", "bundles");
    ps_buffer_add_text(out, ", ");
    ps_quantity_count(out, r->chain_count, "chain", "chains");
    ps_buffer_add_text(out, ", ");
    ps_buffer_add_u64(out, r->singles);
    ps_buffer_add_text(out, " alone");
    if (v->log != NULL) {
        ps_buffer_add_text(out, "; the log names ");
        ps_buffer_add_u64(out, v->log->count);
    }
    ps_buffer_add_byte(out, '\n');
    for (size_t i = 0; i < r->chain_count && i < CHAINS_SHOWN; i++)
        add_chain(&r->chains[i], out);
    if (r->chain_count > CHAINS_SHOWN) {
        ps_buffer_add_text(out, "and ");
        ps_quantity_count(out, r->chain_count - CHAINS_SHOWN, "more chain", "more chains");
        ps_buffer_add_byte(out, '\n');
    }
    add_findings(r, out);
    ps_buffer_add_text(out, next_steps[v->verdict]);
}

static void hex_text(struct ps_json *j, const char *name, const uint8_t *bytes, size_t len)
{
    char text[2 * PS_SHA256_LEN + 1];
    ps_hex_text(ps_span_of(bytes, len), text);
    ps_json_text(j, name, text);
}

static void json_chain(struct ps_json *j, const struct ps_chain_summary *c)
{
    char pk[PS_PUBLIC_KEY_TEXT + 1];
    ps_public_key_text(&c->first->head.pk, pk);
    ps_json_object(j, NULL);
    hex_text(j, "chain_id", c->id, sizeof c->id);
    ps_json_u64(j, "bundles", c->bundles);
    ps_json_u64(j, "first_seq", c->first->head.seq);
    ps_json_u64(j, "last_seq", c->last->head.seq);
    ps_json_bytes(j, "first_file", ps_span_text(c->first->file));
    ps_json_bytes(j, "last_file", ps_span_text(c->last->file));
    ps_json_text(j, "first_pk", pk);
    hex_text(j, "last_root", c->last->head.root, PS_SHA256_LEN);
    ps_json_u64(j, "first_realtime_us", c->first->realtime_us);
    ps_json_u64(j, "last_realtime_us", c->last->realtime_us);
    ps_json_u64(j, "interval_s", c->first->interval_s);
    ps_json_bool(j, "pinned", c->pinned);
    ps_json_bool(j, "open", c->open);
    ps_json_text(j, "worst", weights[c->worst]);
    ps_json_object_end(j);
}

static void json_finding(struct ps_json *j, const struct ps_series_finding *f)
{
    ps_json_object(j, NULL);
    ps_json_text(j, "rank", weights[f->weight]);
    ps_json_text(j, "what", f->what);
    if (f->in_chain)
        hex_text(j, "chain_id", f->chain, sizeof f->chain);
    if (f->has_seq) {
        ps_json_u64(j, "seq", f->seq);
        ps_json_u64(j, "to_seq", f->to);
    }
    if (f->file != NULL)
        ps_json_bytes(j, "file", ps_span_text(f->file));
    if (f->other != NULL)
        ps_json_bytes(j, "other_file", ps_span_text(f->other));
    ps_json_object_end(j);
}

void ps_series_json(const struct ps_series_verdict *v, const char *name, struct ps_buffer *out)
{
    const struct ps_series_report *r = v->report;
    struct ps_json j = ps_json_into(out);
    ps_json_object(&j, NULL);
    ps_json_text(&j, "verdict", ps_verify_name(v->verdict));
    ps_json_i64(&j, "exit", ps_verify_exit(v->verdict));
    ps_json_bytes(&j, "directory", ps_span_text(name));
    ps_json_u64(&j, "bundles", v->bundles);
    ps_json_u64(&j, "singles", r->singles);
    ps_json_u64(&j, "singles_pinned", r->singles_pinned);
    ps_json_u64(&j, "files_beside", v->files_beside);
    ps_json_u64(&j, "foreign", v->foreign);
    if (v->log != NULL) {
        ps_json_u64(&j, "logged_heads", v->log->count);
        ps_json_u64(&j, "flawed_heads", v->log->flawed);
    }
    ps_json_array(&j, "chains");
    for (size_t i = 0; i < r->chain_count; i++)
        json_chain(&j, &r->chains[i]);
    ps_json_array_end(&j);
    ps_json_array(&j, "findings");
    for (size_t i = 0; i < r->finding_count; i++)
        json_finding(&j, &r->findings[i]);
    ps_json_array_end(&j);
    ps_json_u64(&j, "findings_dropped", r->findings_dropped);
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
}
