/* SPDX-License-Identifier: Apache-2.0
 *
 * One HTTP exchange as the tests want it, and what came of it as one JSON line.
 *   http_tool METHOD URL [NAME=VALUE...]    names: header (repeated), body (text), file, at, len, expect (1), connect,
 *                                           total, stall (ms), max (bytes), ca, proxy, stop (ms until ps_http_stop),
 *                                           show (name of a header), times (exchanges, one after the other)
 * With AS_COURIER in the environment: inside the sandbox that delivery has.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "collector/delivery/courier.h"
#include "collector/delivery/http.h"
#include "formats/json.h"

static const char *const troubles[] = {
    [PS_HTTP_ANSWERED] = "answered",     [PS_HTTP_BAD_URL] = "bad url",   [PS_HTTP_NO_NAME] = "no name",
    [PS_HTTP_NO_CONNECT] = "no connect", [PS_HTTP_NO_TRUST] = "no trust", [PS_HTTP_TIMED_OUT] = "timed out",
    [PS_HTTP_BROKEN] = "broken",         [PS_HTTP_STOPPED] = "stopped",   [PS_HTTP_OURS] = "ours",
};

static const char *headers[32];
static const char *show = "x-show";
static unsigned long times = 1;

static void on_alarm(int number)
{
    (void) number;
    ps_http_stop();
}

static void stop_after(unsigned long ms)
{
    struct itimerval timer = {
        .it_value = {.tv_sec = (time_t) (ms / 1000), .tv_usec = (suseconds_t) (ms % 1000 * 1000)}};
    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void take(struct ps_http_request *r, struct ps_http_options *o, char *argument)
{
    static size_t count;
    char *value = strchr(argument, '=');
    if (value == NULL)
        exit(2);
    *value++ = '\0';
    unsigned long number = strtoul(value, NULL, 10);
    if (strcmp(argument, "header") == 0 && count < 31)
        headers[count++] = value;
    else if (strcmp(argument, "body") == 0)
        r->body = ps_span_text(value);
    else if (strcmp(argument, "file") == 0)
        r->body_fd = open(value, O_RDONLY | O_CLOEXEC);
    else if (strcmp(argument, "at") == 0)
        r->body_at = number;
    else if (strcmp(argument, "len") == 0)
        r->body_len = number;
    else if (strcmp(argument, "expect") == 0)
        r->expect_continue = true;
    else if (strcmp(argument, "connect") == 0)
        r->connect_ms = (uint32_t) number;
    else if (strcmp(argument, "total") == 0)
        r->total_ms = (uint32_t) number;
    else if (strcmp(argument, "stall") == 0)
        r->stall_ms = (uint32_t) number;
    else if (strcmp(argument, "max") == 0)
        r->answer_max = number;
    else if (strcmp(argument, "ca") == 0)
        o->ca_file = value;
    else if (strcmp(argument, "proxy") == 0)
        o->proxy = value;
    else if (strcmp(argument, "stop") == 0)
        stop_after(number);
    else if (strcmp(argument, "show") == 0)
        show = value;
    else if (strcmp(argument, "times") == 0)
        times = number;
    else
        exit(2);
}

static void tell(const struct ps_http_answer *a, const char *error)
{
    struct ps_buffer out = {0};
    struct ps_json j = ps_json_into(&out);
    ps_json_object(&j, NULL);
    ps_json_text(&j, "trouble", troubles[a->trouble]);
    ps_json_u64(&j, "status", (uint64_t) a->status);
    ps_json_bytes(&j, "head", ps_buffer_span(&a->head));
    ps_json_bytes(&j, "body", ps_buffer_span(&a->body));
    ps_json_bytes(&j, "shown", ps_http_header(a, show));
    ps_json_bool(&j, "cut", a->cut);
    ps_json_bool(&j, "may_have_acted", a->may_have_acted);
    ps_json_text(&j, "address", a->address);
    ps_json_text(&j, "error", error);
    ps_json_object_end(&j);
    puts(out.failed ? "{}" : (ps_buffer_add_byte(&out, '\0'), (const char *) out.data));
    ps_buffer_done(&out);
}

int main(int argc, char **argv)
{
    struct ps_http_request request = {
        .body_fd = -1, .connect_ms = 5000, .total_ms = 10000, .answer_max = 1 << 20, .headers = headers};
    struct ps_http_options options = {0};
    struct ps_error err = {0};

    if (argc < 3)
        return 2;
    request.method = argv[1];
    request.url = argv[2];
    for (int i = 3; i < argc; i++)
        take(&request, &options, argv[i]);
    if (getenv("AS_COURIER") != NULL && ps_courier_enclose(options.ca_file).calls.state == PS_SANDBOX_REFUSED)
        return 3;
    struct ps_http *http = ps_http_new(&options, &err);
    if (http == NULL) {
        tell(&(struct ps_http_answer){.trouble = PS_HTTP_OURS}, err.text);
        return 1;
    }
    bool ok = true;
    for (unsigned long i = 0; i < times; i++) {
        struct ps_http_answer answer;
        err.text[0] = '\0';
        ok = ps_http_exchange(http, &request, &answer, &err);
        tell(&answer, err.text);
        ps_http_answer_done(&answer);
    }
    ps_http_free(http);
    return ok ? 0 : 1;
}
