/* SPDX-License-Identifier: Apache-2.0
 *
 * Which machine is this, and which procfs do we look at: the facts that meta.json states once for
 * the whole bundle (docs/BUNDLE.md section 2).
 */
#ifndef PS_HOST_H
#define PS_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "formats/error.h"

enum { PS_UNAME_SIZE = 65, PS_UUID_SIZE = 37, PS_SHA256_TEXT = 65 };

struct ps_host {
    /* uname(2), C strings. nodename is the container's host name: set by whoever runs it. */
    char sysname[PS_UNAME_SIZE], nodename[PS_UNAME_SIZE], release[PS_UNAME_SIZE];
    char version[PS_UNAME_SIZE], machine[PS_UNAME_SIZE];
    uint32_t page_size;     /* bytes */
    uint32_t clk_tck;       /* ticks a second of /proc times (AT_CLKTCK) */
    const char *byte_order; /* "little" or "big"; static */

    bool procfs; /* the directory is a live procfs (statfs says so), not a copied tree */
    bool own;    /* that procfs shows our own PID namespace: its self link is our pid */
    char boot_id[PS_UUID_SIZE]; /* lower-case UUID, or "" when there is none that looks like one */
    uint64_t pid_namespace, net_namespace; /* of this process, inode numbers; 0 unless `own` */
};

/* Fills *out. `procfs` is a directory descriptor, borrowed: /proc, another proc mount, or a copied
 * tree. Never fails: what cannot be known is empty, 0 or false. */
void ps_host_facts(int procfs, struct ps_host *out);
/* True when the directory is in a procfs of the kernel's. */
bool ps_host_is_procfs(int dir);

/* SHA-256, in hex, of the file this process runs, read through /proc/self/exe. False with *err set
 * when it cannot be opened or read. */
PS_MUST_CHECK bool ps_host_own_sha256(char out[PS_SHA256_TEXT], struct ps_error *err);

#endif
