/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/commands/verify_series.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/commands/bundle_input.h"
#include "collector/commands/commands.h"
#include "collector/sandbox/filter.h"
#include "collector/sandbox/folders.h"
#include "collector/terminal.h"
#include "formats/member_name.h"

/* Beyond that the directory is no series of anybody's. */
enum { NAMES_MAX = 1 << 20 };

struct series {
    const struct ps_verify_request *request;
    int dir;
    bool live;  /* progress on a terminal */
    bool empty; /* there is nothing to verify */
    struct ps_buffer text; /* of all names, each with its NUL */
    const char **names;    /* sorted */
    size_t name_count;
    struct ps_chain_entry *entries;
    size_t entry_count, entry_room;
    struct ps_series_report report;
    struct ps_head_log log;
    int heads;
    struct ps_series_verdict verdict;
};

bool ps_verify_is_series(const char *name)
{
    int dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return false;
    bool bundle = faccessat(dir, "bagit.txt", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    close(dir);
    return !bundle;
}

static bool list(struct series *s, struct ps_error *err)
{
    int again = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = again >= 0 ? fdopendir(again) : NULL;
    const struct dirent *entry;
    if (stream == NULL) {
        if (again >= 0)
            close(again);
        return ps_fail(err, errno, "cannot list %s", s->request->bundle);
    }
    for (errno = 0; (entry = readdir(stream)) != NULL && s->name_count <= NAMES_MAX; errno = 0) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        ps_buffer_add(&s->text, entry->d_name, strlen(entry->d_name) + 1);
        s->name_count++;
    }
    int why = errno;
    closedir(stream);
    if (s->text.failed)
        why = ENOMEM;
    if (s->name_count > NAMES_MAX)
        return ps_fail(err, 0, "%s has more than %d entries; that is no series of bundles", s->request->bundle,
                       NAMES_MAX);
    return why == 0 || ps_fail(err, why, "cannot list %s", s->request->bundle);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* Names do not move any more. */
static bool sort(struct series *s, struct ps_error *err)
{
    const char *at = (const char *) s->text.data;
    s->names = calloc(s->name_count + 1, sizeof *s->names);
    if (s->names == NULL)
        return ps_fail(err, ENOMEM, "cannot list %s", s->request->bundle);
    for (size_t i = 0; i < s->name_count; i++, at += strlen(at) + 1)
        s->names[i] = at;
    if (s->name_count > 1)
        qsort(s->names, s->name_count, sizeof *s->names, by_name);
    return true;
}

static void find(struct series *s, enum ps_verify_verdict weight, const char *what, const char *file)
{
    ps_series_find(&s->report, (struct ps_series_finding){.weight = weight, .what = what, .file = file});
}

static bool ends_with(const char *name, const char *suffix)
{
    return ps_span_ends(ps_span_text(name), suffix);
}

static bool has_name(const struct series *s, const char *name)
{
    return bsearch(&name, s->names, s->name_count, sizeof *s->names, by_name) != NULL;
}

/* What may lie beside a bundle, by the suffix that its name gets. */
static const char *const beside[] = {".minisig", ".custody.ndjson", ".receipt.json", ".receipt.json.minisig",
                                     ".receipt.json.sig"};

/* A file beside a bundle. When that is gone, somebody took it away, or brought one half of it. */
static bool take_beside(struct series *s, const char *name)
{
    char bundle[PS_COMPONENT_MAX + 1];
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
        size_t len = strlen(name), less = strlen(beside[i]);
        if (!ends_with(name, beside[i]) || len - less >= sizeof bundle || len == less)
            continue;
        memcpy(bundle, name, len - less);
        bundle[len - less] = '\0';
        if (ends_with(bundle, ".receipt.json") && !has_name(s, bundle))
            continue;
        s->verdict.files_beside++;
        if (!has_name(s, bundle) && i == 0)
            find(s, PS_VERIFY_INCOMPLETE, "the signature of a bundle that is not here", name);
        return true;
    }
    return false;
}

static bool is_bundle_name(const char *name)
{
    return ends_with(name, ".tar.gz") || ends_with(name, ".tar.gz.age");
}

/* A bundle is called as its id says; whoever gives it another bundle's name wants it to be taken for that one. */
static void check_name(struct series *s, const char *name, const struct ps_verify_report *r)
{
    int64_t time;
    struct ps_span stem = ps_span_text(name);
    if (r->bundle == NULL || ps_span_starts(stem, r->bundle))
        return;
    stem.len = stem.len < PS_BUNDLE_ID_LEN ? stem.len : PS_BUNDLE_ID_LEN;
    if (ps_bundle_id_read(stem, &time))
        find(s, PS_VERIFY_TAMPERED, "its name is that of another bundle than the one in it", name);
    else
        find(s, PS_VERIFY_OK, "it was renamed: the bundle in it has another name", name);
}

static bool add_entry(struct series *s, const struct ps_verify_report *r, const char *name, struct ps_error *err)
{
    if (s->entry_count == s->entry_room) {
        size_t room = s->entry_room == 0 ? 64 : 2 * s->entry_room;
        struct ps_chain_entry *entries = realloc(s->entries, room * sizeof *entries);
        if (entries == NULL)
            return ps_fail(err, ENOMEM, "no memory for %zu bundles", room);
        s->entries = entries;
        s->entry_room = room;
    }
    if (ps_chain_entry_of(r, name, &s->entries[s->entry_count]))
        s->entry_count++;
    else if (r->verdict <= PS_VERIFY_UNPINNED)
        find(s, PS_VERIFY_MALFORMED, "it says nothing of its chain", name);
    return true;
}

/* The reason for the verdict of one bundle: the first finding that weighs as much. */
static void tell_verdict(struct series *s, const char *name, const struct ps_verify_report *r)
{
    static const enum ps_verify_verdict weights[] = {
        [PS_FINDING_NOTE] = PS_VERIFY_OK,           [PS_FINDING_INCOMPLETE] = PS_VERIFY_INCOMPLETE,
        [PS_FINDING_CONTENT] = PS_VERIFY_MALFORMED, [PS_FINDING_TAMPERED] = PS_VERIFY_TAMPERED,
        [PS_FINDING_STRUCTURE] = PS_VERIFY_MALFORMED, [PS_FINDING_FILE] = PS_VERIFY_TAMPERED,
    };
    if (r->verdict <= PS_VERIFY_UNPINNED)
        return;
    if (r->verdict == PS_VERIFY_ENCRYPTED) {
        find(s, PS_VERIFY_INCOMPLETE, "it is encrypted, and no --identity opens it: it was not looked into", name);
        return;
    }
    for (size_t i = 0; i < r->finding_count; i++)
        if (weights[r->findings[i].rank] == r->verdict) {
            find(s, r->verdict, r->findings[i].what, name);
            return;
        }
    find(s, r->verdict, "see: procsnap verify FILE", name);
}

static bool take_bundle(struct series *s, const char *name, struct ps_error *err)
{
    struct ps_verify_wants wants = {.rederive = s->request->rederive};
    struct ps_bundle_input in;
    struct ps_verify_report report = {0};
    bool ok = ps_bundle_input_at(s->dir, name, s->request->identities, &in, err) &&
              ps_bundle_input_verify(&in, &wants, &report, err);
    ps_bundle_input_done(&in);
    s->verdict.bundles++;
    if (ok) {
        tell_verdict(s, name, &report);
        check_name(s, name, &report);
        ok = add_entry(s, &report, name, err);
    }
    ps_verify_report_done(&report);
    return ok;
}

static void take_foreign(struct series *s, const char *name, const char *what)
{
    s->verdict.foreign++;
    find(s, PS_VERIFY_OK, what, name);
}

static bool is_extracted(const struct series *s, const char *name)
{
    int dir = openat(s->dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    bool is = dir >= 0 && fstatat(dir, "bagit.txt", &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (dir >= 0)
        close(dir);
    return is;
}

static bool take_name(struct series *s, const char *name, struct ps_error *err)
{
    struct stat st;
    if (fstatat(s->dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return ps_fail(err, errno, "cannot look at %s", name);
    if (S_ISDIR(st.st_mode)) {
        if (is_extracted(s, name))
            return take_bundle(s, name, err);
        take_foreign(s, name, "a directory that is no extracted bundle; it was not looked into");
    } else if (!S_ISREG(st.st_mode)) {
        bool link = S_ISLNK(st.st_mode);
        take_foreign(s, name, link ? "a link; it was not followed" : "no regular file; it was not opened");
    } else if (is_bundle_name(name)) {
        return take_bundle(s, name, err);
    } else if (ends_with(name, ".part")) {
        take_foreign(s, name, "left behind by a snapshot that was never finished");
    } else if (!take_beside(s, name)) {
        take_foreign(s, name, "no bundle and no file beside one; it was not looked into");
    }
    return true;
}

static bool take_all(struct series *s, struct ps_error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < s->name_count; i++) {
        char line[80];
        ok = take_name(s, s->names[i], err);
        (void) snprintf(line, sizeof line, "%zu of %zu files", i + 1, s->name_count);
        if (s->live)
            ps_print_status(PS_STDERR, line);
    }
    if (s->live)
        ps_print_status(PS_STDERR, "");
    return ok;
}

/* Each bundle against the head lines that name it. */
static void compare_entry(struct series *s, struct ps_chain_entry *e)
{
    size_t count;
    const struct ps_head *head = ps_head_log_find(&s->log, e->head.bundle, &count);
    for (size_t i = 0; i < count; i++)
        s->log.matched[(size_t) (head - s->log.heads) + i] = true;
    if (e->verdict > PS_VERIFY_UNPINNED)
        return;
    if (count > 1)
        find(s, PS_VERIFY_TAMPERED, "the log holds two different head lines of it", e->file);
    else if (count == 0)
        find(s, PS_VERIFY_OK, "the log does not name it", e->file);
    else if (!ps_head_equal(head, &e->head))
        find(s, PS_VERIFY_TAMPERED, "the log names another root, key or number for it", e->file);
    else
        e->logged = true;
}

static bool compare_log(struct series *s, struct ps_error *err)
{
    if (s->heads < 0)
        return true;
    if (!ps_head_log_read(ps_input_fd, &s->heads, &s->log, err))
        return ps_fail_in(err, "--heads");
    s->verdict.log = &s->log;
    if (s->log.flawed > 0)
        find(s, PS_VERIFY_OK, "the log holds head lines that are cut off or changed", NULL);
    else if (s->log.count == 0)
        find(s, PS_VERIFY_OK, "the log holds no head line at all; it must be plain text, neither compressed nor UTF-16",
             NULL);
    for (size_t i = 0; i < s->entry_count; i++)
        compare_entry(s, &s->entries[i]);
    for (size_t i = 0; i < s->log.count; i++) {
        const struct ps_head *head = &s->log.heads[i];
        if (!s->log.matched[i])
            ps_series_find(&s->report,
                           (struct ps_series_finding){.weight = PS_VERIFY_TAMPERED,
                                                      .what = "the log says that it was sealed, and it is not here",
                                                      .file = head->bundle, .has_seq = true, .seq = head->seq,
                                                      .to = head->seq});
    }
    return true;
}

static void decide(struct series *s)
{
    struct ps_series_report *r = &s->report;
    bool pinned = r->singles_pinned == r->singles && s->entry_count > 0;
    for (size_t i = 0; i < r->chain_count; i++)
        pinned = pinned && r->chains[i].pinned;
    s->verdict.report = r;
    s->verdict.verdict = r->worst > PS_VERIFY_UNPINNED ? r->worst : pinned ? PS_VERIFY_OK : PS_VERIFY_UNPINNED;
}

static bool look(struct series *s, struct ps_error *err)
{
    const struct ps_verify_request *q = s->request;
    struct ps_series_wants wants = {.keys = q->keys, .key_count = q->key_count, .root = q->has_root ? q->root : NULL,
                                    .seq = q->has_seq ? &q->seq : NULL, .has_log = q->heads != NULL};
    if (!list(s, err) || !sort(s, err) || !take_all(s, err) || !compare_log(s, err))
        return false;
    s->empty = s->verdict.bundles == 0 && s->log.count == 0;
    if (s->empty)
        return ps_fail(err, 0, "%s holds no bundle (*.tar.gz, or extracted); name one, or a directory of them",
                       q->bundle);
    ps_chain_walk(s->entries, s->entry_count, &wants, &s->report);
    decide(s);
    return !s->report.failed || ps_fail(err, ENOMEM, "no memory for what was found");
}

static bool print(struct series *s, struct ps_error *err)
{
    struct ps_buffer out = {0};
    bool json = s->request->json;
    (json ? ps_series_json : ps_series_text)(&s->verdict, s->request->bundle, &out);
    (json ? ps_print_json : ps_print)(PS_STDOUT, ps_buffer_span(&out));
    bool ok = !out.failed || ps_fail(err, ENOMEM, "the lines above are not all of them");
    ps_buffer_done(&out);
    return ok;
}

static bool open_all(struct series *s, struct ps_error *err)
{
    const struct ps_verify_request *q = s->request;
    if (q->receipt != NULL)
        return ps_fail(err, 0, "--receipt is about one bundle; name that bundle, not the directory");
    s->dir = open(q->bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->dir < 0)
        return ps_fail(err, 0, "cannot open the directory %s: %s; check the path", q->bundle, strerror(errno));
    if (q->heads == NULL)
        return true;
    s->heads = open(q->heads, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    return s->heads >= 0 || ps_fail(err, 0, "cannot open --heads %s: %s; name a file in which you saved the log",
                                    q->heads, strerror(errno));
}

static void done(struct series *s)
{
    if (s->dir >= 0)
        close(s->dir);
    if (s->heads >= 0)
        close(s->heads);
    ps_series_report_done(&s->report);
    ps_head_log_done(&s->log);
    ps_buffer_done(&s->text);
    free(s->names);
    free(s->entries);
}

int ps_verify_series(const struct ps_verify_request *request)
{
    struct series s = {.request = request, .dir = -1, .heads = -1, .live = ps_is_terminal(PS_STDERR)};
    struct ps_error err = {0};
    int status = PS_EXIT_USAGE;
    if (open_all(&s, &err)) {
        (void) ps_sandbox_folders(s.dir, -1);
        (void) ps_sandbox_enter(PS_ROLE_OFFLINE_DIRECTORY);
        status = look(&s, &err) && print(&s, &err) ? ps_verify_exit(s.verdict.verdict) : PS_EXIT_FAILED;
        status = s.empty ? PS_EXIT_USAGE : status;
    }
    if (err.text[0] != '\0')
        ps_print_error(&err);
    done(&s);
    ps_age_identities_free(request->identities);
    return status;
}
