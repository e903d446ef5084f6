/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PS_NET_DEV_H
#define PS_NET_DEV_H

#include "parsers/parser.h"

/* A network interface: bytes and packets since it was made. */
struct ps_net_dev {
    uint64_t present;
    struct ps_span interface;
    uint64_t rx_bytes, rx_packets, rx_errs, rx_drop, rx_fifo, rx_frame, rx_compressed, rx_multicast;
    uint64_t tx_bytes, tx_packets, tx_errs, tx_drop, tx_fifo, tx_colls, tx_carrier, tx_compressed;
    struct ps_span more; /* columns of a kernel newer than this table */
};

extern const struct ps_parser ps_parser_net_dev;

#endif
