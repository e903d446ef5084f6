/* SPDX-License-Identifier: Apache-2.0
 *
 * A core file of this very process, read back with the system's own <elf.h>; and runs that a corrupted reader could name.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <elf.h>

#include "formats/elf_core.h"

enum { PAGE = 4096 };

static const char maps[] =
    "00400000-00403000 r-xp 00001000 08:01 42                                 /usr/bin/app one\n"
    "00600000-00604000 rw-p 00000000 00:00 0                                  [heap]\n"
    "7f0000000000-7f0000001000 ---p 00000000 00:00 0 \n";
static const char stat[] = "4711 (a) b) S 1 4711 4711 0 -1 4194304 0 0 0 0 0 0 0 0 20 5 1 0 100 0 0 0 0 0 0 0 0 0 0 0 0 "
                           "0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";

static struct ps_core_facts facts(void)
{
    return (struct ps_core_facts){
        .maps = ps_span_text(maps), .stat = ps_span_text(stat), .cmdline = ps_span_of("app\0-x\0", 7),
        .auxv = ps_span_of("0123456789abcdef", 16), .uid = 101, .gid = 102, .page_size = PAGE, .machine = 62};
}

Test(elf_core, segments_are_the_rows_with_their_holes)
{
    const struct ps_core_run runs[] = {{0x400000, 0x401000}, {0x601000, 0x602000}, {0x603000, 0x604000}};
    const Elf64_Phdr want[] = {
        {.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x400000, .p_filesz = 0x1000, .p_memsz = 0x3000},
        {.p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_vaddr = 0x600000, .p_filesz = 0, .p_memsz = 0x1000},
        {.p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_vaddr = 0x601000, .p_filesz = 0x1000, .p_memsz = 0x2000},
        {.p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_vaddr = 0x603000, .p_filesz = 0x1000, .p_memsz = 0x1000},
        {.p_type = PT_LOAD, .p_flags = 0, .p_vaddr = 0x7f0000000000, .p_filesz = 0, .p_memsz = 0x1000},
    };
    struct ps_core_facts f = facts();
    struct ps_buffer out = {0};
    uint64_t data = 0;
    cr_assert(ps_core_head(&f, runs, 3, &out, &data));
    cr_expect(eq(u64, data, 3 * PAGE));
    cr_expect(eq(sz, out.len % PAGE, 0));
    const Elf64_Ehdr *head = (const void *) out.data;
    const Elf64_Phdr *all = (const void *) (out.data + head->e_phoff);
    cr_assert(eq(int, head->e_phnum, 6));
    cr_expect(eq(int, (int) all[0].p_type, PT_NOTE));
    uint64_t at = out.len;
    for (size_t i = 0; i < 5; i++) {
        const Elf64_Phdr *p = &all[i + 1];
        cr_expect(eq(u64, p->p_vaddr, want[i].p_vaddr));
        cr_expect(eq(u64, p->p_filesz, want[i].p_filesz));
        cr_expect(eq(u64, p->p_memsz, want[i].p_memsz));
        cr_expect(eq(u64, p->p_flags, want[i].p_flags));
        cr_expect(eq(u64, p->p_offset, at), "segment %zu begins where the one before ended", i);
        at += p->p_filesz;
    }
    ps_buffer_done(&out);
}

/* The text of the note of that type; the notes are walked as the ABI lays them out. */
static struct ps_span note_of(const struct ps_buffer *core, uint32_t type)
{
    const Elf64_Ehdr *head = (const void *) core->data;
    const Elf64_Phdr *notes = (const void *) (core->data + head->e_phoff);
    for (uint64_t at = notes->p_offset; at < notes->p_offset + notes->p_filesz;) {
        const Elf64_Nhdr *note = (const void *) (core->data + at);
        uint64_t text = at + sizeof *note + (note->n_namesz + 3) / 4 * 4;
        if (note->n_type == type)
            return ps_span_of(core->data + text, note->n_descsz);
        at = text + (note->n_descsz + 3) / 4 * 4;
    }
    return ps_span_of(NULL, 0);
}

Test(elf_core, notes_say_who_it_was_and_what_it_had_mapped)
{
    struct ps_core_facts f = facts();
    struct ps_buffer out = {0};
    uint64_t data = 0;
    cr_assert(ps_core_head(&f, NULL, 0, &out, &data));
    struct ps_span info = note_of(&out, NT_PRPSINFO), auxv = note_of(&out, NT_AUXV), files = note_of(&out, NT_FILE);
    cr_assert(eq(sz, info.len, 136));
    cr_expect(eq(int, info.data[1], 'S'));
    uint32_t uid, pid;
    memcpy(&uid, info.data + 16, 4);
    memcpy(&pid, info.data + 24, 4);
    cr_expect(eq(u32, uid, 101));
    cr_expect(eq(u32, pid, 4711));
    cr_expect(eq(str, (char *) (uintptr_t) info.data + 40, "a) b"));
    cr_expect(eq(str, (char *) (uintptr_t) info.data + 56, "app -x "));
    cr_expect(ps_span_is(auxv, "0123456789abcdef"));
    uint64_t words[5];
    cr_assert(files.len > sizeof words);
    memcpy(words, files.data, sizeof words);
    const uint64_t want[] = {1, PAGE, 0x400000, 0x403000, 1};
    cr_expect(memcmp(words, want, sizeof words) == 0);
    cr_expect(eq(str, (char *) (uintptr_t) files.data + sizeof words, "/usr/bin/app one"));
    ps_buffer_done(&out);
}

static void refused(const struct ps_core_run *runs, size_t count)
{
    struct ps_core_facts f = facts();
    struct ps_buffer out = {0};
    uint64_t data = 0;
    cr_expect(not(ps_core_head(&f, runs, count, &out, &data)));
    cr_expect(eq(sz, out.len, 0));
    ps_buffer_done(&out);
}

Test(elf_core, runs_that_make_no_sense_are_refused)
{
    refused((const struct ps_core_run[]){{0x400000, 0x400800}}, 1);                       /* half a page */
    refused((const struct ps_core_run[]){{0x401000, 0x400000}}, 1);                       /* backwards */
    refused((const struct ps_core_run[]){{0x402000, 0x404000}}, 1);                       /* beyond its row */
    refused((const struct ps_core_run[]){{0x500000, 0x501000}}, 1);                       /* between two rows */
    refused((const struct ps_core_run[]){{0x7fff00000000, 0x7fff00001000}}, 1);           /* behind all rows */
    refused((const struct ps_core_run[]){{0x601000, 0x602000}, {0x400000, 0x401000}}, 2); /* descending */
    refused((const struct ps_core_run[]){{0x601000, 0x603000}, {0x602000, 0x604000}}, 2); /* overlapping */
    refused((const struct ps_core_run[]){{0, UINT64_C(0xfffffffffffff000)}}, 1);          /* everything */
}
