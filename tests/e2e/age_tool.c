/* SPDX-License-Identifier: Apache-2.0
 *
 * age without a bundle in it, for tests that compare with stock age and with the vectors of C2SP/CCTV:
 *
 *   age_tool encrypt RECIPIENT...   standard input, encrypted
 *   age_tool decrypt IDENTITIES     standard input, decrypted with the identities of that file
 *
 * Exit status 0: done. 1: our own failure. 10 and more: the flaw, which is printed; enum ps_flaw_kind, from 10 on.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "formats/age_read.h"
#include "formats/age_write.h"
#include "formats/signing_key.h"

enum { FLAWED = 10, PIECE = 50000 };

static bool to_stdout(void *context, const void *data, size_t len, struct ps_error *err)
{
    (void) context;
    return fwrite(data, 1, len, stdout) == len || ps_fail(err, 0, "standard output");
}

static bool encrypt(int count, char **recipients, struct ps_error *err)
{
    struct ps_age_recipients to = {.count = 0};
    uint8_t piece[PIECE];
    int fd = STDIN_FILENO;
    size_t got = 1;
    for (int i = 0; i < count; i++)
        if (!ps_age_recipients_add(&to, ps_span_text(recipients[i]), err))
            return false;
    struct ps_age_writer *w = ps_age_writer_new(&to, to_stdout, NULL, err);
    bool ok = w != NULL;
    while (ok && got > 0)
        ok = ps_input_fd(&fd, piece, sizeof piece, &got, err) && ps_age_writer_write(w, piece, got, err);
    ok = ok && ps_age_writer_finish(w, err);
    ps_age_writer_free(w);
    return ok;
}

static bool read_identities(const char *path, struct ps_age_identities *ids, struct ps_error *err)
{
    struct ps_buffer text = {0};
    size_t got = 0;
    int fd = open(path, O_RDONLY);
    bool ok = ps_buffer_reserve(&text, PIECE) && ps_input_fd(&fd, text.data, PIECE, &got, err);
    ok = ok && ps_age_identities_read(ids, ps_span_of(text.data, got), err);
    ps_secret_text_done(&text);
    close(fd);
    return ok;
}

/* The exit status. */
static int decrypt(const struct ps_age_identities *ids, struct ps_error *err)
{
    uint8_t piece[PIECE];
    int fd = STDIN_FILENO;
    size_t got = 0;
    struct ps_flaw flaw;
    enum ps_source_step step = PS_SOURCE_FAILED;
    struct ps_age_reader *r = ps_age_reader_new(ids, ps_input_fd, &fd, err);
    while (r != NULL && (step = ps_age_reader_read(r, piece, sizeof piece, &got, &flaw, err)) == PS_SOURCE_NEXT)
        if (!to_stdout(NULL, piece, got, err)) {
            step = PS_SOURCE_FAILED;
            break;
        }
    ps_age_reader_free(r);
    if (step == PS_SOURCE_FLAW)
        fprintf(stderr, "%s\n", flaw.why);
    return step == PS_SOURCE_END ? 0 : step == PS_SOURCE_FLAW ? FLAWED + (int) flaw.kind : 1;
}

int main(int argc, char **argv)
{
    struct ps_error err = {0};
    int status = 1;
    if (argc >= 3 && strcmp(argv[1], "encrypt") == 0)
        status = encrypt(argc - 2, argv + 2, &err) ? 0 : 1;
    if (argc == 3 && strcmp(argv[1], "decrypt") == 0) {
        struct ps_age_identities *ids = ps_age_identities_new(&err);
        if (ids != NULL && read_identities(argv[2], ids, &err))
            status = decrypt(ids, &err);
        ps_age_identities_free(ids);
    }
    if (status == 1)
        fprintf(stderr, "%s\n", err.text);
    return fflush(stdout) == 0 ? status : 1;
}
