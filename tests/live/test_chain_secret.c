/* SPDX-License-Identifier: Apache-2.0
 *
 * Who ever holds the secret of a chain: while a real snapshot of it is taken, the memory of all its processes is
 * searched for K_i and K_{i+1} and for the seeds of both steps. Only the process that made the chain may hold a K, and
 * only the builder the seed of its own step. Reading others' memory needs root: 77.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collector/chain.h"
#include "collector/collect.h"

enum { NEEDLE = 16, MASK = 0x5a, CHUNK = 1 << 20, PROCESSES_MAX = 64, CHILDREN_MIN = 4, ROUNDS = 5 };
/* What a sanitizer reserves by the terabyte, and the rings, hold nothing of ours. */
enum { AREA_MAX = 16 << 20, SHARED_MAX = 256 << 10 };
enum { K_NOW, K_NEXT, SEED_NOW, SEED_NEXT, NEEDLES };

static const char *const names[NEEDLES] = {"K_i", "K_i+1", "seed_i", "seed_i+1"};

/* Masked: this process and what it forks must not hold in them what they look for. */
static uint8_t needles[NEEDLES][NEEDLE];
static uint8_t chunk[CHUNK + NEEDLE];

struct seen {
    pid_t pid;
    bool holds[NEEDLES];
};
static struct seen seen[PROCESSES_MAX];
static size_t seen_count;

static void mask(const uint8_t *secret, uint8_t out[NEEDLE])
{
    for (size_t i = 0; i < NEEDLE; i++)
        out[i] = secret[i] ^ MASK;
}

static bool is_at(const uint8_t *bytes, const uint8_t needle[NEEDLE])
{
    for (size_t i = 0; i < NEEDLE; i++)
        if ((bytes[i] ^ MASK) != needle[i])
            return false;
    return true;
}

static void search(size_t len, struct seen *who)
{
    for (size_t at = 0; at + NEEDLE <= len; at++)
        for (int n = 0; n < NEEDLES; n++)
            if ((chunk[at] ^ MASK) == needles[n][0] && is_at(chunk + at, needles[n]))
                who->holds[n] = true;
}

static void search_area(int mem, unsigned long from, unsigned long to, struct seen *who)
{
    while (from < to) {
        size_t want = to - from < sizeof chunk ? to - from : sizeof chunk;
        ssize_t got = pread(mem, chunk, want, (off_t) from);
        if (got <= 0)
            return;
        search((size_t) got, who);
        from += want > CHUNK ? CHUNK : want;
    }
}

static struct seen *seen_of(pid_t pid)
{
    for (size_t i = 0; i < seen_count; i++)
        if (seen[i].pid == pid)
            return &seen[i];
    if (seen_count == PROCESSES_MAX)
        return NULL;
    seen[seen_count] = (struct seen){.pid = pid};
    return &seen[seen_count++];
}

static bool is_worth_a_search(const char *perms, unsigned long size)
{
    bool locked = size <= 64 << 10; /* a key that was made read-only */
    return perms[0] == 'r' && (locked || perms[1] == 'w') && size <= (perms[3] == 's' ? SHARED_MAX : AREA_MAX);
}

static void search_process(pid_t pid)
{
    char path[64], line[512];
    unsigned long from, to;
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    int mem = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "/proc/%d/maps", pid);
    FILE *maps = fopen(path, "re");
    struct seen *who = mem >= 0 && maps != NULL ? seen_of(pid) : NULL;
    while (who != NULL && fgets(line, sizeof line, maps) != NULL) {
        char perms[8] = "";
        if (sscanf(line, "%lx-%lx %7s", &from, &to, perms) == 3 && is_worth_a_search(perms, to - from))
            search_area(mem, from, to, who);
    }
    if (maps != NULL)
        fclose(maps);
    if (mem >= 0)
        close(mem);
}

static pid_t parent_of(pid_t pid)
{
    char path[64], text[512] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return -1;
    size_t got = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[got] = '\0';
    const char *end = strrchr(text, ')');
    return end != NULL ? (pid_t) strtol(end + 4, NULL, 10) : -1;
}

/* Stopped while they are searched, the conductor first, so that nobody is called slow. How many there are. */
static size_t stop_family(pid_t conductor, pid_t out[PROCESSES_MAX])
{
    size_t count = 0;
    DIR *dir = opendir("/proc");
    out[count++] = conductor;
    kill(conductor, SIGSTOP);
    for (const struct dirent *d; dir != NULL && (d = readdir(dir)) != NULL;) {
        pid_t pid = isdigit((unsigned char) d->d_name[0]) ? (pid_t) strtol(d->d_name, NULL, 10) : 0;
        if (pid <= 0 || parent_of(pid) != conductor || count == PROCESSES_MAX)
            continue;
        out[count++] = pid;
        kill(pid, SIGSTOP);
    }
    if (dir != NULL)
        closedir(dir);
    return count;
}

static size_t count_children(pid_t pid)
{
    char path[64], text[512] = "";
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
    FILE *f = fopen(path, "re");
    size_t got = f != NULL ? fread(text, 1, sizeof text - 1, f) : 0, count = 0;
    for (size_t i = 0; i < got; i++)
        count += text[i] == ' ';
    if (f != NULL)
        fclose(f);
    return count;
}

/* False: it has fewer children than that, not all of them have been forked yet. Nobody is stopped until then. */
static bool search_family(pid_t conductor, size_t least)
{
    pid_t family[PROCESSES_MAX];
    if (count_children(conductor) < least)
        return false;
    size_t count = stop_family(conductor, family);
    bool all = count > least;
    for (size_t i = 0; all && i < count; i++)
        search_process(family[i]);
    for (size_t i = count; i-- > 0;)
        kill(family[i], SIGCONT);
    return all;
}

static void remember_secrets(const struct ps_chain *chain)
{
    struct ps_ratchet *next = NULL;
    struct ps_error err;
    uint8_t secret[PS_SEED_LEN];
    memcpy(secret, chain->ratchet, sizeof secret);
    mask(secret, needles[K_NOW]);
    if (!ps_ratchet_from_key(secret, &next, &err))
        abort();
    ps_ratchet_seed(next, secret);
    mask(secret, needles[SEED_NOW]);
    ps_ratchet_evolve(next);
    memcpy(secret, next, sizeof secret);
    mask(secret, needles[K_NEXT]);
    ps_ratchet_seed(next, secret);
    mask(secret, needles[SEED_NEXT]);
    ps_ratchet_free(next);
    sodium_memzero(secret, sizeof secret);
}

static bool found_builder(pid_t self)
{
    for (size_t i = 0; i < seen_count; i++)
        if (seen[i].pid != self && seen[i].holds[SEED_NOW])
            return true;
    return false;
}

/* One snapshot, searched when all are there, which the prober is not for long, and until the builder was met with its
 * seed. Its exit status. */
static int snapshot(const struct ps_options *options)
{
    pid_t conductor = fork();
    if (conductor == 0) {
        static struct ps_verdict verdict;
        struct ps_error err = {0};
        enum ps_collect_status status = ps_collect(options, NULL, &verdict, &err);
        fprintf(stderr, "%s%s\n", verdict.head_line, err.text);
        _exit((int) status);
    }
    int status = -1;
    bool found = false;
    for (unsigned searched = 0; waitpid(conductor, &status, searched < ROUNDS || !found ? WNOHANG : 0) == 0;) {
        searched += search_family(conductor, searched == 0 ? CHILDREN_MIN : 1);
        found = found_builder(getpid());
        usleep(searched > 0 && !found ? 20000 * searched : 2000);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int judge(pid_t self)
{
    int wrong = 0, builders = 0, others = 0;
    for (size_t i = 0; i < seen_count; i++) {
        bool maker = seen[i].pid == self, builder = !maker && seen[i].holds[SEED_NOW];
        builders += builder;
        others += !maker && !builder;
        for (int n = 0; n < NEEDLES; n++)
            if (seen[i].holds[n] && !(maker && n == K_NOW) && !(builder && n == SEED_NOW)) {
                printf("process %d holds %s\n", seen[i].pid, names[n]);
                wrong++;
            }
    }
    printf("%zu processes searched: %d builder, %d others, %d secrets in wrong hands\n", seen_count, builders, others,
           wrong);
    if (builders != 1 || others < CHILDREN_MIN) { /* conductor, two readers, prober */
        printf("the search was too slow to see all of them\n");
        return 1;
    }
    return wrong > 0;
}

int main(void)
{
    char dest[] = "/tmp/procsnap-chain-secret-XXXXXX", command[64];
    struct ps_options options = ps_options_default();
    struct ps_chain chain;
    struct ps_chain_link link;
    struct ps_error err;
    if (geteuid() != 0)
        return 77;
    if (mkdtemp(dest) == NULL || !ps_chain_begin(NULL, &chain, &err))
        return 1;
    remember_secrets(&chain);
    sodium_stackzero(16384); /* of this test's own doing */
    if (!ps_chain_link_make(&chain, "start", 60, &link, &err))
        return 1;
    options.dest = dest;
    options.chain = &link;
    options.read_timeout_ms = 60000;
    options.deadline_ms = 600000; /* to be searched takes its time */
    int status = snapshot(&options);
    ps_chain_link_close(&link);
    search_process(getpid());
    bool found = seen_of(getpid())->holds[K_NOW];
    ps_chain_end(&chain);
    snprintf(command, sizeof command, "rm -rf %s", dest);
    if (system(command) != 0 || status != 0 || !found) {
        printf("status %d, the maker's own secret was %sfound\n", status, found ? "" : "not ");
        return 1;
    }
    return judge(getpid());
}
