/* SPDX-License-Identifier: Apache-2.0
 *
 * Ed25519 keys and the two key files of minisign (jedisct1/minisign, src/minisign.h), as text: whoever opens the file
 * is somebody else. Both files are an untrusted comment line and one line of padded base64:
 *
 *   public  42 bytes: "Ed" | 8 key id | 32 public key
 *   secret 158 bytes: "Ed" | kdf | "B2" | 32 salt | 8 opslimit | 8 memlimit | 8 key id | 64 secret key | 32 checksum
 *
 * Only unprotected secret keys are read (kdf 00 00, as `minisign -G -W` and `minisign -C -W` write them): nobody can
 * type a password where procsnap runs. The secret half lives in locked memory with guard pages and is wiped on free.
 */
#ifndef PS_SIGNING_KEY_H
#define PS_SIGNING_KEY_H

#include "formats/buffer.h"
#include "formats/error.h"

enum { PS_KEY_ID_LEN = 8, PS_PUBLIC_KEY_LEN = 32, PS_SEED_LEN = 32, PS_SIGNATURE_LEN = 64 };
/* The base64 line of a public key, without newline and NUL. */
enum { PS_PUBLIC_KEY_TEXT = 56 };

#define PS_UNTRUSTED_PREFIX "untrusted comment: "
/* minisign reads the first line of a file into 1024 bytes. */
#define PS_UNTRUSTED_LINE_MAX 1022

struct ps_public_key {
    uint8_t id[PS_KEY_ID_LEN]; /* names the key, proves nothing: anybody can choose it */
    uint8_t pk[PS_PUBLIC_KEY_LEN];
};

struct ps_signing_key;

/* What a look at a signature text says, of either format. */
enum ps_signature {
    PS_SIGNATURE_GOOD,
    PS_SIGNATURE_MALFORMED,
    PS_SIGNATURE_LEGACY,        /* minisign "Ed": see minisign.h */
    PS_SIGNATURE_OTHER_KEY,     /* made by another key than the one asked for; nothing was computed */
    PS_SIGNATURE_WRONG,         /* that key did not sign these bytes */
    PS_SIGNATURE_WRONG_COMMENT, /* the bytes are right, the trusted comment was changed */
};
/* Static text, a clause without capital and full stop. */
const char *ps_signature_says(enum ps_signature verdict);

/* A key of this run. The key id is the head of SHA-256(public key). The caller owns *out: ps_signing_key_free. */
PS_MUST_CHECK bool ps_signing_key_generate(struct ps_signing_key **out, struct ps_error *err);
/* The same from 32 bytes that the caller wipes. */
PS_MUST_CHECK bool ps_signing_key_from_seed(const uint8_t seed[PS_SEED_LEN], struct ps_signing_key **out,
                                            struct ps_error *err);
/* From the text of a secret key file. The key id is the file's. The error names the flaw and the remedy but not the
 * file, and never repeats the text. The text stays the caller's to wipe. */
PS_MUST_CHECK bool ps_signing_key_read(struct ps_span text, struct ps_signing_key **out, struct ps_error *err);
/* Wipes. NULL is fine. */
void ps_signing_key_free(struct ps_signing_key *key);

/* Lives as long as the key. */
const struct ps_public_key *ps_signing_key_public(const struct ps_signing_key *key);
/* Pure Ed25519 (RFC 8032) over the message. For minisign.c and sshsig.c, which give each message its meaning: nothing
 * else may be signed with a key of evidence. */
void ps_signing_key_sign(const struct ps_signing_key *key, struct ps_span message, uint8_t out[PS_SIGNATURE_LEN]);
/* Strict: no small-order point, no second spelling of a signature. */
PS_MUST_CHECK bool ps_public_key_signed(const struct ps_public_key *key, struct ps_span message,
                                        const uint8_t signature[PS_SIGNATURE_LEN]);

/* Appends the text of the secret key file. Leave it in no other buffer, and end with ps_secret_text_done. */
void ps_signing_key_write(const struct ps_signing_key *key, struct ps_buffer *out);
/* Wipes the room of the buffer, then ps_buffer_done. For key files that were read, too. */
void ps_secret_text_done(struct ps_buffer *text);

/* Appends the text of the public key file. */
void ps_public_key_write(const struct ps_public_key *key, struct ps_buffer *out);
/* Its second line, with NUL: what the head line and --key carry. */
void ps_public_key_text(const struct ps_public_key *key, char out[PS_PUBLIC_KEY_TEXT + 1]);
/* From a public key file or from its second line alone; a last newline may be there or not, anything else may not. The
 * error does not name the file. */
PS_MUST_CHECK bool ps_public_key_read(struct ps_span text, struct ps_public_key *out, struct ps_error *err);
bool ps_public_key_equal(const struct ps_public_key *a, const struct ps_public_key *b);
/* The key id as minisign prints it: 16 upper-case digits. */
void ps_key_id_text(const uint8_t id[PS_KEY_ID_LEN], char out[2 * PS_KEY_ID_LEN + 1]);

#endif
