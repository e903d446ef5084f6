/* SPDX-License-Identifier: Apache-2.0
 *
 * What is wrong with a request, or went wrong with it, in words and with the remedy. Nothing that the other side sent
 * is repeated here, and of the URL only the host.
 */
#include <errno.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "collector/delivery/http_state.h"
#include "formats/timestamp.h"

static bool take_host(struct ps_http_exchange *x, const char *authority)
{
    size_t len = strcspn(authority, "/?");

    if (len == 0 || len >= sizeof x->host || authority[0] == ':' || authority[len] != '/')
        return false;
    memcpy(x->host, authority, len);
    x->host[len] = '\0';
    return x->host[strcspn(x->host, "@%\\\"'<>")] == '\0';
}

bool ps_http_read_request(struct ps_http_exchange *x, struct ps_error *err)
{
    const char *url = x->request->url;
    size_t scheme = strncmp(url, "https://", 8) == 0 ? 8 : strncmp(url, "http://", 7) == 0 ? 7 : 0;

    x->secure = scheme == 8;
    if (scheme == 0)
        return ps_fail(err, 0, "the address does not begin with https://");
    for (const char *at = url; *at != '\0'; at++) {
        if (*at <= ' ' || *at >= 0x7f || *at == '#')
            return ps_fail(err, 0, "the address holds a character that must be percent-encoded (byte %zu)",
                           (size_t) (at - url));
    }
    if (!take_host(x, url + scheme))
        return ps_fail(err, 0,
                       "the address does not have the form https://HOST/PATH (a name and a password in it "
                       "are not taken)");
    for (const char *const *h = x->request->headers; h != NULL && *h != NULL; h++) {
        size_t name = strcspn(*h, ": \t;\r\n");
        if (name == 0 || (*h)[name] != ':' || (*h)[strcspn(*h, "\r\n")] != '\0')
            return ps_fail(err, 0, "a header for %s does not have the form NAME: VALUE", x->host);
    }
    return true;
}

static enum ps_http_trouble no_name(const struct ps_http_exchange *x, bool proxy, bool silent, struct ps_error *err)
{
    ps_fail(err, 0, "%s for the name of %s%s: does this network have a name server (the VPC's DNS, /etc/resolv.conf)%s",
            silent ? "the name server did not answer in time" : "no address was found", proxy ? "the proxy to " : "",
            x->host,
            proxy ? "?" : ", is the name right, and if there is no way to the internet, is there a VPC endpoint?");
    return PS_HTTP_NO_NAME;
}

static enum ps_http_trouble no_connect(const struct ps_http_exchange *x, CURL *curl, bool timeout, struct ps_error *err)
{
    long why = 0;
    const char *to = x->proxied ? "the proxy to " : "";

    (void) curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &why);
    if (timeout)
        ps_fail(err, 0,
                "no connection to %s%s within %u ms: look at the security group's outgoing rules, the route table, and "
                "the NAT gateway or VPC endpoint",
                to, x->host, (unsigned) x->request->connect_ms);
    else if (why == ECONNREFUSED)
        ps_fail(err, 0, "%s%s refused the connection: is this the right address and port, and does it run?", to,
                x->host);
    else
        ps_fail(err, (int) why,
                "no connection to %s%s; look at the route table, the security group, and the NAT gateway or VPC "
                "endpoint",
                to, x->host);
    return PS_HTTP_NO_CONNECT;
}

static enum ps_http_trouble timed_out(const struct ps_http_exchange *x, CURL *curl, struct ps_error *err)
{
    curl_off_t named_us = 0;
    char *ip = NULL;

    if (curl_easy_getinfo(curl, CURLINFO_NAMELOOKUP_TIME_T, &named_us) == CURLE_OK && named_us == 0)
        return no_name(x, x->proxied, true, err);
    /* known once TCP stands; curl stops the clock of connecting only behind TLS */
    if (curl_easy_getinfo(curl, CURLINFO_PRIMARY_IP, &ip) != CURLE_OK || ip == NULL || ip[0] == '\0')
        return no_connect(x, curl, true, err);
    if (x->moved_us == 0)
        ps_fail(err, 0, "%s took the connection, and did not finish %s within %u ms", x->host,
                x->secure ? "the TLS handshake" : "it", (unsigned) x->request->connect_ms);
    else
        ps_fail(err, 0, "the exchange with %s was not finished within %u ms", x->host, (unsigned) x->request->total_ms);
    return PS_HTTP_TIMED_OUT;
}

/* The certificate was refused. */
static enum ps_http_trouble no_trust(const struct ps_http_exchange *x, CURL *curl, struct ps_error *err)
{
    char now[PS_TIMESTAMP_SIZE];
    long result = X509_V_OK;

    (void) curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &result);
    ps_timestamp((int64_t) time(NULL) * 1000000, now);
    switch (result) {
    case X509_V_OK:
    case X509_V_ERR_UNSPECIFIED: /* curl compares the name before it asks for the verdict */
        ps_fail(err, 0,
                "the certificate of %s is for another name: is the address right? Over a bucket name with dots, "
                "--path-style helps",
                x->host);
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
        ps_fail(err, 0, "the certificate of %s %s, by this machine's clock (%.19sZ): is that clock right?", x->host,
                result == X509_V_ERR_CERT_HAS_EXPIRED ? "has expired" : "is not valid yet", now);
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        ps_fail(err, 0,
                "the certificate of %s comes from an authority that is not trusted here: if it is your own, or that of "
                "a proxy which looks into TLS, name it with --ca-file FILE",
                x->host);
        break;
    default:
        ps_fail(err, 0,
                "the certificate of %s is not trusted: %s; an authority of your own is named with --ca-file FILE",
                x->host, X509_verify_cert_error_string(result));
    }
    return PS_HTTP_NO_TRUST;
}

static enum ps_http_trouble ended(const struct ps_http_exchange *x, struct ps_error *err)
{
    switch (x->ended) {
    case PS_HTTP_ENDED_HEAD:
        ps_fail(err, 0, "the head of the answer of %s has no end: more than 64 KiB", x->host);
        return PS_HTTP_BROKEN;
    case PS_HTTP_ENDED_STALLED:
        ps_fail(err, 0, "the exchange with %s stood still for %u ms", x->host, (unsigned) x->request->stall_ms);
        return PS_HTTP_TIMED_OUT;
    case PS_HTTP_ENDED_STOPPED:
        ps_fail(err, 0, "the exchange with %s was broken off, as asked", x->host);
        return PS_HTTP_STOPPED;
    case PS_HTTP_ENDED_BODY:
        if (x->sys_errno != 0)
            ps_fail(err, x->sys_errno, "cannot read what is to be sent to %s", x->host);
        else
            ps_fail(err, 0, "what is to be sent to %s became shorter while it was read", x->host);
        return PS_HTTP_OURS;
    case PS_HTTP_ENDED_FULL:
        return PS_HTTP_ANSWERED;
    case PS_HTTP_NOT_ENDED:
    case PS_HTTP_ENDED_NO_MEMORY:
        break;
    }
    ps_fail(err, ENOMEM, "cannot keep the answer of %s", x->host);
    return PS_HTTP_OURS;
}

static enum ps_http_trouble broken(const struct ps_http_exchange *x, CURL *curl, CURLcode code, struct ps_error *err)
{
    long connect = 0;

    (void) curl_easy_getinfo(curl, CURLINFO_HTTP_CONNECTCODE, &connect);
    if (x->proxied && connect >= 300) {
        ps_fail(err, 0, "the proxy does not let us through to %s: it answered %ld", x->host, connect);
        return PS_HTTP_NO_CONNECT;
    }
    switch ((int) code) { /* of a hundred */
    case CURLE_GOT_NOTHING:
        ps_fail(err, 0, "%s closed the connection without an answer", x->host);
        break;
    case CURLE_PARTIAL_FILE:
        ps_fail(err, 0, "%s closed the connection in the middle of its answer", x->host);
        break;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        ps_fail(err, 0, "the connection to %s broke (reset, or closed in the middle)", x->host);
        break;
    default:
        ps_fail(err, 0, "%s does not answer in HTTP/1.1 (%s)", x->host, curl_easy_strerror(code));
    }
    return PS_HTTP_BROKEN;
}

/* A handshake that fails is either a connection that breaks, or the other side speaking another TLS, or none. */
static enum ps_http_trouble no_handshake(const struct ps_http_exchange *x, CURL *curl, struct ps_error *err)
{
    long why = 0;

    (void) curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &why);
    if (why == ECONNRESET || why == EPIPE || strstr(x->said, "unexpected eof") != NULL ||
        strstr(x->said, "SSL_ERROR_SYSCALL") != NULL) {
        ps_fail(err, 0, "%s broke the connection off during the TLS handshake", x->host);
        return PS_HTTP_BROKEN;
    }
    ps_fail(err, 0, "no TLS 1.2 or 1.3 could be agreed on with %s: does it speak TLS at all, on this port?", x->host);
    return PS_HTTP_NO_TRUST;
}

/* curl says the same of a line of the head that is longer than it ever keeps. */
static enum ps_http_trouble no_room(const struct ps_http_exchange *x, CURL *curl, struct ps_error *err)
{
    long asked = 0;

    if (curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &asked) != CURLE_OK || asked == 0) {
        ps_fail(err, ENOMEM, "cannot speak to %s", x->host);
        return PS_HTTP_OURS;
    }
    ps_fail(err, 0, "the head of the answer of %s has a line without end, or there is no memory for it", x->host);
    return PS_HTTP_BROKEN;
}

enum ps_http_trouble ps_http_trouble_of(const struct ps_http_exchange *x, CURL *curl, CURLcode code,
                                        struct ps_error *err)
{
    if (x->ended != PS_HTTP_NOT_ENDED)
        return ended(x, err);
    switch ((int) code) {
    case CURLE_OK:
        if (x->head_done)
            return PS_HTTP_ANSWERED;
        ps_fail(err, 0, "%s closed the connection in the head of its answer", x->host); /* no error for curl */
        return PS_HTTP_BROKEN;
    case CURLE_URL_MALFORMAT:
        ps_fail(err, 0, "the address does not have the form https://HOST/PATH");
        return PS_HTTP_BAD_URL;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return no_name(x, code == CURLE_COULDNT_RESOLVE_PROXY, false, err);
    case CURLE_COULDNT_CONNECT:
        return no_connect(x, curl, false, err);
    case CURLE_OPERATION_TIMEDOUT:
        return timed_out(x, curl, err);
    case CURLE_PEER_FAILED_VERIFICATION:
        return no_trust(x, curl, err);
    case CURLE_SSL_CONNECT_ERROR:
        return no_handshake(x, curl, err);
    case CURLE_OUT_OF_MEMORY:
        return no_room(x, curl, err);
    default:
        return broken(x, curl, code, err);
    }
}
