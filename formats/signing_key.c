/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/signing_key.h"

#include "formats/base64.h"
#include "formats/digest.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Bytes only: locked memory ends at a page's end and so starts at no particular alignment. */
struct ps_signing_key {
    struct ps_public_key public_key;
    uint8_t sk[crypto_sign_SECRETKEYBYTES]; /* seed, then the public key again */
};

struct public_file {
    uint8_t algorithm[2];
    uint8_t id[PS_KEY_ID_LEN];
    uint8_t pk[PS_PUBLIC_KEY_LEN];
};

struct secret_file {
    uint8_t algorithm[2], kdf[2], checksum_algorithm[2];
    uint8_t salt[32], opslimit[8], memlimit[8];
    uint8_t id[PS_KEY_ID_LEN];
    uint8_t sk[crypto_sign_SECRETKEYBYTES];
    uint8_t checksum[32];
};

_Static_assert(sizeof(struct public_file) == 42, "layout of the public key file");
_Static_assert(sizeof(struct secret_file) == 158, "layout of the secret key file");
_Static_assert(crypto_sign_BYTES == PS_SIGNATURE_LEN, "Ed25519");
_Static_assert(crypto_sign_PUBLICKEYBYTES == PS_PUBLIC_KEY_LEN, "Ed25519");

const char *ps_signature_says(enum ps_signature verdict)
{
    switch (verdict) {
    case PS_SIGNATURE_GOOD:
        return "good signature";
    case PS_SIGNATURE_MALFORMED:
        return "not a signature in the one accepted form";
    case PS_SIGNATURE_LEGACY:
        return "legacy signature (not prehashed), which can be forged from a prehashed one";
    case PS_SIGNATURE_OTHER_KEY:
        return "made by another key";
    case PS_SIGNATURE_WRONG:
        return "wrong signature: these bytes are not what was signed";
    case PS_SIGNATURE_WRONG_COMMENT:
        return "wrong trusted comment: it is not what was signed";
    }
    return "?";
}

static struct ps_signing_key *key_new(struct ps_error *err)
{
    struct ps_signing_key *key = NULL;
    if (sodium_init() < 0)
        ps_fail(err, 0, "cannot start libsodium: no source of random bytes");
    else if ((key = sodium_malloc(sizeof *key)) == NULL)
        ps_fail(err, ENOMEM, "no locked memory for a signing key");
    return key;
}

/* Takes over `key`, whose secret half is set. */
static struct ps_signing_key *key_finish(struct ps_signing_key *key)
{
    memcpy(key->public_key.pk, key->sk + PS_SEED_LEN, PS_PUBLIC_KEY_LEN);
    (void) sodium_mprotect_readonly(key);
    return key;
}

/* minisign draws the id at random; ours can be recomputed from the key. */
static void set_own_id(struct ps_public_key *key)
{
    uint8_t hash[PS_SHA256_LEN];
    ps_sha256_of(ps_span_of(key->pk, sizeof key->pk), hash);
    memcpy(key->id, hash, sizeof key->id);
}

bool ps_signing_key_generate(struct ps_signing_key **out, struct ps_error *err)
{
    struct ps_signing_key *key = key_new(err);
    if (key == NULL)
        return false;
    (void) crypto_sign_keypair(key->public_key.pk, key->sk);
    set_own_id(&key->public_key);
    *out = key_finish(key);
    return true;
}

bool ps_signing_key_from_seed(const uint8_t seed[PS_SEED_LEN], struct ps_signing_key **out, struct ps_error *err)
{
    struct ps_signing_key *key = key_new(err);
    if (key == NULL)
        return false;
    (void) crypto_sign_seed_keypair(key->public_key.pk, key->sk, seed);
    set_own_id(&key->public_key);
    *out = key_finish(key);
    return true;
}

void ps_signing_key_free(struct ps_signing_key *key)
{
    sodium_free(key);
}

const struct ps_public_key *ps_signing_key_public(const struct ps_signing_key *key)
{
    return &key->public_key;
}

void ps_signing_key_sign(const struct ps_signing_key *key, struct ps_span message, uint8_t out[PS_SIGNATURE_LEN])
{
    (void) crypto_sign_detached(out, NULL, message.data, message.len, key->sk);
}

bool ps_public_key_signed(const struct ps_public_key *key, struct ps_span message,
                          const uint8_t signature[PS_SIGNATURE_LEN])
{
    return crypto_sign_verify_detached(signature, message.data, message.len, key->pk) == 0;
}

/* The base64 line of a key file: the second line, the newline optional. */
static bool take_key_line(struct ps_span text, struct ps_span *out)
{
    struct ps_cursor c = ps_cursor_over(text);
    struct ps_span comment;
    if (!ps_take_text(&c, PS_UNTRUSTED_PREFIX) || !ps_take_until(&c, '\n', &comment))
        return false;
    if (comment.len > PS_UNTRUSTED_LINE_MAX - strlen(PS_UNTRUSTED_PREFIX))
        return false;
    if (ps_take_until(&c, '\n', out))
        return ps_cursor_done(&c);
    *out = ps_cursor_rest(&c);
    return true;
}

/* BLAKE2b-256 over algorithm, key id and secret key. */
static void secret_checksum(const struct secret_file *file, uint8_t out[32])
{
    crypto_generichash_state state;
    (void) crypto_generichash_init(&state, NULL, 0, 32);
    (void) crypto_generichash_update(&state, file->algorithm, sizeof file->algorithm);
    (void) crypto_generichash_update(&state, file->id, sizeof file->id);
    (void) crypto_generichash_update(&state, file->sk, sizeof file->sk);
    (void) crypto_generichash_final(&state, out, 32);
    sodium_memzero(&state, sizeof state);
}

/* `minisign -G -W` leaves the checksum zero, `minisign -C -W` leaves the right one. */
static bool checksum_fits(const struct secret_file *file)
{
    uint8_t want[32];
    secret_checksum(file, want);
    return sodium_is_zero(file->checksum, sizeof want) == 1 || sodium_memcmp(file->checksum, want, sizeof want) == 0;
}

static bool secret_file_ok(const struct secret_file *file, struct ps_error *err)
{
    if (memcmp(file->algorithm, "Ed", 2) != 0)
        return ps_fail(err, 0, "not an Ed25519 secret key: the algorithm is not \"Ed\"");
    if (memcmp(file->kdf, "Sc", 2) == 0)
        return ps_fail(err, 0, "the secret key is protected by a password, which nobody can type here; make a copy "
                               "of the file and remove the password from it with: minisign -C -W -s COPY");
    if (memcmp(file->kdf, "\0\0", 2) != 0)
        return ps_fail(err, 0, "the secret key is protected in a way that is not known here; make one with: "
                               "procsnap keygen, or minisign -G -W");
    if (memcmp(file->checksum_algorithm, "B2", 2) != 0)
        return ps_fail(err, 0, "damaged secret key: the checksum algorithm is not \"B2\"");
    if (!checksum_fits(file))
        return ps_fail(err, 0, "damaged secret key: wrong checksum; take it from its backup");
    return true;
}

/* Moves the checked content of the file into *key. */
static bool key_from_file(const struct secret_file *file, struct ps_signing_key *key, struct ps_error *err)
{
    (void) crypto_sign_seed_keypair(key->public_key.pk, key->sk, file->sk);
    /* Signing with a foreign public half gives signatures that betray the secret one. */
    if (sodium_memcmp(key->sk, file->sk, sizeof key->sk) != 0)
        return ps_fail(err, 0, "damaged secret key: its two halves do not belong together; take it from its backup");
    memcpy(key->public_key.id, file->id, sizeof file->id);
    return true;
}

static bool read_secret_line(struct ps_span line, struct secret_file *file, struct ps_signing_key *key,
                             struct ps_error *err)
{
    if (!ps_base64_decode(line, (uint8_t *) file, sizeof *file))
        return ps_fail(err, 0, "damaged secret key: the second line is not base64");
    return secret_file_ok(file, err) && key_from_file(file, key, err);
}

bool ps_signing_key_read(struct ps_span text, struct ps_signing_key **out, struct ps_error *err)
{
    struct ps_span line;
    if (!take_key_line(text, &line))
        return ps_fail(err, 0, "not a minisign secret key file: that is a line \"" PS_UNTRUSTED_PREFIX "...\" and one "
                               "line of base64; make one with: procsnap keygen, or minisign -G -W");
    if (line.len == PS_PUBLIC_KEY_TEXT)
        return ps_fail(err, 0, "this is a public key; signing needs the secret one, usually NAME.key beside NAME.pub");
    if (line.len != ps_base64_len(sizeof(struct secret_file)))
        return ps_fail(err, 0, "damaged secret key: its second line has %zu characters instead of %zu", line.len,
                       ps_base64_len(sizeof(struct secret_file)));

    struct ps_signing_key *key = key_new(err);
    if (key == NULL)
        return false;
    struct secret_file *file = sodium_malloc(sizeof *file);
    bool ok = file != NULL ? read_secret_line(line, file, key, err)
                           : ps_fail(err, ENOMEM, "no locked memory for a signing key");
    sodium_free(file);
    if (!ok) {
        ps_signing_key_free(key);
        return false;
    }
    *out = key_finish(key);
    return true;
}

void ps_signing_key_write(const struct ps_signing_key *key, struct ps_buffer *out)
{
    static const char comment[] = PS_UNTRUSTED_PREFIX "procsnap secret key\n";
    /* All the room at once: growing would leave a copy behind. */
    if (!ps_buffer_reserve(out, sizeof comment + ps_base64_len(sizeof(struct secret_file))))
        return;

    struct secret_file *file = sodium_malloc(sizeof *file);
    if (file == NULL) {
        out->failed = true;
        return;
    }
    memset(file, 0, sizeof *file);
    memcpy(file->algorithm, "Ed", 2);
    memcpy(file->checksum_algorithm, "B2", 2);
    memcpy(file->id, key->public_key.id, sizeof file->id);
    memcpy(file->sk, key->sk, sizeof file->sk);

    ps_buffer_add_text(out, comment);
    ps_base64_add(out, ps_span_of(file, sizeof *file));
    ps_buffer_add_byte(out, '\n');
    sodium_free(file);
}

void ps_secret_text_done(struct ps_buffer *text)
{
    if (text->data != NULL)
        sodium_memzero(text->data, text->room);
    ps_buffer_done(text);
}

void ps_public_key_text(const struct ps_public_key *key, char out[PS_PUBLIC_KEY_TEXT + 1])
{
    struct public_file file = {.algorithm = {'E', 'd'}};
    memcpy(file.id, key->id, sizeof file.id);
    memcpy(file.pk, key->pk, sizeof file.pk);
    ps_base64_encode(ps_span_of(&file, sizeof file), out);
    out[PS_PUBLIC_KEY_TEXT] = '\0';
}

void ps_public_key_write(const struct ps_public_key *key, struct ps_buffer *out)
{
    char id[2 * PS_KEY_ID_LEN + 1], text[PS_PUBLIC_KEY_TEXT + 1];
    ps_key_id_text(key->id, id);
    ps_public_key_text(key, text);
    ps_buffer_add_text(out, PS_UNTRUSTED_PREFIX "procsnap public key ");
    ps_buffer_add_text(out, id);
    ps_buffer_add_byte(out, '\n');
    ps_buffer_add_text(out, text);
    ps_buffer_add_byte(out, '\n');
}

bool ps_public_key_read(struct ps_span text, struct ps_public_key *out, struct ps_error *err)
{
    struct ps_span line = text;
    if (ps_span_starts(text, PS_UNTRUSTED_PREFIX)) {
        if (!take_key_line(text, &line))
            return ps_fail(err, 0, "not a minisign public key file: that is a line \"" PS_UNTRUSTED_PREFIX "...\" and "
                                   "one line of base64");
    } else if (ps_span_ends(text, "\n")) {
        line.len--;
    }

    struct public_file file;
    if (line.len == ps_base64_len(sizeof(struct secret_file)))
        return ps_fail(err, 0, "this is a secret key, to be shown to nobody; checking needs the public one, usually "
                               "NAME.pub beside NAME.key");
    if (line.len != PS_PUBLIC_KEY_TEXT)
        return ps_fail(err, 0, "not a minisign public key: it has %zu characters instead of %d", line.len,
                       PS_PUBLIC_KEY_TEXT);
    if (!ps_base64_decode(line, (uint8_t *) &file, sizeof file))
        return ps_fail(err, 0, "not a minisign public key: damaged base64");
    if (memcmp(file.algorithm, "Ed", 2) != 0)
        return ps_fail(err, 0, "not an Ed25519 public key: the algorithm is not \"Ed\"");
    if (crypto_core_ed25519_is_valid_point(file.pk) != 1)
        return ps_fail(err, 0, "not an Ed25519 public key: no point of the curve that anybody can sign for");

    memcpy(out->id, file.id, sizeof out->id);
    memcpy(out->pk, file.pk, sizeof out->pk);
    return true;
}

bool ps_public_key_equal(const struct ps_public_key *a, const struct ps_public_key *b)
{
    return memcmp(a->id, b->id, sizeof a->id) == 0 && memcmp(a->pk, b->pk, sizeof a->pk) == 0;
}

void ps_key_id_text(const uint8_t id[PS_KEY_ID_LEN], char out[2 * PS_KEY_ID_LEN + 1])
{
    for (size_t i = 0; i < PS_KEY_ID_LEN; i++)
        (void) snprintf(out + 2 * i, 3, "%02X", id[PS_KEY_ID_LEN - 1 - i]);
}
