/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/version and cmdline, printed by fs/proc/version.c version_proc_show() and fs/proc/cmdline.c
 * cmdline_proc_show(), and the settings below /proc/sys, printed by kernel/sysctl.c proc_dointvec() and its siblings;
 * proc(5).
 *
 *   Linux version 6.1.0 (builder@host) (gcc 12.2.0, GNU ld 2.40) #1 SMP PREEMPT_DYNAMIC 2026-03-01
 *   console=ttyS0 quiet panic=1
 *   4096\t131072\t6291456          (sys/net/ipv4/tcp_rmem)
 *
 * Everybody may read the first two, and most settings. The text is everything before the last newline: numbers of a
 * setting stay divided by tabs as the kernel prints them. Who sees which settings: sys/net shows the network namespace
 * of the reader, sys/kernel/{msg*,sem,shm*} and sys/fs/mqueue its IPC namespace, hostname and domainname its UTS
 * namespace, sys/user its user namespace; all others belong to the machine.
 */
#include "parsers/kernel_text.h"

#include "parsers/lines.h"

#define ONE_TEXT(name)                                                                                                 \
    {                                                                                                                  \
        {#name, PS_BYTES, offsetof(struct ps_kernel_text, text)},                                                      \
    }

static const struct ps_field version[] = ONE_TEXT(version);
static const struct ps_field cmdline[] = ONE_TEXT(cmdline);
static const struct ps_field sysctl[] = ONE_TEXT(value);

/* Which of the three it is does not matter here: all tables have one text at one place. */
static enum ps_step text_next(struct ps_cursor *in, void *record, struct ps_issue *issue)
{
    return ps_next_text(in, version, 0, record, issue);
}

/* clang-format off */
#define TEXT(name, fields_) \
    {.kind = (name), .record_size = sizeof(struct ps_kernel_text), .fields = (fields_), .field_count = 1, \
     .single = true, .next = text_next}
/* clang-format on */

const struct ps_parser ps_parser_version = TEXT("version", version);
const struct ps_parser ps_parser_cmdline = TEXT("cmdline", cmdline);
const struct ps_parser ps_parser_sysctl = TEXT("sysctl", sysctl);
