/* SPDX-License-Identifier: Apache-2.0
 *
 * Linked into a procsnap of its own in place of the allocator (ld --wrap): one allocation fails, or all from one on.
 *   NO_MEMORY_AT=N       the Nth one fails; 0 or unset: none
 *   NO_MEMORY_FOR_GOOD   set: and all that follow
 *   NO_MEMORY_BUILDER    set: only the process that writes the bundle counts; else each process does, from its start
 *   NO_MEMORY_COUNT=FILE a file of eight bytes that gets the largest count
 * Allocations are those of our own code, of zlib and of cJSON.
 */
#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "collector/builder/builder.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__real_sodium_malloc(size_t size);
int __real_deflateInit2_(z_streamp z, int level, int method, int bits, int memory, int strategy, const char *version,
                         int size);
int __real_inflateInit2_(z_streamp z, int bits, const char *version, int size);
_Noreturn void __real_ps_builder_run(const struct ps_builder_job *job);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
void *__wrap_sodium_malloc(size_t size);
int __wrap_deflateInit2_(z_streamp z, int level, int method, int bits, int memory, int strategy, const char *version,
                         int size);
int __wrap_inflateInit2_(z_streamp z, int bits, const char *version, int size);
_Noreturn void __wrap_ps_builder_run(const struct ps_builder_job *job);

static uint64_t count, fail_at;
static bool counting, for_good;
static _Atomic uint64_t nowhere, *largest = &nowhere;

static bool refused(void)
{
    if (!counting)
        return false;
    count++;
    if (count > atomic_load(largest))
        atomic_store(largest, count);
    return fail_at > 0 && (count == fail_at || (for_good && count > fail_at));
}

void *__wrap_malloc(size_t size)
{
    return refused() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t items, size_t size)
{
    return refused() ? NULL : __real_calloc(items, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return refused() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return refused() ? NULL : __real_strdup(text);
}

void *__wrap_sodium_malloc(size_t size)
{
    return refused() ? NULL : __real_sodium_malloc(size);
}

static voidpf zlib_alloc(voidpf context, uInt items, uInt size)
{
    (void) context;
    return __wrap_calloc(items, size);
}

static void zlib_free(voidpf context, voidpf block)
{
    (void) context;
    free(block);
}

int __wrap_deflateInit2_(z_streamp z, int level, int method, int bits, int memory, int strategy, const char *version,
                         int size)
{
    z->zalloc = zlib_alloc;
    z->zfree = zlib_free;
    return __real_deflateInit2_(z, level, method, bits, memory, strategy, version, size);
}

int __wrap_inflateInit2_(z_streamp z, int bits, const char *version, int size)
{
    z->zalloc = zlib_alloc;
    z->zfree = zlib_free;
    return __real_inflateInit2_(z, bits, version, size);
}

_Noreturn void __wrap_ps_builder_run(const struct ps_builder_job *job)
{
    if (getenv("NO_MEMORY_BUILDER") != NULL)
        count = 0;
    counting = true;
    __real_ps_builder_run(job);
}

__attribute__((constructor)) static void begin(void)
{
    cJSON_Hooks hooks = {.malloc_fn = __wrap_malloc, .free_fn = free};
    const char *at = getenv("NO_MEMORY_AT"), *path = getenv("NO_MEMORY_COUNT");

    cJSON_InitHooks(&hooks);
    fail_at = at != NULL ? strtoull(at, NULL, 10) : 0;
    for_good = getenv("NO_MEMORY_FOR_GOOD") != NULL;
    int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd >= 0) {
        void *shared = mmap(NULL, sizeof *largest, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (shared != MAP_FAILED)
            largest = shared;
        (void) close(fd);
    }
    counting = getenv("NO_MEMORY_BUILDER") == NULL;
}
