/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_MEMINFO_H
#define PS_MEMINFO_H

#include "parsers/parser.h"

enum { PS_MEMINFO_KEYS = 61 };

/* One number for each key of the table in meminfo.c, in that order; only present ones mean something. */
struct ps_meminfo {
    uint64_t present;
    uint64_t values[PS_MEMINFO_KEYS]; /* KiB, except the HugePages_ ones, which are counts */
};

extern const struct ps_parser ps_parser_meminfo;

#endif
