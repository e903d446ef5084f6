/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "collector/watch/changes.h"
#include "formats/records.h"

enum { WATCH = 7, CONDUCTOR = 70 };

static struct ps_sightings before, now;
static struct ps_buffer out;

static void saw(struct ps_sightings *s, uint32_t pid, uint32_t ppid, uint64_t start)
{
    s->processes[s->process_count++] = (struct ps_sighting){start, pid, ppid};
}

static void hashed(struct ps_sightings *s, uint8_t byte)
{
    memset(s->executables[s->executable_count++], byte, PS_SHA256_LEN);
}

static const char *changes(void)
{
    struct ps_json j = ps_json_into(&out);
    ps_buffer_clear(&out, SIZE_MAX);
    ps_changes_settle(&before, WATCH, CONDUCTOR);
    ps_changes_settle(&now, WATCH, CONDUCTOR);
    ps_changes_add(&j, &before, &now);
    ps_buffer_add_byte(&out, '\0');
    return (const char *) out.data;
}

static size_t times(const char *text, const char *word)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
        count++;
    return count;
}

static void teardown(void)
{
    ps_buffer_done(&out);
}

TestSuite(changes, .fini = teardown);

Test(changes, a_life_is_a_pid_and_its_start)
{
    struct ps_records_facts facts = {.boot_id = "boot", .pid_namespace = 5};
    char entity[41];
    strcpy(before.boot_id, "boot");
    strcpy(now.boot_id, "boot");
    before.pid_namespace = now.pid_namespace = 5;
    saw(&before, 9, 1, 100);
    saw(&before, 1, 0, 10);
    saw(&now, 1, 0, 10);
    saw(&now, 9, 1, 200); /* the pid of one that ended */
    const char *text = changes();
    ps_entity_id(&facts, 9, 200, entity);
    cr_expect(strstr(text, "\"processes_new\":[\"") != NULL && strstr(text, entity) != NULL, "%s", text);
    ps_entity_id(&facts, 9, 100, entity);
    cr_expect(strstr(strstr(text, "\"processes_ended\""), entity) != NULL, "%s", text);
    ps_entity_id(&facts, 1, 10, entity);
    cr_expect(strstr(text, entity) == NULL, "%s", text);
}

Test(changes, our_own_processes_are_no_news)
{
    saw(&now, WATCH, 1, 1);
    saw(&before, WATCH, 1, 1);
    saw(&now, CONDUCTOR, WATCH, 5);
    saw(&now, 71, CONDUCTOR, 6);
    saw(&now, 72, WATCH, 7); /* a courier */
    cr_expect(eq(str, (char *) changes(), (char *) "\"changes\":{\"processes_new\":[],\"processes_ended\":[]}"));
}

Test(changes, lists_are_short_and_the_rest_is_counted)
{
    for (uint32_t i = 0; i < PS_SIGHTINGS_PROCESSES; i++)
        saw(&now, 100 + i, 1, i);
    const char *text = changes();
    cr_expect(eq(sz, times(text, "\""), 2 * PS_CHANGES_PROCESSES + 8));
    cr_expect(strstr(text, "\"processes_new_more\":65522") != NULL, "%s", text);
}

Test(changes, new_programs_once_each)
{
    hashed(&before, 0xaa);
    hashed(&now, 0xbb);
    hashed(&now, 0xaa);
    hashed(&now, 0xbb);
    const char *text = changes();
    cr_expect(eq(sz, times(text, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\""), 1));
    cr_expect(strstr(text, "aaaa") == NULL);
}

Test(changes, counts_that_make_no_sense_are_cut)
{
    now.process_count = UINT32_MAX;
    now.executable_count = UINT32_MAX;
    memset(now.boot_id, 'x', sizeof now.boot_id);
    cr_expect(strlen(changes()) < 3000);
    cr_expect(now.process_count <= PS_SIGHTINGS_PROCESSES);
    cr_expect(now.executable_count <= PS_SIGHTINGS_EXECUTABLES);
}
