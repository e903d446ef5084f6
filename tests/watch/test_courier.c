/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/host/clock.h"
#include "collector/watch/courier.h"

#define NAME "procsnap-20261122t001500z-00000001.tar.gz"

static struct ps_courier courier;
static struct ps_spool spool;
static struct ps_spooled *item;
static const struct ps_delivery_options options = {.deadline_ms = 1000};

static void setup(void)
{
    struct ps_error err;
    cr_assert(ps_courier_prepare(&courier, &err));
    cr_assert(ps_spool_open(NULL, 1000, 0, &spool, &err));
    int fd = memfd_create("bundle", MFD_CLOEXEC);
    cr_assert(write(fd, "bundle", 6) == 6);
    item = ps_spool_add(&spool, NAME, fd, 6, &err);
    ps_spool_say(&spool, item, "signature", "head");
}

static void teardown(void)
{
    ps_spool_close(&spool);
    munmap(courier.told, sizeof *courier.told);
}

TestSuite(courier, .init = setup, .fini = teardown);

/* Waits for the child; what the courier says then. */
static enum ps_courier_state run(ps_deliver *deliver)
{
    struct ps_error err;
    int status;
    cr_assert(ps_courier_start(&courier, deliver, &options, "s3://bucket/", &spool, item, &err));
    cr_assert(eq(int, ps_courier_look(&courier, 0), PS_COURIER_RUNNING));
    cr_assert(waitpid(courier.pid, &status, 0) == courier.pid);
    cr_expect(not(ps_courier_reaped(&courier, courier.pid + 1)));
    cr_expect(ps_courier_reaped(&courier, courier.pid));
    return ps_courier_look(&courier, 0);
}

static enum ps_delivered arrives(const struct ps_delivery_options *o, const char *dest, const struct ps_parcel *parcel,
                                 void (*tell)(void *context, const char *line), void *context,
                                 struct ps_buffer *receipt, struct ps_error *err)
{
    char bytes[8] = "";
    (void) tell, (void) context, (void) err, (void) o;
    if (pread(parcel->fd, bytes, 6, 0) != 6 || strcmp(bytes, "bundle") != 0 || strcmp(dest, "s3://bucket/") != 0 ||
        strcmp(parcel->name, NAME) != 0 || !ps_span_is(parcel->minisig, "signature") ||
        strcmp(parcel->head_line, "head") != 0)
        return PS_NOT_DELIVERED;
    ps_buffer_add_text(receipt, "{\"etag\":\"x\"}\n");
    return PS_DELIVERED;
}

Test(courier, brings_the_bundle_its_signature_and_the_receipt)
{
    cr_assert(eq(int, run(arrives), PS_COURIER_OVER));
    cr_expect(eq(int, courier.told->end, PS_DELIVERED));
    cr_expect(eq(str, courier.told->receipt, (char *) "{\"etag\":\"x\"}"));
    cr_expect(eq(int, ps_courier_look(&courier, 0), PS_COURIER_NONE));
}

static enum ps_delivered dies(const struct ps_delivery_options *o, const char *dest, const struct ps_parcel *parcel,
                              void (*tell)(void *context, const char *line), void *context, struct ps_buffer *receipt,
                              struct ps_error *err)
{
    (void) o, (void) dest, (void) parcel, (void) tell, (void) context, (void) receipt, (void) err;
    _exit(0);
}

Test(courier, one_that_ends_without_a_word_has_delivered_nothing)
{
    cr_expect(eq(int, run(dies), PS_COURIER_LOST));
}

static enum ps_delivered sleeps(const struct ps_delivery_options *o, const char *dest, const struct ps_parcel *parcel,
                                void (*tell)(void *context, const char *line), void *context, struct ps_buffer *receipt,
                                struct ps_error *err)
{
    (void) o, (void) dest, (void) parcel, (void) tell, (void) context, (void) receipt, (void) err;
    pause();
    return PS_NOT_DELIVERED;
}

Test(courier, one_that_never_ends_is_killed)
{
    struct ps_error err;
    int status;
    cr_assert(ps_courier_start(&courier, sleeps, &options, "s3://bucket/", &spool, item, &err));
    uint64_t now = ps_boottime_us();
    cr_expect(eq(int, ps_courier_look(&courier, now + 5000000), PS_COURIER_RUNNING));
    cr_expect(not(courier.killed));
    cr_expect(eq(int, ps_courier_look(&courier, now + 60000000), PS_COURIER_RUNNING));
    cr_expect(courier.killed);
    cr_assert(waitpid(courier.pid, &status, 0) == courier.pid);
    cr_expect(ps_courier_reaped(&courier, courier.pid));
    cr_expect(eq(int, ps_courier_look(&courier, now), PS_COURIER_LOST));
}
