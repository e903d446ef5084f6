/* SPDX-License-Identifier: Apache-2.0
 *
 * The one way out to people: every text that procsnap prints passes here and comes out harmless for a terminal, also
 * when there is none (somebody will cat the file). Used by main and the commands only.
 */
#ifndef PS_TERMINAL_H
#define PS_TERMINAL_H

#include "formats/buffer.h"
#include "formats/error.h"

enum { PS_STDOUT = 1, PS_STDERR = 2 };

/* Text that was put together from our words and escaped strings. A reader that went away (EPIPE) is no failure: what a
 * command found out does not change because nobody listens; anything else that keeps standard output from being
 * written is remembered. */
void ps_print(int fd, struct ps_span text);
void ps_print_text(int fd, const char *text);
void ps_printf(int fd, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* JSON text or NDJSON lines: the same protection, by \u escapes. */
void ps_print_json(int fd, struct ps_span json);
/* `procsnap: <text>` on standard error, always one line. */
void ps_print_error(const struct ps_error *err);
/* False with *err: standard output could not be written completely (a full disk behind it). Told once. */
PS_MUST_CHECK bool ps_print_complete(struct ps_error *err);

/* Whether people look at it live. */
bool ps_is_terminal(int fd);
/* COLUMNS, or the columns of the terminal on standard output; `otherwise` when there is neither. */
size_t ps_terminal_columns(size_t otherwise);
/* On a live terminal: replaces the last line with this one (no newline in it); "" wipes it. */
void ps_print_status(int fd, const char *line);

#endif
