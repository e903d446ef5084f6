/* SPDX-License-Identifier: Apache-2.0
 *
 * The threads of one process: the files of each of them; and a process whose first thread has ended (pthread_exit in
 * main, often to hide) is read through another one, since the first, a zombie, has no memory and no descriptors left.
 */
#ifndef PS_THREADS_H
#define PS_THREADS_H

#include "collector/procfs/capture.h"

/* A listing is over when it found nobody new; a process that keeps making threads is left after that many. */
enum { PS_THREAD_LISTINGS = 8 };
/* Threads of one process that are read; beyond them the captures are `truncated`. */
uint32_t ps_threads_most(enum ps_profile profile);

/* The plan's rows of threads, each in one capture, all files of a thread together. Of a process with one thread they
 * are `shared`: its own files say the same. */
void ps_threads_capture(struct ps_target *t);

/* Looks for a thread that lives, unless the one that was found before does; from then on t->dir is that thread's. Asked
 * before every file: threads may be made to live no longer than a moment. Nothing changes when there is none. */
void ps_threads_follow_via(struct ps_target *t);
bool ps_threads_via_lives(struct ps_target *t);
/* That one, or another one. */
bool ps_threads_one_lives(struct ps_target *t);
void ps_threads_leave_via(struct ps_target *t);

#endif
