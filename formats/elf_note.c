/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/elf_note.h"

#include "parsers/pid_maps.h"
#include "parsers/pid_stat.h"

enum { NT_PRPSINFO = 3, NT_AUXV = 6, NT_FILE = 0x46494c45 };
enum { NAME_ROOM = 16, ARGUMENTS_ROOM = 80 };

static void pad(struct ps_buffer *out, size_t len)
{
    for (; len % 4; len++)
        ps_buffer_add_byte(out, 0);
}

static void add_note(struct ps_buffer *out, uint32_t type, struct ps_span text)
{
    static const char owner[8] = "CORE";
    const uint32_t head[] = {sizeof "CORE", (uint32_t) text.len, type};
    ps_buffer_add(out, head, sizeof head);
    ps_buffer_add(out, owner, sizeof owner);
    ps_buffer_add_span(out, text);
    pad(out, text.len);
}

/* The place of the state in the kernel's own list (TASK_STATE_TO_CHAR_STR), which is what pr_state holds. */
static uint8_t state_number(uint8_t letter)
{
    static const char letters[] = "RSDTtXZ";
    for (uint8_t i = 0; letters[i]; i++)
        if ((uint8_t) letters[i] == letter)
            return i;
    return 0;
}

/* struct elf_prpsinfo: the same on x86-64 and aarch64. */
struct prpsinfo {
    uint8_t state, sname, zomb;
    int8_t nice;
    uint64_t flag;
    uint32_t uid, gid;
    int32_t pid, ppid, pgrp, sid;
    uint8_t fname[NAME_ROOM], psargs[ARGUMENTS_ROOM];
};
_Static_assert(sizeof(struct prpsinfo) == 136, "as the kernel lays it out");

static void add_prpsinfo(const struct ps_core_facts *facts, struct ps_buffer *out)
{
    struct ps_pid_stat stat = {0};
    struct ps_issue issue;
    struct ps_cursor in = ps_cursor_over(facts->stat);
    if (ps_parser_pid_stat.next(&in, &stat, &issue) != PS_STEP_RECORD)
        return;
    struct prpsinfo info = {
        .state = state_number(stat.state), .sname = stat.state, .zomb = stat.state == 'Z', .nice = (int8_t) stat.nice,
        .flag = stat.flags, .uid = facts->uid, .gid = facts->gid, .pid = (int32_t) stat.pid,
        .ppid = (int32_t) stat.ppid, .pgrp = (int32_t) stat.pgrp, .sid = (int32_t) stat.session,
    };
    for (size_t i = 0; i < stat.comm.len && i + 1 < NAME_ROOM; i++)
        info.fname[i] = stat.comm.data[i];
    /* The ends of arguments become blanks, as the kernel does it. */
    for (size_t i = 0; i < facts->cmdline.len && i + 1 < ARGUMENTS_ROOM; i++)
        info.psargs[i] = facts->cmdline.data[i] ? facts->cmdline.data[i] : ' ';
    add_note(out, NT_PRPSINFO, ps_span_of(&info, sizeof info));
}

/* A mapping of a file: its name begins with a slash. */
static bool next_file(struct ps_cursor *in, struct ps_pid_maps *row)
{
    for (;;) {
        struct ps_issue issue;
        *row = (struct ps_pid_maps){0};
        enum ps_step step = ps_parser_pid_maps.next(in, row, &issue);
        if (step == PS_STEP_END)
            return false;
        if (step == PS_STEP_RECORD && row->pathname.len > 0 && row->pathname.data[0] == '/')
            return true;
    }
}

/* count, page size; start, end, offset in pages of each; then all names, each ended by NUL. */
static void add_files(const struct ps_core_facts *facts, struct ps_buffer *out)
{
    struct ps_buffer text = {0}, names = {0};
    struct ps_pid_maps row;
    uint64_t head[] = {0, facts->page_size};
    struct ps_cursor in = ps_cursor_over(facts->maps);
    ps_buffer_add(&text, head, sizeof head);
    while (next_file(&in, &row)) {
        const uint64_t place[] = {row.start, row.end, row.offset / facts->page_size};
        ps_buffer_add(&text, place, sizeof place);
        ps_buffer_add_span(&names, row.pathname);
        ps_buffer_add_byte(&names, 0);
        head[0]++;
    }
    ps_buffer_add_span(&text, ps_buffer_span(&names));
    if (text.failed || names.failed)
        out->failed = true;
    else if (head[0] > 0) {
        memcpy(text.data, head, sizeof head);
        add_note(out, NT_FILE, ps_buffer_span(&text));
    }
    ps_buffer_done(&text);
    ps_buffer_done(&names);
}

void ps_core_notes(const struct ps_core_facts *facts, struct ps_buffer *out)
{
    add_prpsinfo(facts, out);
    if (facts->auxv.len > 0)
        add_note(out, NT_AUXV, facts->auxv);
    add_files(facts, out);
}
