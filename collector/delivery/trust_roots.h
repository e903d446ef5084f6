/* SPDX-License-Identifier: Apache-2.0
 *
 * Whom a server may be vouched for by: the certificate authorities that are part of this binary (Mozilla's list, as
 * Debian ships it), or those of one file instead. None of the container's is ever looked at.
 */
#ifndef PS_TRUST_ROOTS_H
#define PS_TRUST_ROOTS_H

#include <openssl/types.h>

#include "formats/error.h"

/* Certificates in DER, one behind the other, deflated (RFC 1950); written by scripts/trust-roots. */
struct ps_packed_roots {
    size_t count, plain_size, packed_size;
    const uint8_t *packed;
};

extern const struct ps_packed_roots ps_packed_roots;

/* Those of the PEM file, at most 1 MiB, or the embedded ones when `ca_file` is NULL. NULL with *err. The caller frees
 * (X509_STORE_free). */
X509_STORE *ps_trust_roots(const char *ca_file, struct ps_error *err);

#endif
