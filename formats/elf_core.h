/* SPDX-License-Identifier: Apache-2.0
 *
 * The head of an ELF core file (System V ABI, chapter 5; notes as fs/binfmt_elf.c of Linux writes them): ELF header,
 * program headers and notes of one process, behind which its memory follows run by run. 64-bit, in the byte order of
 * this machine. There are no registers: nobody was stopped.
 */
#ifndef PS_ELF_CORE_H
#define PS_ELF_CORE_H

#include "formats/buffer.h"

/* Program headers that a core can have without an extension that few tools know (PN_XNUM). */
enum { PS_CORE_SEGMENTS_MAX = 65000 };

/* Pages whose bytes follow, from the first address to the one behind the last. Multiples of the page size. */
struct ps_core_run {
    uint64_t start, end;
};

/* What /proc says of the process. Spans are borrowed; each but maps may be empty, and then its note is left out. */
struct ps_core_facts {
    struct ps_span maps, auxv, stat, cmdline;
    uint32_t uid, gid;
    uint32_t page_size;
    uint16_t machine; /* e_machine: 62 is x86-64, 183 aarch64 */
};

/* The e_machine of this build; 0 where it has no name here. */
uint16_t ps_core_machine(void);

/* Appends the head to *out, padded to a page: the bytes of runs[0], runs[1] ... follow it without gaps, *data_size bytes
 * in all. Each row of maps is a PT_LOAD of its addresses and rights, or several, with p_filesz 0 for what no run holds.
 * False, nothing appended, when the runs are not ascending, whole pages inside of rows of maps, when there are too many,
 * or memory is out. */
PS_MUST_CHECK bool ps_core_head(const struct ps_core_facts *facts, const struct ps_core_run *runs, size_t count,
                                struct ps_buffer *out, uint64_t *data_size);

#endif
