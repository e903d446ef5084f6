/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/age_read.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "formats/age_header.h"

enum { SEALED = PS_AGE_CHUNK + PS_AGE_TAG };

static const char cut_short[] = "the encrypted file is cut short";
static const char too_long[] = "the header of the encrypted file is longer than 64 KiB";

struct ps_age_reader {
    ps_input *input;
    void *context;
    const struct ps_age_identities *ids;
    struct ps_age_secrets *secrets;
    const struct ps_age_recipient *opened_by;
    struct ps_flaw flaw;
    bool flawed, begun, ended; /* ended: the last chunk is open */
    bool input_ended;
    uint64_t chunks;
    size_t at, len; /* plain bytes not taken yet: [at, len) of `raw` */
    size_t raw_len;
    uint8_t raw[SEALED + 1]; /* one byte more than a chunk says that it is not the last */
    struct ps_age_header header;
};
_Static_assert(sizeof ((struct ps_age_reader *) 0)->raw >= PS_AGE_HEADER_MAX + PS_AGE_NONCE, "room for a header");

struct ps_age_reader *ps_age_reader_new(const struct ps_age_identities *ids, ps_input *input, void *context,
                                        struct ps_error *err)
{
    struct ps_age_reader *r = calloc(1, sizeof *r);
    if (r == NULL) {
        (void) ps_fail(err, ENOMEM, "no memory to decrypt the bundle");
        return NULL;
    }
    r->input = input;
    r->context = context;
    r->ids = ids;
    r->secrets = ps_age_secrets_new(err);
    if (r->secrets != NULL)
        return r;
    free(r);
    return NULL;
}

static enum ps_source_step flawed(struct ps_age_reader *r, enum ps_flaw_kind kind, const char *why)
{
    r->flawed = true;
    return ps_flaw_set(&r->flaw, kind, why, ps_span_of(NULL, 0));
}

/* As much as there is room for, or the end. */
static bool fill(struct ps_age_reader *r, struct ps_error *err)
{
    while (r->raw_len < sizeof r->raw && !r->input_ended) {
        size_t got = 0;
        if (!r->input(r->context, r->raw + r->raw_len, sizeof r->raw - r->raw_len, &got, err))
            return false;
        r->raw_len += got;
        r->input_ended = got == 0;
    }
    return true;
}

static void drop(struct ps_age_reader *r, size_t count)
{
    r->raw_len -= count;
    memmove(r->raw, r->raw + count, r->raw_len);
}

/* Whose the file is, in words for somebody who cannot open it. */
static const char *locked(const struct ps_age_reader *r)
{
    if (r->header.passphrase)
        return "it is encrypted with a passphrase; age -d opens it";
    if (r->header.x25519 == 0)
        return "it is encrypted to recipients of other kinds than X25519; age -d may open it";
    if (r->ids == NULL)
        return "it is encrypted, and no identity was given";
    return "none of the identities given opens it, and for whom it is the file does not say";
}

/* Every stanza with every identity, until one opens. */
static enum ps_source_step unlock(struct ps_age_reader *r)
{
    size_t count = r->ids != NULL ? ps_age_identities_count(r->ids) : 0;
    for (size_t i = 0; i < r->header.x25519 && r->opened_by == NULL; i++) {
        const struct ps_age_x25519 *x = &r->header.list[i];
        for (size_t k = 0; k < count && r->opened_by == NULL; k++) {
            enum ps_age_unwrapped step = ps_age_unwrap(r->secrets, r->ids, k, x->share, x->body);
            if (step == PS_AGE_NO_SHARE)
                return flawed(r, PS_FLAW_MALFORMED, ps_age_header_malformed);
            if (step == PS_AGE_OPENED)
                r->opened_by = ps_age_identity_recipient(r->ids, k);
        }
    }
    return r->opened_by != NULL ? PS_SOURCE_NEXT : flawed(r, PS_FLAW_LOCKED, locked(r));
}

static enum ps_source_step begin(struct ps_age_reader *r, struct ps_error *err)
{
    uint8_t mac[PS_AGE_MAC];
    bool cut;
    if (!fill(r, err))
        return PS_SOURCE_FAILED;
    const char *why = ps_age_header_read(ps_span_of(r->raw, r->raw_len), &r->header, &cut);
    if (why != NULL && cut && !r->input_ended)
        return flawed(r, PS_FLAW_MALFORMED, too_long);
    if (why != NULL)
        return flawed(r, cut ? PS_FLAW_CUT_SHORT : PS_FLAW_MALFORMED, why);
    enum ps_source_step step = unlock(r);
    if (step != PS_SOURCE_NEXT)
        return step;
    ps_age_mac(r->secrets, ps_span_of(r->raw, r->header.signed_len), mac);
    if (sodium_memcmp(mac, r->header.mac, sizeof mac) != 0)
        return flawed(r, PS_FLAW_ALTERED, "the header of the encrypted file was altered");
    if (r->raw_len < r->header.len + PS_AGE_NONCE)
        return r->input_ended ? flawed(r, PS_FLAW_CUT_SHORT, cut_short)
                              : flawed(r, PS_FLAW_MALFORMED, too_long);
    ps_age_payload(r->secrets, r->raw + r->header.len);
    drop(r, r->header.len + PS_AGE_NONCE);
    r->begun = true;
    return PS_SOURCE_NEXT;
}

/* The next chunk, in place. */
static enum ps_source_step open_chunk(struct ps_age_reader *r, struct ps_error *err)
{
    if (!fill(r, err))
        return PS_SOURCE_FAILED;
    bool last = r->raw_len <= SEALED; /* or cut off behind this chunk */
    size_t sealed = last ? r->raw_len : SEALED;
    if (sealed < PS_AGE_TAG)
        return flawed(r, PS_FLAW_CUT_SHORT, cut_short);
    /* A chunk that is not the last, at the end of the file. */
    if (last && sealed == SEALED && ps_age_opens(r->secrets, false, r->raw, sealed))
        return flawed(r, PS_FLAW_CUT_SHORT, cut_short);
    if (!ps_age_open(r->secrets, last, r->raw, sealed))
        return last ? flawed(r, PS_FLAW_CUT_SHORT, "the encrypted file is cut short at its end, or altered there")
                    : flawed(r, PS_FLAW_ALTERED, "the encrypted file was altered here");
    r->ended = last;
    r->len = sealed - PS_AGE_TAG;
    if (r->len == 0 && r->chunks > 0)
        return flawed(r, PS_FLAW_MALFORMED, "the encrypted file ends in an empty piece");
    r->chunks++;
    return PS_SOURCE_NEXT;
}

enum ps_source_step ps_age_reader_read(struct ps_age_reader *r, void *out, size_t room, size_t *got,
                                       struct ps_flaw *flaw, struct ps_error *err)
{
    enum ps_source_step step = PS_SOURCE_NEXT;
    if (!r->begun && !r->flawed)
        step = begin(r, err);
    while (step == PS_SOURCE_NEXT && !r->flawed && r->at == r->len) {
        if (r->ended)
            return PS_SOURCE_END;
        if (r->chunks > 0)
            drop(r, SEALED);
        r->at = r->len = 0;
        step = open_chunk(r, err);
    }
    if (step == PS_SOURCE_FAILED)
        return step;
    if (r->flawed) {
        *flaw = r->flaw;
        return PS_SOURCE_FLAW;
    }
    *got = room < r->len - r->at ? room : r->len - r->at;
    memcpy(out, r->raw + r->at, *got);
    r->at += *got;
    return PS_SOURCE_NEXT;
}

size_t ps_age_reader_recipients(const struct ps_age_reader *r)
{
    return r->header.x25519;
}

const struct ps_age_recipient *ps_age_reader_opened_by(const struct ps_age_reader *r)
{
    return r->opened_by;
}

void ps_age_reader_free(struct ps_age_reader *r)
{
    if (r == NULL)
        return;
    sodium_free(r->secrets);
    free(r);
}
