/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys and signatures without a bundle around them, for tests that compare with stock tools:
 *
 *   sign_tool keygen NAME                 NAME.key NAME.pub NAME.allowed_signers
 *   sign_tool sign KEY FILE COMMENT       FILE.minisig FILE.sshsig
 *   sign_tool minisig PUB FILE            checks FILE.minisig
 *   sign_tool sshsig PUB FILE             checks FILE.sshsig
 *
 * Prints the verdict, a tab and the trusted comment, or the error. Exit status 0: done, or a good signature.
 */
#include "formats/minisign.h"
#include "formats/sshsig.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool read_file(const char *path, const char *suffix, struct ps_buffer *out, struct ps_error *err)
{
    char name[500], block[4096];
    snprintf(name, sizeof name, "%s%s", path, suffix);
    FILE *f = fopen(name, "rb");
    if (f == NULL)
        return ps_fail(err, errno, "%s", name);
    for (size_t got; (got = fread(block, 1, sizeof block, f)) > 0;)
        ps_buffer_add(out, block, got);
    fclose(f);
    return true;
}

/* Takes over the text. */
static bool write_file(const char *path, const char *suffix, struct ps_buffer *text, struct ps_error *err)
{
    char name[500];
    snprintf(name, sizeof name, "%s%s", path, suffix);
    FILE *f = fopen(name, "wb");
    bool ok = f != NULL && fwrite(text->data, 1, text->len, f) == text->len && fchmod(fileno(f), 0600) == 0;
    int error = errno;
    if (f != NULL)
        fclose(f);
    ps_secret_text_done(text);
    return ok || ps_fail(err, error, "%s", name);
}

static bool keygen(const char *name, struct ps_error *err)
{
    struct ps_signing_key *key;
    struct ps_buffer text = {0};
    if (!ps_signing_key_generate(&key, err))
        return false;
    const struct ps_public_key *public_key = ps_signing_key_public(key);
    ps_signing_key_write(key, &text);
    bool ok = write_file(name, ".key", &text, err);
    ps_public_key_write(public_key, &text);
    ok = write_file(name, ".pub", &text, err) && ok;
    ps_sshsig_allowed_signer(public_key, &text);
    ok = write_file(name, ".allowed_signers", &text, err) && ok;
    ps_signing_key_free(key);
    return ok;
}

static bool sign(const char *key_path, const char *path, const char *comment, struct ps_error *err)
{
    struct ps_buffer key_text = {0}, file = {0}, text = {0};
    struct ps_signing_key *key = NULL;
    uint8_t blake2b[PS_BLAKE2B512_LEN], sha512[PS_SHA512_LEN];
    bool ok = read_file(key_path, "", &key_text, err) && ps_signing_key_read(ps_buffer_span(&key_text), &key, err) &&
              read_file(path, "", &file, err);
    if (ok) {
        ps_blake2b512_of(ps_buffer_span(&file), blake2b);
        ps_sha512_of(ps_buffer_span(&file), sha512);
        ok = ps_minisign_sign(key, blake2b, ps_span_text(comment), &text, err) &&
             write_file(path, ".minisig", &text, err);
    }
    if (ok) {
        ps_sshsig_sign(key, sha512, &text);
        ok = write_file(path, ".sshsig", &text, err);
    }
    ps_secret_text_done(&key_text);
    ps_buffer_done(&file);
    ps_signing_key_free(key);
    return ok;
}

static enum ps_signature check_minisig(struct ps_span text, const struct ps_public_key *key, struct ps_span file)
{
    uint8_t digest[PS_BLAKE2B512_LEN];
    struct ps_minisign_result result;
    ps_blake2b512_of(file, digest);
    enum ps_signature verdict = ps_minisign_verify(text, key, digest, &result);
    printf("%s%s: %s\t%.*s\n", ps_minisign_is_canonical(text) ? "canonical, " : "", ps_signature_says(verdict),
           result.why != NULL ? result.why : "", (int) result.comment.len,
           result.comment.len > 0 ? (const char *) result.comment.data : "");
    return verdict;
}

static enum ps_signature check_sshsig(struct ps_span text, const struct ps_public_key *key, struct ps_span file)
{
    uint8_t digest[PS_SHA512_LEN];
    const char *why;
    ps_sha512_of(file, digest);
    enum ps_signature verdict = ps_sshsig_verify(text, key, digest, &why);
    printf("%s: %s\n", ps_signature_says(verdict), why != NULL ? why : "");
    return verdict;
}

static bool check(const char *form, const char *pub_path, const char *path, struct ps_error *err)
{
    struct ps_buffer pub = {0}, file = {0}, text = {0};
    struct ps_public_key key;
    bool minisig = strcmp(form, "minisig") == 0;
    bool ok = read_file(pub_path, "", &pub, err) && ps_public_key_read(ps_buffer_span(&pub), &key, err) &&
              read_file(path, "", &file, err) && read_file(path, minisig ? ".minisig" : ".sshsig", &text, err);
    if (ok) {
        enum ps_signature verdict = minisig ? check_minisig(ps_buffer_span(&text), &key, ps_buffer_span(&file))
                                            : check_sshsig(ps_buffer_span(&text), &key, ps_buffer_span(&file));
        ok = verdict == PS_SIGNATURE_GOOD;
        err->text[0] = '\0';
    }
    ps_buffer_done(&pub);
    ps_buffer_done(&file);
    ps_buffer_done(&text);
    return ok;
}

int main(int argc, char **argv)
{
    struct ps_error err = {.text = "usage: sign_tool keygen|sign|minisig|sshsig ..."};
    bool ok = false;
    if (argc == 3 && strcmp(argv[1], "keygen") == 0)
        ok = keygen(argv[2], &err);
    else if (argc == 5 && strcmp(argv[1], "sign") == 0)
        ok = sign(argv[2], argv[3], argv[4], &err);
    else if (argc == 4 && (strcmp(argv[1], "minisig") == 0 || strcmp(argv[1], "sshsig") == 0))
        ok = check(argv[1], argv[2], argv[3], &err);
    if (!ok && err.text[0] != '\0')
        printf("%s\n", err.text);
    return ok ? 0 : 1;
}
