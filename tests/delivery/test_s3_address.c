/* SPDX-License-Identifier: Apache-2.0
 *
 * Which host and path an s3:// destination leads to, and what is refused with words that say how to write it.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "collector/delivery/s3_address.h"

static const struct ps_delivery_options no_options;
static const struct ps_s3_environment no_variables;

static void leads_to(const char *dest, struct ps_delivery_options o, struct ps_s3_environment env, const char *host,
                     const char *path)
{
    struct ps_s3_address a;
    struct ps_error err = {0};
    struct ps_buffer text = {0};
    cr_assert(ps_s3_address_read(dest, &o, &env, &a, &err), "%s: %s", dest, err.text);
    ps_s3_address_host(&a, &text);
    cr_expect(ps_span_is(ps_buffer_span(&text), host), "%.*s instead of %s", (int) text.len, (const char *) text.data, host);
    ps_buffer_clear(&text, SIZE_MAX);
    ps_s3_address_path(&a, "x.tar.gz", &text);
    cr_expect(ps_span_is(ps_buffer_span(&text), path), "%.*s instead of %s", (int) text.len, (const char *) text.data, path);
    ps_buffer_done(&text);
}

static void refused(const char *dest, struct ps_delivery_options o, struct ps_s3_environment env, const char *says)
{
    struct ps_s3_address a;
    struct ps_error err = {0};
    cr_assert_not(ps_s3_address_read(dest, &o, &env, &a, &err), "%s was taken", dest);
    cr_expect(strstr(err.text, says) != NULL, "\"%s\" does not say \"%s\"", err.text, says);
}

#define OPTIONS(...) ((struct ps_delivery_options){__VA_ARGS__})
#define VARIABLES(...) ((struct ps_s3_environment){__VA_ARGS__})

Test(s3_address, the_bucket_is_in_the_host)
{
    leads_to("s3://evidence/", no_options, no_variables, "evidence.s3.us-east-1.amazonaws.com", "/x.tar.gz");
    leads_to("s3://evidence/a/b/", OPTIONS(.region = "eu-west-1"), no_variables, "evidence.s3.eu-west-1.amazonaws.com",
             "/a/b/x.tar.gz");
    leads_to("s3://evidence/", OPTIONS(.region = "cn-north-1"), no_variables, "evidence.s3.cn-north-1.amazonaws.com.cn",
             "/x.tar.gz");
    leads_to("s3://evidence/", OPTIONS(.region = "us-gov-west-1", .fips = true), no_variables,
             "evidence.s3-fips.us-gov-west-1.amazonaws.com", "/x.tar.gz");
    leads_to("s3://evidence/", OPTIONS(.dualstack = true), no_variables, "evidence.s3.dualstack.us-east-1.amazonaws.com",
             "/x.tar.gz");
    leads_to("s3://evidence/", no_options, VARIABLES(.use_fips = "TRUE", .use_dualstack = "true", .region = "ca-central-1"),
             "evidence.s3-fips.dualstack.ca-central-1.amazonaws.com", "/x.tar.gz");
}

Test(s3_address, or_in_the_path)
{
    leads_to("s3://my.evidence/a/", OPTIONS(.region = "eu-west-1"), no_variables, "s3.eu-west-1.amazonaws.com",
             "/my.evidence/a/x.tar.gz");
    leads_to("s3://evidence/", OPTIONS(.path_style = true), no_variables, "s3.us-east-1.amazonaws.com",
             "/evidence/x.tar.gz");
}

Test(s3_address, named_endpoints)
{
    struct ps_s3_environment env = {.endpoint_url_s3 = "http://one:9000", .endpoint_url = "https://two/"};
    leads_to("s3://evidence/", OPTIONS(.endpoint_url = "https://Zero.Example:443/base/"), env, "zero.example",
             "/base/evidence/x.tar.gz");
    leads_to("s3://evidence/", no_options, env, "one:9000", "/evidence/x.tar.gz");
    env.endpoint_url_s3 = NULL;
    leads_to("s3://evidence/", no_options, env, "two", "/evidence/x.tar.gz");
    leads_to("s3://evidence/", OPTIONS(.endpoint_url = "http://[fd00::1]:80"), no_variables, "[fd00::1]",
             "/evidence/x.tar.gz");
}

Test(s3_address, a_vpc_endpoint_tells_its_region)
{
    struct ps_s3_address a;
    struct ps_error err;
    struct ps_delivery_options o = {.endpoint_url = "https://bucket.vpce-0a1b-2c3d.s3.eu-central-1.vpce.amazonaws.com"};
    struct ps_s3_environment env = {.region = "us-west-2"};
    cr_assert(ps_s3_address_read("s3://evidence/", &o, &env, &a, &err));
    cr_expect_str_eq(a.region, "eu-central-1");
    o.region = "eu-west-3";
    cr_assert(ps_s3_address_read("s3://evidence/", &o, &env, &a, &err));
    cr_expect_str_eq(a.region, "eu-west-3");
    refused("s3://evidence/", OPTIONS(.endpoint_url = "https://vpce-0a1b.s3.eu-central-1.vpce.amazonaws.com"), no_variables,
            "https://bucket.vpce-0a1b");
}

Test(s3_address, hostile_keys_are_encoded_once)
{
    leads_to("s3://evidence/case=1/a b+c/\xc3\xbc%41/", no_options, no_variables, "evidence.s3.us-east-1.amazonaws.com",
             "/case%3D1/a%20b%2Bc/%C3%BC%2541/x.tar.gz");
    leads_to("s3://evidence/a//b/../c/?#&/", no_options, no_variables, "evidence.s3.us-east-1.amazonaws.com",
             "/a//b/../c/%3F%23%26/x.tar.gz");
}

Test(s3_address, what_is_wrong_is_said_with_the_remedy)
{
    char label[80];
    memset(label, 'a', sizeof label);
    memcpy(label, "s3://", 5);
    label[70] = '/';
    label[71] = '\0';
    refused("s3://evidence", no_options, no_variables, "s3://evidence/");
    refused("s3://evidence/case1", no_options, no_variables, "s3://evidence/case1/");
    refused("s3:///x/", no_options, no_variables, "3 to 63");
    refused(label, no_options, no_variables, "3 to 63");
    refused("s3://Evidence/", no_options, no_variables, "lower-case");
    refused("s3://evi_dence/", no_options, no_variables, "lower-case");
    refused("s3://-evidence/", no_options, no_variables, "begins and ends");
    refused("s3://evidence./", no_options, no_variables, "begins and ends");
    refused("s3://evi..dence/", no_options, no_variables, "two dots");
    refused("s3://192.0.2.1/", no_options, no_variables, "IP address");
    refused("s3://arn:aws:s3:eu-west-1:1:accesspoint/x/", no_options, no_variables, "alias");
    refused("s3://evidence/a\nb/", no_options, no_variables, "UTF-8");
    refused("s3://evidence/\xff/", no_options, no_variables, "UTF-8");
    refused("s3://evidence/", OPTIONS(.region = "eu-west-1.evil.example"), no_variables, "--region");
    refused("s3://evidence/", no_options, VARIABLES(.region = "eu/west"), "AWS_REGION");
    refused("s3://evidence/", OPTIONS(.fips = true, .region = "eu-west-1"), no_variables, "FIPS");
    refused("s3://evidence/", OPTIONS(.fips = true, .endpoint_url = "https://x"), no_variables, "--fips");
    refused("s3://evidence/", OPTIONS(.endpoint_url = "https://x"), VARIABLES(.use_dualstack = "true"),
            "AWS_USE_DUALSTACK_ENDPOINT");
}

Test(s3_address, endpoints_that_are_none)
{
    static const char *const urls[] = {"ftp://x", "x", "https://", "https://a b", "https://u:p@x", "https://x:0",
                                       "https://x:65536", "https://x:", "https://x?y", "https://x/a?b", "https://x/%41",
                                       "https://[::1", "https://[]/", "https://x\r\n.example"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++)
        refused("s3://evidence/", OPTIONS(.endpoint_url = urls[i]), no_variables, "endpoint");
}

static bool moves(const char *from, const char *to, bool fips, bool named)
{
    struct ps_s3_address a;
    struct ps_error err;
    struct ps_delivery_options o = {.region = from, .fips = fips, .endpoint_url = named ? "https://x" : NULL};
    cr_assert(ps_s3_address_read("s3://evidence/", &o, &no_variables, &a, &err), "%s", err.text);
    bool moved = ps_s3_address_move(&a, ps_span_text(to));
    cr_expect_str_eq(a.region, moved ? to : from);
    return moved;
}

Test(s3_address, what_a_service_says_of_its_region_is_looked_at)
{
    cr_expect(moves("us-east-1", "eu-west-1", false, false));
    cr_expect(moves("us-east-1", "garage", false, true));
    cr_expect_not(moves("us-east-1", "us-east-1", false, false), "the same again");
    cr_expect_not(moves("us-east-1", "", false, false));
    cr_expect_not(moves("us-east-1", "evil.example/", false, false));
    cr_expect_not(moves("us-east-1", "eu-west-1\r\nX: y", false, false));
    cr_expect_not(moves("us-east-1", "EU-WEST-1", false, false));
    cr_expect_not(moves("us-east-1", "a-region-name-that-is-longer-than-any", false, false));
    cr_expect_not(moves("us-east-1", "cn-north-1", false, false), "another partition");
    cr_expect_not(moves("us-east-1", "eu-west-1", true, false), "no FIPS there");
}
