/* SPDX-License-Identifier: Apache-2.0
 *
 * A small bundle with everything a real one has, as a list of members that a test can change: members in a forged
 * order, twice, missing, or with other bytes, sealed again by the same key or not. Everything here aborts on failure.
 */
#ifndef PS_SAMPLE_BUNDLE_H
#define PS_SAMPLE_BUNDLE_H

#include "formats/bundle_write.h"

#define SAMPLE_ID    "procsnap-20261122t001500z-0123abcd"
#define SAMPLE_TIME  1795306500
#define SAMPLE_OBJECT "\177ELF object"
/* data/objects/ and its SHA-256 */
#define SAMPLE_OBJECT_NAME "data/objects/61c2c3112c5f63cd346c657c2249c0f75bb4a434e6b8682e49468c0f92e971c6"
#define SAMPLE_CORE "\177ELF and the memory of a process"
#define SAMPLE_CORE_NAME "data/memory/1.core"
#define SAMPLE_CHAIN "000102030405060708090a0b0c0d0e0f"

struct sample_member {
    char name[300];
    struct ps_buffer bytes;
};

struct sample {
    struct sample_member members[64];
    size_t count;
    uint64_t seq;
    struct ps_head head; /* of the honest bundle */
};

void sample_must(bool done, const char *what);
/* Packs, journal and records, into a bundle that has its data/meta.json. */
void sample_add_evidence(struct ps_bundle *bundle);
/* The golden key, made once. */
const struct ps_signing_key *sample_key(void);
/* The honest bundle: written by bundle_write.h, read back by tarball_read.h. `file` may be NULL; else it gets the bytes
 * of the file, and `minisig` its signature. */
void sample_make(struct sample *s, struct ps_buffer *file, struct ps_buffer *minisig);
void sample_free(struct sample *s);

/* The index of the member; aborts when there is none. */
size_t sample_at(const struct sample *s, const char *name);
struct ps_buffer *sample_bytes(struct sample *s, const char *name);
void sample_set(struct sample *s, const char *name, const char *text);
/* Replaces the first `from` in the member. */
void sample_change(struct sample *s, const char *name, const char *from, const char *to);
void sample_insert(struct sample *s, size_t at, const char *name, const char *text);
void sample_remove(struct sample *s, const char *name);
/* Manifests and signatures over what is there now. */
void sample_reseal(struct sample *s);
/* The same, without touching manifest-sha256.txt. */
void sample_sign(struct sample *s);
/* As a tar.gz, in the order of the list. */
void sample_pack(const struct sample *s, struct ps_buffer *file);

/* The tar within, and a file with another one. */
void sample_gunzip(struct ps_span file, struct ps_buffer *tar);
void sample_gzip(struct ps_span tar, struct ps_buffer *file);
/* A ps_input: `context` is a struct ps_span that gets shorter. */
bool sample_input(void *context, void *out, size_t room, size_t *got, struct ps_error *err);

#endif
