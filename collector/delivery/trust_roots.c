/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/delivery/trust_roots.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "formats/buffer.h"

enum { CA_FILE_MAX = 1 << 20 };

static bool add(X509_STORE *store, X509 *certificate)
{
    bool ok = certificate != NULL && X509_STORE_add_cert(store, certificate) == 1;
    X509_free(certificate);
    return ok;
}

static bool add_packed(X509_STORE *store, struct ps_error *err)
{
    uLongf len = ps_packed_roots.plain_size;
    uint8_t *plain = malloc(len);
    if (plain == NULL)
        return ps_fail(err, ENOMEM, "cannot unpack the certificate authorities");
    bool ok = uncompress(plain, &len, ps_packed_roots.packed, ps_packed_roots.packed_size) == Z_OK;
    const unsigned char *at = plain;
    for (size_t i = 0; ok && i < ps_packed_roots.count; i++)
        ok = add(store, d2i_X509(NULL, &at, (long) (plain + len - at)));
    free(plain);
    return ok ? true : ps_fail(err, 0, "the certificate authorities in this binary cannot be read: it is damaged");
}

static bool read_file(const char *path, struct ps_buffer *text, struct ps_error *err)
{
    int fd = openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : 1;
    while (got > 0 && text->len <= CA_FILE_MAX && ps_buffer_reserve(text, 1 << 16)) {
        got = read(fd, text->data + text->len, 1 << 16);
        text->len += got > 0 ? (size_t) got : 0;
    }
    int why = got < 0 ? errno : text->failed ? ENOMEM : 0;
    if (fd >= 0)
        (void) close(fd);
    if (why != 0)
        return ps_fail(err, why, "cannot read the certificates in %s (--ca-file)", path);
    if (text->len > CA_FILE_MAX)
        return ps_fail(err, 0, "%s (--ca-file) is longer than 1 MiB: it should hold certificates in PEM", path);
    return true;
}

/* What is behind the last certificate that can be read is no certificate, or a broken one: then the file is refused. */
static bool add_pem(X509_STORE *store, struct ps_span text, const char *path, struct ps_error *err)
{
    BIO *in = BIO_new_mem_buf(text.data, (int) text.len);
    size_t count = 0;
    bool ok = in != NULL;
    ERR_clear_error();
    for (X509 *next; ok && (next = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL; count++)
        ok = add(store, next);
    ok = ok && count > 0 && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    BIO_free(in);
    if (!ok)
        return ps_fail(err, 0,
                       "%s (--ca-file) holds %s: give the certificates of the authorities in PEM, as in "
                       "-----BEGIN CERTIFICATE-----",
                       path, count > 0 ? "something that is no certificate" : "no certificate");
    return true;
}

/* A certificate that was named is trusted by itself, whether it signed itself or not. */
static bool add_file(X509_STORE *store, const char *path, struct ps_error *err)
{
    struct ps_buffer text = {0};
    bool ok = read_file(path, &text, err) && add_pem(store, ps_buffer_span(&text), path, err);
    ps_buffer_done(&text);
    return ok && X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1;
}

X509_STORE *ps_trust_roots(const char *ca_file, struct ps_error *err)
{
    X509_STORE *store = X509_STORE_new();
    if (store == NULL) {
        ps_fail(err, ENOMEM, "cannot hold the certificate authorities");
        return NULL;
    }
    if (ca_file != NULL ? add_file(store, ca_file, err) : add_packed(store, err))
        return store;
    X509_STORE_free(store);
    return NULL;
}
