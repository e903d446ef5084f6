/* SPDX-License-Identifier: Apache-2.0
 *
 * One capture line under way: packs fill up, captures open and close, and at its end the line goes into the journal. The
 * raw bytes are in their pack before anybody parses them.
 */
#ifndef PS_LINE_H
#define PS_LINE_H

#include "collector/builder/content_line.h"
#include "collector/builder/dump_line.h"
#include "collector/builder/member_stream.h"
#include "collector/builder/output.h"
#include "collector/builder/redact.h"

/* A capture whose end has not come yet. Names of entries are kept as offsets, since the text moves as it grows. */
struct ps_open_capture {
    bool open, ended, stored;
    uint32_t pack;
    uint64_t begin_us, offset, bytes;
    struct ps_name_ref *entries, *lost;
    size_t entry_count, entry_room, lost_count, lost_room;
};

/* Packs are <name>.pack, <name>-0002.pack. */
struct ps_pack_stem {
    char name[128];  /* "data/proc/4711/state" */
    unsigned closed; /* packs of it, over several lines */
};

struct ps_line_builder {
    struct ps_output *out;
    const uint8_t *redact_key; /* NULL: environments are stored as they are */
    const struct ps_own_secrets *own_secrets; /* NULL: none */
    bool open;
    bool own; /* it is about one of our own processes */
    uint32_t via; /* the thread that the process is read through, or 0 */
    struct ps_line head;
    char life[64];
    struct ps_pack_stem stems[2]; /* [1]: of threads */
    unsigned stem;          /* which of them the pack under way is of */
    bool numbered;          /* the first pack carries a number too (sweeps) */
    struct ps_journal_writer journal;
    struct ps_buffer pack;
    char **packs;           /* names; owned */
    size_t pack_count, pack_room;
    struct ps_open_capture captures[PS_CATALOG_MAX];
    struct ps_buffer names; /* of entries that captures[] refers to */
    struct ps_buffer item;  /* an entry that comes in several frames */
    struct ps_buffer item_name;
    struct ps_buffer redacted; /* what is stored instead of an item's bytes */
    uint32_t item_row;
    uint8_t item_kind;
    bool item_open;
    struct ps_content_line content;
    struct ps_dump_line dump;
    struct ps_member_stream stream; /* of the one or the other */
};

/* A new line. The texts of *head are copied. `stem` is ignored where entries are members (ps_line_has_members). */
void ps_line_begin(struct ps_line_builder *l, const struct ps_line *head, const char *stem, bool numbered);
/* What comes now is read through that thread; a line that was read through another one goes on in a next one. */
void ps_line_via(struct ps_line_builder *l, uint32_t thread, uint64_t us);
void ps_line_capture_begin(struct ps_line_builder *l, uint32_t row, uint64_t us);
/* One entry: name empty for the row's own path, else as the directory lists it; part: a part of a long file. `more`:
 * ps_line_more brings the rest. False when the capture is not open: the sender is broken. */
PS_MUST_CHECK bool ps_line_item(struct ps_line_builder *l, uint32_t row, struct ps_span name, uint8_t kind, bool part,
                                struct ps_span bytes, bool more);
PS_MUST_CHECK bool ps_line_more(struct ps_line_builder *l, uint32_t row, struct ps_span bytes, bool more);
PS_MUST_CHECK bool ps_line_lost(struct ps_line_builder *l, uint32_t row, struct ps_span name, enum ps_outcome outcome,
                                const char *error);
/* Closes a capture. *end gives outcome, error, ids, facts and `of`; begin_us and what was stored are known here.
 * end_us gives took_us. */
PS_MUST_CHECK bool ps_line_capture_end(struct ps_line_builder *l, uint32_t row, const struct ps_capture *end,
                                       uint64_t end_us);
/* Captures of `rows` that did not end are closed: open ones as `open_as`, the others as `rest`. Then the line ends. */
void ps_line_end(struct ps_line_builder *l, const uint16_t *rows, size_t count, enum ps_outcome open_as,
                 enum ps_outcome rest, const struct ps_line_end *end, uint64_t us);

#endif
