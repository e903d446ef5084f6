/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files that load a bundle (load.c, load_*.c) share, and the view that reads records whole (show_process*.c):
 * see snapshot.h.
 */
#ifndef PS_LOAD_H
#define PS_LOAD_H

#include "analysis/snapshot.h"
#include "formats/json_value.h"
#include "formats/member_class.h"

struct ps_derive;

struct ps_loader {
    struct ps_snapshot *out;
    struct ps_derive *derive; /* NULL: records are read as they stand in the bundle */
    struct ps_error *err;
    struct ps_json_check check;
    struct ps_buffer text; /* of the line or document under way */
    enum ps_member_class class; /* of the member under way */
    bool lines, too_long, failed;
    void (*take)(struct ps_loader *l, const cJSON *tree); /* NULL: not wanted */
    const char *keep;                                     /* the kind, when records of wants.pid are kept whole */
};

/* load_value.c: the string at a path ("process.parent.pid"), with the exact bytes of `<name>_b64` where the record has
 * them, kept in the pool; empty when there is none. */
struct ps_span ps_load_text(struct ps_loader *l, const cJSON *tree, const char *path);
/* What that base64 text stands for, kept in the pool; empty when it is none. */
struct ps_span ps_load_decoded(struct ps_loader *l, const char *text);
/* load_records.c: ["exe","maps"] as "exe, maps", kept in the pool. */
struct ps_span ps_load_joined(struct ps_loader *l, const cJSON *list);
const cJSON *ps_load_at(const cJSON *tree, const char *path);
/* 0 when there is none. */
uint64_t ps_load_number(const cJSON *tree, const char *path);
uint32_t ps_load_number32(const cJSON *tree, const char *path);
bool ps_load_true(const cJSON *tree, const char *path);
/* "0x..." */
bool ps_load_hex(const cJSON *tree, const char *path, uint64_t *out);

/* load.c: lines of the records of that kind, wherever they come from. False with *err. */
PS_MUST_CHECK bool ps_load_lines(struct ps_loader *l, const char *kind, struct ps_span text);

/* derive.c: the records of a bundle that is cut short, from its raw captures. They come in through ps_load_lines. A
 * failure of memory is remembered in l->failed. */
void ps_derive_begin(struct ps_loader *l, const cJSON *meta);
void ps_derive_member(struct ps_derive *d, struct ps_span name);
void ps_derive_bytes(struct ps_derive *d, struct ps_span bytes);
void ps_derive_journal(struct ps_derive *d, struct ps_span line);
/* Nothing more comes: what the journal does not tell is taken from the packs alone. */
void ps_derive_end(struct ps_derive *d);
void ps_derive_free(struct ps_derive *d);

/* load_facts.c */
void ps_load_meta(struct ps_loader *l, const cJSON *meta);
void ps_load_closing(struct ps_loader *l, const cJSON *closing);

/* load_place.c: where the snapshot was taken */
void ps_load_task(struct ps_loader *l, const cJSON *record);
void ps_load_system(struct ps_loader *l, const cJSON *record);
struct ps_span ps_load_container(struct ps_loader *l, const cJSON *process);

/* load_records.c: a record of that kind into its table. */
void ps_load_process(struct ps_loader *l, const cJSON *record);
void ps_load_socket(struct ps_loader *l, const cJSON *record);
void ps_load_gap(struct ps_loader *l, const cJSON *record);
void ps_load_change(struct ps_loader *l, const cJSON *record);
void ps_load_environ(struct ps_loader *l, const cJSON *record);
void ps_load_file(struct ps_loader *l, const cJSON *record);
/* An executable or a file record. */
void ps_load_content(struct ps_loader *l, const cJSON *record);
/* A record of wants.pid, as it stands in the bundle. */
void ps_load_kept(struct ps_loader *l, const cJSON *record, struct ps_span line);

#endif
