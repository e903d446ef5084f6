/* SPDX-License-Identifier: Apache-2.0
 *
 * The words behind a command: options from a table, and operands. `--name value` and `--name=value` are the same; a
 * lone `--` ends the options; `-` is an operand. The table that is read from is the table that --help shows.
 */
#ifndef PS_ARGUMENTS_H
#define PS_ARGUMENTS_H

#include "formats/buffer.h"
#include "formats/error.h"

struct ps_flag {
    const char *name;  /* without the dashes */
    const char *value; /* what it takes, as --help calls it; NULL: nothing */
    const char *help;  /* with the default and the unit */
    char letter;       /* the short form, or 0 */
};

struct ps_arguments {
    const char *command; /* argv[0]: for the texts of errors */
    int argc;
    char **argv;
    const struct ps_flag *flags;
    size_t flag_count;
    int at;
    bool operands_only;
};

struct ps_argument {
    const struct ps_flag *flag; /* NULL: an operand */
    const char *text;           /* the value or the operand; NULL for an option without value. Borrowed from argv. */
};

/* Options that are read into one place; a command may have several groups, and several commands the same. */
struct ps_option_group {
    const struct ps_flag *flags;
    size_t count;
    /* The value of flags[which]; false with *err: the command line is wrong. */
    bool (*take)(void *into, size_t which, const char *value, struct ps_error *err);
    void *into;
};

enum ps_arguments_step { PS_ARGUMENTS_END, PS_ARGUMENTS_ONE, PS_ARGUMENTS_BAD };

/* argv[0] is the command's own name. */
struct ps_arguments ps_arguments_over(int argc, char **argv, const struct ps_flag *flags, size_t flag_count);
/* The next one; PS_ARGUMENTS_BAD with *err. */
enum ps_arguments_step ps_arguments_next(struct ps_arguments *a, struct ps_argument *out, struct ps_error *err);

/* Everything that --help says of a command. */
struct ps_help {
    const char *usage; /* lines, without the word "usage" */
    const char *about; /* a paragraph */
    const struct ps_flag *flags;
    size_t flag_count;
    const char *statuses; /* lines "0  sealed" */
    const char *example;  /* lines */
};
/* True when --help or -h is among the arguments: then a command prints its help and does nothing else. */
bool ps_help_wanted(int argc, char **argv);
void ps_help_text(const struct ps_help *help, struct ps_buffer *out);

/* The one of `count` names that `word` was probably meant to be, or NULL when none is near. */
const char *ps_nearest(const char *word, const char *const *names, size_t count);

/* One whole decimal number within the bounds, nothing else. */
PS_MUST_CHECK bool ps_argument_u64(const char *text, uint64_t least, uint64_t most, uint64_t *out);

#endif
