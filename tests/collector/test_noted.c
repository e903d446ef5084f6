/* SPDX-License-Identifier: Apache-2.0
 *
 * What the memory reader notes of maps and cmdline for the content phase.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "collector/procfs/capture.h"

static struct ps_wanted *wanted;
static struct ps_roster *roster;
static struct ps_slot slot;
static struct ps_reader_job job;
static struct ps_reader_state reader;
static int own;

static void setup(void)
{
    static const struct ps_limits limits;
    struct ps_options options = ps_options_default();
    struct ps_caps caps;
    struct ps_error err;
    ps_caps_make(&options, &limits, &caps);
    wanted = ps_wanted_make(&options, &caps, &err);
    roster = ps_roster_make(&err);
    own = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
    cr_assert(wanted != NULL && roster != NULL && own >= 0);
    job = (struct ps_reader_job){.wanted = wanted, .roster = roster};
    reader.job = &job;
    reader.slot = &slot;
}

TestSuite(noted, .init = setup);

static void read_one(uint32_t subject, const char *cmdline, size_t cmdline_len, const char *maps, size_t cut)
{
    struct ps_target t = {.r = &reader, .subject = subject, .dir = own};
    ps_noted_cmdline(&t, (const uint8_t *) cmdline, cmdline_len);
    ps_noted_maps(&t, (const uint8_t *) maps, cut, true);
    ps_noted_maps(&t, (const uint8_t *) maps + cut, strlen(maps) - cut, false);
}

/* Notes of that sort; *last: the text of the last one. */
static unsigned count(enum ps_noted_sort sort, struct ps_span *last)
{
    unsigned found = 0;
    for (uint32_t i = 0; i < atomic_load(&wanted->noted.count); i++) {
        const struct ps_note *note = &wanted->noted.notes[i];
        if (note->sort != sort)
            continue;
        *last = ps_span_of(wanted->noted.text + note->at, note->len);
        found++;
    }
    return found;
}

static const char maps[] = "00400000-00401000 r--p 00000000 fd:01 17       /bin/app\n"
                           "00401000-00402000 r-xp 00001000 fd:01 17       /bin/app\n"
                           "7f0000000000-7f0000001000 r-xp 00000000 00:00 0 \n"
                           "7fff00000000-7fff00001000 r-xp 00000000 00:00 0       [vdso]\n";

Test(noted, mappings_to_be_executed_of_files_are_noted_wherever_the_text_is_cut)
{
    static const char want[] = "00401000-00402000 r-xp 00001000 fd:01 17       /bin/app";
    for (size_t cut = 0; cut < sizeof maps; cut++) {
        struct ps_span text = {0};
        memset(&wanted->noted, 0, sizeof wanted->noted);
        read_one(0, "app", 3, maps, cut);
        cr_expect(eq(u32, count(PS_NOTED_MAPPING, &text), 1), "cut at %zu", cut);
        cr_expect(ps_span_is(text, want), "cut at %zu", cut);
    }
}

Test(noted, a_file_that_many_have_mapped_is_one_note_with_the_first_of_them)
{
    struct ps_span text;
    for (uint32_t subject = 0; subject < 10; subject++)
        read_one(subject, "app", 3, maps, 0);
    cr_expect(eq(u32, count(PS_NOTED_MAPPING, &text), 1));
    cr_expect(eq(u32, count(PS_NOTED_ROOT, &text), 1));
    cr_expect(eq(u32, wanted->noted.notes[0].lives, PS_NOTED_LIVES));
    cr_expect(eq(u32, wanted->noted.notes[1].lives, PS_NOTED_LIVES));
}

Test(noted, arguments_that_may_be_paths_are_noted_with_the_working_directory_where_they_need_it)
{
    static const char absolute[] = "sh\0-c\0/srv/run", relative[] = "sh\0run\0--fast";
    struct ps_span text = {0};
    read_one(0, absolute, sizeof absolute, "", 0);
    cr_expect(eq(u32, count(PS_NOTED_ARGUMENTS, &text), 1));
    cr_expect(eq(u64, text.len, sizeof "/srv/run"));
    cr_expect(text.data[0] == 0 && memcmp(text.data + 1, "/srv/run", 8) == 0);

    read_one(1, relative, sizeof relative, "", 0);
    cr_expect(eq(u32, count(PS_NOTED_ARGUMENTS, &text), 2));
    cr_expect(text.data[0] == '/' && memcmp(text.data + text.len - 4, "\0run", 4) == 0);

    read_one(2, "sh\0-x", 6, "", 0);
    cr_expect(eq(u32, count(PS_NOTED_ARGUMENTS, &text), 2));
}

Test(noted, one_process_cannot_fill_the_list)
{
    static char many[200 * 3000];
    struct ps_span text;
    size_t len = 0;
    for (unsigned i = 1; i <= 3000; i++)
        len += (size_t) snprintf(many + len, sizeof many - len, "00401000-00402000 r-xp 00000000 fd:01 %u /lib\n", i);
    read_one(0, "app", 3, many, 0);
    cr_expect(eq(u32, count(PS_NOTED_MAPPING, &text), PS_NOTED_OF_ONE - 1));
    cr_expect(eq(u32, atomic_load(&wanted->missed), 3000 - (PS_NOTED_OF_ONE - 1)));
    read_one(1, "app", 3, maps, 0);
    cr_expect(eq(u32, count(PS_NOTED_MAPPING, &text), PS_NOTED_OF_ONE));
}
