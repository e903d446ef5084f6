/* SPDX-License-Identifier: Apache-2.0
 *
 * The two manifests against the members that came, both ways.
 */
#include <stdio.h>
#include <string.h>

#include "formats/verify_state.h"

static void tampered(struct ps_verify *v, const char *what, struct ps_span about)
{
    ps_verify_find(v, PS_FINDING_TAMPERED, what, about);
}

/* The next line, given the members that came, sorted, and how many of them are passed. A member or a line that is there
 * twice is told elsewhere. */
static void compare_line(struct ps_verify *v, const struct ps_manifest *seen, size_t *at, struct ps_span path,
                         const uint8_t *sha256)
{
    int sign = 1;
    while (*at < seen->count && (sign = ps_manifest_compare(path, ps_manifest_path(seen, *at))) > 0)
        tampered(v, "no manifest lists it", ps_manifest_path(seen, (*at)++));
    if (*at == seen->count || sign != 0)
        tampered(v, "a manifest lists it, but it is not there", path);
    else if (memcmp(sha256, ps_manifest_sha256(seen, (*at)++), PS_SHA256_LEN) != 0)
        tampered(v, "its bytes are not those that were sealed", path);
}

static void compare_rest(struct ps_verify *v, const struct ps_manifest *seen, size_t at)
{
    for (; at < seen->count; at++)
        tampered(v, "no manifest lists it", ps_manifest_path(seen, at));
}

void ps_verify_manifest_begin(struct ps_verify *v)
{
    ps_manifest_sort(&v->payload);
    v->listed = 0;
    v->listed_last[0] = '\0';
    v->findings_before = v->report->finding_count;
    v->dropped_before = v->report->findings_dropped;
    v->worst_before = v->worst;
}

void ps_verify_manifest_line(struct ps_verify *v, struct ps_span line)
{
    uint8_t sha256[PS_SHA256_LEN];
    struct ps_span path;
    const char *why = ps_manifest_line(line, sha256, &path);
    if (why == NULL) {
        int sign = ps_manifest_compare(ps_span_text(v->listed_last), path);
        why = sign == 0 ? "path listed twice" : sign > 0 ? "paths not in order" : NULL;
    }
    if (why == NULL) {
        compare_line(v, &v->payload, &v->listed, path, sha256);
        (void) snprintf(v->listed_last, sizeof v->listed_last, "%.*s", (int) path.len, (const char *) path.data);
        return;
    }
    /* What is no manifest says nothing about members. */
    v->report->finding_count = v->findings_before;
    v->report->findings_dropped = v->dropped_before;
    v->worst = v->worst_before;
    ps_verify_line_flaw(v, why);
}

void ps_verify_manifest_end(struct ps_verify *v)
{
    compare_rest(v, &v->payload, v->listed);
}

/* The tag manifest has these five lines and no others. */
static void check_five(struct ps_verify *v, const struct ps_manifest *listed)
{
    static const enum ps_member_class five[] = {PS_MEMBER_BAGIT, PS_MEMBER_BAG_INFO, PS_MEMBER_MANIFEST,
                                                PS_MEMBER_CHAIN, PS_MEMBER_CUSTODY};
    for (size_t i = 0; i < sizeof five / sizeof *five; i++) {
        struct ps_span name = ps_span_text(ps_member_class_name(five[i]));
        if (ps_manifest_find(listed, name) == NULL)
            ps_verify_find(v, PS_FINDING_CONTENT, "the tag manifest does not list it", name);
    }
    if (listed->count > sizeof five / sizeof *five)
        ps_verify_find(v, PS_FINDING_CONTENT, "it lists more than the five tag files",
                       ps_span_text(ps_member_class_name(PS_MEMBER_TAGMANIFEST)));
}

void ps_verify_tagmanifest(struct ps_verify *v)
{
    struct ps_manifest listed = {0};
    struct ps_manifest_flaw flaw = {0};
    size_t at = 0;
    if (!ps_manifest_read(&listed, ps_buffer_span(&v->text[PS_MEMBER_TAGMANIFEST]), &flaw, v->err)) {
        v->failed = true;
    } else if (flaw.why != NULL) {
        ps_verify_find_line(v, flaw.why, ps_span_text(ps_member_class_name(PS_MEMBER_TAGMANIFEST)),
                            ps_span_of(NULL, 0), flaw.line);
    } else {
        ps_manifest_sort(&v->tags);
        for (size_t i = 0; i < listed.count; i++)
            compare_line(v, &v->tags, &at, ps_manifest_path(&listed, i), ps_manifest_sha256(&listed, i));
        compare_rest(v, &v->tags, at);
        check_five(v, &listed);
    }
    ps_manifest_done(&listed);
}
