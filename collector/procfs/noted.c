/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/procfs/noted.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "collector/procfs/capture.h"

/* LINE_ROOM: a path of 4096 bytes, each of them printed as an octal escape, and what stands before it. */
enum { PROBES = 64, ARGUMENTS = 4, CMDLINE_ROOM = 8192, LINE_ROOM = 20 << 10 };

/* Of the process under way. */
static struct {
    uint32_t subject; /* whose arguments these are */
    uint32_t root, noted;
    bool rooted, line_cut;
    size_t arguments_len, line_len;
    uint8_t arguments[CMDLINE_ROOM], line[LINE_ROOM];
} now;

static struct ps_noted *list(const struct ps_target *t)
{
    return &t->r->job->wanted->noted;
}

static void missed(const struct ps_target *t)
{
    atomic_fetch_add(&t->r->job->wanted->missed, 1);
}

static bool keep_text(struct ps_noted *n, const void *text, size_t len, uint32_t *at)
{
    if (len > PS_NOTED_TEXT - n->text_len)
        return false;
    *at = n->text_len;
    memcpy(n->text + *at, text, len);
    n->text_len += (uint32_t) len;
    return true;
}

/* Its index, or UINT32_MAX. */
static uint32_t add_note(struct ps_target *t, enum ps_noted_sort sort, const void *text, size_t len)
{
    struct ps_noted *n = list(t);
    uint32_t count = atomic_load_explicit(&n->count, memory_order_relaxed);
    struct ps_note note = {.subject = t->subject, .root = now.root, .len = (uint16_t) len, .sort = (uint8_t) sort,
                           .lives = 1};
    if (count == PS_NOTED_MAX || now.noted == PS_NOTED_OF_ONE || len > UINT16_MAX ||
        !keep_text(n, text, len, &note.at)) {
        missed(t);
        return UINT32_MAX;
    }
    n->notes[count] = note;
    now.noted++;
    atomic_store_explicit(&n->count, count + 1, memory_order_release);
    return count;
}

static void add_life(struct ps_target *t, uint32_t index, const void *text, size_t len)
{
    struct ps_noted *n = list(t);
    struct ps_note *note = &n->notes[index];
    uint32_t count = atomic_load_explicit(&n->also_count, memory_order_relaxed);
    struct ps_noted_also also = {.note = index, .subject = t->subject, .len = (uint32_t) len};
    if (note->subject == t->subject || note->lives >= PS_NOTED_LIVES || count == PS_NOTED_ALSO ||
        (count > 0 && n->also[count - 1].note == index && n->also[count - 1].subject == t->subject) ||
        !keep_text(n, text, len, &also.at))
        return;
    note->lives++;
    n->also[count] = also;
    atomic_store_explicit(&n->also_count, count + 1, memory_order_release);
}

static uint64_t hash_of(uint64_t h, const uint8_t *key, size_t len)
{
    for (; len > 0;) {
        uint64_t word = 0;
        size_t take = len < sizeof word ? len : sizeof word;
        memcpy(&word, key, take);
        h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
        key += take;
        len -= take;
    }
    return h;
}

static bool says(const struct ps_noted *n, const struct ps_note *note, enum ps_noted_sort sort, const uint8_t *key,
                 size_t len)
{
    return note->sort == sort && (sort == PS_NOTED_ROOT || note->root == now.root) && note->len >= len &&
           memcmp(n->text + note->at + note->len - len, key, len) == 0;
}

/* Index of the note that says so, which may be a new one; UINT32_MAX: there is no place. The key is the end of the text
 * and, but for roots, the root. Who makes many keys fall into the same places gets them noted twice. */
static uint32_t note_once(struct ps_target *t, enum ps_noted_sort sort, const uint8_t *text, size_t len, size_t key_len)
{
    struct ps_noted *n = list(t);
    const uint8_t *key = text + len - key_len;
    uint64_t h = hash_of(sort == PS_NOTED_ROOT ? 0 : now.root + 1, key, key_len);
    uint32_t *place = NULL;
    for (unsigned i = 0; i < PROBES && !place; i++, h++) {
        uint32_t index = n->places[h % PS_NOTED_PLACES] - 1;
        if (index >= PS_NOTED_MAX)
            place = &n->places[h % PS_NOTED_PLACES];
        else if (says(n, &n->notes[index], sort, key, key_len)) {
            add_life(t, index, text, len);
            return index;
        }
    }
    uint32_t index = add_note(t, sort, text, len);
    if (place && index < PS_NOTED_MAX)
        *place = index + 1;
    return index;
}

/* Which root this process has, without opening it. False: denied, and nothing of what it loaded can be looked at. */
static bool note_root(struct ps_target *t)
{
    struct statx x;
    int failed = (int) syscall(SYS_statx, t->dir, "root", AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_INO, &x);
    ps_progress_made(t->r);
    if (failed)
        return false;
    struct ps_noted_root root = {.mnt = t->r->job->roster->entries[t->subject].mnt, .ino = x.stx_ino};
    root.dev = (uint64_t) x.stx_dev_major << 32 | x.stx_dev_minor;
    now.root = atomic_load_explicit(&list(t)->count, memory_order_relaxed); /* its own, when it is new */
    now.root = note_once(t, PS_NOTED_ROOT, (const uint8_t *) &root, sizeof root, sizeof root);
    return now.root < PS_NOTED_MAX;
}

/* The arguments that may be paths: not the first, which is the program, and no options. */
static void note_arguments(struct ps_target *t)
{
    static uint8_t text[PS_CONTENT_PATH_MAX + CMDLINE_ROOM + ARGUMENTS];
    struct ps_cursor in = ps_cursor_over(ps_span_of(now.arguments, now.arguments_len));
    struct ps_span argument;
    size_t cwd_len = 0, len = PS_CONTENT_PATH_MAX;
    bool relative = false;
    for (int i = 0; i <= ARGUMENTS && ps_take_string(&in, &argument); i++) {
        if (i == 0 || argument.len == 0 || argument.data[0] == '-' || argument.len >= PS_CONTENT_PATH_MAX)
            continue;
        relative = relative || argument.data[0] != '/';
        text[len++] = 0;
        memcpy(text + len, argument.data, argument.len);
        len += argument.len;
    }
    if (len == PS_CONTENT_PATH_MAX)
        return;
    if (relative) {
        ssize_t n = readlinkat(t->dir, "cwd", (char *) text, PS_CONTENT_PATH_MAX);
        ps_progress_made(t->r);
        cwd_len = n > 0 && n < PS_CONTENT_PATH_MAX ? (size_t) n : 0;
    }
    size_t from = PS_CONTENT_PATH_MAX - cwd_len;
    memmove(text + from, text, cwd_len);
    (void) add_note(t, PS_NOTED_ARGUMENTS, text + from, len - from);
}

/* "5581a000-5581b000 r-xp 00001000 fd:01 4711      /usr/bin/sh": of a file, to be executed. What counts begins at the
 * device. */
static void note_line(struct ps_target *t, const uint8_t *line, size_t len)
{
    const uint8_t *perms = memchr(line, ' ', len), *end = line + len;
    if (!perms || end - perms < 8 || perms[3] != 'x')
        return;
    const uint8_t *device = memchr(perms + 6, ' ', (size_t) (end - perms - 6));
    if (device && memchr(device, '/', (size_t) (end - device)))
        (void) note_once(t, PS_NOTED_MAPPING, line, len, (size_t) (end - device));
}

/* The beginning of a line that goes on in the next piece. */
static void keep_line(const uint8_t *text, size_t len)
{
    now.line_cut = now.line_cut || len > LINE_ROOM - now.line_len;
    if (now.line_cut)
        return;
    memcpy(now.line + now.line_len, text, len);
    now.line_len += len;
}

static void end_line(struct ps_target *t, const uint8_t *text, size_t len)
{
    if (now.line_len == 0 && !now.line_cut) {
        note_line(t, text, len);
        return;
    }
    keep_line(text, len);
    if (now.line_cut)
        missed(t);
    else
        note_line(t, now.line, now.line_len);
    now.line_len = 0;
    now.line_cut = false;
}

void ps_noted_cmdline(struct ps_target *t, const uint8_t *text, size_t len)
{
    now.subject = t->subject;
    now.arguments_len = len < CMDLINE_ROOM ? len : CMDLINE_ROOM;
    memcpy(now.arguments, text, now.arguments_len);
}

void ps_noted_maps(struct ps_target *t, const uint8_t *text, size_t len, bool first)
{
    const uint8_t *at = text, *end = text + len, *newline;
    if (first) {
        now.noted = 0;
        now.line_len = 0;
        now.line_cut = false;
        now.rooted = note_root(t);
        if (now.rooted && now.subject == t->subject)
            note_arguments(t);
    }
    if (!now.rooted)
        return;
    for (; (newline = memchr(at, '\n', (size_t) (end - at))) != NULL; at = newline + 1)
        end_line(t, at, (size_t) (newline - at));
    keep_line(at, (size_t) (end - at));
}
