/* SPDX-License-Identifier: Apache-2.0 */
#define OPENSSL_SUPPRESS_DEPRECATED /* MD5_* as in formats/digest.c */
#include "collector/delivery/body_digest.h"

#include <errno.h>
#include <openssl/md5.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct running {
    MD5_CTX md5;
    struct ps_sha256 sha256;
};

static void begin(struct running *r)
{
    (void) MD5_Init(&r->md5);
    ps_sha256_init(&r->sha256);
}

static void take(struct running *r, struct ps_span bytes)
{
    (void) MD5_Update(&r->md5, bytes.data, bytes.len);
    ps_sha256_update(&r->sha256, bytes);
}

static void end(struct running *r, struct ps_body_hash *out)
{
    (void) MD5_Final(out->md5, &r->md5);
    ps_sha256_final(&r->sha256, out->sha256);
}

void ps_body_hash_of(struct ps_span bytes, struct ps_body_hash *out)
{
    struct running r;

    begin(&r);
    if (bytes.len > 0)
        take(&r, bytes);
    end(&r, out);
}

/* Some sixty parts, and never more than S3 takes. */
static uint64_t part_size_for(uint64_t size)
{
    enum { USUAL_COUNT = 64 };
    const uint64_t mebibyte = UINT64_C(1) << 20;
    uint64_t part = size / USUAL_COUNT;

    if (part > UINT64_C(1) << 30)
        part = UINT64_C(1) << 30;
    if (part < size / PS_PARTS_MAX + 1)
        part = size / PS_PARTS_MAX + 1;
    if (part < PS_PART_LEAST)
        part = PS_PART_LEAST;
    return (part + mebibyte - 1) / mebibyte * mebibyte;
}

uint64_t ps_body_part_len(const struct ps_body_digest *d, size_t index)
{
    uint64_t begin_at = index * d->part_size;

    return d->size - begin_at < d->part_size ? d->size - begin_at : d->part_size;
}

static bool plan_parts(uint64_t parts_above, struct ps_body_digest *out, struct ps_error *err)
{
    if (out->size <= parts_above)
        return true;
    out->part_size = part_size_for(out->size);
    out->part_count = (size_t) ((out->size + out->part_size - 1) / out->part_size);
    if (out->part_size > PS_PART_MOST)
        return ps_fail(err, 0, "the bundle is larger than 10,000 parts of 5 GiB: more than S3 takes");
    out->parts = calloc(out->part_count, sizeof *out->parts);
    return out->parts != NULL || ps_fail(err, ENOMEM, "no room for the hashes of its parts");
}

static bool read_piece(int fd, uint64_t at, uint8_t *piece, size_t room, size_t *got, struct ps_error *err)
{
    ssize_t n;

    do {
        n = pread(fd, piece, room, (off_t) at);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return ps_fail(err, errno, "cannot read the bundle");
    if (n == 0)
        return ps_fail(err, 0, "the bundle became shorter while it was read; deliver it when nobody writes to it");
    *got = (size_t) n;
    return true;
}

static bool hash_all(int fd, struct ps_body_digest *out, struct ps_error *err)
{
    static const size_t room = 256 << 10;
    struct running whole, part;
    size_t index = 0, got = 0;
    uint64_t part_left = 0;
    uint8_t *piece = malloc(room);

    if (piece == NULL)
        return ps_fail(err, ENOMEM, "no room to read the bundle");
    begin(&whole);
    bool ok = true;
    for (uint64_t at = 0; ok && at < out->size; at += got) {
        if (part_left == 0 && out->parts != NULL) {
            part_left = ps_body_part_len(out, index);
            begin(&part);
        }
        uint64_t want = out->parts != NULL ? part_left : out->size - at;
        ok = read_piece(fd, at, piece, want < room ? (size_t) want : room, &got, err);
        if (!ok)
            break;
        take(&whole, ps_span_of(piece, got));
        if (out->parts == NULL)
            continue;
        take(&part, ps_span_of(piece, got));
        part_left -= got;
        if (part_left == 0)
            end(&part, &out->parts[index++]);
    }
    end(&whole, &out->whole);
    free(piece);
    return ok;
}

bool ps_body_digest(int fd, uint64_t parts_above, struct ps_body_digest *out, struct ps_error *err)
{
    struct stat st;

    *out = (struct ps_body_digest){0};
    if (fstat(fd, &st) != 0)
        return ps_fail(err, errno, "cannot look at the bundle");
    if (!S_ISREG(st.st_mode))
        return ps_fail(err, 0, "the bundle is no regular file, and could not be sent twice; name a file");
    out->size = (uint64_t) st.st_size;
    out->changed = st.st_mtim;
    return plan_parts(parts_above, out, err) && hash_all(fd, out, err);
}

bool ps_body_changed(int fd, const struct ps_body_digest *d)
{
    struct stat st;

    return fstat(fd, &st) != 0 || (uint64_t) st.st_size != d->size || st.st_mtim.tv_sec != d->changed.tv_sec ||
           st.st_mtim.tv_nsec != d->changed.tv_nsec;
}

void ps_body_digest_done(struct ps_body_digest *d)
{
    free(d->parts);
    *d = (struct ps_body_digest){0};
}
