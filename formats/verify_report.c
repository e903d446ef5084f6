/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/verify_state.h"

const char *ps_verify_name(enum ps_verify_verdict verdict)
{
    switch (verdict) {
    case PS_VERIFY_OK:
        return "OK";
    case PS_VERIFY_UNPINNED:
        return "OK-UNPINNED";
    case PS_VERIFY_INCOMPLETE:
        return "INCOMPLETE";
    case PS_VERIFY_TAMPERED:
        return "TAMPERED";
    case PS_VERIFY_MALFORMED:
        return "MALFORMED";
    case PS_VERIFY_ENCRYPTED:
        return "ENCRYPTED";
    }
    return "?";
}

int ps_verify_exit(enum ps_verify_verdict verdict)
{
    switch (verdict) {
    case PS_VERIFY_OK:
        return 0;
    case PS_VERIFY_UNPINNED:
        return 1;
    case PS_VERIFY_INCOMPLETE:
        return 10;
    case PS_VERIFY_TAMPERED:
        return 11;
    case PS_VERIFY_MALFORMED:
        return 12;
    case PS_VERIFY_ENCRYPTED:
        return 2;
    }
    return 12;
}

static size_t keep(char *out, size_t room, struct ps_span bytes)
{
    size_t len = bytes.len < room ? bytes.len : room;
    if (len > 0)
        memcpy(out, bytes.data, len);
    return len;
}

/* Room for one finding, or NULL when there are too many to tell. */
static struct ps_finding *find(struct ps_verify *v, enum ps_finding_rank rank, const char *what, struct ps_span about)
{
    struct ps_verify_report *r = v->report;
    if (rank > v->worst)
        v->worst = rank;
    if (r->finding_count == PS_FINDINGS_MAX) {
        r->findings_dropped++;
        return NULL;
    }
    struct ps_finding *f = &r->findings[r->finding_count++];
    *f = (struct ps_finding){.rank = rank, .what = what};
    f->about_len = keep(f->about, sizeof f->about, about);
    return f;
}

void ps_verify_find(struct ps_verify *v, enum ps_finding_rank rank, const char *what, struct ps_span about)
{
    (void) find(v, rank, what, about);
}

void ps_verify_find_line(struct ps_verify *v, const char *what, struct ps_span about, struct ps_span detail,
                         uint64_t line)
{
    struct ps_finding *f = find(v, PS_FINDING_CONTENT, what, about);
    if (f == NULL)
        return;
    f->line = line;
    f->detail_len = keep(f->detail, sizeof f->detail, detail);
}

void ps_verify_decide(struct ps_verify *v)
{
    struct ps_verify_report *r = v->report;
    switch (v->worst) {
    case PS_FINDING_NOTE:
        r->verdict = r->pinned ? PS_VERIFY_OK : PS_VERIFY_UNPINNED;
        return;
    case PS_FINDING_LOCKED:
        r->verdict = PS_VERIFY_ENCRYPTED;
        return;
    case PS_FINDING_INCOMPLETE:
        r->verdict = PS_VERIFY_INCOMPLETE;
        return;
    case PS_FINDING_TAMPERED:
    case PS_FINDING_FILE:
        r->verdict = PS_VERIFY_TAMPERED;
        return;
    case PS_FINDING_CONTENT:
    case PS_FINDING_STRUCTURE:
        r->verdict = PS_VERIFY_MALFORMED;
        return;
    }
}

bool ps_verify_out_of_memory(struct ps_verify *v)
{
    if (!v->failed)
        (void) ps_fail(v->err, ENOMEM, "no memory to verify the bundle");
    v->failed = true;
    return false;
}

void ps_verify_report_done(struct ps_verify_report *r)
{
    char *texts[] = {r->bundle,  r->tool_version, r->boot_id,      r->platform, r->platform_by, r->case_id,  r->examiner, r->evidence_id,
                     r->purpose, r->authority,    r->case_officer, r->chain_id, r->reason,   r->sealed_early};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    *r = (struct ps_verify_report){0};
}
