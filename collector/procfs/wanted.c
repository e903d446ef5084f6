/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/procfs/wanted.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

/* A chain of files that a hostile process chose to fall together ends here; what lies behind counts as missed. */
enum { PROBES = 64 };
static const uint64_t mib = 1 << 20;

static void set_limits(const struct ps_options *o, const struct ps_caps *caps, struct ps_content_limits *out)
{
    bool deep = o->profile == PS_DEEP;
    *out = (struct ps_content_limits){
        .file_bytes = (deep ? 16 : 1) * UINT64_C(1024) * mib,
        .recover_bytes = caps->recover_bytes,
        .drift_file_bytes = deep ? 1 * mib : mib / 4,
        .drift_bytes = (deep ? 128 : 16) * mib,
        .content_ms = deep ? 300000 : 30000,
        .drift_ms = deep ? 60000 : 10000,
        .drift_entries = deep ? 2000000 : 200000,
        .drift_files = deep ? 100000 : 10000,
    };
    if (out->drift_bytes > out->recover_bytes)
        out->drift_bytes = out->recover_bytes;
}

struct ps_wanted *ps_wanted_make(const struct ps_options *options, const struct ps_caps *caps,
                                 struct ps_error *err)
{
    struct ps_wanted *w = mmap(NULL, sizeof *w, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                               0);
    if (w == MAP_FAILED) {
        ps_fail(err, errno, "cannot map shared memory for the list of files");
        return NULL;
    }
    set_limits(options, caps, &w->limits);
    return w;
}

static struct ps_file_key key_of(const struct ps_file_facts *f)
{
    return (struct ps_file_key){f->dev_major, f->dev_minor, f->ino, f->size, f->mtime_ns, f->ctime_ns};
}

static bool same_key(const struct ps_file_key *a, const struct ps_file_key *b)
{
    return a->ino == b->ino && a->dev_major == b->dev_major && a->dev_minor == b->dev_minor && a->size == b->size &&
           a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

static uint64_t hash_of(const struct ps_file_key *k)
{
    const uint64_t parts[] = {(uint64_t) k->dev_major << 32 | k->dev_minor, k->ino, k->size, (uint64_t) k->mtime_ns,
                              (uint64_t) k->ctime_ns};
    uint64_t h = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        h = (h ^ parts[i]) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return h;
}

void ps_wanted_reached(struct ps_wanted *w, uint32_t limit)
{
    atomic_fetch_or(&w->reached, limit);
}

/* The next place, or NULL. It counts when ps_wanted_added is called. */
static struct ps_wanted_item *next_item(struct ps_wanted *w, uint32_t subject, enum ps_want sort)
{
    uint32_t count = atomic_load_explicit(&w->count, memory_order_relaxed);
    if (count >= PS_WANTED_MAX) {
        atomic_fetch_add(&w->missed, 1);
        return NULL;
    }
    struct ps_wanted_item *item = &w->items[count];
    *item = (struct ps_wanted_item){.lives = {subject}, .life_count = 1, .sort = (uint8_t) sort};
    return item;
}

static void count_item(struct ps_wanted *w)
{
    atomic_fetch_add_explicit(&w->count, 1, memory_order_release);
}

static bool has_no_name(struct ps_span target)
{
    return ps_span_ends(target, " (deleted)") || ps_span_starts(target, "/memfd:");
}

void ps_want_executable(struct ps_wanted *w, uint32_t subject, const struct ps_file_facts *facts,
                        struct ps_span target)
{
    enum { PLACES = sizeof w->by_key / sizeof *w->by_key };
    struct ps_file_key key = key_of(facts);
    uint64_t at = hash_of(&key);
    for (unsigned i = 0; i < PROBES; i++, at++) {
        uint32_t *place = &w->by_key[at % PLACES];
        struct ps_wanted_item *item = *place && *place <= PS_WANTED_MAX ? &w->items[*place - 1] : NULL;
        if (item && same_key(&item->key, &key)) {
            if (item->life_count < PS_WANTED_LIVES)
                item->lives[item->life_count++] = subject;
            return;
        }
        if (item)
            continue;
        bool lost = facts->nlink == 0 || has_no_name(target);
        item = next_item(w, subject, lost ? PS_WANT_LOST_EXE : PS_WANT_EXE);
        if (!item)
            return;
        item->key = key;
        *place = (uint32_t) (item - w->items) + 1;
        count_item(w);
        return;
    }
    atomic_fetch_add(&w->missed, 1);
}

bool ps_want_descriptor(struct ps_wanted *w, uint32_t subject, const char *number, struct ps_span target,
                        uint32_t already)
{
    struct ps_cursor c = ps_cursor_over(ps_span_text(number));
    uint64_t fd = 0;
    if (!ps_span_starts(target, "/") || !has_no_name(target) || !ps_take_u64(&c, &fd) || fd > INT32_MAX)
        return false;
    if (already >= PS_WANTED_FDS) {
        atomic_fetch_add(&w->missed, 1);
        return false;
    }
    struct ps_wanted_item *item = next_item(w, subject, PS_WANT_FD);
    if (!item)
        return false;
    item->fd = (uint32_t) fd;
    count_item(w);
    return true;
}

bool ps_wanted_known(const struct ps_wanted *w, const struct ps_file_facts *facts)
{
    struct ps_file_key key = key_of(facts);
    uint64_t at = hash_of(&key);
    for (unsigned i = 0; i < PROBES; i++, at++) {
        const struct ps_file_key *place = &w->seen[at % PS_FILES_SEEN];
        if (place->ino == 0)
            return false;
        if (same_key(place, &key))
            return true;
    }
    return false;
}

bool ps_wanted_first_look(struct ps_wanted *w, const struct ps_file_facts *facts)
{
    struct ps_file_key key = key_of(facts);
    uint64_t at = hash_of(&key);
    for (unsigned i = 0; i < PROBES; i++, at++) {
        struct ps_file_key *place = &w->seen[at % PS_FILES_SEEN];
        if (same_key(place, &key) && key.ino != 0)
            return false;
        if (place->ino != 0)
            continue;
        *place = key;
        return true;
    }
    ps_wanted_reached(w, PS_REACHED_SEEN);
    return true; /* hashed once more rather than not at all */
}

void ps_wanted_hangs(struct ps_wanted *w)
{
    if (w->asked != 0 && w->hanging_count < PS_HANGING_MAX)
        w->hanging[w->hanging_count++] = w->asked;
    w->asked = 0;
}

bool ps_wanted_ask(struct ps_wanted *w, const struct ps_file_facts *facts)
{
    uint64_t device = (uint64_t) facts->dev_major << 32 | facts->dev_minor;
    for (uint32_t i = 0; i < w->hanging_count && i < PS_HANGING_MAX; i++) {
        if (w->hanging[i] == device)
            return false;
    }
    w->asked = device;
    return true;
}

void ps_wanted_answered(struct ps_wanted *w)
{
    w->asked = 0;
}
