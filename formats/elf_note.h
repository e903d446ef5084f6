/* SPDX-License-Identifier: Apache-2.0
 *
 * The notes of a core file: who the process was, its auxiliary vector, which files it had mapped.
 */
#ifndef PS_ELF_NOTE_H
#define PS_ELF_NOTE_H

#include "formats/elf_core.h"

/* Appends NT_PRPSINFO (struct elf_prpsinfo of 64-bit Linux), NT_AUXV and NT_FILE (fill_files_note in fs/binfmt_elf.c),
 * each where its source is there. A failure of memory is remembered in *out. */
void ps_core_notes(const struct ps_core_facts *facts, struct ps_buffer *out);

#endif
