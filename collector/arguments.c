/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/arguments.h"

#include <string.h>

struct ps_arguments ps_arguments_over(int argc, char **argv, const struct ps_flag *flags, size_t flag_count)
{
    return (struct ps_arguments){
        .command = argv[0], .argc = argc, .argv = argv, .flags = flags, .flag_count = flag_count, .at = 1};
}

/* Letters that must be changed, dropped or added; words longer than the table are not compared. */
enum { WORD_MAX = 32 };

static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1];
    size_t a_len = strlen(a), b_len = strlen(b);

    if (a_len > WORD_MAX || b_len > WORD_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t change = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            size_t skip = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            row[j] = change < skip ? change : skip;
        }
    }
    return row[b_len];
}

const char *ps_nearest(const char *word, const char *const *names, size_t count)
{
    const char *best = NULL;
    size_t best_distance = strlen(word) < 4 ? 2 : 3;

    for (size_t i = 0; i < count; i++) {
        size_t d = distance(word, names[i]);
        /* A beginning is as good as a slip of one letter. */
        if (strlen(word) >= 3 && strncmp(word, names[i], strlen(word)) == 0 && d > 1)
            d = 1;
        if (d < best_distance) {
            best_distance = d;
            best = names[i];
        }
    }
    return best;
}

static bool unknown(const struct ps_arguments *a, const char *word, size_t name_len, struct ps_error *err)
{
    enum { FLAGS_MAX = 64 };
    const char *names[FLAGS_MAX];
    char name[WORD_MAX + 1] = "";
    const char *near = NULL;

    if (word[1] == '-' && name_len <= WORD_MAX) {
        memcpy(name, word + 2, name_len);
        name[name_len] = '\0';
        size_t count = a->flag_count < FLAGS_MAX ? a->flag_count : FLAGS_MAX;
        for (size_t i = 0; i < count; i++)
            names[i] = a->flags[i].name;
        near = ps_nearest(name, names, count);
    }
    if (near != NULL)
        return ps_fail(err, 0, "unknown option %s of %s; did you mean --%s? All options: procsnap %s --help", word,
                       a->command, near, a->command);
    return ps_fail(err, 0, "unknown option %s of %s; its options: procsnap %s --help", word, a->command, a->command);
}

static const struct ps_flag *find(const struct ps_arguments *a, const char *word, size_t *name_len)
{
    if (word[1] == '-') {
        *name_len = strcspn(word + 2, "=");
        for (size_t i = 0; i < a->flag_count; i++)
            if (strlen(a->flags[i].name) == *name_len && memcmp(a->flags[i].name, word + 2, *name_len) == 0)
                return &a->flags[i];
        return NULL;
    }
    *name_len = 1;
    for (size_t i = 0; i < a->flag_count; i++)
        if (a->flags[i].letter != 0 && a->flags[i].letter == word[1] && word[2] == '\0')
            return &a->flags[i];
    return NULL;
}

static bool take_option(struct ps_arguments *a, const char *word, struct ps_argument *out, struct ps_error *err)
{
    size_t name_len = 0;
    const struct ps_flag *flag = find(a, word, &name_len);

    if (flag == NULL)
        return unknown(a, word, name_len, err);
    const char *value = word[1] == '-' && word[2 + name_len] == '=' ? word + 2 + name_len + 1 : NULL;
    if (flag->value == NULL && value != NULL)
        return ps_fail(err, 0, "--%s takes no value; write it without =%s", flag->name, value);
    if (flag->value != NULL && value == NULL) {
        if (a->at < a->argc)
            value = a->argv[a->at];
        /* `--case --json` is a forgotten value, not a case called --json; `--case=--json` can still say that. */
        if (value == NULL || strncmp(value, "--", 2) == 0)
            return ps_fail(err, 0, "--%s needs a value: --%s %s", flag->name, flag->name, flag->value);
        a->at++;
    }
    *out = (struct ps_argument){.flag = flag, .text = value};
    return true;
}

enum ps_arguments_step ps_arguments_next(struct ps_arguments *a, struct ps_argument *out, struct ps_error *err)
{
    if (a->at < a->argc && !a->operands_only && strcmp(a->argv[a->at], "--") == 0) {
        a->operands_only = true;
        a->at++;
    }
    if (a->at >= a->argc)
        return PS_ARGUMENTS_END;

    const char *word = a->argv[a->at++];
    if (a->operands_only || word[0] != '-' || word[1] == '\0') {
        *out = (struct ps_argument){.text = word};
        return PS_ARGUMENTS_ONE;
    }
    return take_option(a, word, out, err) ? PS_ARGUMENTS_ONE : PS_ARGUMENTS_BAD;
}

bool ps_help_wanted(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

/* Lines of `text`, each indented. */
static void add_indented(struct ps_buffer *out, const char *text, size_t indent, bool first_too)
{
    struct ps_cursor lines = ps_cursor_over(ps_span_text(text));
    struct ps_span line;

    for (bool first = true; ps_take_line(&lines, &line); first = false) {
        if (!first || first_too)
            ps_buffer_addf(out, "%*s", (int) indent, "");
        ps_buffer_add_span(out, line);
        ps_buffer_add_byte(out, '\n');
    }
}

static void add_flag(struct ps_buffer *out, const struct ps_flag *flag)
{
    enum { COLUMN = 28 };
    size_t before = out->len;

    ps_buffer_add_text(out, "  ");
    if (flag->letter != 0)
        ps_buffer_addf(out, "-%c, ", flag->letter);
    ps_buffer_addf(out, "--%s%s%s", flag->name, flag->value != NULL ? " " : "", flag->value != NULL ? flag->value : "");
    size_t used = out->len - before;
    if (used + 2 > COLUMN) {
        ps_buffer_add_byte(out, '\n');
        used = 0;
    }
    ps_buffer_addf(out, "%*s", (int) (COLUMN - used), "");
    add_indented(out, flag->help, COLUMN, false);
}

void ps_help_text(const struct ps_help *help, struct ps_buffer *out)
{
    ps_buffer_add_text(out, "usage: ");
    add_indented(out, help->usage, 7, false);
    ps_buffer_add_byte(out, '\n');
    add_indented(out, help->about, 0, true);
    if (help->flag_count > 0)
        ps_buffer_add_text(out, "\noptions:\n");
    for (size_t i = 0; i < help->flag_count; i++)
        add_flag(out, &help->flags[i]);
    if (help->statuses != NULL) {
        ps_buffer_add_text(out, "\nexit status:\n");
        add_indented(out, help->statuses, 2, true);
    }
    ps_buffer_add_text(out, "\nexample:\n");
    add_indented(out, help->example, 2, true);
}

bool ps_argument_u64(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
    struct ps_cursor in = ps_cursor_over(ps_span_text(text));
    uint64_t value;

    if (!ps_take_u64(&in, &value) || !ps_cursor_done(&in) || value < least || value > most)
        return false;
    *out = value;
    return true;
}
