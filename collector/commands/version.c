/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/commands/commands.h"

#include "build_info.h"
#include "collector/terminal.h"
#include "formats/bundle_write.h"
#include "formats/json.h"
#include "formats/records.h"

static const struct ps_flag flags[] = {
    {"json", NULL, "the same as one JSON object", 0},
};

static const struct ps_help help = {
    .usage = "procsnap version [--json]",
    .about = "What this executable was built from: version, commit, compiler and the libraries inside it.\n"
             "Compare it with what you built yourself: builds of one commit are identical.",
    .flags = flags,
    .flag_count = sizeof flags / sizeof flags[0],
    .statuses = "0  always\n2  the command line is wrong",
    .example = "procsnap version --json | jq .commit",
};

static const struct {
    const char *name, *version;
} libraries[] = {
    {"libc", PS_LIBC_VERSION},
    {"zlib", PS_ZLIB_VERSION},
    {"cjson", PS_CJSON_VERSION},
    {"libsodium", PS_LIBSODIUM_VERSION},
    {"openssl", PS_OPENSSL_VERSION},
#ifndef PROCSNAP_CORE
    {"libarchive", PS_LIBARCHIVE_VERSION},
    {"curl", PS_CURL_VERSION},
    {"ca-certificates", PS_CA_CERTIFICATES_VERSION},
#endif
};

#ifdef PROCSNAP_CORE
static const char program[] = "procsnap-core";
#else
static const char program[] = "procsnap";
#endif

enum { LIBRARY_COUNT = sizeof libraries / sizeof libraries[0] };

static void add_json(struct ps_buffer *out)
{
    struct ps_json j = ps_json_into(out);

    ps_json_object(&j, NULL);
    ps_json_text(&j, "name", program);
    ps_json_text(&j, "version", PS_VERSION);
    ps_json_text(&j, "commit", PS_COMMIT);
    ps_json_text(&j, "compiler", PS_COMPILER);
    ps_json_u64(&j, "format", PS_BUNDLE_FORMAT);
    ps_json_u64(&j, "records", PS_RECORDS_VERSION);
    ps_json_object(&j, "dependencies");
    for (size_t i = 0; i < LIBRARY_COUNT; i++)
        ps_json_text(&j, libraries[i].name, libraries[i].version);
    ps_json_object_end(&j);
    ps_json_object_end(&j);
    ps_buffer_add_byte(out, '\n');
}

static void add_text(struct ps_buffer *out)
{
    ps_buffer_addf(out, "%s %s (%s)\n", program, PS_VERSION, PS_COMMIT);
    ps_buffer_addf(out, "bundle format %d, records version %d\n", PS_BUNDLE_FORMAT, PS_RECORDS_VERSION);
    ps_buffer_addf(out, "built with %s\n", PS_COMPILER);
    for (size_t i = 0; i < LIBRARY_COUNT; i++)
        ps_buffer_addf(out, "  %-15s %s\n", libraries[i].name, libraries[i].version);
}

int ps_command_version(int argc, char **argv)
{
    struct ps_arguments in = ps_arguments_over(argc, argv, flags, sizeof flags / sizeof flags[0]);
    struct ps_argument argument;
    struct ps_buffer out = {0};
    struct ps_error err;
    bool json = false;
    enum ps_arguments_step step;

    if (ps_help_wanted(argc, argv))
        return ps_print_help(&help);
    while ((step = ps_arguments_next(&in, &argument, &err)) == PS_ARGUMENTS_ONE) {
        if (argument.flag == NULL)
            return ps_unexpected_operand(argv[0], argument.text);
        json = true;
    }
    if (step == PS_ARGUMENTS_BAD)
        return ps_usage_error(&err);

    if (json)
        add_json(&out);
    else
        add_text(&out);
    ps_print(PS_STDOUT, ps_buffer_span(&out));
    ps_buffer_done(&out);
    return PS_EXIT_OK;
}
