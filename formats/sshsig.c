/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/sshsig.h"

#include "formats/base64.h"

#include <string.h>

#define MAGIC "SSHSIG"
#define ALGORITHM "ssh-ed25519"
#define HASH "sha512"
#define BEGIN "-----BEGIN SSH SIGNATURE-----\n"
#define END "-----END SSH SIGNATURE-----\n"

enum { COLUMNS = 70, VERSION = 1 };
/* string(ALGORITHM) string(32 or 64 bytes) */
enum { KEY_BLOB = 4 + 11 + 4 + PS_PUBLIC_KEY_LEN, SIGNATURE_BLOB = 4 + 11 + 4 + PS_SIGNATURE_LEN };
/* Ours has 181 bytes; somebody else's namespace may be longer and should be told as such. */
enum { ARMOR_MAX = 1024, BLOB_MAX = ARMOR_MAX / 4 * 3 };

/* Bytes of the wire format; the blob above is the longest thing that is put there. */
enum { WIRE_MAX = 6 + 4 + (4 + KEY_BLOB) + (4 + 11) + 4 + (4 + 6) + (4 + SIGNATURE_BLOB) };
_Static_assert(WIRE_MAX == 181, "length of a signature blob");

struct wire {
    uint8_t bytes[WIRE_MAX];
    size_t len;
};

static void put(struct wire *w, const void *data, size_t len)
{
    memcpy(w->bytes + w->len, data, len);
    w->len += len;
}

static void put_u32(struct wire *w, uint32_t value)
{
    uint8_t be[4] = {(uint8_t) (value >> 24), (uint8_t) (value >> 16), (uint8_t) (value >> 8), (uint8_t) value};
    put(w, be, sizeof be);
}

static void put_string(struct wire *w, const void *data, size_t len)
{
    put_u32(w, (uint32_t) len);
    put(w, data, len);
}

static void put_text(struct wire *w, const char *text)
{
    put_string(w, text, strlen(text));
}

static void put_key(struct wire *w, const struct ps_public_key *key)
{
    put_text(w, ALGORITHM);
    put_string(w, key->pk, sizeof key->pk);
}

/* What is signed instead of the file. */
static struct ps_span signed_data(struct wire *w, const uint8_t sha512[PS_SHA512_LEN])
{
    w->len = 0;
    put(w, MAGIC, strlen(MAGIC));
    put_text(w, PS_SSHSIG_NAMESPACE);
    put_text(w, "");
    put_text(w, HASH);
    put_string(w, sha512, PS_SHA512_LEN);
    return ps_span_of(w->bytes, w->len);
}

static void add_armor(struct ps_buffer *out, struct ps_span blob)
{
    char text[4 * (WIRE_MAX / 3 + 1)];
    size_t len = ps_base64_len(blob.len);
    ps_base64_encode(blob, text);

    ps_buffer_add_text(out, BEGIN);
    for (size_t at = 0; at < len; at += COLUMNS) {
        ps_buffer_add(out, text + at, len - at < COLUMNS ? len - at : COLUMNS);
        ps_buffer_add_byte(out, '\n');
    }
    ps_buffer_add_text(out, END);
}

void ps_sshsig_sign(const struct ps_signing_key *key, const uint8_t sha512[PS_SHA512_LEN], struct ps_buffer *out)
{
    struct wire data;
    uint8_t signature[PS_SIGNATURE_LEN];
    ps_signing_key_sign(key, signed_data(&data, sha512), signature);

    struct wire blob = {.len = 0};
    put(&blob, MAGIC, strlen(MAGIC));
    put_u32(&blob, VERSION);
    put_u32(&blob, KEY_BLOB);
    put_key(&blob, ps_signing_key_public(key));
    put_text(&blob, PS_SSHSIG_NAMESPACE);
    put_text(&blob, "");
    put_text(&blob, HASH);
    put_u32(&blob, SIGNATURE_BLOB);
    put_text(&blob, ALGORITHM);
    put_string(&blob, signature, sizeof signature);
    add_armor(out, ps_span_of(blob.bytes, blob.len));
}

/* The base64 between the armor lines, without its newlines: every line full but the last. */
static bool take_armor(struct ps_span text, uint8_t out[ARMOR_MAX], size_t *len)
{
    struct ps_cursor c = ps_cursor_over(text);
    struct ps_span line;
    if (!ps_take_text(&c, BEGIN))
        return false;
    *len = 0;
    do {
        if (!ps_take_until(&c, '\n', &line) || line.len == 0 || line.len > COLUMNS)
            return false;
        memcpy(out + *len, line.data, line.len);
        *len += line.len;
    } while (line.len == COLUMNS && !ps_span_starts(ps_cursor_rest(&c), "-"));
    return ps_take_text(&c, END) && ps_cursor_done(&c);
}

/* The value of at most ARMOR_MAX characters. */
static bool decode_any(struct ps_span base64, uint8_t *out, size_t *len)
{
    size_t pads = ps_span_ends(base64, "==") ? 2 : ps_span_ends(base64, "=") ? 1 : 0;
    if (base64.len < 4 || base64.len % 4 != 0)
        return false;
    *len = base64.len / 4 * 3 - pads;
    return ps_base64_decode(base64, out, *len);
}

static bool take_u32(struct ps_cursor *c, uint32_t *out)
{
    struct ps_span be;
    if (!ps_take_bytes(c, 4, &be))
        return false;
    *out = (uint32_t) be.data[0] << 24 | (uint32_t) be.data[1] << 16 | (uint32_t) be.data[2] << 8 | be.data[3];
    return true;
}

static bool take_string(struct ps_cursor *c, struct ps_span *out)
{
    uint32_t len;
    return take_u32(c, &len) && ps_take_bytes(c, len, out);
}

static bool take_exactly(struct ps_cursor *c, const char *text)
{
    struct ps_span s;
    return take_string(c, &s) && ps_span_is(s, text);
}

/* string(ALGORITHM) string(len bytes), nothing after. */
static bool take_typed(struct ps_span blob, size_t len, struct ps_span *out)
{
    struct ps_cursor c = ps_cursor_over(blob);
    return take_exactly(&c, ALGORITHM) && take_string(&c, out) && out->len == len && ps_cursor_done(&c);
}

/* NULL, or what is wrong. */
static const char *parse_blob(struct ps_span blob, struct ps_span *pk, struct ps_span *signature)
{
    struct ps_cursor c = ps_cursor_over(blob);
    struct ps_span part;
    uint32_t version;
    if (!ps_take_text(&c, MAGIC) || !take_u32(&c, &version) || version != VERSION)
        return "no SSH signature of version 1";
    if (!take_string(&c, &part) || !take_typed(part, PS_PUBLIC_KEY_LEN, pk))
        return "the key is not an Ed25519 key";
    if (!take_exactly(&c, PS_SSHSIG_NAMESPACE))
        return "the namespace is not " PS_SSHSIG_NAMESPACE;
    if (!take_exactly(&c, ""))
        return "the reserved field is not empty";
    if (!take_exactly(&c, HASH))
        return "the hash is not " HASH;
    if (!take_string(&c, &part) || !take_typed(part, PS_SIGNATURE_LEN, signature))
        return "the signature is not an Ed25519 signature";
    return ps_cursor_done(&c) ? NULL : "something after the signature";
}

/* Decodes into bytes[BLOB_MAX], where *pk and *signature then point. */
static const char *parse(struct ps_span text, uint8_t *bytes, struct ps_span *pk, struct ps_span *signature)
{
    uint8_t base64[ARMOR_MAX];
    size_t len = 0;
    if (text.len > ARMOR_MAX)
        return "too long";
    if (!take_armor(text, base64, &len))
        return "not an SSH signature in lines of 70 columns";
    if (!decode_any(ps_span_of(base64, len), bytes, &len))
        return "damaged base64";
    return parse_blob(ps_span_of(bytes, len), pk, signature);
}

enum ps_signature ps_sshsig_verify(struct ps_span text, const struct ps_public_key *key,
                                   const uint8_t sha512[PS_SHA512_LEN], const char **why)
{
    uint8_t bytes[BLOB_MAX];
    struct ps_span pk, signature;
    *why = parse(text, bytes, &pk, &signature);
    if (*why != NULL)
        return PS_SIGNATURE_MALFORMED;
    if (memcmp(pk.data, key->pk, sizeof key->pk) != 0)
        return PS_SIGNATURE_OTHER_KEY;

    struct wire data;
    if (!ps_public_key_signed(key, signed_data(&data, sha512), signature.data))
        return PS_SIGNATURE_WRONG;
    return PS_SIGNATURE_GOOD;
}

bool ps_ssh_public_key_read(struct ps_span text, struct ps_public_key *out)
{
    uint8_t blob[BLOB_MAX];
    struct ps_span word, pk;
    size_t len = 0;
    for (struct ps_cursor c = ps_cursor_over(text); !ps_cursor_done(&c);) {
        uint8_t blank;
        if (!ps_take_word(&c, &word)) {
            (void) !ps_take_any(&c, &blank);
            continue;
        }
        if (!ps_span_is(word, ALGORITHM) || !ps_take_byte(&c, ' ') || !ps_take_word(&c, &word))
            continue;
        if (word.len > ARMOR_MAX || !decode_any(word, blob, &len) ||
            !take_typed(ps_span_of(blob, len), PS_PUBLIC_KEY_LEN, &pk))
            return false;
        *out = (struct ps_public_key){0};
        memcpy(out->pk, pk.data, sizeof out->pk);
        return true;
    }
    return false;
}

void ps_sshsig_allowed_signer(const struct ps_public_key *key, struct ps_buffer *out)
{
    struct wire blob = {.len = 0};
    put_key(&blob, key);
    ps_buffer_add_text(out, PS_SSHSIG_PRINCIPAL " namespaces=\"" PS_SSHSIG_NAMESPACE "\" " ALGORITHM " ");
    ps_base64_add(out, ps_span_of(blob.bytes, blob.len));
    ps_buffer_add_byte(out, '\n');
}
