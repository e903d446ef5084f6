/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/age_write.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "formats/age_crypt.h"
#include "formats/base64.h"

struct ps_age_writer {
    ps_sink *sink;
    void *context;
    struct ps_age_secrets *secrets;
    size_t len;
    uint8_t chunk[PS_AGE_CHUNK + PS_AGE_TAG];
};

/* 32 bytes without padding. */
static void add_base64(struct ps_buffer *out, const uint8_t bytes[32])
{
    ps_base64_add(out, ps_span_of(bytes, 32));
    if (!out->failed)
        out->len--;
}

static bool add_stanza(struct ps_age_secrets *s, const struct ps_age_recipient *to, struct ps_buffer *out,
                       struct ps_error *err)
{
    uint8_t share[PS_AGE_KEY_LEN], body[PS_AGE_BODY];
    if (!ps_age_wrap(s, to, share, body))
        return ps_fail(err, 0, "cannot encrypt to a recipient of low order");
    ps_buffer_add_text(out, "-> X25519 ");
    add_base64(out, share);
    ps_buffer_add_byte(out, '\n');
    add_base64(out, body);
    ps_buffer_add_byte(out, '\n');
    return true;
}

/* Header, and the nonce of the payload. */
static bool begin(struct ps_age_writer *w, const struct ps_age_recipients *to, struct ps_buffer *out,
                  struct ps_error *err)
{
    uint8_t mac[PS_AGE_MAC], nonce[PS_AGE_NONCE];
    randombytes_buf(w->secrets->file_key, sizeof w->secrets->file_key);
    ps_buffer_add_text(out, PS_AGE_VERSION);
    for (size_t i = 0; i < to->count; i++)
        if (!add_stanza(w->secrets, &to->list[i], out, err))
            return false;
    ps_buffer_add_text(out, "---");
    ps_age_mac(w->secrets, ps_buffer_span(out), mac);
    ps_buffer_add_byte(out, ' ');
    add_base64(out, mac);
    ps_buffer_add_byte(out, '\n');
    randombytes_buf(nonce, sizeof nonce);
    ps_age_payload(w->secrets, nonce);
    ps_buffer_add(out, nonce, sizeof nonce);
    if (out->failed)
        return ps_fail(err, ENOMEM, "no memory to encrypt the bundle");
    return w->sink(w->context, out->data, out->len, err);
}

struct ps_age_writer *ps_age_writer_new(const struct ps_age_recipients *to, ps_sink *sink, void *context,
                                        struct ps_error *err)
{
    struct ps_buffer header = {0};
    struct ps_age_writer *w = malloc(sizeof *w);
    if (w == NULL) {
        (void) ps_fail(err, ENOMEM, "no memory to encrypt the bundle");
        return NULL;
    }
    w->sink = sink;
    w->context = context;
    w->len = 0;
    w->secrets = ps_age_secrets_new(err);
    bool begun = w->secrets != NULL && begin(w, to, &header, err);
    ps_buffer_done(&header);
    if (begun)
        return w;
    ps_age_writer_free(w);
    return NULL;
}

static bool put_chunk(struct ps_age_writer *w, bool last, struct ps_error *err)
{
    size_t len = w->len;
    ps_age_seal(w->secrets, last, w->chunk, len);
    w->len = 0;
    return w->sink(w->context, w->chunk, len + PS_AGE_TAG, err);
}

bool ps_age_writer_write(void *writer, const void *data, size_t len, struct ps_error *err)
{
    struct ps_age_writer *w = writer;
    const uint8_t *from = data;
    while (len > 0) {
        /* A full chunk waits until it is known not to be the last. */
        if (w->len == PS_AGE_CHUNK && !put_chunk(w, false, err))
            return false;
        size_t some = len < PS_AGE_CHUNK - w->len ? len : PS_AGE_CHUNK - w->len;
        memcpy(w->chunk + w->len, from, some);
        w->len += some;
        from += some;
        len -= some;
    }
    return true;
}

bool ps_age_writer_finish(struct ps_age_writer *w, struct ps_error *err)
{
    return put_chunk(w, true, err);
}

void ps_age_writer_free(struct ps_age_writer *w)
{
    if (w == NULL)
        return;
    sodium_free(w->secrets);
    free(w);
}
