/* SPDX-License-Identifier: Apache-2.0
 *
 * What procsnap does to itself before it looks at anybody: never the one that makes the application
 * die, never a core file with evidence or keys in it, never a descriptor that a role has no use
 * for. Each function returns 0 or an errno: a refusal is recorded and the run goes on.
 */
#ifndef PS_HARDENING_H
#define PS_HARDENING_H

#include <stddef.h>

/* oom_score_adj 1000 for this process and its later children: out of memory ends us first. `proc`
 * is a descriptor of our own /proc, borrowed. Before ps_harden_memory: the file of a process that
 * is not dumpable belongs to root. */
int ps_harden_oom(int proc);

/* What is written once, while the program starts (PT_GNU_RELRO: the tables of pointers), becomes
 * read-only. Dynamic linkers do that; a static program has none, and musl's start code does not. */
int ps_harden_tables(void);

/* No core file (RLIMIT_CORE 0, soft and hard) and not dumpable: not traced, not read by processes
 * of our own user. */
int ps_harden_memory(void);

/* Gives up all capabilities but those to read what others own and to lock memory. Whoever takes the process over then
 * cannot look into one that has more: into no other of root's in a container, by /proc/PID/mem or otherwise. For the
 * thread that calls and those it starts. */
int ps_harden_rights(void);

/* Closes every descriptor but the `count` ones in keep[] (any order; below 0 is ignored; at most
 * PS_KEEP_MAX). */
enum { PS_KEEP_MAX = 64 };
int ps_harden_descriptors(const int *keep, size_t count);

#endif
