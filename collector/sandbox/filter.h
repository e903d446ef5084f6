/* SPDX-License-Identifier: Apache-2.0
 *
 * What each role may still ask of the kernel once it works: seccomp filters, written out as tables
 * and turned into BPF here (seccomp(2)). x86_64 and aarch64. Built without a sandbox, and saying
 * so, on other machines and under the address, memory and thread sanitizers, which need system
 * calls of their own.
 */
#ifndef PS_FILTER_H
#define PS_FILTER_H

#include <stdbool.h>

/* 1 where ps_sandbox_enter can do anything. Tests ask before they expect a kill. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||                         \
    __has_feature(thread_sanitizer)
#define PS_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(PS_SANITIZED)
#define PS_SANDBOX_BUILT 0
#elif (defined(__x86_64__) && !defined(__ILP32__)) ||                                              \
    (defined(__aarch64__) && !defined(__AARCH64EB__))
#define PS_SANDBOX_BUILT 1
#else
#define PS_SANDBOX_BUILT 0
#endif

enum ps_role {
    PS_ROLE_READER,  /* opens, reads, readlinks below /proc; any other call ends the process */
    PS_ROLE_BUILDER, /* parses, hashes, signs, writes; other calls get EPERM, those only an intruder
                        makes end it, as in the roles below */
    /* Analysis of a bundle, which may be made to take the analyst's machine over: no socket, no
     * process, no signal. */
    PS_ROLE_OFFLINE,           /* reads what is open already, writes to descriptors 1 and 2 */
    PS_ROLE_OFFLINE_DIRECTORY, /* the same, and opens files for reading */
    PS_ROLE_EXPORTER,          /* the same, and makes new files, directories and links */
    PS_ROLE_PROBER,  /* asks over TCP and the kernel's socket tables, reads files; any other call ends
                        the process */
    PS_ROLE_COURIER, /* delivers: TCP and DNS to anywhere, opens files for reading; writes what is open */
    PS_ROLE_LOOKOUT, /* looks at a name, opens nothing, writes to a pipe; any other call ends the process */
    PS_ROLES
};

enum ps_sandbox_state {
    PS_SANDBOX_ON,
    PS_SANDBOX_REFUSED,  /* the kernel or the container's own filter said no; sys_errno says what */
    PS_SANDBOX_NOT_BUILT /* not for this machine, or a sanitizer is in the way */
};

struct ps_sandbox {
    enum ps_sandbox_state state;
    int sys_errno;      /* with PS_SANDBOX_REFUSED */
    bool kills_process; /* false: kernel older than 4.14, a forbidden call ends only its thread */
};

/* Sets no_new_privs, then the filter, for this process and all its threads; no way back. Anything
 * but PS_SANDBOX_ON leaves the process able to work as before: a fact for meta.json, not a failure.
 */
struct ps_sandbox ps_sandbox_enter(enum ps_role role);

/* Static text for meta.json: "on", "refused", "not built"; "reader", "builder". */
const char *ps_sandbox_state_name(enum ps_sandbox_state state);
const char *ps_role_name(enum ps_role role);

#endif
