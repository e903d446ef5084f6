/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/age_key.h"

#include <errno.h>
#include <sodium.h>

/* Bytes only: locked memory ends at a page's end and so starts at no particular alignment. */
struct ps_age_identities {
    uint8_t count;
    uint8_t secret[PS_AGE_IDENTITIES_MAX][PS_AGE_KEY_LEN];
    struct ps_age_recipient is[PS_AGE_IDENTITIES_MAX];
};

/* 32 bytes are 51 digits of 5 bits and one with the last bit; the checksum has 6. */
enum { DIGITS = 52, CHECKSUM = 6 };

#define RECIPIENT "age"
#define IDENTITY  "AGE-SECRET-KEY-"

/* In one line of the cache, where a secret leaves no trace of its digits. */
static _Alignas(32) const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static uint32_t checksum_add(uint32_t sum, unsigned digit)
{
    static const uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    uint32_t top = sum >> 25;
    sum = (sum & 0x1ffffff) << 5 ^ digit;
    for (unsigned i = 0; i < 5; i++)
        sum ^= generator[i] & -(top >> i & 1);
    return sum;
}

/* Of the readable part, in lower case. */
static uint32_t checksum_begin(const char *prefix)
{
    uint32_t sum = 1;
    for (const char *c = prefix; *c != '\0'; c++)
        sum = checksum_add(sum, (unsigned) (*c | 0x20) >> 5);
    sum = checksum_add(sum, 0);
    for (const char *c = prefix; *c != '\0'; c++)
        sum = checksum_add(sum, *c & 0x1f);
    return sum;
}

static unsigned digit_at(const uint8_t bytes[PS_AGE_KEY_LEN], size_t index)
{
    size_t bit = 5 * index;
    unsigned two = (unsigned) bytes[bit / 8] << 8;
    if (bit / 8 + 1 < PS_AGE_KEY_LEN)
        two |= bytes[bit / 8 + 1];
    return two >> (11 - bit % 8) & 0x1f;
}

/* Upper case when the prefix is. */
static void encode(const char *prefix, const uint8_t bytes[PS_AGE_KEY_LEN], char *out)
{
    uint32_t sum = checksum_begin(prefix);
    size_t at = strlen(prefix);
    memcpy(out, prefix, at);
    out[at++] = '1';
    for (size_t i = 0; i < DIGITS + CHECKSUM; i++) {
        unsigned digit = i < DIGITS ? digit_at(bytes, i) : 0;
        sum = checksum_add(sum, digit);
        out[at + i] = alphabet[digit];
    }
    sum ^= 1;
    at += DIGITS + CHECKSUM;
    out[at] = '\0';
    for (size_t i = 1; i <= CHECKSUM; i++, sum >>= 5)
        out[at - i] = alphabet[sum & 0x1f];
    if (prefix[0] & 0x20)
        return;
    for (char *c = out; *c != '\0'; c++)
        if (*c >= 'a')
            *c ^= 0x20;
}

/* 32 when the character is of the other case, or none of the alphabet. */
static unsigned digit_of(uint8_t c, bool upper)
{
    unsigned digit = 32;
    if (upper ? c >= 'a' : c >= 'A' && c <= 'Z')
        return digit;
    for (unsigned i = 0; i < 32; i++)
        if (alphabet[i] == (c >= 'A' ? c | 0x20 : c))
            digit = i;
    return digit;
}

/* The one spelling of 32 bytes, or false with what is left in *out to be wiped. */
static bool decode(const char *prefix, struct ps_span text, uint8_t out[PS_AGE_KEY_LEN])
{
    struct ps_cursor c = ps_cursor_over(text);
    uint32_t sum = checksum_begin(prefix);
    unsigned bits = 0, count = 0;
    if (!ps_take_text(&c, prefix) || !ps_take_byte(&c, '1') || ps_cursor_rest(&c).len != DIGITS + CHECKSUM)
        return false;
    const uint8_t *digits = ps_cursor_rest(&c).data;
    for (size_t i = 0, at = 0; i < DIGITS + CHECKSUM; i++) {
        unsigned digit = digit_of(digits[i], !(prefix[0] & 0x20));
        if (digit == 32)
            return false;
        sum = checksum_add(sum, digit);
        if (i >= DIGITS)
            continue;
        bits = bits << 5 | digit;
        count += 5;
        if (count < 8)
            continue;
        count -= 8;
        out[at++] = (uint8_t) (bits >> count);
    }
    /* The unused bits of the last digit are zero. */
    return sum == 1 && (bits & 0xf) == 0;
}

void ps_age_recipient_text(const struct ps_age_recipient *recipient, char out[PS_AGE_RECIPIENT_TEXT + 1])
{
    encode(RECIPIENT, recipient->point, out);
}

/* Some points of the curve give everybody the same secret. */
static bool is_usable(const struct ps_age_recipient *recipient)
{
    static const uint8_t any[crypto_scalarmult_SCALARBYTES] = {8};
    uint8_t shared[crypto_scalarmult_BYTES];
    return crypto_scalarmult(shared, any, recipient->point) == 0;
}

/* What people mistake for a recipient, or give in place of one. */
static const char *refusal(struct ps_span text)
{
    if (ps_span_starts(text, IDENTITY))
        return "this is a secret identity: make a new one, for no command line is secret. The recipient is in the "
               "file's \"# public key:\" line";
    if (ps_span_starts(text, "age1pq"))
        return "this is a post-quantum recipient, which neither this version nor age of Debian 12 knows. Use an X25519 "
               "one";
    if (ps_span_starts(text, "ssh-"))
        return "this is an SSH key. Use an X25519 recipient";
    if (text.len != PS_AGE_RECIPIENT_TEXT && ps_span_starts(text, "age1"))
        return "this is a recipient of a plugin, or cut short. Use an X25519 one";
    return "not a recipient, or one with a typing error";
}

bool ps_age_recipient_read(struct ps_span text, struct ps_age_recipient *out, struct ps_error *err)
{
    struct ps_age_recipient read;
    if (!decode(RECIPIENT, text, read.point) || !is_usable(&read))
        return ps_fail(err, 0, "%s (age1 and 58 characters, as procsnap keygen --age or age-keygen print it)",
                       refusal(text));
    *out = read;
    return true;
}

bool ps_age_recipients_have(const struct ps_age_recipients *list, const struct ps_age_recipient *recipient)
{
    for (size_t i = 0; i < list->count; i++)
        if (memcmp(&list->list[i], recipient, sizeof *recipient) == 0)
            return true;
    return false;
}

bool ps_age_recipients_add(struct ps_age_recipients *list, struct ps_span text, struct ps_error *err)
{
    struct ps_age_recipient recipient;
    if (!ps_age_recipient_read(text, &recipient, err))
        return false;
    if (ps_age_recipients_have(list, &recipient))
        return true;
    if (list->count == PS_AGE_RECIPIENTS_MAX)
        return ps_fail(err, 0, "more than %d recipients", PS_AGE_RECIPIENTS_MAX);
    list->list[list->count++] = recipient;
    return true;
}

void ps_age_recipients_json(const struct ps_age_recipients *list, struct ps_json *j, const char *name)
{
    char text[PS_AGE_RECIPIENT_TEXT + 1];
    ps_json_array(j, name);
    for (size_t i = 0; i < list->count; i++) {
        ps_age_recipient_text(&list->list[i], text);
        ps_json_text(j, NULL, text);
    }
    ps_json_array_end(j);
}

struct ps_age_identities *ps_age_identities_new(struct ps_error *err)
{
    struct ps_age_identities *ids = NULL;
    if (sodium_init() < 0)
        (void) ps_fail(err, 0, "cannot start libsodium: no source of random bytes");
    else if ((ids = sodium_malloc(sizeof *ids)) == NULL)
        (void) ps_fail(err, ENOMEM, "no locked memory for identities");
    if (ids != NULL)
        ids->count = 0;
    return ids;
}

void ps_age_identities_free(struct ps_age_identities *ids)
{
    sodium_free(ids);
}

/* The secret at the end of the list becomes one of them. */
static void accept(struct ps_age_identities *ids)
{
    (void) crypto_scalarmult_base(ids->is[ids->count].point, ids->secret[ids->count]);
    ids->count++;
}

static bool has_room(const struct ps_age_identities *ids, struct ps_error *err)
{
    return ids->count < PS_AGE_IDENTITIES_MAX || ps_fail(err, 0, "more than %d identities", PS_AGE_IDENTITIES_MAX);
}

bool ps_age_identities_generate(struct ps_age_identities *ids, struct ps_error *err)
{
    if (!has_room(ids, err))
        return false;
    randombytes_buf(ids->secret[ids->count], PS_AGE_KEY_LEN);
    accept(ids);
    return true;
}

/* What people mistake for an identity, or give in place of one. */
static bool refuse(struct ps_span line, unsigned number, struct ps_error *err)
{
    const char *why = "no identity (AGE-SECRET-KEY-1 and 58 characters) and no comment";
    if (ps_span_starts(line, PS_AGE_MAGIC) || ps_span_starts(line, "-----BEGIN AGE"))
        why = "the begin of an encrypted file; decrypt the identity first: age -d -o FILE.plain FILE";
    else if (ps_span_starts(line, "AGE-") || ps_span_starts(line, "-----BEGIN "))
        why = "an identity of another kind than X25519, or damaged; for another kind: age -d -i FILE, then verify";
    else if (ps_span_starts(line, RECIPIENT "1"))
        why = "a recipient, which only encrypts; take the file with AGE-SECRET-KEY-1...";
    return ps_fail(err, 0, "line %u is %s", number, why);
}

bool ps_age_identities_read(struct ps_age_identities *ids, struct ps_span text, struct ps_error *err)
{
    struct ps_cursor in = ps_cursor_over(text);
    unsigned before = ids->count;
    for (unsigned number = 1; !ps_cursor_done(&in); number++) {
        struct ps_span line;
        if (!ps_take_until(&in, '\n', &line)) {
            line = ps_cursor_rest(&in);
            in.at = in.in.len;
        }
        if (ps_span_ends(line, "\r"))
            line.len--;
        if (line.len == 0 || line.data[0] == '#')
            continue;
        if (!has_room(ids, err))
            return false;
        if (!decode(IDENTITY, line, ids->secret[ids->count]))
            return refuse(line, number, err);
        accept(ids);
    }
    return ids->count > before || ps_fail(err, 0, "no identity in it (AGE-SECRET-KEY-1...)");
}

size_t ps_age_identities_count(const struct ps_age_identities *ids)
{
    return ids->count;
}

const struct ps_age_recipient *ps_age_identity_recipient(const struct ps_age_identities *ids, size_t index)
{
    return &ids->is[index];
}

const uint8_t *ps_age_identity_secret(const struct ps_age_identities *ids, size_t index)
{
    return ids->secret[index];
}

void ps_age_identity_write(const struct ps_age_identities *ids, size_t index, const char *time, struct ps_buffer *out)
{
    enum { COMMENTS = 200 };
    char recipient[PS_AGE_RECIPIENT_TEXT + 1];
    ps_age_recipient_text(&ids->is[index], recipient);
    /* One allocation: a buffer that grows leaves copies of the secret behind. */
    if (!ps_buffer_reserve(out, COMMENTS + PS_AGE_IDENTITY_TEXT + 2))
        return;
    ps_buffer_addf(out, "# created: %s\n# public key: %s\n", time, recipient);
    encode(IDENTITY, ids->secret[index], (char *) out->data + out->len);
    out->len += PS_AGE_IDENTITY_TEXT;
    ps_buffer_add_byte(out, '\n');
}
