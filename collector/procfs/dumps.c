/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/procfs/dumps.h"

#include <errno.h>
#include <sys/mman.h>

struct ps_dumps *ps_dumps_make(const struct ps_options *options, const struct ps_caps *caps, struct ps_error *err)
{
    struct ps_dumps *d = mmap(NULL, sizeof *d, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                              0);
    if (d == MAP_FAILED) {
        ps_fail(err, errno, "cannot map shared memory for the list of dumps");
        return NULL;
    }
    d->limits = (struct ps_dump_limits){
        .process_bytes = caps->dump_process_bytes,
        .bytes = caps->dump_bytes,
        .scan_pages = UINT64_C(1) << (options->profile == PS_DEEP ? 30 : 28),
    };
    return d;
}

static bool is_named(const struct ps_options *options, uint32_t pid)
{
    for (size_t i = 0; i < options->memory_pids.count; i++) {
        if (options->memory_pids.pids[i] == pid)
            return true;
    }
    return false;
}

uint32_t ps_dumps_chosen(const struct ps_dumps *d, const struct ps_options *options,
                         const struct ps_roster_entry *entry, uint32_t subject)
{
    uint32_t suspect = atomic_load_explicit(&d->lives[subject], memory_order_relaxed) & PS_SUSPECT_ANY;
    bool has_memory = !entry->kernel && entry->state != 'Z';
    if (!entry->chosen)
        return 0;
    switch (options->memory) {
    case PS_MEMORY_NONE:
        return 0;
    case PS_MEMORY_PIDS:
        return is_named(options, entry->pid) ? PS_CHOSEN_PID | suspect : 0;
    case PS_MEMORY_SUSPECTS:
        return suspect;
    case PS_MEMORY_ALL:
        return has_memory ? PS_CHOSEN_ALL | suspect : 0;
    }
    return 0;
}

static bool was_seen(const struct ps_roster *roster, uint32_t pid)
{
    uint32_t count = atomic_load(&roster->count);
    for (uint32_t i = 0; i < count && i < PS_ROSTER_MAX; i++) {
        if (roster->entries[i].pid == pid)
            return true;
    }
    return false;
}

size_t ps_dumps_not_seen(const struct ps_options *options, const struct ps_roster *roster, uint32_t *pids)
{
    const struct ps_pids *named = &options->memory_pids;
    size_t count = 0;
    for (size_t i = 0; options->memory == PS_MEMORY_PIDS && i < named->count; i++) {
        if (was_seen(roster, named->pids[i]))
            continue;
        if (pids)
            pids[count] = named->pids[i];
        count++;
    }
    return count;
}

void ps_dumps_note(struct ps_dumps *d, uint32_t subject, uint16_t bits)
{
    atomic_fetch_or(&d->lives[subject], bits);
}

void ps_dumps_reached(struct ps_dumps *d, uint32_t limit)
{
    atomic_fetch_or(&d->reached, limit);
}
