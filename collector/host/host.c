/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "formats/digest.h"

static const long procfs_magic = 0x9fa0; /* PROC_SUPER_MAGIC */

static void copy_name(char out[PS_UNAME_SIZE], const char *name)
{
    size_t len = strnlen(name, PS_UNAME_SIZE - 1);

    memcpy(out, name, len);
    out[len] = '\0';
}

static void ask_kernel(struct ps_host *out)
{
    struct utsname names;
    const uint16_t one = 1;
    uint8_t first = 0;

    if (uname(&names) == 0) {
        copy_name(out->sysname, names.sysname);
        copy_name(out->nodename, names.nodename);
        copy_name(out->release, names.release);
        copy_name(out->version, names.version);
        copy_name(out->machine, names.machine);
    }
    /* From the auxiliary vector: some C libraries answer sysconf with a constant. */
    out->page_size = (uint32_t) getauxval(AT_PAGESZ);
    out->clk_tck = (uint32_t) getauxval(AT_CLKTCK);
    memcpy(&first, &one, 1);
    out->byte_order = first == 1 ? "little" : "big";
}

/* At most `room` bytes of a small file below the directory; -1 when there is none or it is longer.
 */
static ssize_t read_small(int dir, const char *path, uint8_t *out, size_t room)
{
    int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0) return -1;
    ssize_t got = read(fd, out, room);
    (void) close(fd);
    return got == (ssize_t) room ? -1 : got;
}

static bool take_hex_digits(struct ps_cursor *c, char *text, size_t count)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < count; i++) {
        uint8_t byte = 0;
        if (!ps_take_any(c, &byte) || byte == '\0' || strchr(digits, byte) == NULL) return false;
        text[i] = (char) byte;
    }
    return true;
}

/* "bd7b0e4c-..." and a newline: 8-4-4-4-12 lower-case hex digits, as the kernel prints them
 * (drivers/char/random.c). */
static bool take_uuid(struct ps_cursor *c, char out[PS_UUID_SIZE])
{
    static const size_t groups[] = {8, 4, 4, 4, 12};
    char text[PS_UUID_SIZE] = {0};
    size_t at = 0;

    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        if (i > 0) {
            if (!ps_take_byte(c, '-')) return false;
            text[at++] = '-';
        }
        if (!take_hex_digits(c, text + at, groups[i])) return false;
        at += groups[i];
    }
    if (ps_cursor_left(c) > 0 && !ps_take_byte(c, '\n')) return false;
    if (!ps_cursor_done(c)) return false;
    memcpy(out, text, sizeof text);
    return true;
}

static void read_boot_id(int procfs, char out[PS_UUID_SIZE])
{
    uint8_t text[64];
    ssize_t got = read_small(procfs, "sys/kernel/random/boot_id", text, sizeof text);

    if (got <= 0) return;
    struct ps_cursor c = ps_cursor_over(ps_span_of(text, (size_t) got));
    (void) take_uuid(&c, out);
}

/* The target of a link below the directory; empty when it is none or does not fit. */
static struct ps_span read_link(int dir, const char *path, uint8_t *out, size_t room)
{
    ssize_t got = readlinkat(dir, path, (char *) out, room);

    return ps_span_of(out, got > 0 && (size_t) got < room ? (size_t) got : 0);
}

bool ps_host_is_procfs(int dir)
{
    struct statfs fs;

    return fstatfs(dir, &fs) == 0 && fs.f_type == procfs_magic;
}

/* The self link of a procfs gives our pid as that mount's PID namespace numbers it, or nothing. */
static bool is_own(int procfs)
{
    uint8_t text[32];
    struct ps_span link = read_link(procfs, "self", text, sizeof text);
    struct ps_cursor c = ps_cursor_over(link);
    uint64_t pid = 0;

    return ps_take_u64(&c, &pid) && ps_cursor_done(&c) && pid == (uint64_t) getpid();
}

/* "pid:[4026531836]" */
static uint64_t read_namespace(int procfs, const char *path, const char *type)
{
    uint8_t text[64];
    struct ps_cursor c = ps_cursor_over(read_link(procfs, path, text, sizeof text));
    uint64_t inode = 0;

    if (!ps_take_text(&c, type) || !ps_take_text(&c, ":[") || !ps_take_u64(&c, &inode) ||
        !ps_take_byte(&c, ']') || !ps_cursor_done(&c))
        return 0;
    return inode;
}

void ps_host_facts(int procfs, struct ps_host *out)
{
    *out = (struct ps_host){.byte_order = ""};
    ask_kernel(out);
    out->procfs = ps_host_is_procfs(procfs);
    out->own = out->procfs && is_own(procfs);
    read_boot_id(procfs, out->boot_id);
    if (!out->own) return;
    out->pid_namespace = read_namespace(procfs, "self/ns/pid", "pid");
    out->net_namespace = read_namespace(procfs, "self/ns/net", "net");
}

bool ps_host_own_sha256(char out[PS_SHA256_TEXT], struct ps_error *err)
{
    static const char path[] = "/proc/self/exe";
    uint8_t block[16 << 10];
    uint8_t hash[PS_SHA256_LEN];
    struct ps_sha256 state;
    ssize_t got;

    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return ps_fail(err, errno, "cannot open our own executable (%s) to hash it", path);
    ps_sha256_init(&state);
    do {
        got = read(fd, block, sizeof block);
        if (got > 0) ps_sha256_update(&state, ps_span_of(block, (size_t) got));
    } while (got > 0 || (got < 0 && errno == EINTR));
    int why = errno;
    (void) close(fd);
    if (got < 0) return ps_fail(err, why, "cannot read our own executable (%s) to hash it", path);
    ps_sha256_final(&state, hash);
    ps_hex_text(ps_span_of(hash, sizeof hash), out);
    return true;
}
