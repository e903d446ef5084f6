/* SPDX-License-Identifier: Apache-2.0
 *
 * Contents that earlier bundles of a chain hold, and that were delivered: they are not stored again. Each snapshot has
 * the copy of the moment when it was forked: nobody changes it meanwhile, neither the watch nor a reader of evidence.
 */
#ifndef PS_KNOWN_OBJECTS_H
#define PS_KNOWN_OBJECTS_H

#include "formats/digest.h"

enum { PS_KNOWN_OBJECTS = 1 << 16 };

struct ps_known_object {
    uint8_t sha256[PS_SHA256_LEN];
    uint64_t seq; /* of the bundle that holds it */
};

struct ps_known_objects {
    uint32_t count;
    struct ps_known_object items[PS_KNOWN_OBJECTS]; /* by hash */
};

#endif
