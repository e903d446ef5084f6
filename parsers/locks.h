/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_LOCKS_H
#define PS_LOCKS_H

#include "parsers/parser.h"

/* A file lock, or who waits for it. */
struct ps_locks {
    uint64_t present;
    uint64_t id;           /* of the row; a waiter has the id of the lock that it waits for */
    uint64_t waits;        /* present, and 1, for a waiter */
    struct ps_span type;   /* "POSIX", "FLOCK", "OFDLCK", "LEASE", "DELEG", "ACCESS" */
    struct ps_span mode;   /* "ADVISORY", "MANDATORY", "MSNFS", "ACTIVE", "BREAKING", "BREAKER" */
    struct ps_span access; /* "READ", "WRITE", "RW", "UNLCK" */
    int64_t pid;           /* -1: an open file description, nobody's alone; 0: outside of the reader's namespace */
    uint64_t major, minor, inode; /* of the file; absent where it has none */
    uint64_t start;               /* first byte */
    struct ps_span end;           /* last byte, or "EOF" */
};

extern const struct ps_parser ps_parser_locks;

#endif
