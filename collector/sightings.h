/* SPDX-License-Identifier: Apache-2.0
 *
 * Who was there, and which programs: what a snapshot leaves for one who compares it with the next. In memory that the
 * builder shares with who asked; nothing in it is evidence, and nobody who reads evidence may write it.
 */
#ifndef PS_SIGHTINGS_H
#define PS_SIGHTINGS_H

#include "formats/digest.h"

enum { PS_SIGHTINGS_PROCESSES = 1 << 16, PS_SIGHTINGS_EXECUTABLES = 4096, PS_SIGHTINGS_OBJECTS = 4096 };

struct ps_sighting {
    uint64_t start; /* ticks */
    uint32_t pid, ppid;
};

struct ps_sightings {
    char boot_id[64];
    uint64_t pid_namespace;
    uint32_t process_count, executable_count, object_count; /* what is beyond the room is left out */
    struct ps_sighting processes[PS_SIGHTINGS_PROCESSES];
    uint8_t executables[PS_SIGHTINGS_EXECUTABLES][PS_SHA256_LEN]; /* as they were hashed, some more than once */
    uint8_t objects[PS_SIGHTINGS_OBJECTS][PS_SHA256_LEN];         /* whose content is in the bundle, whole */
};

#endif
