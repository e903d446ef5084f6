/* SPDX-License-Identifier: Apache-2.0
 *
 * What the journal says of a core comes back as it was, and nothing else is taken for it.
 */
#include "formats/dump_facts.h"

#include <criterion/criterion.h>
#include <string.h>

static bool from(const char *text, struct ps_dump_facts *out)
{
    struct ps_json_check check = {0};
    struct ps_json_flaw flaw;
    cJSON *tree = ps_json_parse(&check, ps_span_text(text), &flaw);
    cr_assert(tree != NULL, "%s", text);
    bool read = ps_dump_facts_read(tree, out);
    cJSON_Delete(tree);
    ps_json_check_done(&check);
    return read;
}

static void comes_back(const struct ps_dump_facts *facts)
{
    struct ps_buffer text = {0};
    struct ps_json j = ps_json_into(&text);
    struct ps_dump_facts again;
    ps_dump_facts_add(&j, facts);
    ps_buffer_add_byte(&text, 0);
    cr_assert(from((const char *) text.data, &again), "%s", (const char *) text.data);
    cr_assert_eq(again.chosen, facts->chosen);
    cr_assert_eq(again.read, facts->read);
    cr_assert_eq(again.no_pagemap, facts->no_pagemap);
    cr_assert_eq(again.hashed, facts->hashed);
    cr_assert_eq(again.mapped_bytes, facts->mapped_bytes);
    cr_assert_eq(again.present_bytes, facts->present_bytes);
    cr_assert_eq(again.absent_pages, facts->absent_pages);
    cr_assert_eq(again.unreadable_pages, facts->unreadable_pages);
    cr_assert_eq(again.masked_bytes, facts->masked_bytes);
    cr_assert_eq(memcmp(again.sha256, facts->sha256, sizeof again.sha256), 0);
    ps_buffer_done(&text);
}

Test(dump_facts, every_form_comes_back)
{
    struct ps_dump_facts facts = {.chosen = PS_CHOSEN_PID};
    comes_back(&facts);
    facts = (struct ps_dump_facts){.chosen = PS_CHOSEN_ANY, .read = true, .mapped_bytes = UINT64_MAX,
                                   .present_bytes = 1, .absent_pages = 2, .unreadable_pages = 3};
    comes_back(&facts);
    facts.no_pagemap = facts.hashed = true;
    memset(facts.sha256, 0xab, sizeof facts.sha256);
    comes_back(&facts);
    facts.masked_bytes = 40;
    comes_back(&facts);
    for (unsigned i = 0; i < PS_CHOSEN_BITS; i++) {
        facts.chosen = UINT32_C(1) << i;
        comes_back(&facts);
    }
}

#define NUMBERS "\"mapped\":1,\"present\":1,\"absent_pages\":0,\"unreadable_pages\":0"

Test(dump_facts, what_is_none)
{
    static const char *const texts[] = {
        "{}",
        "{\"chosen\":\"pid\"}",
        "{\"chosen\":[\"other\"]}",
        "{\"chosen\":[7]}",
        "{\"chosen\":[\"pid\",\"pid\"]}",
        "{\"chosen\":[\"all\",\"pid\"]}",
        "{\"chosen\":[\"pid\"],\"mapped\":1}",
        "{\"chosen\":[\"pid\"],\"present\":1}",
        "{\"chosen\":[\"pid\"],\"mapped\":-1,\"present\":1,\"absent_pages\":0,\"unreadable_pages\":0}",
        "{\"chosen\":[\"pid\"]," NUMBERS ",\"more\":1}",
        "{\"chosen\":[\"pid\"],\"pagemap\":true}",
        "{\"chosen\":[\"pid\"],\"masked\":0}",
        "{\"chosen\":[\"pid\"],\"masked\":\"many\"}",
        "{\"chosen\":[\"pid\"],\"sha256\":\"00\"}",
        "{\"chosen\":[\"pid\"],\"sha256\":7}",
    };
    struct ps_dump_facts out = {.chosen = 77};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_assert_not(from(texts[i], &out), "%s", texts[i]);
    cr_assert_eq(out.chosen, 77, "untouched");
    cr_assert(from("{\"chosen\":[]," NUMBERS "}", &out));
}
