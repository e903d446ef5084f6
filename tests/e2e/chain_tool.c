/* SPDX-License-Identifier: Apache-2.0
 *
 * Chains of real snapshots, one after the other without a schedule:
 *
 *   chain_tool COUNT LAST INTERVAL PREV collect-words...
 *
 * COUNT snapshots; the last one has the reason LAST ("final", or any other). INTERVAL in seconds, 0: none. PREV: 64 hex
 * digits, the root that a restart names, or "-". The words are those of `collect`. Prints the head lines. With CHAIN_KEYS
 * in the environment, the secret keys go into that directory as <seq>.key: what a thief of a step would have.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/chain.h"
#include "collector/collect.h"

struct outcome {
    struct ps_verdict verdict;
    struct ps_error err;
    enum ps_collect_status status;
};

static void snapshot(const struct ps_options *options, struct outcome *out)
{
    pid_t pid = fork();
    out->status = PS_NOT_SEALED;
    if (pid == 0) {
        out->status = ps_collect(options, NULL, &out->verdict, &out->err);
        _exit(0);
    }
    (void) waitpid(pid, NULL, 0);
}

static bool give_away(const struct ps_chain *chain, struct ps_error *err)
{
    const char *dir = getenv("CHAIN_KEYS");
    struct ps_signing_key *key;
    struct ps_buffer text = {0};
    uint8_t seed[PS_SEED_LEN];
    char path[300];
    if (dir == NULL)
        return true;
    ps_ratchet_seed(chain->ratchet, seed);
    if (!ps_signing_key_from_seed(seed, &key, err))
        return false;
    ps_signing_key_write(key, &text);
    snprintf(path, sizeof path, "%s/%llu.key", dir, (unsigned long long) chain->seq);
    FILE *f = fopen(path, "w");
    bool ok = f != NULL && fwrite(text.data, 1, text.len, f) == text.len;
    if (f != NULL)
        fclose(f);
    ps_buffer_done(&text);
    ps_signing_key_free(key);
    return ok;
}

static bool add_link(struct ps_chain *chain, struct ps_options *options, const char *reason, uint64_t interval_s,
                     struct outcome *out)
{
    struct ps_chain_link link;
    uint8_t root[PS_SHA256_LEN];
    if (!give_away(chain, &out->err) || !ps_chain_link_make(chain, reason, interval_s, &link, &out->err))
        return false;
    options->chain = &link;
    snapshot(options, out);
    ps_chain_link_close(&link);
    if (out->status != PS_SEALED || !ps_hex_decode(ps_span_text(out->verdict.root), root, sizeof root))
        return false;
    ps_chain_sealed(chain, root);
    printf("%s\n", out->verdict.head_line);
    fflush(stdout);
    return true;
}

int main(int argc, char **argv)
{
    struct outcome *out = mmap(NULL, sizeof *out, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct ps_options options;
    struct ps_chain chain = {0};
    uint8_t prev[PS_SHA256_LEN];
    if (argc < 6 || out == MAP_FAILED)
        return 2;
    long count = strtol(argv[1], NULL, 10);
    bool restart = ps_hex_decode(ps_span_text(argv[4]), prev, sizeof prev);
    argv[4] = (char[]){"collect"};
    bool ok = ps_options_parse(argc - 4, argv + 4, NULL, NULL, &options, &out->err) &&
              ps_chain_begin(restart ? prev : NULL, &chain, &out->err);
    for (long i = 0; ok && i < count; i++) {
        const char *first = restart ? "restart" : "start";
        const char *reason = i == 0 ? first : i + 1 == count ? argv[2] : "schedule";
        ok = add_link(&chain, &options, reason, strtoul(argv[3], NULL, 10), out);
    }
    if (!ok)
        fprintf(stderr, "chain_tool: %s\n", out->err.text);
    ps_chain_end(&chain);
    return ok ? 0 : 1;
}
