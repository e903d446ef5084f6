/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_NET_FIB_TRIE_H
#define PS_NET_FIB_TRIE_H

#include "parsers/parser.h"

/* One of three: the name of a table, an inner node of its tree, or a leaf with its routes. All that follows the name
 * of a table, up to the next name, belongs to that table. */
struct ps_net_fib_trie {
    uint64_t present;
    struct ps_span table;  /* "Main", "Local", "Id 100" */
    struct ps_span node;   /* "127.0.0.0/8 2 0 2": prefix, bits, full children, empty children */
    struct ps_span leaf;   /* "127.0.0.1" */
    struct ps_span routes; /* of the leaf: lines like "/32 host LOCAL", with the blanks before them */
};

extern const struct ps_parser ps_parser_net_fib_trie;

#endif
