/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/commands/bundle_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/commands/commands.h"
#include "collector/sandbox/filter.h"
#include "collector/sandbox/folders.h"
#include "collector/terminal.h"

/* A signature has four lines; the trusted comment is the long one. */
enum { MINISIG_MAX = 16 << 10, PATH_ROOM = 4096 };

static bool copy_all(int from, int to, struct ps_error *err)
{
    uint8_t piece[64 << 10];

    for (;;) {
        size_t got = 0;
        if (!ps_input_fd(&from, piece, sizeof piece, &got, err))
            return ps_fail_in(err, "cannot read standard input");
        if (got == 0)
            return true;
        for (size_t at = 0; at < got;) {
            ssize_t n = write(to, piece + at, got - at);
            if (n < 0 && errno != EINTR)
                return ps_fail(err, errno, "cannot keep standard input in memory; save it as a file and name that");
            at += n > 0 ? (size_t) n : 0;
        }
    }
}

/* In memory, not in a file: evidence belongs to no temporary directory. */
static bool spool(struct ps_bundle_input *in, struct ps_error *err)
{
    if (lseek(in->fd, 0, SEEK_CUR) == 0)
        return true;
    int memory = memfd_create("procsnap-input", MFD_CLOEXEC);
    if (memory < 0)
        return ps_fail(err, errno, "cannot keep standard input in memory; save it as a file and name that");
    if (!copy_all(in->fd, memory, err) || lseek(memory, 0, SEEK_SET) != 0) {
        close(memory);
        return false;
    }
    in->fd = memory;
    return true;
}

/* Absent is fine, and a note; there but not readable is not. */
static bool open_minisig(struct ps_bundle_input *in, int dir, int flags, struct ps_error *err)
{
    char path[PATH_ROOM];

    if ((size_t) snprintf(path, sizeof path, "%s.minisig", in->name) >= sizeof path)
        return true;
    in->minisig_fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags);
    return in->minisig_fd >= 0 || errno == ENOENT ||
           ps_fail(err, 0, "cannot open %s: %s; make it readable, or move it away to do without", path,
                   strerror(errno));
}

static bool read_minisig(struct ps_bundle_input *in, struct ps_error *err)
{
    struct ps_buffer *text = &in->minisig;
    size_t got = 1;

    if (!ps_buffer_reserve(text, MINISIG_MAX))
        return ps_fail(err, ENOMEM, "cannot read %s.minisig", in->name);
    while (got > 0 && text->len < MINISIG_MAX) {
        if (!ps_input_fd(&in->minisig_fd, text->data + text->len, MINISIG_MAX - text->len, &got, err))
            return ps_fail(err, 0, "cannot read %s.minisig (%s); make it readable, or move it away to do without", in->name,
                           strerror(errno));
        text->len += got;
    }
    in->has_minisig = true;
    return true;
}

static bool open_directory(struct ps_bundle_input *in, struct ps_error *err)
{
    struct stat st;

    in->directory = true;
    if (fstatat(in->fd, "bagit.txt", &st, AT_SYMLINK_NOFOLLOW) == 0) /* the sandbox of a series allows this call */
        return true;
    return ps_fail(err, 0, "%s is a directory without bagit.txt, so no extracted bundle; name the bundle itself",
                   in->name);
}

bool ps_bundle_input_named(const char *name, struct ps_error *err)
{
    return name != NULL ||
           ps_fail(err, 0, "no BUNDLE: name the file, the directory where it was extracted, or - for standard input");
}

static bool open_input(struct ps_bundle_input *in, struct ps_error *err)
{
    struct stat st;

    if (strcmp(in->name, "-") == 0) {
        in->fd = STDIN_FILENO;
        return !isatty(in->fd) ||
               ps_fail(err, 0, "- is standard input, and that is a terminal; name a bundle, or pipe one in");
    }
    in->fd = open(in->name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (in->fd < 0)
        return ps_fail(err, 0, "cannot open the bundle %s: %s; check the path", in->name, strerror(errno));
    if (fstat(in->fd, &st) != 0)
        return ps_fail(err, errno, "cannot look at the bundle %s", in->name);
    return S_ISDIR(st.st_mode) ? open_directory(in, err) : open_minisig(in, AT_FDCWD, 0, err);
}

bool ps_bundle_input_load(struct ps_bundle_input *in, bool again, struct ps_error *err)
{
    if (in->minisig_fd >= 0 && !read_minisig(in, err))
        return false;
    return !again || in->fd != STDIN_FILENO || spool(in, err);
}

void ps_bundle_input_enclose(const struct ps_bundle_input *in, int out)
{
    enum ps_role role = in->directory ? PS_ROLE_OFFLINE_DIRECTORY : PS_ROLE_OFFLINE;

    (void) ps_sandbox_folders(in->directory ? in->fd : -1, out);
    (void) ps_sandbox_enter(out >= 0 ? PS_ROLE_EXPORTER : role);
}

bool ps_bundle_input_verify(struct ps_bundle_input *in, const struct ps_verify_wants *wants,
                            struct ps_verify_report *report, struct ps_error *err)
{
    struct ps_verify_wants all = *wants;

    all.identities = in->identities;
    all.has_minisig = in->has_minisig;
    all.minisig = ps_buffer_span(&in->minisig);
    if (in->directory)
        return ps_verify_dir(in->fd, &all, report, err);
    return ps_verify_tarball(ps_input_fd, &in->fd, &all, report, err);
}

/* Back to the beginning, for another reading. */
static bool rewind_input(struct ps_bundle_input *in, struct ps_error *err)
{
    if (in->directory || lseek(in->fd, 0, SEEK_SET) == 0)
        return true;
    return ps_fail(err, errno, "cannot read %s a second time; save it as a file and name that", in->name);
}

bool ps_bundle_input_hash(struct ps_bundle_input *in, uint8_t sha256[PS_SHA256_LEN], uint64_t *size,
                          struct ps_error *err)
{
    uint8_t piece[64 << 10];
    struct ps_sha256 hash;
    size_t got = 1;

    if (!rewind_input(in, err))
        return false;
    ps_sha256_init(&hash);
    for (*size = 0; got > 0; *size += got) {
        if (!ps_input_fd(&in->fd, piece, sizeof piece, &got, err))
            return false;
        ps_sha256_update(&hash, ps_span_of(piece, got));
    }
    ps_sha256_final(&hash, sha256);
    return true;
}

static void free_members(struct ps_bundle_input *in)
{
    ps_bundle_dir_free(in->members_dir);
    ps_tarball_reader_free(in->members_reader);
    in->members_dir = NULL;
    in->members_reader = NULL;
}

bool ps_bundle_input_members(struct ps_bundle_input *in, struct ps_member_source *out, struct ps_error *err)
{
    free_members(in);
    if (in->directory) {
        in->members_dir = ps_bundle_dir_new(in->fd, err);
        if (in->members_dir != NULL)
            *out = ps_bundle_dir_source(in->members_dir);
        return in->members_dir != NULL;
    }
    if (!rewind_input(in, err))
        return false;
    in->members_reader = ps_tarball_reader_new(ps_input_fd, &in->fd, err);
    if (in->members_reader == NULL)
        return false;
    ps_tarball_reader_identities(in->members_reader, in->identities);
    *out = ps_tarball_reader_source(in->members_reader);
    return true;
}

/* In a directory of unknown hands a link, a pipe or a directory may have that name: it is not opened, and no signature. */
static bool take_minisig(struct ps_bundle_input *in, int dir, struct ps_error *err)
{
    char path[PATH_ROOM];
    struct stat st;

    if ((size_t) snprintf(path, sizeof path, "%s.minisig", in->name) < sizeof path &&
        fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISREG(st.st_mode))
        return in->has_minisig = true;
    return open_minisig(in, dir, O_NOFOLLOW, err) && (in->minisig_fd < 0 || read_minisig(in, err));
}

bool ps_bundle_input_at(int dir, const char *name, const struct ps_age_identities *identities,
                        struct ps_bundle_input *out, struct ps_error *err)
{
    struct stat st;

    *out = (struct ps_bundle_input){.name = name, .identities = identities, .fd = -1, .minisig_fd = -1};
    out->fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    if (out->fd < 0 || fstat(out->fd, &st) != 0)
        return ps_fail(err, 0, "cannot open %s: %s; make it readable, or move it away", name, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return open_directory(out, err);
    if (!S_ISREG(st.st_mode))
        return ps_fail(err, 0, "%s has become something else than a file while the directory was read", name);
    return take_minisig(out, dir, err);
}

void ps_bundle_input_done(struct ps_bundle_input *in)
{
    free_members(in);
    if (in->fd > STDIN_FILENO)
        close(in->fd);
    if (in->minisig_fd >= 0)
        close(in->minisig_fd);
    ps_buffer_done(&in->minisig);
}

int ps_bundle_input_run(const char *name, struct ps_age_identities *identities,
                        int (*use)(struct ps_bundle_input *in, const void *request, struct ps_error *err),
                        const void *request)
{
    struct ps_bundle_input in = {.name = name, .identities = identities, .fd = -1, .minisig_fd = -1};
    struct ps_error err = {0};

    int status = open_input(&in, &err) ? use(&in, request, &err) : PS_EXIT_USAGE;
    if (err.text[0] != '\0')
        ps_print_error(&err);
    ps_bundle_input_done(&in);
    ps_age_identities_free(identities);
    return status;
}
