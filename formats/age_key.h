/* SPDX-License-Identifier: Apache-2.0
 *
 * X25519 recipients and identities of age, as text (C2SP age.md, "The X25519 recipient type"; Bech32 of BIP 173 without
 * its limit on the length):
 *
 *   recipient  age1...             32 bytes, public: whom a file is encrypted to
 *   identity   AGE-SECRET-KEY-1... 32 bytes, secret: opens what was encrypted to its recipient
 *
 * Identities live in locked memory with guard pages and are wiped on free. Errors never repeat the text of one.
 */
#ifndef PS_AGE_KEY_H
#define PS_AGE_KEY_H

#include "formats/buffer.h"
#include "formats/error.h"
#include "formats/json.h"

/* How an age file of any version begins. */
#define PS_AGE_MAGIC "age-encryption.org/"

enum { PS_AGE_KEY_LEN = 32, PS_AGE_RECIPIENTS_MAX = 32, PS_AGE_IDENTITIES_MAX = 32 };
/* Without a NUL. */
enum { PS_AGE_RECIPIENT_TEXT = 62, PS_AGE_IDENTITY_TEXT = 74 };

struct ps_age_recipient {
    uint8_t point[PS_AGE_KEY_LEN];
};

struct ps_age_recipients {
    struct ps_age_recipient list[PS_AGE_RECIPIENTS_MAX];
    size_t count;
};

void ps_age_recipient_text(const struct ps_age_recipient *recipient, char out[PS_AGE_RECIPIENT_TEXT + 1]);
/* Exactly one recipient, in its one spelling. The error says what else the text may be, and what to do. */
PS_MUST_CHECK bool ps_age_recipient_read(struct ps_span text, struct ps_age_recipient *out, struct ps_error *err);
/* The same, into a list; a recipient that is in it already is no second one. */
PS_MUST_CHECK bool ps_age_recipients_add(struct ps_age_recipients *list, struct ps_span text, struct ps_error *err);
bool ps_age_recipients_have(const struct ps_age_recipients *list, const struct ps_age_recipient *recipient);

/* An array of their texts. */
void ps_age_recipients_json(const struct ps_age_recipients *list, struct ps_json *j, const char *name);

struct ps_age_identities;

/* None yet. NULL with *err: no locked memory. */
struct ps_age_identities *ps_age_identities_new(struct ps_error *err);
/* Wipes. NULL is fine. */
void ps_age_identities_free(struct ps_age_identities *ids);
/* Adds those of an identity file as age-keygen writes it: one a line, comments (#) and empty lines between. The text
 * stays the caller's to wipe. */
PS_MUST_CHECK bool ps_age_identities_read(struct ps_age_identities *ids, struct ps_span text, struct ps_error *err);
/* Adds a new one. False when there are too many. */
PS_MUST_CHECK bool ps_age_identities_generate(struct ps_age_identities *ids, struct ps_error *err);
size_t ps_age_identities_count(const struct ps_age_identities *ids);
/* Of the index below that; live as long as the identities. */
const struct ps_age_recipient *ps_age_identity_recipient(const struct ps_age_identities *ids, size_t index);
const uint8_t *ps_age_identity_secret(const struct ps_age_identities *ids, size_t index);
/* Appends the text of an identity file with this one. `time`: when it was made, for its comment. Leave it in no other
 * buffer, and end with ps_secret_text_done. */
void ps_age_identity_write(const struct ps_age_identities *ids, size_t index, const char *time, struct ps_buffer *out);

#endif
