/* SPDX-License-Identifier: Apache-2.0
 *
 * The options of everything that delivers: collect, watch and push have the same.
 */
#ifndef PS_DELIVERY_OPTIONS_H
#define PS_DELIVERY_OPTIONS_H

#include "collector/arguments.h"
#include "collector/delivery/delivery.h"

enum { PS_DELIVERY_OPTION_COUNT = 20 };

/* Reads into *into, which is zero-initialised and borrowed. Each value is checked when it is read; how they go together
 * with each other and with DEST is for ps_delivery_plan to say. */
struct ps_option_group ps_delivery_option_group(struct ps_delivery_options *into);

#endif
