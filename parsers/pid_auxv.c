/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/auxv, copied by fs/proc/base.c auxv_read(); getauxval(3), include/uapi/linux/auxvec.h.
 *
 *   pairs of native words, key and value, the last one with the key AT_NULL: binary, no text
 *
 * Guarded by ptrace rights (EACCES). What execve gave the program; a process can replace it (prctl PR_SET_MM_AUXV). It
 * is read here as a little-endian machine writes it. Nothing says whether a word has 64 or 32 bits: keys are small
 * numbers, so a pair of 64-bit words has zeros where one of 32-bit words has its value. Keys that are not in the table
 * are passed over. Of a 32-bit program a 64-bit kernel looks for the end in its own words: zeros follow AT_NULL. A
 * kernel thread and a zombie have none: an empty file, or ESRCH at the open.
 */
#include "parsers/pid_auxv.h"

#include "parsers/lines.h"

/* clang-format off */
#define FIELD(name) {#name, PS_U64, offsetof(struct ps_pid_auxv, name)}
#define PLACE(name) {#name, PS_HEX64, offsetof(struct ps_pid_auxv, name)}
/* clang-format on */

static const struct ps_field fields[] = {
    FIELD(word_bits),      FIELD(AT_EXECFD),   PLACE(AT_PHDR),
    FIELD(AT_PHENT),       FIELD(AT_PHNUM),    FIELD(AT_PAGESZ),
    PLACE(AT_BASE),        PLACE(AT_FLAGS),    PLACE(AT_ENTRY),
    FIELD(AT_UID),         FIELD(AT_EUID),     FIELD(AT_GID),
    FIELD(AT_EGID),        PLACE(AT_PLATFORM), PLACE(AT_HWCAP),
    FIELD(AT_CLKTCK),      FIELD(AT_SECURE),   PLACE(AT_BASE_PLATFORM),
    PLACE(AT_RANDOM),      PLACE(AT_HWCAP2),   FIELD(AT_RSEQ_FEATURE_SIZE),
    FIELD(AT_RSEQ_ALIGN),  PLACE(AT_HWCAP3),   PLACE(AT_HWCAP4),
    PLACE(AT_EXECFN),      PLACE(AT_SYSINFO),  PLACE(AT_SYSINFO_EHDR),
    FIELD(AT_MINSIGSTKSZ),
};

enum { COUNT = sizeof fields / sizeof fields[0], AT_NULL = 0, KEY_MAX = 4096, LEAST = 16 };

/* The key of each field, from the second one on. */
static const uint8_t keys[] = {2,  3,  4,  5,  6,  7,  8,  9,  11, 12, 13, 14, 15, 16,
                               17, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 51};
_Static_assert(sizeof keys == COUNT - 1, "a key for each field but word_bits");

static bool take_word(struct ps_cursor *in, size_t bytes, uint64_t *out)
{
    struct ps_span word;

    if (!ps_take_bytes(in, bytes, &word))
        return false;
    *out = 0;
    for (size_t i = 0; i < bytes; i++)
        *out |= (uint64_t) word.data[i] << (8 * i);
    return true;
}

static bool take_pair(struct ps_cursor *in, size_t bytes, uint64_t *key, uint64_t *value)
{
    struct ps_cursor ahead = *in;

    if (!take_word(&ahead, bytes, key) || !take_word(&ahead, bytes, value))
        return false;
    *in = ahead;
    return true;
}

/* 8 or 4: by the first key. */
static size_t word_size(struct ps_cursor in)
{
    uint64_t key = 0;
    uint64_t value = 0;

    return take_pair(&in, 8, &key, &value) && key < KEY_MAX ? 8 : 4;
}

/* The first value of a key holds, as getauxval would find it. */
static void keep(struct ps_pid_auxv *r, uint64_t key, uint64_t value)
{
    for (size_t i = 0; i < sizeof keys; i++) {
        if (key != keys[i] || (r->present >> (i + 1) & 1) != 0)
            continue;
        *(uint64_t *) ps_field_slot(&fields[i + 1], r) = value;
        ps_set_present(r, i + 1);
    }
}

/* The record comes first. When the vector does not end as it must, the cursor stays where it stopped being one, but
 * behind the first byte, and an issue follows. */
static enum ps_step read_vector(struct ps_cursor *in, struct ps_pid_auxv *r)
{
    size_t bytes = word_size(*in);
    uint64_t key = 1;
    uint64_t value = 0;

    while (key != AT_NULL && take_pair(in, bytes, &key, &value))
        keep(r, key, value);
    r->word_bits = 8 * bytes;
    ps_set_present(r, 0);
    if (key == AT_NULL)
        ps_skip_run(in, 0);
    else if (ps_cursor_done(in))
        in->at--;
    return PS_STEP_RECORD;
}

static enum ps_step pid_auxv_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    size_t at = in->at;

    if (ps_cursor_done(in))
        return PS_STEP_END;
    if (at == 0 && ps_cursor_left(in) >= LEAST)
        return read_vector(in, record);
    ps_skip_rest(in);
    return ps_bad(issue, at, "the vector does not end here with AT_NULL and nothing behind it");
}

const struct ps_parser ps_parser_pid_auxv = {
    .kind = "pid_auxv",
    .record_size = sizeof(struct ps_pid_auxv),
    .fields = fields,
    .field_count = COUNT,
    .single = true,
    .next = pid_auxv_next,
};
