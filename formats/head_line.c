/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/head_line.h"

#include <string.h>

void ps_head_line_write(const struct ps_head *head, struct ps_buffer *out)
{
    char pk[PS_PUBLIC_KEY_TEXT + 1];
    ps_public_key_text(&head->pk, pk);
    ps_buffer_addf(out, PS_HEAD_LINE_START "%s seq=", head->bundle);
    ps_buffer_add_u64(out, head->seq);
    ps_buffer_add_text(out, " root=");
    ps_hex_add(out, ps_span_of(head->root, sizeof head->root));
    ps_buffer_addf(out, " pk=%s prev=", pk);
    if (head->has_prev)
        ps_hex_add(out, ps_span_of(head->prev, sizeof head->prev));
    else
        ps_buffer_add_byte(out, '-');
    ps_buffer_add_byte(out, '\n');
}

/* Decimal without a leading zero, so that a number has one spelling. */
static bool take_seq(struct ps_cursor *c, uint64_t *out)
{
    struct ps_span word = {0};
    if (!ps_take_word(c, &word) || (word.len > 1 && word.data[0] == '0'))
        return false;
    struct ps_cursor digits = ps_cursor_over(word);
    return ps_take_u64(&digits, out) && ps_cursor_done(&digits);
}

static bool take_root(struct ps_cursor *c, uint8_t out[PS_SHA256_LEN])
{
    struct ps_span digits = {0};
    return ps_take_bytes(c, 2 * PS_SHA256_LEN, &digits) && ps_hex_decode(digits, out, PS_SHA256_LEN);
}

static bool take_key(struct ps_cursor *c, struct ps_public_key *out)
{
    struct ps_span word = {0};
    struct ps_error ignored;
    return ps_take_word(c, &word) && word.len == PS_PUBLIC_KEY_TEXT && ps_public_key_read(word, out, &ignored);
}

bool ps_head_line_take(struct ps_cursor *in, struct ps_head *out)
{
    struct ps_cursor c = *in;
    struct ps_head head = {0};
    struct ps_span id = {0};
    int64_t time = 0;
    if (!ps_take_text(&c, PS_HEAD_LINE_START) || !ps_take_word(&c, &id) || !ps_bundle_id_read(id, &time))
        return false;
    memcpy(head.bundle, id.data, id.len);
    if (!ps_take_text(&c, " seq=") || !take_seq(&c, &head.seq))
        return false;
    if (!ps_take_text(&c, " root=") || !take_root(&c, head.root))
        return false;
    if (!ps_take_text(&c, " pk=") || !take_key(&c, &head.pk) || !ps_take_text(&c, " prev="))
        return false;
    head.has_prev = !ps_take_byte(&c, '-');
    if (head.has_prev && !take_root(&c, head.prev))
        return false;
    *in = c;
    *out = head;
    return true;
}

bool ps_head_line_read(struct ps_span text, struct ps_head *out)
{
    struct ps_cursor c = ps_cursor_over(text);
    struct ps_head head = {0};
    if (!ps_head_line_take(&c, &head))
        return false;
    (void) !ps_take_byte(&c, '\n');
    if (!ps_cursor_done(&c))
        return false;
    *out = head;
    return true;
}
