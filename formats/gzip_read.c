/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/gzip_read.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "formats/tarball.h"

bool ps_input_fd(void *context, void *out, size_t room, size_t *got, struct ps_error *err)
{
    int fd = *(const int *) context;
    for (;;) {
        ssize_t n = read(fd, out, room);
        if (n >= 0) {
            *got = (size_t) n;
            return true;
        }
        if (errno != EINTR)
            return ps_fail(err, errno, "reading the bundle");
    }
}

enum ps_source_step ps_flaw_set(struct ps_flaw *flaw, enum ps_flaw_kind kind, const char *why, struct ps_span member)
{
    flaw->kind = kind;
    flaw->why = why;
    flaw->member_len = member.len < sizeof flaw->member ? member.len : sizeof flaw->member;
    if (flaw->member_len > 0)
        memcpy(flaw->member, member.data, flaw->member_len);
    return PS_SOURCE_FLAW;
}

bool ps_gzip_reader_init(struct ps_gzip_reader *g, ps_input *input, void *context, struct ps_error *err)
{
    g->outer.input = input;
    g->outer.context = context;
    g->crc = crc32(0, NULL, 0);
    if (inflateInit2(&g->inflate, -MAX_WBITS) != Z_OK)
        return ps_fail(err, ENOMEM, "no memory to decompress the bundle");
    g->inflating = true;
    return true;
}

void ps_gzip_reader_done(struct ps_gzip_reader *g)
{
    if (g->inflating)
        inflateEnd(&g->inflate);
    g->inflating = false;
    ps_outer_done(&g->outer);
}

/* More input when there is none; END when the file is over. A flaw below this layer is one of this layer. */
static enum ps_source_step more(struct ps_gzip_reader *g, struct ps_error *err)
{
    if (g->inflate.avail_in > 0)
        return PS_SOURCE_NEXT;
    if (g->input_ended)
        return PS_SOURCE_END;
    size_t got = 0;
    enum ps_source_step step = ps_outer_read(&g->outer, g->in, sizeof g->in, &got, &g->flaw, err);
    g->input_ended = step == PS_SOURCE_END;
    g->flawed = g->flawed || step == PS_SOURCE_FLAW;
    g->inflate.next_in = g->in;
    g->inflate.avail_in = (uInt) got;
    return step;
}

static enum ps_source_step flawed(struct ps_gzip_reader *g, enum ps_flaw_kind kind, const char *why)
{
    g->flawed = true;
    return ps_flaw_set(&g->flaw, kind, why, ps_span_of(NULL, 0));
}

/* The next bytes of the file must be these. `other` is said when they are not. */
static enum ps_source_step expect(struct ps_gzip_reader *g, const uint8_t *want, size_t len, enum ps_flaw_kind kind,
                                  const char *other, struct ps_error *err)
{
    for (size_t i = 0; i < len; i++) {
        enum ps_source_step step = more(g, err);
        if (step == PS_SOURCE_END)
            return flawed(g, PS_FLAW_CUT_SHORT, "the file is cut short");
        if (step != PS_SOURCE_NEXT)
            return step;
        if (*g->inflate.next_in != want[i])
            return flawed(g, kind, other);
        g->inflate.next_in++;
        g->inflate.avail_in--;
    }
    return PS_SOURCE_NEXT;
}

static enum ps_source_step check_trailer(struct ps_gzip_reader *g, struct ps_error *err)
{
    uint8_t want[8];
    for (int i = 0; i < 4; i++) {
        want[i] = (uint8_t) (g->crc >> 8 * i);
        want[4 + i] = (uint8_t) (g->bytes_out >> 8 * i);
    }
    enum ps_source_step step =
        expect(g, want, sizeof want, PS_FLAW_DAMAGED, "the gzip checksum does not fit the bytes", err);
    if (step != PS_SOURCE_NEXT)
        return step;
    step = more(g, err);
    if (step == PS_SOURCE_NEXT)
        return flawed(g, PS_FLAW_MALFORMED, "there are bytes behind the end of the gzip member");
    return step;
}

/* One call of inflate; the caller asks for more room or more input as zlib says. */
static enum ps_source_step inflate_some(struct ps_gzip_reader *g, struct ps_error *err)
{
    enum ps_source_step step = more(g, err);
    if (step == PS_SOURCE_END)
        return flawed(g, PS_FLAW_CUT_SHORT, "the file is cut short");
    if (step != PS_SOURCE_NEXT)
        return step;
    switch (inflate(&g->inflate, Z_NO_FLUSH)) {
    case Z_STREAM_END:
        g->ended = true;
        return PS_SOURCE_NEXT;
    case Z_OK:
    case Z_BUF_ERROR:
        return PS_SOURCE_NEXT;
    case Z_MEM_ERROR:
        (void) ps_fail(err, ENOMEM, "no memory to decompress the bundle");
        return PS_SOURCE_FAILED;
    default:
        return flawed(g, PS_FLAW_MALFORMED, "the compressed data are not deflate");
    }
}

enum ps_source_step ps_gzip_reader_fill(struct ps_gzip_reader *g, struct ps_flaw *flaw, struct ps_error *err)
{
    enum ps_source_step step = PS_SOURCE_NEXT;
    if (!g->begun && !g->flawed) {
        step = expect(g, ps_gzip_header, sizeof ps_gzip_header, PS_FLAW_MALFORMED,
                      "it does not begin with the gzip header of a bundle", err);
        g->begun = step == PS_SOURCE_NEXT;
    }
    g->at = g->len = 0;
    g->inflate.next_out = g->out;
    g->inflate.avail_out = sizeof g->out;
    while (step == PS_SOURCE_NEXT && !g->flawed && !g->ended && g->inflate.avail_out > 0)
        step = inflate_some(g, err);
    if (step == PS_SOURCE_FAILED)
        return step;
    g->len = sizeof g->out - g->inflate.avail_out;
    if (g->len > 0) { /* a flaw behind these bytes waits until they are used */
        g->crc = crc32(g->crc, g->out, (uInt) g->len);
        g->bytes_out += g->len;
        return PS_SOURCE_NEXT;
    }
    if (!g->flawed) {
        step = check_trailer(g, err);
        if (step != PS_SOURCE_FLAW)
            return step;
    }
    *flaw = g->flaw;
    return PS_SOURCE_FLAW;
}
