/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/selftest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "formats/age_read.h"
#include "formats/base64.h"
#include "formats/digest.h"
#include "formats/minisign.h"
#include "formats/record_json.h"
#include "formats/sshsig.h"
#include "parsers/catalog.h"

/* FIPS 180-4, RFC 7693: "abc" and "hello\n". */
static const char abc_sha256[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char abc_blake2b[] = "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                                  "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923";
static const char hello[] = "hello\n";
static const char hello_sha512[] = "e7c22b994c59d9cf2b48e549b1e24666636045930d3da7c1acb299d1c3b7f931"
                                   "f94aae41edda2c2b207a36e10f8bcb8d45223e54878f5b316e7ce3b6bc019629";

/* The key of seed 00 01 .. 1f; minisign and ssh-keygen accept both signatures. */
static const char minisig[] =
    "untrusted comment: signature from procsnap\n"
    "RURWR1qnVGNHTJW9EkMWxs6buKMtyf9iQstZnl/JVX6bcNnk6YHUtSNV2t+uis8Y6wBHAirrTCY2AaaAft2KdItK60I8DOSfeAk=\n"
    "trusted comment: seq:1\tfile:hello.txt\n"
    "iJN7G743YyGdCMR229Q4kgSlE+/ZTAjm6rr/410U4FyR8tl2Pt9XrCfUhLFw7Cd6Dh6T0DTPly8W15EFpsolBw==\n";
static const char sshsig[] = "-----BEGIN SSH SIGNATURE-----\n"
                             "U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgA6EHv/POEL4dcN0Y50vAmWfk1j\n"
                             "CbpQ1fHdyGZBJVMbgAAAALcHJvY3NuYXBAdjEAAAAAAAAABnNoYTUxMgAAAFMAAAALc3No\n"
                             "LWVkMjU1MTkAAABAKU2UeMLxMbrWZxbAh/TrhpNh6u0uWMCU7rR1DmFClpjms7cdM3bVgT\n"
                             "7ZBH1vat3H0/NVus7wlL0LFkzQtzuRCQ==\n"
                             "-----END SSH SIGNATURE-----\n";

/* The identity of the bytes 00 01 .. 1f; encrypted by age 1.1.1. */
static const char age_identity[] = "AGE-SECRET-KEY-1QQQSYQCYQ5RQWZQFPG9SCRGWPUGPZYSNZS23V9CCRYDPK8QARC0SWRYDWG\n";
static const char age_file[] =
    "age-encryption.org/v1\n"
    "-> X25519 VJe/L+X6CDII5tktuow3WBDzh8KW/BU/SJvxciyOhCw\n"
    "PVhPKcUK4a1DE9SrDj6p+Quhg5udXEsSmQIH9XqXkvk\n"
    "--- 8F+6KnF7hCzHzMUlpRwyGOdMk7mmcli32n+6CAJj6ps\n"
    "\262\071\067\002\366\127\371\374\060\302\365\164\327\370\304\056\320\167\103"
    "\135\236\167\227\017\156\160\332\014\266\336\362\312\117\332\333\211\177\140";

/* A saved file of some kind and the lines that it must give. */
/* clang-format off */
static const struct {
    const char *kind, *file;
    size_t len;
    const char *lines;
} saved[] = {
#define SAVED(kind, file, lines) {kind, file, sizeof(file) - 1, lines}
    SAVED("pid_stat", "4711 (a) R 1 (b\nc) S 1 4711\n",
          "{\"kind\":\"pid_stat\",\"pid\":4711,\"comm\":\"a) R 1 (b\\nc\",\"state\":\"S\",\"ppid\":1,\"pgrp\":4711}\n"),
    SAVED("pid_cmdline", "sh\0-c\0\0", "{\"kind\":\"pid_cmdline\",\"args\":[\"sh\",\"-c\",\"\"]}\n"),
    SAVED("pid_cgroup", "0::/ecs/a:b\n",
          "{\"kind\":\"pid_cgroup\",\"hierarchy_id\":0,\"controllers\":\"\",\"path\":\"/ecs/a:b\"}\n"),
    SAVED("pid_mountinfo", "36 35 98:0 / /a\\040b rw,noatime master:1 - ext4 /dev/root rw\n",
          "{\"kind\":\"pid_mountinfo\",\"mount_id\":36,\"parent_id\":35,\"major\":98,\"minor\":0,\"root\":\"/\","
          "\"mount_point\":\"/a b\",\"options\":\"rw,noatime\",\"optional_fields\":[\"master:1\"],"
          "\"fs_type\":\"ext4\",\"source\":\"/dev/root\",\"super_options\":\"rw\"}\n"),
    SAVED("net_tcp",
          "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
          "   0: 0100007F:1F90 0200007F:0035 06 00000000:00000000 03:00000A2B 00000000     0        0 0 3 00000000\n",
          "{\"kind\":\"net_tcp\",\"sl\":0,\"local_address\":\"127.0.0.1\",\"local_port\":8080,"
          "\"remote_address\":\"127.0.0.2\",\"remote_port\":53,\"state\":\"TIME_WAIT\",\"tx_queue\":0,"
          "\"rx_queue\":0,\"timer_active\":3,\"tm_when\":2603,\"retrnsmt\":0,\"uid\":0,\"timeout\":0,\"inode\":0,"
          "\"ref_count\":3,\"pointer\":\"00000000\"}\n"),
#undef SAVED
};
/* clang-format on */

/* Each test is true for the right answer. One that needs memory and gets none says so in *no_memory. */

static bool is_hex(const uint8_t *hash, size_t len, const char *want)
{
    char text[2 * PS_SHA512_LEN + 1];

    ps_hex_text(ps_span_of(hash, len), text);
    return strcmp(text, want) == 0;
}

static bool test_sha256(bool *no_memory)
{
    (void) no_memory;
    uint8_t hash[PS_SHA256_LEN];
    ps_sha256_of(ps_span_text("abc"), hash);
    return is_hex(hash, sizeof hash, abc_sha256);
}

static bool test_sha512(bool *no_memory)
{
    (void) no_memory;
    uint8_t hash[PS_SHA512_LEN];
    ps_sha512_of(ps_span_text(hello), hash);
    return is_hex(hash, sizeof hash, hello_sha512);
}

static bool test_blake2b(bool *no_memory)
{
    (void) no_memory;
    uint8_t hash[PS_BLAKE2B512_LEN];
    ps_blake2b512_of(ps_span_text("abc"), hash);
    return is_hex(hash, sizeof hash, abc_blake2b);
}

/* Made as known, and accepted; with one bit of the file changed, refused. */
static bool minisign_answers(const struct ps_signing_key *key, struct ps_buffer *text)
{
    const struct ps_public_key *pk = ps_signing_key_public(key);
    struct ps_minisign_result result;
    struct ps_error err;
    uint8_t hash[PS_BLAKE2B512_LEN];

    ps_blake2b512_of(ps_span_text(hello), hash);
    if (!ps_minisign_sign(key, hash, ps_span_text("seq:1\tfile:hello.txt"), text, &err))
        return false;
    struct ps_span made = ps_buffer_span(text);
    if (!ps_span_is(made, minisig) || ps_minisign_verify(made, pk, hash, &result) != PS_SIGNATURE_GOOD)
        return false;
    hash[0] ^= 1;
    return ps_minisign_verify(made, pk, hash, &result) == PS_SIGNATURE_WRONG;
}

static bool sshsig_answers(const struct ps_signing_key *key, struct ps_buffer *text)
{
    const struct ps_public_key *pk = ps_signing_key_public(key);
    const char *why;
    uint8_t hash[PS_SHA512_LEN];

    ps_sha512_of(ps_span_text(hello), hash);
    ps_sshsig_sign(key, hash, text);
    struct ps_span made = ps_buffer_span(text);
    if (!ps_span_is(made, sshsig) || ps_sshsig_verify(made, pk, hash, &why) != PS_SIGNATURE_GOOD)
        return false;
    hash[0] ^= 1;
    return ps_sshsig_verify(made, pk, hash, &why) == PS_SIGNATURE_WRONG;
}

static bool test_signature(bool (*answers)(const struct ps_signing_key *key, struct ps_buffer *text), bool *no_memory)
{
    struct ps_signing_key *key = NULL;
    struct ps_buffer text = {0};
    struct ps_error err;
    uint8_t seed[PS_SEED_LEN];

    for (size_t i = 0; i < sizeof seed; i++)
        seed[i] = (uint8_t) i;
    if (!ps_signing_key_from_seed(seed, &key, &err)) {
        *no_memory = err.sys_errno == ENOMEM;
        return false;
    }
    bool ok = answers(key, &text);
    *no_memory = text.failed;
    ps_buffer_done(&text);
    ps_signing_key_free(key);
    return ok;
}

static bool test_minisign(bool *no_memory)
{
    return test_signature(minisign_answers, no_memory);
}

static bool test_sshsig(bool *no_memory)
{
    return test_signature(sshsig_answers, no_memory);
}

/* A stored and a repeating piece there and back; how it is packed may differ between versions of zlib, what comes out
 * may not. */
static bool test_deflate(bool *no_memory)
{
    enum { LEN = 8192, ROOM = 2 * LEN };
    uint8_t *in = malloc(LEN), *packed = malloc(ROOM), *out = malloc(LEN);
    uLongf packed_len = ROOM, out_len = LEN;
    int made = in != NULL && packed != NULL && out != NULL ? Z_OK : Z_MEM_ERROR;

    for (uint32_t i = 0, x = 1; made == Z_OK && i < LEN; i++) {
        x = x * 1664525 + 1013904223;
        in[i] = i < LEN / 2 ? (uint8_t) (x >> 24) : (uint8_t) (i % 61);
    }
    if (made == Z_OK)
        made = compress2(packed, &packed_len, in, LEN, 1);
    if (made == Z_OK)
        made = uncompress(out, &out_len, packed, packed_len);
    bool ok = made == Z_OK && packed_len < LEN && out_len == LEN && memcmp(in, out, LEN) == 0;
    *no_memory = made == Z_MEM_ERROR;
    free(in);
    free(packed);
    free(out);
    return ok;
}

static bool test_base64(bool *no_memory)
{
    struct ps_buffer text = {0};
    uint8_t back[5];

    ps_base64_add(&text, ps_span_of("\0\xff\x10zz", 5));
    bool ok = !text.failed && ps_span_is(ps_buffer_span(&text), "AP8Qeno=") &&
              ps_base64_decode(ps_buffer_span(&text), back, sizeof back) && memcmp(back, "\0\xff\x10zz", 5) == 0;
    *no_memory = text.failed;
    ps_buffer_done(&text);
    return ok;
}

static bool test_parsers(bool *no_memory)
{
    struct ps_buffer lines = {0};
    bool ok = true;

    for (size_t i = 0; i < sizeof saved / sizeof saved[0] && ok; i++) {
        const struct ps_row *row = ps_catalog_kind(ps_span_text(saved[i].kind));
        ps_buffer_clear(&lines, SIZE_MAX);
        ok = row != NULL && ps_parse_lines(&lines, row->parser, ps_span_of(saved[i].file, saved[i].len)) == 0 &&
             !lines.failed && ps_span_is(ps_buffer_span(&lines), saved[i].lines);
    }
    *no_memory = lines.failed;
    ps_buffer_done(&lines);
    return ok;
}

static bool age_bytes(void *context, void *out, size_t room, size_t *got, struct ps_error *err)
{
    struct ps_span *left = context;

    (void) err;
    *got = left->len < room ? left->len : room;
    memcpy(out, left->data, *got);
    *left = ps_span_of(left->data + *got, left->len - *got);
    return true;
}

/* What age has encrypted, opened. */
static bool test_age(bool *no_memory)
{
    struct ps_span left = ps_span_of(age_file, sizeof age_file - 1);
    struct ps_error err = {0};
    struct ps_flaw flaw;
    uint8_t out[sizeof hello];
    size_t got = 0, more = 0;

    struct ps_age_identities *ids = ps_age_identities_new(&err);
    struct ps_age_reader *r = NULL;
    if (ids != NULL && ps_age_identities_read(ids, ps_span_text(age_identity), &err))
        r = ps_age_reader_new(ids, age_bytes, &left, &err);
    bool ok = r != NULL && ps_age_reader_read(r, out, sizeof out, &got, &flaw, &err) == PS_SOURCE_NEXT &&
              ps_span_is(ps_span_of(out, got), hello) &&
              ps_age_reader_read(r, out, sizeof out, &more, &flaw, &err) == PS_SOURCE_END;
    *no_memory = err.sys_errno == ENOMEM;
    ps_age_reader_free(r);
    ps_age_identities_free(ids);
    return ok;
}

static const struct {
    const char *name;
    bool (*run)(bool *no_memory);
} tests[] = {
    {"SHA-256", test_sha256},    {"SHA-512", test_sha512}, {"BLAKE2b", test_blake2b}, {"base64", test_base64},
    {"minisign", test_minisign}, {"SSHSIG", test_sshsig},  {"age", test_age},
    {"deflate", test_deflate},   {"parsers", test_parsers},
};

const char *ps_selftest_name(size_t index)
{
    return index < sizeof tests / sizeof tests[0] ? tests[index].name : NULL;
}

enum ps_selftest_answer ps_selftest_run(size_t index)
{
    bool no_memory = false;

    if (tests[index].run(&no_memory))
        return PS_SELFTEST_RIGHT;
    return no_memory ? PS_SELFTEST_NO_MEMORY : PS_SELFTEST_WRONG;
}

bool ps_selftest(struct ps_error *err)
{
    for (size_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        enum ps_selftest_answer answer = ps_selftest_run(i);
        if (answer == PS_SELFTEST_NO_MEMORY)
            return ps_fail(err, ENOMEM, "cannot do the self-test of %s, and nothing is collected without it",
                           tests[i].name);
        if (answer == PS_SELFTEST_WRONG)
            return ps_fail(err, 0,
                           "self-test of %s failed: this executable does not work as it was built to; nothing "
                           "was collected; take a fresh copy and compare its SHA-256",
                           tests[i].name);
    }
    return true;
}
