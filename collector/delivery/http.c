/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/delivery/http.h"

#include <errno.h>
#include <malloc.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build_info.h"
#include "collector/delivery/http_state.h"
#include "collector/delivery/trust_roots.h"

enum { ROOM_AT_FIRST = 64 << 10 };

struct ps_http {
    struct ps_http_options options;
    X509_STORE *roots; /* NULL until TLS is asked for */
};

/* curl's copies of tokens and answers do not outlive it. */
static void wiping_free(void *memory)
{
    if (memory != NULL)
        explicit_bzero(memory, malloc_usable_size(memory));
    free(memory);
}

static void *wiping_realloc(void *memory, size_t size)
{
    void *other = malloc(size > 0 ? size : 1);
    if (other == NULL || memory == NULL)
        return other;
    size_t old = malloc_usable_size(memory);
    memcpy(other, memory, old < size ? old : size);
    wiping_free(memory);
    return other;
}

/* Once in a process. Variables that make the libraries write keys to a file, or read a configuration, are the
 * container's: they are taken away. */
static bool start(void)
{
    static const char *const foreign[] = {"SSLKEYLOGFILE", "OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES"};
    static bool started;

    for (size_t i = 0; !started && i < sizeof foreign / sizeof foreign[0]; i++)
        (void) unsetenv(foreign[i]);
    if (!started)
        started =
            OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1 &&
            curl_global_init_mem(CURL_GLOBAL_ALL, malloc, wiping_free, wiping_realloc, strdup, calloc) == CURLE_OK;
    return started;
}

struct ps_http *ps_http_new(const struct ps_http_options *options, struct ps_error *err)
{
    if (options->proxy != NULL && strncmp(options->proxy, "http://", 7) != 0) {
        ps_fail(err, 0, "the proxy must be named as http://HOST:PORT; no other kind is known");
        return NULL;
    }
    struct ps_http *http = start() ? calloc(1, sizeof *http) : NULL;
    if (http == NULL) {
        ps_fail(err, ENOMEM, "cannot prepare HTTPS");
        return NULL;
    }
    http->options = *options;
    return http;
}

void ps_http_free(struct ps_http *http)
{
    if (http != NULL)
        X509_STORE_free(http->roots);
    free(http);
}

/* Runs for each connection, behind curl's own settings. */
static CURLcode trust(CURL *curl, void *context, void *roots)
{
    (void) curl;
    SSL_CTX_set1_cert_store(context, roots);
    SSL_CTX_set_options(context, SSL_OP_CLEANSE_PLAINTEXT);
    return CURLE_OK;
}

static bool add_line(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer != NULL)
        *list = longer;
    return longer != NULL;
}

/* Headers that curl would add by itself are named without a value, which leaves them out. */
static struct curl_slist *header_list(const struct ps_http_request *request)
{
    struct curl_slist *list = NULL;
    bool ok =
        add_line(&list, "Accept:") && add_line(&list, request->expect_continue ? "Expect: 100-continue" : "Expect:");
    for (const char *const *h = request->headers; ok && h != NULL && *h != NULL; h++)
        ok = add_line(&list, *h);
    if (ok)
        return list;
    curl_slist_free_all(list);
    return NULL;
}

static void set_limits(CURL *c, const struct ps_http_request *r)
{
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L); /* leave a resolver behind that does not come back */
    /* to curl 0 is for ever */
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long) (r->connect_ms > 0 ? r->connect_ms : 1));
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long) (r->total_ms > 0 ? r->total_ms : 1));
    curl_easy_setopt(c, CURLOPT_EXPECT_100_TIMEOUT_MS, 1000L);
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "procsnap/" PS_VERSION);
    curl_easy_setopt(c, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
    curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

static void set_trust(CURL *c, X509_STORE *roots)
{
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(c, CURLOPT_SSL_CIPHER_LIST, "ECDHE+AESGCM:ECDHE+CHACHA20"); /* of TLS 1.2 */
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(c, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
    curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, trust);
    curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, roots);
}

/* Any body goes the way of an upload, which adds no header but its length. */
static void set_request(CURL *c, const struct ps_http_request *r, struct ps_http_exchange *x)
{
    bool get = strcmp(r->method, "GET") == 0, head = strcmp(r->method, "HEAD") == 0;
    uint64_t len = r->body_fd >= 0 ? r->body_len : r->body.len;

    if (head)
        curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
    else if (get)
        curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
    else {
        curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t) len);
        curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
    }
    ps_http_flow_set(c, x);
}

/* Each request has a connection of its own: over one that the server has closed by now, curl would silently send a
 * request a second time, and nobody could tell what the first one did. */
static bool set_all(CURL *c, struct ps_http *http, struct ps_http_exchange *x, struct curl_slist *headers,
                    struct ps_error *err)
{
    const char *proxy = http->options.proxy;

    if (x->secure && http->roots == NULL)
        http->roots = ps_trust_roots(http->options.ca_file, err);
    if (x->secure && http->roots == NULL)
        return false;
    set_limits(c, x->request);
    set_trust(c, http->roots);
    set_request(c, x->request, x);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, x->said);
    curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(c, CURLOPT_NOPROXY, "");
    /* Both take copies; a failure to is a lack of memory. */
    if (curl_easy_setopt(c, CURLOPT_URL, x->request->url) != CURLE_OK ||
        curl_easy_setopt(c, CURLOPT_PROXY, proxy != NULL ? proxy : "") != CURLE_OK)
        return ps_fail(err, ENOMEM, "cannot send a request to %s", x->host);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    return true;
}

static void note_address(CURL *c, struct ps_http_answer *answer)
{
    char *ip = NULL;
    long port = 0;
    if (curl_easy_getinfo(c, CURLINFO_PRIMARY_IP, &ip) != CURLE_OK || ip == NULL || ip[0] == '\0' ||
        curl_easy_getinfo(c, CURLINFO_PRIMARY_PORT, &port) != CURLE_OK)
        return;
    bool six = strchr(ip, ':') != NULL;
    snprintf(answer->address, sizeof answer->address, "%s%.48s%s:%ld", six ? "[" : "", ip, six ? "]" : "", port);
}

static bool run(CURL *c, struct ps_http_exchange *x, struct ps_error *err)
{
    struct ps_http_answer *answer = x->answer;
    long status = 0;

    CURLcode code = curl_easy_perform(c);
    note_address(c, answer);
    if (curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK)
        answer->status = (int) status;
    answer->cut = x->ended == PS_HTTP_ENDED_FULL;
    answer->trouble = ps_http_trouble_of(x, c, code, err);
    return answer->trouble == PS_HTTP_ANSWERED;
}

bool ps_http_exchange(struct ps_http *http, const struct ps_http_request *request, struct ps_http_answer *answer,
                      struct ps_error *err)
{
    struct ps_http_exchange x = {.request = request, .answer = answer, .proxied = http->options.proxy != NULL};

    *answer = (struct ps_http_answer){.trouble = PS_HTTP_BAD_URL};
    if (!ps_http_read_request(&x, err))
        return false;
    answer->trouble = PS_HTTP_OURS;
    CURL *c = curl_easy_init();
    struct curl_slist *headers = header_list(request);
    /* Answers can hold secrets: one allocation, and no copies left behind. */
    bool ok =
        c != NULL && headers != NULL &&
        ps_buffer_reserve(&answer->body, request->answer_max < ROOM_AT_FIRST ? request->answer_max : ROOM_AT_FIRST);
    if (!ok)
        ps_fail(err, ENOMEM, "cannot send a request to %s", x.host);
    ok = ok && set_all(c, http, &x, headers, err) && run(c, &x, err);
    curl_slist_free_all(headers);
    curl_easy_cleanup(c);
    return ok;
}
