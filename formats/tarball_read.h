/* SPDX-License-Identifier: Apache-2.0
 *
 * The strict reader of a tar.gz (docs/BUNDLE.md sections 1 and 10): one gzip member with our header, ustar entries with
 * exactly the headers of the writer, zero padding, two zero blocks, and nothing behind. No libarchive: a reader that
 * accepts what somebody else's tar would read differently has been fooled. 200 KiB of memory whatever the input, 100 more
 * where it is encrypted (tar.gz.age).
 */
#ifndef PS_TARBALL_READ_H
#define PS_TARBALL_READ_H

#include "formats/age_key.h"
#include "formats/digest.h"
#include "formats/member_source.h"

/* Reads up to `room` bytes; *got 0 is the end. False with *err set when reading fails. */
typedef bool ps_input(void *context, void *out, size_t room, size_t *got, struct ps_error *err);
/* The input of a descriptor, stdin too: `context` is an int *. */
bool ps_input_fd(void *context, void *out, size_t room, size_t *got, struct ps_error *err);

enum { PS_READ_MEMBERS_MAX = 1000000 };
#define PS_READ_MEMBER_BYTES_MAX (UINT64_C(16) << 30)
#define PS_READ_BYTES_MAX        (UINT64_C(64) << 30)

struct ps_tarball_reader;

/* NULL with *err set when memory is out. The context is borrowed. */
struct ps_tarball_reader *ps_tarball_reader_new(ps_input *input, void *context, struct ps_error *err);
/* What opens an encrypted one: before anything is read. Borrowed. */
void ps_tarball_reader_identities(struct ps_tarball_reader *r, const struct ps_age_identities *ids);
/* The end of the members is told only when the file has ended there, and as it must. */
struct ps_member_source ps_tarball_reader_source(struct ps_tarball_reader *r);
/* BLAKE2b-512 of the whole input, of which the rest is read now: what a detached signature signs. */
PS_MUST_CHECK bool ps_tarball_reader_digest(struct ps_tarball_reader *r, uint8_t out[PS_BLAKE2B512_LEN],
                                            struct ps_error *err);
/* True when what was read is encrypted; then for how many X25519 recipients, and for whom of them it was opened (NULL: it
 * was not; lives as long as the identities). */
bool ps_tarball_reader_encrypted(const struct ps_tarball_reader *r, size_t *recipients,
                                 const struct ps_age_recipient **opened_by);
/* Bytes of the file so far. */
uint64_t ps_tarball_reader_bytes_in(const struct ps_tarball_reader *r);
void ps_tarball_reader_free(struct ps_tarball_reader *r);

#endif
