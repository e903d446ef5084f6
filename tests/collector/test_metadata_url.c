/* SPDX-License-Identifier: Apache-2.0
 *
 * Which addresses are asked at all: literal ones of this link, or of this machine.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "collector/host/prober_http.h"

Test(metadata_url, link_local_and_loopback_addresses_are_taken)
{
    static const struct {
        const char *text, *host, *path;
        uint32_t address;
        uint16_t port;
    } good[] = {
        {"http://169.254.170.2/v4/abc-1", "169.254.170.2", "/v4/abc-1", 0xa9feaa02, 80},
        {"http://127.0.0.1:51678/", "127.0.0.1:51678", "/", 0x7f000001, 51678},
        {"http://169.254.255.255:65535/a?b=c", "169.254.255.255:65535", "/a?b=c", 0xa9feffff, 65535},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct ps_http_url url;
        cr_assert(ps_http_url_read(good[i].text, &url), "%s", good[i].text);
        cr_expect_str_eq(url.host, good[i].host);
        cr_expect_str_eq(url.path, good[i].path);
        cr_expect_eq(ntohl(url.address.sin_addr.s_addr), good[i].address);
        cr_expect_eq(ntohs(url.address.sin_port), good[i].port);
    }
}

Test(metadata_url, nothing_else_is)
{
    static const char *const bad[] = {
        "", "http://", "https://169.254.170.2/v4", "http://169.254.170.2", "http://169.254.170.2v4/", "http://8.8.8.8/",
        "http://169.253.1.1/", "http://169.255.1.1/", "http://128.0.0.1/", "http://localhost/", "http://[::1]/",
        "http://169.254.170.2:0/", "http://169.254.170.2:65536/", "http://169.254.170.2:/", "http://169.254.170/",
        "http://169.254.170.2.1/", "http://256.254.170.2/", "http://0169.254.170.2/", "http://user@169.254.170.2/",
        "http://169.254.170.2/a b", "http://169.254.170.2/a\r\nX: y", "http://169.254.170.2/\xc3\xa4",
        "HTTP://169.254.170.2/", " http://169.254.170.2/",
    };
    struct ps_http_url url;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_not(ps_http_url_read(bad[i], &url), "%s", bad[i]);
    char text[PS_HTTP_PATH_MAX + 64] = "http://127.0.0.1/";
    memset(text + strlen(text), 'a', PS_HTTP_PATH_MAX);
    cr_expect_not(ps_http_url_read(text, &url), "a path that is too long");
}
