/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/commands/bundle_input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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
static bool read_minisig(struct ps_bundle_input *in, struct ps_error *err)
{
    char path[PATH_ROOM];

    if ((size_t) snprintf(path, sizeof path, "%s.minisig", in->name) >= sizeof path)
        return true;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return true;
    if (fd < 0)
        return ps_fail(err, 0, "cannot open %s: %s; make it readable, or move it away to do without", path,
                       strerror(errno));
    size_t got = 1;
    bool ok = true;
    if (!ps_buffer_reserve(&in->minisig, MINISIG_MAX)) {
        close(fd);
        return ps_fail(err, ENOMEM, "cannot read %s", path);
    }
    while (ok && got > 0 && in->minisig.len < MINISIG_MAX) {
        ok = ps_input_fd(&fd, in->minisig.data + in->minisig.len, MINISIG_MAX - in->minisig.len, &got, err);
        in->minisig.len += ok ? got : 0;
    }
    close(fd);
    in->has_minisig = true;
    return ok || ps_fail(err, 0, "cannot read %s", path);
}

static bool open_directory(struct ps_bundle_input *in, struct ps_error *err)
{
    in->directory = true;
    if (faccessat(in->fd, "bagit.txt", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return true;
    return ps_fail(err, 0, "%s is a directory without bagit.txt, so no extracted bundle; name the bundle itself",
                   in->name);
}

bool ps_bundle_input_open(const char *name, bool again, struct ps_bundle_input *out, struct ps_error *err)
{
    struct stat st;

    *out = (struct ps_bundle_input){.name = name, .fd = -1};
    if (strcmp(name, "-") == 0) {
        out->fd = STDIN_FILENO;
        if (isatty(out->fd))
            return ps_fail(err, 0, "- is standard input, and that is a terminal; name a bundle, or pipe one in");
        return !again || spool(out, err);
    }
    out->fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (out->fd < 0)
        return ps_fail(err, 0, "cannot open the bundle %s: %s; check the path", name, strerror(errno));
    if (fstat(out->fd, &st) != 0)
        return ps_fail(err, errno, "cannot look at the bundle %s", name);
    return S_ISDIR(st.st_mode) ? open_directory(out, err) : read_minisig(out, err);
}

bool ps_bundle_input_verify(struct ps_bundle_input *in, const struct ps_verify_wants *wants,
                            struct ps_verify_report *report, struct ps_error *err)
{
    struct ps_verify_wants all = *wants;

    all.has_minisig = in->has_minisig;
    all.minisig = ps_buffer_span(&in->minisig);
    if (in->directory)
        return ps_verify_dir(in->fd, &all, report, err);
    return ps_verify_tarball(ps_input_fd, &in->fd, &all, report, err);
}

bool ps_bundle_input_rewind(struct ps_bundle_input *in, struct ps_error *err)
{
    if (in->directory || lseek(in->fd, 0, SEEK_SET) == 0)
        return true;
    return ps_fail(err, errno, "cannot read %s a second time; save it as a file and name that", in->name);
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
    if (!ps_bundle_input_rewind(in, err))
        return false;
    in->members_reader = ps_tarball_reader_new(ps_input_fd, &in->fd, err);
    if (in->members_reader != NULL)
        *out = ps_tarball_reader_source(in->members_reader);
    return in->members_reader != NULL;
}

void ps_bundle_input_done(struct ps_bundle_input *in)
{
    free_members(in);
    if (in->fd > STDIN_FILENO)
        close(in->fd);
    in->fd = -1;
    ps_buffer_done(&in->minisig);
}
