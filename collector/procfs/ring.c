/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/procfs/ring.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A writer that waits is woken for this much room at once: for the room of one frame it would write one frame and wait
 * again. */
enum { HEADER_ROOM = 4096, WAIT_US = 100000, WAKE_ROOM = PS_RING_SIZE / 4 };
_Static_assert(WAKE_ROOM >= PS_PIECE + 1024, "any frame fits the room that a writer is woken for");

/* musl names it otherwise on machines with a 64-bit time only; all of ours have SYS_futex. */
void ps_futex_wait(_Atomic uint32_t *word, uint32_t seen, uint32_t timeout_us)
{
    struct timespec limit = {.tv_sec = timeout_us / 1000000, .tv_nsec = (long) (timeout_us % 1000000) * 1000};
    syscall(SYS_futex, word, FUTEX_WAIT, seen, &limit, NULL, 0);
}

void ps_futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE, 1 << 30, NULL, NULL, 0);
}

/* One page for the header, then the frames, then the same frames again. */
bool ps_ring_make(struct ps_ring *ring, struct ps_error *err)
{
    size_t once = HEADER_ROOM + PS_RING_SIZE;
    int fd = memfd_create("procsnap-ring", MFD_CLOEXEC);
    if (fd < 0)
        return ps_fail(err, errno, "cannot make shared memory (memfd_create)");
    uint8_t *base = MAP_FAILED;
    if (ftruncate(fd, (off_t) once) == 0)
        base = mmap(NULL, once + PS_RING_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    bool mapped =
        base != MAP_FAILED &&
        mmap(base, once, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED &&
        mmap(base + once, PS_RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, HEADER_ROOM) != MAP_FAILED;
    int why = errno;
    close(fd);
    if (!mapped)
        return ps_fail(err, why, "cannot map shared memory for a reader");
    *ring = (struct ps_ring){.shared = (struct ps_ring_shared *) (void *) base, .frames = base + HEADER_ROOM};
    return true;
}

void ps_ring_unmap(struct ps_ring *ring)
{
    if (ring->shared)
        munmap(ring->shared, HEADER_ROOM + 2 * (size_t) PS_RING_SIZE);
    ring->shared = NULL;
}

void ps_ring_forget(struct ps_ring *ring)
{
    (void) madvise(ring->frames, PS_RING_SIZE, MADV_REMOVE);
}

void ps_ring_reset(struct ps_ring *ring)
{
    atomic_store(&ring->shared->head, 0);
    atomic_store(&ring->shared->tail, 0);
    atomic_store(&ring->shared->waiting, 0);
    ring->at = 0;
}

static size_t rounded(size_t size)
{
    return (size + 7) & ~(size_t) 7;
}

uint8_t *ps_ring_reserve(struct ps_ring *ring, size_t name_len, size_t data_room)
{
    struct ps_ring_shared *s = ring->shared;
    size_t want = rounded(sizeof(struct ps_frame) + name_len + data_room);
    while (PS_RING_SIZE - (ring->at - atomic_load_explicit(&s->tail, memory_order_acquire)) < want) {
        uint32_t seen = atomic_load(&s->drained);
        atomic_store(&s->waiting, 1);
        if (PS_RING_SIZE - (ring->at - atomic_load(&s->tail)) < want)
            ps_futex_wait(&s->drained, seen, WAIT_US);
        atomic_store(&s->waiting, 0);
    }
    return ring->frames + ring->at % PS_RING_SIZE + sizeof(struct ps_frame) + name_len;
}

void ps_ring_commit(struct ps_ring *ring, const struct ps_frame *frame, const char *name, size_t data_len)
{
    struct ps_frame copy = *frame;
    uint8_t *place = ring->frames + ring->at % PS_RING_SIZE;
    copy.data_len = (uint32_t) data_len;
    copy.size = (uint32_t) rounded(sizeof copy + copy.name_len + data_len);
    memcpy(place, &copy, sizeof copy);
    memcpy(place + sizeof copy, name, copy.name_len);
    ring->at += copy.size;
    atomic_store_explicit(&ring->shared->head, ring->at, memory_order_release);
}

uint64_t ps_ring_pending(const struct ps_ring *ring)
{
    return atomic_load_explicit(&ring->shared->head, memory_order_acquire) - ring->at;
}

enum ps_take ps_ring_peek(struct ps_ring *ring, struct ps_frame *out, const uint8_t **name, const uint8_t **data)
{
    uint64_t pending = ps_ring_pending(ring);
    if (pending == 0)
        return PS_TAKE_NONE;
    const uint8_t *place = ring->frames + ring->at % PS_RING_SIZE;
    if (pending > PS_RING_SIZE || pending < sizeof *out)
        return PS_TAKE_BROKEN;
    memcpy(out, place, sizeof *out);
    uint64_t used = sizeof *out + (uint64_t) out->name_len + out->data_len;
    if (out->size > pending || out->size % 8 != 0 || used > out->size || out->size - used > 7)
        return PS_TAKE_BROKEN;
    *name = place + sizeof *out;
    *data = *name + out->name_len;
    return PS_TAKE_FRAME;
}

void ps_ring_drop(struct ps_ring *ring, const struct ps_frame *frame)
{
    struct ps_ring_shared *s = ring->shared;
    ring->at += frame->size;
    atomic_store_explicit(&s->tail, ring->at, memory_order_release);
    if (atomic_load_explicit(&s->waiting, memory_order_relaxed) == 0)
        return;
    if (ps_ring_pending(ring) > PS_RING_SIZE - WAKE_ROOM)
        return;
    atomic_fetch_add(&s->drained, 1);
    ps_futex_wake(&s->drained);
}
