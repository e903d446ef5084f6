/* SPDX-License-Identifier: Apache-2.0
 *
 * The executable record: one file that somebody runs, told once. Two processes run the same one when device, inode,
 * modification time and size agree.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/digest.h"
#include "formats/records_state.h"

void ps_executable_id(const struct ps_file_facts *f, char out[128])
{
    snprintf(out, 128, "%u:%u:%llu:%lld:%llu", f->dev_major, f->dev_minor, (unsigned long long) f->ino,
             (long long) f->mtime_ns, (unsigned long long) f->size);
}

/* 64 bits of SHA-256: who wants two files to share a record has to find a collision of that, to hide one line whose
 * facts stand in the journal all the same. Never 0, which marks a free place. */
static uint64_t key_of(const char *id)
{
    uint8_t digest[PS_SHA256_LEN];
    uint64_t key = 0;
    ps_sha256_of(ps_span_text(id), digest);
    memcpy(&key, digest, sizeof key);
    return key ? key : 1;
}

static bool grow(struct ps_records *r)
{
    size_t room = r->executable_room ? r->executable_room * 2 : 256;
    uint64_t *table = calloc(room, sizeof *table);
    if (!table)
        return false;
    for (size_t i = 0; i < r->executable_room; i++) {
        if (!r->executables[i])
            continue;
        size_t at = r->executables[i] & (room - 1);
        while (table[at])
            at = (at + 1) & (room - 1);
        table[at] = r->executables[i];
    }
    free(r->executables);
    r->executables = table;
    r->executable_room = room;
    return true;
}

/* True when the key is new. */
static bool remember(struct ps_records *r, uint64_t key)
{
    if (r->executable_count * 2 >= r->executable_room && !grow(r)) {
        r->failed = true;
        return false;
    }
    size_t at = key & (r->executable_room - 1);
    while (r->executables[at]) {
        if (r->executables[at] == key)
            return false;
        at = (at + 1) & (r->executable_room - 1);
    }
    r->executables[at] = key;
    r->executable_count++;
    return true;
}

void ps_executable(struct ps_records *r, const struct ps_capture *c, const char *id)
{
    if (!remember(r, key_of(id)))
        return;
    struct ps_json j = ps_records_begin(r, PS_KIND_EXECUTABLE);
    ps_records_who(r, &j);
    ps_json_object(&j, "file");
    ps_json_bytes(&j, "path", ps_buffer_span(&r->l->exe));
    ps_json_object_end(&j);
    ps_records_proc(r, &j);
    ps_json_u64(&j, "read_us", c->begin_us);
    ps_json_text(&j, "exe_id", id);
    ps_file_facts_json(&j, "stat", c->facts);
    ps_records_end(r, PS_KIND_EXECUTABLE, &j);
}
