/* SPDX-License-Identifier: Apache-2.0
 *
 * The key of the seed 00 01 .. 1f, and what stock tools make of it over the file "hello\n": minisign 0.11 (-S with this
 * trusted comment) and OpenSSH 9.2 (ssh-keygen -Y sign -n procsnap@v1).
 */
#ifndef PS_GOLDEN_KEY_H
#define PS_GOLDEN_KEY_H

#include "formats/signing_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GOLDEN_FILE "hello\n"
#define GOLDEN_KEY_ID "4C476354A75A4756"
#define GOLDEN_PUBLIC_LINE "RWRWR1qnVGNHTAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define GOLDEN_SECRET_LINE                                                                                             \
    "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAVkdap1RjR0wAAQIDBAUGBwgJCgsMDQ4PEBESExQV" \
    "FhcYGRobHB0eHwOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define GOLDEN_COMMENT "seq:1\tfile:hello.txt"
#define GOLDEN_MINISIG                                                                                                 \
    "untrusted comment: signature from procsnap\n"                                                                     \
    "RURWR1qnVGNHTJW9EkMWxs6buKMtyf9iQstZnl/JVX6bcNnk6YHUtSNV2t+uis8Y6wBHAirrTCY2AaaAft2KdItK60I8DOSfeAk=\n"           \
    "trusted comment: " GOLDEN_COMMENT "\n"                                                                            \
    "iJN7G743YyGdCMR229Q4kgSlE+/ZTAjm6rr/410U4FyR8tl2Pt9XrCfUhLFw7Cd6Dh6T0DTPly8W15EFpsolBw==\n"
#define GOLDEN_SSHSIG                                                                                                  \
    "-----BEGIN SSH SIGNATURE-----\n"                                                                                  \
    "U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgA6EHv/POEL4dcN0Y50vAmWfk1j\n"                                         \
    "CbpQ1fHdyGZBJVMbgAAAALcHJvY3NuYXBAdjEAAAAAAAAABnNoYTUxMgAAAFMAAAALc3No\n"                                         \
    "LWVkMjU1MTkAAABAKU2UeMLxMbrWZxbAh/TrhpNh6u0uWMCU7rR1DmFClpjms7cdM3bVgT\n"                                         \
    "7ZBH1vat3H0/NVus7wlL0LFkzQtzuRCQ==\n"                                                                             \
    "-----END SSH SIGNATURE-----\n"

/* Freed by the caller. */
static inline struct ps_signing_key *golden_key(void)
{
    uint8_t seed[PS_SEED_LEN];
    struct ps_signing_key *key = NULL;
    struct ps_error err;
    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t) i;
    if (!ps_signing_key_from_seed(seed, &key, &err))
        abort();
    return key;
}

/* "untrusted comment: x", the line, a newline. */
static inline struct ps_span key_file(char *room, size_t size, const char *line)
{
    int len = snprintf(room, size, "%sx\n%s\n", PS_UNTRUSTED_PREFIX, line);
    if (len < 0 || (size_t) len >= size)
        abort();
    return ps_span_of(room, (size_t) len);
}

#endif
