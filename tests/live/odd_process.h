/* SPDX-License-Identifier: Apache-2.0
 *
 * What the odd processes are made with, and who makes which (odd_process.c has their names).
 */
#ifndef ODD_PROCESS_H
#define ODD_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

/* Ends the process with errno's message. */
_Noreturn void fail(const char *what);
/* The result, which is not below 0. */
int must(int result, const char *what);
_Noreturn void wait_for_the_end(void);
/* "ready" and facts as key=value: tells the test that the process is what it shall be. */
void ready(const char *format, ...) __attribute__((format(printf, 1, 2)));
void dies_with_parent(void);
/* The argument at that index, or `otherwise`. */
const char *argument(char **args, size_t index, const char *otherwise);
unsigned number(char **args, size_t index, unsigned otherwise);
void sleep_ms(unsigned ms);
/* A child that does nothing. */
pid_t waiting_child(void);

/* odd_names.c */
void make_comm(char **args);
void make_no_arguments(char **args);
void make_wiped_arguments(char **args);
void make_title(char **args);
void make_environment(char **args);
void make_memfd(char **args);

/* odd_many.c */
void make_descriptors(char **args);
void make_threads(char **args);
void make_mappings(char **args);
void make_crowd(char **args);

/* odd_lives.c */
void make_zombie(char **args);
void make_tracer(char **args);
void make_zombie_leader(char **args);
_Noreturn void make_births(char **args);
_Noreturn void make_lives(char **args);

/* odd_threads.c */
void make_named_threads(char **args);
_Noreturn void make_leaderless(char **args);
_Noreturn void make_hopping(char **args);
void make_thread_churn(char **args);

/* odd_sockets.c */
void make_sockets(char **args);
void make_own_net(char **args);

/* odd_rights.c */
void make_own_mounts(char **args);
void make_not_dumpable(char **args);
void make_user(char **args);

#endif
