/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading and showing, over members that are made up here: what a view says, and that no member, however hostile, gets
 * more than its line.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/show.h"
#include "analysis/tally.h"
#include "formats/json_check.h"
#include "tests/analysis/text_members.h"

/* clang-format off */
static const struct text_member plain[] = {
    {"bagit.txt", "BagIt-Version: 1.0\n"},
    {"data/meta.json",
     "{\"format\":1,\"bundle\":\"procsnap-20261122t001500z-0123abcd\",\"seq\":0,\"tool\":{\"version\":\"1.2.3\"},"
     "\"options\":{\"profile\":\"standard\",\"procfs\":\"/proc\",\"pids\":[],\"redact\":\"environ\"},"
     "\"case\":{\"id\":\"IR-1\",\"examiner\":null},"
     "\"host\":{\"hostname\":\"ip-10-0-2-61\",\"kernel\":\"6.1.90\",\"machine\":\"x86_64\",\"boot_id\":\"b\"},"
     "\"rights\":{\"euid\":0,\"cap_effective\":\"0xa80425fb\",\"can_switch_ids\":true,\"no_new_privs\":1},"
     "\"clock\":{\"realtime_us\":1795306500000000,\"boottime_us\":5000000000}}"},
    {"data/records/process-0001.ndjson",
     PROCESS(101, ",\"parent\":{\"pid\":1},\"name\":\"nginx\",\"command_line\":\"nginx: worker\"")
     ",\"user\":{\"id\":\"101\"},\"proc\":{\"start_boot_us\":4999000000,\"exe_deleted\":true,"
     "\"cgroup\":[{\"hierarchy_id\":0,\"controllers\":\"\",\"path\":\"/ecs/t/app\"}]}}\n"
     PROCESS(1, ",\"name\":\"init\"")
     ",\"user\":{\"id\":\"0\"},\"proc\":{\"start_boot_us\":10000,\"exe_deleted\":false,\"stat\":{\"ppid\":0}}}\n"
     PROCESS(2, ",\"name\":\"kthreadd\"")
     ",\"proc\":{\"start_boot_us\":10000,\"kernel_thread\":true,\"stat\":{\"ppid\":0}}}\n"},
    {"data/records/fd-0001.ndjson", "{\"not\":\"looked at\"}\n"},
    {"data/records/socket-0001.ndjson",
     "{\"source\":{\"ip\":\"0.0.0.0\",\"port\":80},\"network\":{\"transport\":\"tcp\"},"
     "\"proc\":{\"net_tcp\":{\"state\":\"LISTEN\"},\"owners\":[{\"pid\":101,\"entity_id\":\"e101\",\"fd\":6}]}}\n"
     "{\"source\":{\"ip\":\"::\",\"port\":22},\"network\":{\"transport\":\"tcp\"},"
     "\"proc\":{\"net_tcp6\":{\"state\":\"LISTEN\"},\"owners\":[],\"owner_absent\":\"not in view\"}}\n"},
    {"data/records/change-0001.ndjson", "{\"process\":{\"pid\":9,\"name\":\"sh\"},\"proc\":{\"change\":\"ended\"}}\n"},
    {"data/records/gap-0001.ndjson",
     PROCESS(101, "")
     ",\"proc\":{\"gap\":{\"outcome\":\"denied\",\"errno\":\"EACCES\",\"files\":[\"maps\",\"fd/{}\"]}}}\n"
     PROCESS(1, "")
     ",\"proc\":{\"gap\":{\"outcome\":\"denied\",\"errno\":\"EACCES\",\"files\":[\"maps\",\"fd/{}\"]}}}\n"
     PROCESS(1, "") ",\"proc\":{\"gap\":{\"outcome\":\"timed_out\",\"files\":[\"cmdline\"]}}}\n"},
    {"data/closing.json",
     "{\"counts\":{\"captures\":60,\"outcomes\":{\"complete\":55,\"denied\":4,\"timed_out\":1}},\"sealed_early\":null,"
     "\"readers\":{\"abandoned\":0},\"clock\":{\"boottime_us\":5003200000}}"},
};

/* clang-format on */

/* Where the namespace of a process cannot be told, its tables are read with each process of it. */
Test(show, summary_counts_a_socket_once_however_often_its_table_was_read)
{
#define ROW(port, remote, inode, state) \
    "{\"source\":{\"ip\":\"10.0.0.1\",\"port\":" port "},\"destination\":{\"ip\":\"10.0.0.2\",\"port\":" remote "}," \
    "\"network\":{\"transport\":\"tcp\"},\"proc\":{\"net_tcp\":{\"state\":\"" state "\",\"inode\":" inode "},\"owners\":[]}}\n"
    static const struct text_member members[] = {
        {"data/records/socket-0001.ndjson", ROW("80", "0", "9", "LISTEN") ROW("80", "7", "0", "TIME_WAIT")
         ROW("80", "0", "9", "LISTEN") ROW("80", "7", "0", "TIME_WAIT") ROW("80", "8", "0", "TIME_WAIT")},
    };
    struct ps_snapshot s;
    LOAD(members, &s);
    char *text = view_shown(ps_show_summary, &s, 100);
    text_has(text, "sockets      tcp (3)\n tcp states  TIME_WAIT (2), LISTEN (1)\n");
    char *listening = strstr(text, "10.0.0.1:80");
    cr_assert(ne(ptr, listening, NULL));
    cr_expect(eq(ptr, strstr(listening + 1, "10.0.0.1:80"), NULL), "a listening socket is told twice");
    text_has(view_shown(ps_show_summary_json, &s, 100), "\"sockets\":3,");
    ps_snapshot_done(&s);
#undef ROW
}

Test(show, summary_is_one_screen_that_says_what_matters)
{
    struct ps_snapshot s;
    LOAD(plain, &s);
    char *text = view_shown(ps_show_summary, &s, 100);
    text_has(text, "ip-10-0-2-61, Linux 6.1.90 x86_64, up 1 h 23 min\n");
    text_has(text, "2026-11-22T00:15:00.000000Z, in 3.2 s\n             profile standard, procsnap 1.2.3\n");
    text_has(text, "IR-1, examiner not stated, reason not stated\n");
    text_has(text, "uid 0, without CAP_SYS_PTRACE, no_new_privs\n             could read with the ids of the processes\n");
    text_has(text, "processes    2, and 1 kernel thread\n");
    text_has(text, "0 (1), 101 (1)\n");
    text_has(text, "unknown (1), /ecs/t/app (1)\n");
    text_has(text, " exe deleted nginx (1)\n");
    text_has(text, " meanwhile   1 ended\n");
    text_has(text, "sockets      tcp (2)\n tcp states  LISTEN (2)\n");
    text_has(text, "0.0.0.0:80 (101 nginx)\n");
    text_has(text, "[::]:22 (not in view)\n");
    text_has(text, "4 denied, 1 timed_out of 60 captures");
    size_t lines = 0;
    for (const char *at = text; *at != '\0'; at++)
        lines += *at == '\n';
    cr_expect(lt(sz, lines, 24));
    ps_snapshot_done(&s);
}

Test(show, processes_come_by_pid_with_times_relative_to_boot_and_snapshot)
{
    struct ps_snapshot s;
    LOAD(plain, &s);
    char *text = view_shown(ps_show_processes, &s, 100);
    text_has(text, " PID PPID USER     AFTER BOOT AGE         EXE     NAME            COMMAND\n");
    text_has(text, "\n   1    0 0       00:00:00.01 1 h 23 min  ok      init            [init]\n");
    text_has(text, "\n   2    0 ?       00:00:00.01 1 h 23 min  -       kthreadd        [kthreadd]\n");
    text_has(text, "\n 101    1 101     01:23:19.00 1.0 s       DELETED nginx           nginx: worker\n");
    ps_snapshot_done(&s);
}

/* clang-format off */
static const struct text_member in_a_task[] = {
    {"data/meta.json", "{\"format\":1,\"bundle\":\"b\",\"host\":{\"proc_mount\":\"rw,hidepid=invisible\"}}"},
    {"data/records/system-0001.ndjson",
     "{\"proc\":{\"uptime\":{}}}\n"
     "{\"proc\":{\"platform\":{\"name\":\"ecs-fargate\",\"by\":\"AWS_EXECUTION_ENV\",\"host_pid_namespace\":true}}}\n"},
    {"data/records/task-0001.ndjson",
     "{\"orchestrator\":{\"cluster\":{\"name\":\"prod\"}},\"cloud\":{\"availability_zone\":\"eu-west-1b\"},"
     "\"proc\":{\"ecs\":{\"family\":\"shop\\u001b[2J\",\"revision\":\"17\",\"known_status\":\"RUNNING\"}}}\n"},
    {"data/records/process-0001.ndjson",
     PROCESS(1, "") ",\"container\":{\"id\":\"aa\",\"name\":\"app\"},\"proc\":{}}\n"
     PROCESS(2, "") ",\"container\":{\"id\":\"bb\"},\"proc\":{\"role\":\"responder\"}}\n"
     PROCESS(3, "") ",\"proc\":{}}\n"},
};
/* clang-format on */

Test(show, summary_says_where_it_was_taken)
{
    struct ps_snapshot s;
    LOAD(in_a_task, &s);
    char *text = view_shown(ps_show_summary, &s, 100);
    text_has(text, "platform     ecs-fargate, told by AWS_EXECUTION_ENV; the PID namespace of the machine\n");
    text_has(text, "/proc is mounted so that it hides things: rw,hidepid=invisible\n");
    text_has(text, ":17, RUNNING, cluster prod, eu-west-1b\n");
    cr_expect(strchr(text, 0x1b) == NULL);
    text_has(text, "app (1)");
    text_has(text, "bb (1)");
    text_has(text, "in none that is known (1)");
    text_has(text, "1 of the processes are the responder's own\n");
    text = view_shown(ps_show_processes, &s, 140);
    text_has(text, " CONTAINER        NAME ");
    ps_snapshot_done(&s);
}

Test(show, gaps_read_like_an_explanation)
{
    struct ps_snapshot s;
    LOAD(plain, &s);
    char *text = view_shown(ps_show_gaps, &s, 100);
    text_has(text, "Denied (EACCES)\n  not read  maps, fd/*\n  of        2 processes: 1 init, 101 nginx\n  because   ");
    char *right = strstr(text, "CAP_SYS_PTRACE");
    cr_assert(ne(ptr, right, NULL));
    text_has(text, "The right that was missing: CAP_SYS_PTRACE\n");
    text_has(text, "linuxParameters.capabilities.add [\"SYS_PTRACE\"]");
    cr_expect(strstr(strstr(right, "[\"SYS_PTRACE\"]") + 1, "[\"SYS_PTRACE\"]") == NULL, "the remedy is told twice");
    text_has(text, "No answer in time\n  not read  cmdline\n  of        1 init\n");
    text_has(text, "--read-timeout");
    text_has(text, "Left out on purpose\n  environ ");
    cr_expect(strstr(text, "--profile standard") == NULL);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        cr_expect(le(sz, strlen(line), 100), "%s", line);
    ps_snapshot_done(&s);
}

/* clang-format off */
#define GAP(text) "{\"proc\":{\"gap\":{" text "}}}\n"
#define GAP_OF(pid, text) PROCESS(pid, "") ",\"proc\":{\"gap\":{" text "}}}\n"
static const struct text_member many_gaps[] = {
    {"data/meta.json", "{\"format\":1,\"bundle\":\"b\",\"options\":{\"profile\":\"card\",\"redact\":\"none\","
                       "\"files\":\"none\",\"recover\":false,\"memory\":\"suspects\"},"
                       "\"rights\":{\"euid\":0,\"cap_effective\":\"0xa80425fb\",\"can_switch_ids\":true}}"},
    {"data/records/gap-0001.ndjson",
     GAP("\"outcome\":\"covered\",\"pid\":4711,\"shows_pid\":1,\"why\":\"a mount over this directory\"")
     GAP("\"outcome\":\"hidden\",\"pid\":666,\"why\":\"pidfd_open knows this process\"")
     GAP("\"outcome\":\"denied\",\"files\":[\"facts/ecs/container\",\"facts/ecs/task\"]")
     GAP("\"outcome\":\"timed_out\",\"files\":[\"facts/ecs/task\"]")
     GAP_OF(7, "\"outcome\":\"failed\",\"errno\":\"EXDEV\",\"reader\":\"quiet\",\"files\":[\"stat\"]")
     GAP_OF(8, "\"outcome\":\"failed\",\"errno\":\"EXDEV\",\"reader\":\"memory\",\"files\":[\"root/{}\"]")
     GAP_OF(8, "\"outcome\":\"failed\",\"errno\":\"EOPNOTSUPP\",\"reader\":\"memory\",\"files\":[\"exe\"]")
     GAP_OF(8, "\"outcome\":\"truncated\",\"reader\":\"memory\",\"files\":[\"files\"]")
     GAP_OF(8, "\"outcome\":\"truncated\",\"reader\":\"memory\",\"files\":[\"mem\"]")
     GAP_OF(8, "\"outcome\":\"truncated\",\"reader\":\"quiet\",\"files\":[\"task/{}/stat\",\"task/{}/status\"]")
     GAP_OF(8, "\"outcome\":\"skipped\",\"reader\":\"quiet\",\"files\":[\"net/tcp\",\"net/tcp6\"]")
     GAP_OF(9, "\"outcome\":\"skipped\",\"reader\":\"memory\",\"files\":[\"maps\",\"io\"]")
     GAP_OF(8, "\"outcome\":\"withheld\",\"why\":\"private key\",\"files\":[\"root/etc/key\"]")
     GAP_OF(8, "\"outcome\":\"withheld\",\"why\":\"recovered_bytes\",\"files\":[\"fd/3\"]")
     GAP_OF(8, "\"outcome\":\"withheld\",\"why\":\"objects\",\"files\":[\"fd/4\"]")},
    {"data/closing.json", "{\"counts\":{\"captures\":60},\"sealed_early\":null,\"read_as_others\":12,"
                          "\"limits_reached\":[\"threads\",\"net_namespaces\"]}"},
};
/* clang-format on */

Test(show, each_way_to_miss_something_has_its_own_reason)
{
    static const char *const expected[] = {
        "A process in another one's place\n  what      a mount over this directory\n  of        4711 (no name)\n",
        "Hidden processes\n  what      pidfd_open knows this process\n  of        666 (no name)\n",
        "Asked, and refused\n  not read  facts/ecs/container, facts/ecs/task\n",
        "Asked, and no answer in time\n  not read  facts/ecs/task\n",
        "Something else is mounted there (EXDEV)\n  not read  stat\n",
        "Content behind another mount (EXDEV)\n  not read  root/*\n",
        "Content could not be opened (EOPNOTSUPP)\n  not read  exe\n",
        "Content cut at a limit\n  not read  files\n",
        "Memory cut at a limit\n  not read  mem\n",
        "More threads than are read\n  not read  task/*/stat, task/*/status\n",
        "More network namespaces than are read\n  not read  net/tcp, net/tcp6\n",
        "  reached   threads, net_namespaces\n",
        "Not tried\n  not read  maps, io\n",
        "Private keys, hashed and not kept\n  not read  root/etc/key\n",
        "Hashed and not kept: --no-recover\n  not read  fd/3\n",
        "Hashed and not kept: too many contents\n  not read  fd/4\n",
        "Read with the ids of others\n  how       12 captures of processes of other users",
        "No file was hashed or kept, and no drift list made: --profile card",
        "--no-recover: files were hashed",
        "--memory suspects",
        "ECS_CONTAINER_METADATA_URI_V4 was not set",
    };
    struct ps_snapshot s;
    LOAD(many_gaps, &s);
    char *text = view_shown(ps_show_gaps, &s, 110);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        text_has(text, expected[i]);
    cr_expect(strstr(text, "SYS_PTRACE") == NULL, "a fact that is denied is no matter of capabilities");
    cr_expect(strstr(text, "keyed hashes") == NULL);
    ps_snapshot_done(&s);
}

Test(show, json_views_are_lines)
{
    static ps_view *const views[] = {ps_show_summary_json, ps_show_processes_json, ps_show_gaps_json};
    struct ps_snapshot s;
    LOAD(plain, &s);
    for (size_t i = 0; i < 3; i++) {
        char *text = view_shown(views[i], &s, 100);
        for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
            struct ps_json_check check = {0};
            struct ps_json_flaw flaw;
            cr_expect(ps_json_check(&check, ps_span_text(line), &flaw), "%s", line);
            ps_json_check_done(&check);
        }
    }
    ps_snapshot_done(&s);
}

/* clang-format off */
static const struct text_member hostile[] = {
    {"data/records/process-0001.ndjson",
     PROCESS(7, ",\"name\":\"\\u001b[2J\\n9 root\",\"command_line\":\"x\xef\xbf\xbd\",\"command_line_b64\":\"eP8=\"")
     ",\"user\":{\"id\":\"\\u202e0\"},\"proc\":{\"start_boot_us\":\"18446744073709551615\"}}\n"
     "not json\n"
     "[1]\n"
     "{\"process\":{\"pid\":1,\"pid\":2}}\n"
     "{\"process\":7,\"proc\":[]}\n"
     "{\"process\":{\"pid\":\"x\",\"name\":{}},\"proc\":{\"cgroup\":{\"path\":1}}}\n"
     "\n"
     "{\"cut\":"},
    {"data/records/gap-0001.ndjson",
     "{\"proc\":{\"gap\":{\"outcome\":\"\\u001b\",\"files\":[\"a\\nb\",7],\"why\":\"\\u001b\"}}}\n"
     "{\"proc\":{\"gap\":{\"outcome\":\"malformed\",\"why\":\"x\\ny\"}}}\n"},
    {"data/meta.json",
     "{\"host\":{\"hostname\":\"\\u009b31m\",\"kernel\":[]},\"rights\":{\"cap_effective\":\"0xzz\"}}"},
};

/* clang-format on */

Test(show, hostile_records_stay_within_their_line)
{
    static ps_view *const views[] = {ps_show_summary, ps_show_processes, ps_show_gaps};
    struct ps_snapshot s;
    LOAD(hostile, &s);
    cr_expect(eq(u64, s.unreadable_lines, 4));
    text_has(view_shown(ps_show_processes, &s, 80), " \\u{202e}0 ");
    text_has(view_shown(ps_show_processes, &s, 80), " \\x1b[2J\\x0a9 r~ x\\xff\n");
    for (size_t i = 0; i < 3; i++) {
        char *text = view_shown(views[i], &s, 80);
        size_t controls = 0;
        for (const char *at = text; *at != '\0'; at++)
            controls += *at != '\n' && ((unsigned char) *at < 0x20 || *at == 0x7f);
        cr_expect(eq(sz, controls, 0), "%s", text);
        cr_expect(strstr(text, "\n9 root") == NULL);
    }
    ps_snapshot_done(&s);
}

Test(show, exact_bytes_win_over_the_display_string)
{
    static const struct text_member members[] = {
        {"data/records/process-0001.ndjson",
         PROCESS(7, ",\"name\":\"a\xef\xbf\xbd\",\"name_b64\":\"Yf8=\"") ",\"proc\":{}}\n"},
    };
    struct ps_snapshot s;
    LOAD(members, &s);
    cr_assert(eq(sz, s.process_count, 1));
    cr_expect(ps_span_is(s.processes[0].name, "a\xff"));
    text_has(view_shown(ps_show_processes, &s, 100), " a\\xff ");
    ps_snapshot_done(&s);
}

Test(show, a_cut_bundle_shows_what_is_there)
{
    struct ps_snapshot s;
    load_members(plain, 3, true, &s);
    cr_expect(s.flawed);
    cr_expect(eq(sz, s.process_count, 3));
    text_has(view_shown(ps_show_summary, &s, 100), "INCOMPLETE");
    ps_snapshot_done(&s);
}

Test(show, nothing_is_shown_of_nothing)
{
    struct ps_snapshot s;
    load_members(NULL, 0, false, &s);
    (void) view_shown(ps_show_summary, &s, 80);
    text_has(view_shown(ps_show_gaps, &s, 80), "The end of the bundle is not here.");
    (void) view_shown(ps_show_processes, &s, 10);
    ps_snapshot_done(&s);
}

Test(show, a_line_longer_than_any_record_is_passed_over)
{
    enum { LONG = 3 << 20 };
    char *text = malloc(LONG + 64);
    memset(text, 'x', LONG);
    strcpy(text + LONG, "\n" PROCESS(7, "") ",\"proc\":{}}\n");
    const struct text_member members[] = {{"data/records/process-0001.ndjson", text}};
    struct ps_snapshot s;
    load_members(members, 1, false, &s);
    cr_expect(eq(u64, s.unreadable_lines, 1));
    cr_expect(eq(sz, s.process_count, 1));
    ps_snapshot_done(&s);
    free(text);
}

Test(tally, counts_and_says_what_is_left_over)
{
    static const char *const words[] = {"b", "a", "b", "", "c", "b", "a"};
    struct ps_tally t = {0};
    struct ps_buffer out = {0};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        ps_tally_add(&t, ps_span_text(words[i]));
    ps_tally_count(&t);
    ps_tally_line(&t, 80, "unknown", "none", &out);
    cr_expect(ps_span_is(ps_buffer_span(&out), "b (3), a (2), unknown (1), c (1)"));
    ps_buffer_clear(&out, SIZE_MAX);
    ps_tally_line(&t, 32, "unknown", "none", &out);
    cr_expect(ps_span_is(ps_buffer_span(&out), "b (3), a (2), 2 others"), "%.*s", (int) out.len, (char *) out.data);
    ps_tally_done(&t);
    ps_tally_add(&t, ps_span_text("/ecs/0123456789abcdef0123456789abcdef/0123456789abcdef-1"));
    ps_buffer_clear(&out, SIZE_MAX);
    ps_tally_line(&t, 80, "unknown", "none", &out);
    cr_expect(ps_span_is(ps_buffer_span(&out), "~456789abcdef0123456789abcdef/0123456789abcdef-1 (1)"), "%.*s",
              (int) out.len, (char *) out.data);
    ps_buffer_done(&out);
    ps_tally_done(&t);
}
