/* SPDX-License-Identifier: Apache-2.0
 *
 * What each role may do, as data: rules that filter.c turns into BPF. The first rule that matches
 * answers.
 */
#ifndef PS_ROLES_H
#define PS_ROLES_H

#include <stddef.h>
#include <stdint.h>

#include "collector/sandbox/filter.h"

/* Arguments are compared in their low 32 bits: all that the kernel looks at for the flags, commands
 * and requests that stand in the tables. PS_ARG_NULL compares all 64: for pointers. */
enum ps_test { PS_ARG_ANY, PS_ARG_IS, PS_ARG_LACKS, PS_ARG_HAS, PS_ARG_NULL };

struct ps_check {
    enum ps_test test;
    unsigned arg;   /* 0 to 5 */
    uint32_t value; /* IS: equal; LACKS: none of these bits; HAS: all of these bits */
};

enum ps_answer {
    PS_ANSWER_ALLOW,
    PS_ANSWER_EPERM,
    PS_ANSWER_ENOSYS, /* as on a kernel without that call: the C library takes the older one */
    PS_ANSWER_KILL
};

enum { PS_CHECKS_MAX = 2 };

struct ps_rule {
    uint32_t number; /* of the system call, on this machine */
    enum ps_answer answer;
    struct ps_check checks[PS_CHECKS_MAX]; /* all must hold */
};

struct ps_rules {
    const struct ps_rule *first;
    size_t count;
};

enum { PS_TABLES_MAX = 10 };

struct ps_policy {
    struct ps_rules tables[PS_TABLES_MAX]; /* one after the other; the rest empty */
    enum ps_answer otherwise;
};

const struct ps_policy *ps_role_policy(enum ps_role role);

#endif
