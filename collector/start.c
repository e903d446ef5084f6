/* SPDX-License-Identifier: Apache-2.0
 *
 * The first code of the static release. Every pointer in its tables must be moved to where the kernel has put the
 * program. As classic relocations that costs 24 bytes of file for each pointer; packed ones (DT_RELR of the ELF gABI)
 * cost a bit or two, 50 kB less in all, but musl's own start code before 1.2.4 passes over them. They are applied here,
 * before it: nothing else runs as early, so nothing here may use a pointer of a table, the C library or the stack
 * protector.
 */
#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>

enum { RELR = 36, RELR_SIZE = 35 }; /* DT_RELR and DT_RELRSZ, which musl's elf.h does not know yet */

/* Both from the linker. */
extern const ElfW(Dyn) _DYNAMIC[] __attribute__((visibility("hidden")));
extern const char __ehdr_start[] __attribute__((visibility("hidden")));

void ps_apply_packed_relocations(void);

#if defined(__x86_64__)
__asm__(".globl ps_start\nps_start:\n\tcall ps_apply_packed_relocations\n\tjmp _start\n");
#elif defined(__aarch64__)
__asm__(".globl ps_start\nps_start:\n\tbl ps_apply_packed_relocations\n\tb _start\n");
#endif

void ps_apply_packed_relocations(void)
{
    uintptr_t base = (uintptr_t) __ehdr_start, size = 0;
    const uintptr_t *entry = NULL;
    for (const ElfW(Dyn) *d = _DYNAMIC; d->d_tag != DT_NULL; d++) {
        if (d->d_tag == RELR)
            entry = (const uintptr_t *) (base + d->d_un.d_ptr);
        else if (d->d_tag == RELR_SIZE)
            size = d->d_un.d_val;
    }
    uintptr_t *next = NULL; /* behind what has been moved last */
    for (const uintptr_t *end = entry + size / sizeof *entry; entry != end; entry++) {
        if ((*entry & 1) == 0) { /* the address of a pointer */
            next = (uintptr_t *) (base + *entry);
            *next++ += base;
            continue;
        }
        /* which of the next 63 words are pointers */
        uintptr_t *word = next;
        for (uintptr_t bits = *entry >> 1; bits != 0; word++, bits >>= 1)
            if (bits & 1)
                *word += base;
        next += 8 * sizeof *entry - 1;
    }
}
