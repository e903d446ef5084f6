/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/commands/parcel_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/commands/bundle_input.h"
#include "formats/minisign.h"

enum { MINISIG_MAX = 16 << 10, PATH_ROOM = 4096 };

static bool open_bundle(struct ps_parcel_file *f, const char *path, struct ps_error *err)
{
    struct stat st;

    f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (f->fd < 0)
        return ps_fail(err, 0, "cannot open the bundle %s: %s; check the path", path, strerror(errno));
    if (fstat(f->fd, &st) != 0)
        return ps_fail(err, errno, "cannot look at %s", path);
    return S_ISREG(st.st_mode) || ps_fail(err, 0, "%s is no file; name the bundle itself", path);
}

static bool read_minisig(struct ps_parcel_file *f, const char *path, struct ps_error *err)
{
    char name[PATH_ROOM];
    size_t got = 1;

    if ((size_t) snprintf(name, sizeof name, "%s.minisig", path) >= sizeof name)
        return ps_fail(err, 0, "the path of the bundle is too long");
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return ps_fail(err, 0,
                       "%s: %s; a bundle goes with the signature that was made with it: put both into one directory",
                       name, strerror(errno));
    bool ok = ps_buffer_reserve(&f->minisig, MINISIG_MAX) || ps_fail(err, ENOMEM, "cannot read %s", name);
    while (ok && got > 0 && f->minisig.len < MINISIG_MAX) {
        ok = ps_input_fd(&fd, f->minisig.data + f->minisig.len, MINISIG_MAX - f->minisig.len, &got, err) ||
             ps_fail_in(err, name);
        f->minisig.len += ok ? got : 0;
    }
    close(fd);
    return ok;
}

static bool is_encrypted(int fd)
{
    static const char begin[] = "age-encryption.org/";
    char head[sizeof begin - 1];

    return pread(fd, head, sizeof head, 0) == (ssize_t) sizeof head && memcmp(head, begin, sizeof head) == 0;
}

/* What the enclosed process found out. */
struct finding {
    bool sealed;
    char text[512]; /* the head line, or what is wrong */
};

static void say_flaw(const struct ps_verify_report *report, const char *path, struct finding *out)
{
    struct ps_error err;
    const char *what = report->finding_count > 0 ? report->findings[0].what : "no head line can be made of it";

    ps_fail(&err, 0, "%s is no sealed bundle with its own signature: %s (%s); procsnap verify says all about it", path,
            ps_verify_name(report->verdict), what);
    snprintf(out->text, sizeof out->text, "%s", err.text);
}

static void look_into(const struct ps_parcel_file *f, const char *path, struct finding *out)
{
    struct ps_bundle_input in = {
        .name = path, .fd = f->fd, .minisig_fd = -1, .has_minisig = true, .minisig = f->minisig};
    struct ps_verify_wants wants = {0};
    struct ps_verify_report report = {0};
    struct ps_buffer line = {0};
    struct ps_error err = {0};

    ps_bundle_input_enclose(&in, -1);
    if (!ps_bundle_input_verify(&in, &wants, &report, &err)) {
        snprintf(out->text, sizeof out->text, "%s", err.text);
        return;
    }
    bool whole = report.verdict == PS_VERIFY_OK || report.verdict == PS_VERIFY_UNPINNED;
    out->sealed = whole && report.has_chain && report.has_root;
    ps_head_line_write(&report.head, &line);
    out->sealed = out->sealed && !line.failed && line.len > 0 && line.len <= sizeof out->text;
    if (out->sealed)
        snprintf(out->text, sizeof out->text, "%.*s", (int) line.len - 1, (const char *) line.data);
    else
        say_flaw(&report, path, out);
}

/* The child's only open end is descriptor 1, where an enclosed process may write. */
static void look_and_tell(const struct ps_parcel_file *f, const char *path, int tell)
{
    struct finding found = {0};

    if (dup2(tell, STDOUT_FILENO) >= 0) {
        look_into(f, path, &found);
        (void) !write(STDOUT_FILENO, &found, sizeof found); /* less than a page; a short one is no finding */
    }
    _exit(0);
}

static bool look(struct ps_parcel_file *f, const char *path, struct ps_error *err)
{
    struct finding found = {0};
    ssize_t got = -1;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return ps_fail(err, errno, "cannot look into %s", path);
    pid_t child = fork();
    if (child == 0)
        look_and_tell(f, path, ends[1]);
    int failure = child < 0 ? errno : 0;
    close(ends[1]);
    while (child > 0 && (got = read(ends[0], &found, sizeof found)) < 0 && errno == EINTR)
        continue;
    close(ends[0]);
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
    if (got != (ssize_t) sizeof found)
        return ps_fail(err, failure, "cannot look into %s; procsnap verify says whether it is a bundle", path);
    found.text[sizeof found.text - 1] = '\0';
    if (!found.sealed)
        return ps_fail(err, 0, "%s", found.text);
    memcpy(f->head_line, found.text, sizeof f->head_line);
    return true;
}

bool ps_parcel_file_open(struct ps_parcel_file *out, const char *path, struct ps_error *err)
{
    const char *slash = strrchr(path, '/');

    *out = (struct ps_parcel_file){.fd = -1, .name = slash != NULL ? slash + 1 : path};
    if (!open_bundle(out, path, err) || !read_minisig(out, path, err))
        return false;
    if (!is_encrypted(out->fd))
        return look(out, path, err);
    return ps_minisign_is_canonical(ps_buffer_span(&out->minisig)) ||
           ps_fail(err, 0, "%s.minisig is no signature of procsnap's; put the one beside it that was made with it",
                   path);
}

void ps_parcel_file_done(struct ps_parcel_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    ps_buffer_done(&f->minisig);
}
