/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON text, written straight into a buffer: no tree, no float, no locale. Commas are placed by the writer; the
 * caller opens, adds and closes. Bytes that are not UTF-8 (and NUL) become U+FFFD, one for each maximal ill-formed
 * subsequence, and the exact bytes follow as a sibling `<name>_b64` (RFC 4648, padded). What could drive a terminal or
 * reorder a line that somebody looks at (DEL, C1 controls, bidirectional and line separators) is written as \uXXXX.
 */
#ifndef PS_JSON_H
#define PS_JSON_H

#include "formats/buffer.h"

struct ps_json {
    struct ps_buffer *out; /* borrowed */
    bool comma;            /* the next value needs one before it */
};

struct ps_json ps_json_into(struct ps_buffer *out);

/* name is NULL inside an array. Names are our own static text: not escaped. */
void ps_json_object(struct ps_json *j, const char *name);
void ps_json_object_end(struct ps_json *j);
void ps_json_array(struct ps_json *j, const char *name);
void ps_json_array_end(struct ps_json *j);
void ps_json_bool(struct ps_json *j, const char *name, bool value);
void ps_json_null(struct ps_json *j, const char *name);
/* A number up to 2^53, beyond it a string of digits: no reader may lose the last ones. */
void ps_json_u64(struct ps_json *j, const char *name, uint64_t value);
void ps_json_i64(struct ps_json *j, const char *name, int64_t value);
/* "0x7f00" */
void ps_json_hex(struct ps_json *j, const char *name, uint64_t value);
/* "02000", as the kernel's 0%o prints it */
void ps_json_octal(struct ps_json *j, const char *name, uint64_t value);
/* Addresses in network order as people write them: "192.0.2.1", "2001:db8::1" (RFC 5952), "::ffff:192.0.2.1" */
void ps_json_ip4(struct ps_json *j, const char *name, const uint8_t address[4]);
void ps_json_ip6(struct ps_json *j, const char *name, const uint8_t address[16]);
/* Our own text: plain ASCII or UTF-8, escaped all the same. NULL is written as null. */
void ps_json_text(struct ps_json *j, const char *name, const char *text);
/* Bytes of the evidence. Adds `<name>_b64` when the display string lost something. In an array (name NULL) the
 * caller keeps the exact bytes itself: see ps_json_lossless. */
void ps_json_bytes(struct ps_json *j, const char *name, struct ps_span bytes);
/* "name":["a","b"] of the pieces of `list` that `next` takes off, with a parallel `<name>_b64` array of all pieces if
 * any piece was lossy. next returns false at the end. */
void ps_json_bytes_array(struct ps_json *j, const char *name, struct ps_span list,
                         bool (*next)(struct ps_cursor *in, struct ps_span *piece));
/* Already valid JSON text (an object, array, string or number) under that name. */
void ps_json_raw(struct ps_json *j, const char *name, struct ps_span json);
/* True when the bytes are UTF-8 without NUL: the display string loses nothing. */
bool ps_json_lossless(struct ps_span bytes);

#endif
