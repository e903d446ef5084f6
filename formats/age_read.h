/* SPDX-License-Identifier: Apache-2.0
 *
 * Decrypts an age file while it is read (age v1, C2SP age.md; X25519 identities). A chunk of 64 KiB at a time, and
 * nothing of a chunk that is not what was encrypted.
 */
#ifndef PS_AGE_READ_H
#define PS_AGE_READ_H

#include "formats/age_key.h"
#include "formats/tarball_read.h"

struct ps_age_reader;

/* `ids` may be NULL: then the file is found to be locked, once its header has been read. All borrowed. NULL with *err
 * when memory is out. */
struct ps_age_reader *ps_age_reader_new(const struct ps_age_identities *ids, ps_input *input, void *context,
                                        struct ps_error *err);
/* The next bytes, never none: NEXT with *got. END: the file has ended as it must. */
enum ps_source_step ps_age_reader_read(struct ps_age_reader *r, void *out, size_t room, size_t *got,
                                       struct ps_flaw *flaw, struct ps_error *err);
/* Stanzas of the header that are for X25519 recipients; 0 until something was read. */
size_t ps_age_reader_recipients(const struct ps_age_reader *r);
/* Whom the identity that opened it belongs to, or NULL: it is not open. Lives as long as the identities. */
const struct ps_age_recipient *ps_age_reader_opened_by(const struct ps_age_reader *r);
/* Wipes the keys. NULL is fine. */
void ps_age_reader_free(struct ps_age_reader *r);

#endif
