/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_MODULES_H
#define PS_MODULES_H

#include "parsers/parser.h"

/* A loaded kernel module. */
struct ps_modules {
    uint64_t present;
    struct ps_span name;
    uint64_t size;          /* bytes */
    int64_t ref_count;      /* absent in a kernel that cannot unload modules */
    struct ps_span used_by; /* "-", or names each followed by a comma; "[permanent]," among them */
    struct ps_span state;   /* "Live", "Loading", "Unloading" */
    uint64_t address;       /* 0 without the right to see it */
    struct ps_span taints;  /* "(OE)": out of tree, unsigned; absent: none */
};

extern const struct ps_parser ps_parser_modules;

#endif
