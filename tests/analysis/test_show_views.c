/* SPDX-License-Identifier: Apache-2.0
 *
 * The views of step two: tree, one process, sockets, files. What they say, and that no record gets more than its line.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "analysis/show.h"
#include "formats/json_check.h"
#include "tests/analysis/text_members.h"

/* clang-format off */
#define PARENT(pid) ",\"parent\":{\"pid\":" #pid ",\"entity_id\":\"e" #pid "\"}"
#define AT(us) ",\"proc\":{\"start_boot_us\":" #us ",\"stat\":{\"ppid\":0}}}\n"
#define FD(pid, fd, target, class, flags) PROCESS(pid, "") ",\"proc\":{\"fd\":" #fd ",\"target\":\"" target \
    "\",\"class\":\"" class "\",\"fdinfo\":{\"flags\":\"" flags "\"}}}\n"
#define TCP(state, local, port, remote, remote_port, inode, owner) \
    "{\"source\":{\"ip\":\"" local "\",\"port\":" #port "},\"destination\":{\"ip\":\"" remote "\",\"port\":" #remote_port "}," \
    "\"network\":{\"transport\":\"tcp\"},\"proc\":{\"net_tcp\":{\"state\":\"" state "\",\"inode\":" #inode "}," owner "}}\n"
#define THREAD(pid, tid, name, stat) PROCESS(pid, ",\"thread\":{\"id\":" #tid ",\"name\":\"" name "\"}") \
    ",\"proc\":{\"stat\":{" stat "}}}\n"
#define OWNER(pid, fd) "\"owners\":[{\"pid\":" #pid ",\"entity_id\":\"e" #pid "\",\"fd\":" #fd "}]"

static const char meta[] = "{\"clock\":{\"realtime_us\":1795306500000000,\"boottime_us\":5000000000}}";

static const struct text_member plain[] = {
    {"data/meta.json", meta},
    {"data/records/process-0001.ndjson",
     PROCESS(1, ",\"name\":\"init\"") AT(10000)
     PROCESS(20, PARENT(1) ",\"name\":\"sshd\",\"command_line\":\"sshd -D\"") AT(4000000000)
     PROCESS(30, PARENT(20) ",\"name\":\"bash\",\"executable\":\"/memfd:x (deleted)\"")
     ",\"proc\":{\"start_boot_us\":4999000000,\"via_thread\":32,\"exe_deleted\":true,\"ns\":{\"net\":4026531833},"
     "\"status\":{\"Uid\":[1,2,3,4],\"Gid\":[5,5,5,5],\"Groups\":[],\"CapEff\":\"00ff\",\"Threads\":2},"
     "\"cgroup\":[{\"controllers\":\"cpu\",\"path\":\"/ecs/t/app\"},{\"controllers\":\"\",\"path\":\"/ecs/t/app\"},"
     "{\"controllers\":\"pids\",\"path\":\"/other\"}],\"root\":{\"target\":\"/\"}}}\n"
     PROCESS(21, PARENT(1) ",\"name\":\"cron\"") AT(20000)
     PROCESS(40, ",\"parent\":{\"pid\":39},\"name\":\"stray\"") AT(30000)
     PROCESS(41, ",\"parent\":{\"pid\":40},\"name\":\"late\"") AT(30001)
     PROCESS(42, "") ",\"proc\":{\"start_boot_us\":30002,\"identity_quiet\":{\"last_look\":\"unverified\"}}}\n"
     PROCESS(2, ",\"name\":\"kthreadd\"") ",\"proc\":{\"start_boot_us\":10000,\"kernel_thread\":true,\"stat\":{\"ppid\":0}}}\n"
     PROCESS(3, PARENT(2) ",\"name\":\"kworker\"") ",\"proc\":{\"start_boot_us\":10000,\"kernel_thread\":true}}\n"},
    {"data/records/fd-0001.ndjson",
     FD(20, 1, "/var/log/x", "file", "0100001")
     FD(20, 2, "/var/log/x", "file", "0100002")
     FD(30, 0, "/var/log/x", "file", "0100000")
     FD(30, 3, "/tmp/a (deleted)", "deleted", "02")
     "{\"process\":{\"pid\":30,\"entity_id\":\"e30\"},\"proc\":{\"fd\":4,\"target\":\"socket:[77]\",\"class\":\"socket\","
     "\"inode\":77}}\n"},
    {"data/records/socket-0001.ndjson",
     TCP("ESTABLISHED", "10.0.0.1", 51000, "10.0.0.2", 443, 77, OWNER(30, 4))
     TCP("ESTABLISHED", "10.0.0.2", 443, "10.0.0.1", 51000, 78, OWNER(20, 9))
     TCP("LISTEN", "2001:db8::1", 22, "::", 0, 79, OWNER(20, 3))
     TCP("LISTEN", "2001:db8::1", 22, "::", 0, 79, OWNER(20, 3))
     TCP("TIME_WAIT", "10.0.0.1", 51001, "10.0.0.2", 443, 0, "\"owners\":[],\"owner_absent\":\"no inode\"")
     "{\"network\":{\"transport\":\"unix\"},\"proc\":{\"net_unix\":{\"type\":\"STREAM\",\"flags\":\"0x10000\","
     "\"state\":\"UNCONNECTED\",\"inode\":80,\"path\":\"@x\"},\"owners\":[],\"owner_absent\":\"not in view\"}}\n"},
    {"data/records/thread-0001.ndjson",
     THREAD(30, 30, "bash", "\"state\":\"Z\",\"utime\":3,\"stime\":2")
     THREAD(30, 32, "worker 1", "\"state\":\"S\",\"utime\":6000,\"stime\":107")
     PROCESS(30, ",\"thread\":{\"id\":33}") ",\"proc\":{\"status\":{}}}\n"
     THREAD(20, 31, "another", "\"state\":\"S\"")},
    {"data/records/environ-0001.ndjson",
     "{\"process\":{\"pid\":30,\"entity_id\":\"e30\",\"env_vars\":[\"A=1\",\"\",\"B=2\",\"\"]},\"proc\":{\"redacted\":true}}\n"},
    {"data/records/gap-0001.ndjson",
     PROCESS(30, "") ",\"proc\":{\"gap\":{\"outcome\":\"denied\",\"errno\":\"EACCES\",\"files\":[\"exe\",\"fd/{}\"]}}}\n"},
};

/* Sockets that have no ports. */
#define SOCKET(transport, ends, row, owner) "{" ends "\"network\":{\"transport\":\"" transport "\"},\"proc\":{" row "," owner "}}\n"
#define ENDS(ip) "\"source\":{\"ip\":\"" ip "\"},\"destination\":{\"ip\":\"0.0.0.0\",\"port\":0},"
static const struct text_member sniffers[] = {
    {"data/records/process-0001.ndjson", PROCESS(20, ",\"name\":\"sshd\"") AT(4)},
    {"data/records/fd-0001.ndjson",
     PROCESS(20, "") ",\"proc\":{\"fd\":6,\"target\":\"socket:[91]\",\"class\":\"socket\",\"inode\":91}}\n"},
    {"data/records/socket-0001.ndjson",
     SOCKET("raw", ENDS("0.0.0.0"), "\"net_raw\":{\"protocol\":1,\"state\":\"CLOSE\",\"inode\":90}", OWNER(20, 5))
     SOCKET("icmp", ENDS("127.0.0.1"), "\"net_icmp\":{\"ident\":21359,\"state\":\"CLOSE\",\"inode\":94}", OWNER(20, 8))
     SOCKET("packet", "", "\"net_packet\":{\"type\":\"RAW\",\"protocol\":\"0x3\",\"iface\":0,\"inode\":91}", OWNER(20, 6))
     SOCKET("netlink", "", "\"net_netlink\":{\"protocol\":9,\"port_id\":77,\"inode\":92}", OWNER(20, 7))
     SOCKET("netlink", "", "\"net_netlink\":{\"protocol\":0,\"port_id\":0,\"inode\":93}",
            "\"owners\":[],\"owner_absent\":\"kernel\"")},
};

/* Each is the parent of the other, one is its own, and one chain is deeper than any page is wide. */
static const struct text_member circles[] = {
    {"data/records/process-0001.ndjson",
     PROCESS(5, PARENT(6) ",\"name\":\"five\"") AT(1)
     PROCESS(6, PARENT(5) ",\"name\":\"six\"") AT(2)
     PROCESS(7, PARENT(7) ",\"name\":\"seven\"") AT(3)
     PROCESS(8, PARENT(5) ",\"name\":\"eight\"") AT(4)},
};

/* ESC, a newline, a change of direction, and 0xff as the exact byte behind U+FFFD. */
#define EVIL "\\u001b[2J\\n9 root\\u202e"
static const struct text_member hostile[] = {
    {"data/records/process-0001.ndjson",
     PROCESS(30, ",\"name\":\"" EVIL "\",\"command_line\":\"" EVIL "\",\"executable\":\"/" EVIL " (deleted)\","
     "\"args\":[\"" EVIL "\",\"x\"],\"args_b64\":[\"G1sySv8=\",\"eA==\"],\"working_directory\":\"" EVIL "\"")
     ",\"user\":{\"id\":\"" EVIL "\"},\"proc\":{\"exe_deleted\":true,\"exe_id\":\"" EVIL "\",\"ns\":{\"" EVIL "\":5},"
     "\"status\":{\"Uid\":[\"" EVIL "\"],\"State\":\"" EVIL "\",\"CapEff\":\"" EVIL "\"},"
     "\"identity_quiet\":{\"last_look\":\"" EVIL "\"},\"root\":{\"target\":\"" EVIL "\"},"
     "\"cgroup\":[{\"controllers\":\"" EVIL "\",\"path\":\"" EVIL "\"}]}}\n"},
    {"data/records/fd-0001.ndjson", FD(30, 5, "/" EVIL, "file", EVIL) FD(30, 6, EVIL, EVIL, "9")},
    {"data/records/socket-0001.ndjson",
     TCP(EVIL, EVIL, 1, EVIL, 2, 9, OWNER(30, 6))
     "{\"network\":{\"transport\":\"" EVIL "\"},\"proc\":{\"owners\":{\"a\":7},\"owner_absent\":\"" EVIL "\"}}\n"
     "{\"network\":{\"transport\":\"unix\"},\"proc\":{\"net_unix\":{\"type\":\"" EVIL "\",\"state\":\"" EVIL "\",\"path\":\"" EVIL
     "\"},\"owners\":[7,null,{}]}}\n"
     "{\"source\":7,\"proc\":{\"net_tcp\":[]}}\n"},
    {"data/records/environ-0001.ndjson",
     "{\"process\":{\"pid\":30,\"entity_id\":\"e30\",\"env_vars\":[\"" EVIL "\",7]},\"proc\":{}}\n"},
    {"data/records/thread-0001.ndjson",
     THREAD(30, 30, EVIL, "\"state\":\"" EVIL "\",\"utime\":\"" EVIL "\"")
     "{\"process\":{\"pid\":30,\"entity_id\":\"e30\",\"thread\":7},\"proc\":{\"stat\":[]}}\n"},
    {"data/records/change-0001.ndjson", PROCESS(30, ",\"name\":\"" EVIL "\"") ",\"proc\":{\"change\":\"" EVIL "\"}}\n"},
    {"data/records/gap-0001.ndjson",
     PROCESS(30, "") ",\"proc\":{\"gap\":{\"outcome\":\"" EVIL "\",\"errno\":\"" EVIL "\",\"files\":[\"" EVIL "\",7],\"why\":\""
     EVIL "\"}}}\n"},
    {"data/records/executable-0001.ndjson",
     PROCESS(30, "") ",\"file\":{\"path\":\"" EVIL "\",\"hash\":{\"sha256\":\"" EVIL "\"}},"
     "\"proc\":{\"exe_id\":\"" EVIL "\",\"object\":\"" EVIL "\"}}\n"},
    {"data/records/file-0001.ndjson",
     PROCESS(30, "") ",\"file\":{\"path\":\"" EVIL "\"},\"proc\":{\"capture\":\"" EVIL "\",\"withheld\":\"" EVIL "\"}}\n"
     PROCESS(30, "") ",\"file\":{\"path\":\"" EVIL "\",\"type\":\"" EVIL "\"},\"proc\":{\"drift\":{}}}\n"
     PROCESS(30, "") ",\"file\":7,\"proc\":{\"drift\":7}}\n"},
};

static const struct text_member content[] = {
    {"data/records/process-0001.ndjson",
     PROCESS(30, ",\"name\":\"x\",\"executable\":\"/tmp/x (deleted)\"") ",\"proc\":{\"exe_deleted\":true,\"exe_id\":\"8:1:2\"}}\n"},
    {"data/records/executable-0001.ndjson",
     PROCESS(29, "") ",\"file\":{\"path\":\"/tmp/x (deleted)\",\"size\":1000,\"hash\":{\"sha256\":\"00ff\"}},"
     "\"proc\":{\"exe_id\":\"8:1:2\",\"stat\":{\"size\":1000},\"object\":\"data/objects/00ff\"}}\n"},
    {"data/records/file-0001.ndjson",
     PROCESS(30, "") ",\"file\":{\"path\":\"/tmp/key (deleted)\",\"hash\":{\"sha256\":\"aa\"}},"
     "\"proc\":{\"capture\":\"fd/3\",\"withheld\":\"private key\"}}\n"
     PROCESS(30, "") ",\"file\":{\"path\":\"/tmp/old\",\"type\":\"symlink\",\"mode\":\"0777\",\"size\":7},"
     "\"proc\":{\"drift\":{\"size\":7,\"ctime_ns\":\"1795306499999999999\"}}}\n"
     PROCESS(30, "") ",\"file\":{\"path\":\"/tmp/new\",\"type\":\"file\",\"mode\":\"4755\",\"size\":5},"
     "\"proc\":{\"drift\":{\"size\":5,\"ctime_ns\":\"1795306500000000001\"}}}\n"
     PROCESS(30, "") ",\"proc\":{\"drift\":{\"walked\":9}}}\n"},
};
/* clang-format on */

#define COUNT(members) (sizeof(members) / sizeof((members)[0]))

static ps_view *const texts[] = {ps_show_tree, ps_show_process, ps_show_sockets, ps_show_files};
static ps_view *const jsons[] = {ps_show_tree_json, ps_show_process_json, ps_show_sockets_json, ps_show_files_json};

Test(show_views, tree_puts_each_below_the_life_that_started_it)
{
    struct ps_snapshot s;
    LOAD(plain, &s);
    char *text = view_shown(ps_show_tree, &s, 100);
    text_has(text, " 40 ?    00:00:00.03 1 h 23 min  [stray]  <parent 39 not in view>\n"
                   " 41 ?    00:00:00.03 1 h 23 min    [late]  <parent by pid alone>\n"
                   " 42 ?    00:00:00.03 1 h 23 min  [?]  <parent not read>  <ended or hung before the last look>\n"
                   "  1 ?    00:00:00.01 1 h 23 min  [init]\n"
                   " 20 ?    01:06:40.00 16 min 40 s   sshd -D\n"
                   " 30 ?    01:23:19.00 1.0 s           [/memfd:x (deleted)]  <exe deleted>\n"
                   " 21 ?    00:00:00.02 1 h 23 min    [cron]\n"
                   "  2 ?    00:00:00.01 1 h 23 min  [kthreadd]\n");
    text_has(text, "and 1 kernel thread below these");
    ps_snapshot_done(&s);
}

Test(show_views, parents_in_a_circle_are_each_shown_once)
{
    struct ps_snapshot s;
    LOAD(circles, &s);
    char *text = view_shown(ps_show_tree, &s, 100);
    size_t lines = 0;
    text_has(text, "[five]  <parent 6 is its own offspring");
    text_has(text, "    [eight]\n");
    for (const char *at = text; *at != '\0'; at++)
        lines += *at == '\n';
    cr_expect(eq(sz, lines, 5), "%s", text);
    ps_snapshot_done(&s);
}

Test(show_views, a_process_with_all_that_is_known_of_it)
{
    struct ps_snapshot s;
    load_pid(plain, COUNT(plain), 30, &s);
    char *text = view_shown(ps_show_process, &s, 100);
    text_has(text, "process      30 bash\nentity       e30\nparent       20 sshd\nchildren     none in view\n");
    text_has(text, "start        01:23:19.00 after boot, 1.0 s before the snapshot");
    text_has(text, "saved, file system) 1 2 3 4\n             gid 5 5 5 5, groups none\n");
    text_has(text, "program      /memfd:x (deleted)\n             DELETED");
    text_has(text, "arguments    not read\n");
    text_has(text, "cgroup       /ecs/t/app\n             of cpu, the unified hierarchy\n"
                   "             /other\n             of pids\nnamespaces   net 4026531833\n");
    text_has(text, "descriptors  3, not all could be read\n      0 r   /var/log/x\n      3 rw  /tmp/a (deleted)\n"
                   "      4 ?   tcp ESTABLISHED 10.0.0.1:51000 to 10.0.0.2:443 (20 sshd fd 9)\n");
    text_has(text, "environment  4 entries, 2 of them empty; values are hashed\n  A=1\n  B=2\n");
    text_has(text, "via          thread 32: the first thread has ended, others live on\n");
    text_has(text, "threads      3 (number, state, CPU time, name)\n"
                   "        30 Z     0.05 s  bash\n"
                   "        32 S    61.07 s  worker 1\n"
                   "        33 ?          ?  (stat not read)\n");
    text_has(text, "not read     exe, fd/*: denied (EACCES)\n");
    ps_snapshot_done(&s);
    load_pid(plain, COUNT(plain), 31, &s);
    cr_expect(eq(sz, s.kept_count, 0));
    cr_expect(eq(sz, strlen(view_shown(ps_show_process, &s, 100)), 0));
    ps_snapshot_done(&s);
}

Test(show_views, sockets_say_who_holds_them_or_why_nobody_is_known)
{
    struct ps_snapshot s;
    LOAD(plain, &s);
    char *text = view_shown(ps_show_sockets, &s, 80);
    text_has(text, "tcp   LISTEN       [2001:db8::1]:22 [::]:* 20 sshd fd 3\n1 row was read once more");
    text_has(text, "tcp   ESTABLISHED  10.0.0.2:443   10.0.0.1:51000 20 sshd fd 9\n"
                   "tcp   ESTABLISHED  10.0.0.1:51000 10.0.0.2:443   30 bash fd 4\n"
                   "tcp   TIME_WAIT    10.0.0.1:51001 10.0.0.2:443   no inode\n");
    text_has(text, "unix  LISTEN       STREAM @x not in view\n");
    ps_snapshot_done(&s);
}

Test(show_views, sockets_without_ports_say_what_they_are_bound_to)
{
    struct ps_snapshot s;
    LOAD(sniffers, &s);
    char *text = view_shown(ps_show_sockets, &s, 80);
    text_has(text, "PROTO STATE        LOCAL           REMOTE    OWNER\n"
                   "icmp  UNCONN       127.0.0.1:21359 0.0.0.0:* 20 sshd fd 8\n"
                   "raw   UNCONN       0.0.0.0 ICMP    0.0.0.0:* 20 sshd fd 5\n");
    text_has(text, "Packet and netlink sockets\n"
                   "PROTO   TYPE BOUND TO                    OWNER\n"
                   "netlink -    AUDIT, port id 77           20 sshd fd 7\n"
                   "packet  RAW  all frames, every interface 20 sshd fd 6\n"
                   "1 netlink socket is the kernel's own, and not listed\n");
    text_has(view_shown(ps_show_sockets_json, &s, 80), "\"inode\":91,\"owners\"");
    text_has(view_shown(ps_show_sockets_json, &s, 80), "\"protocol\":9,\"port_id\":77,\"inode\":92");
    ps_snapshot_done(&s);
    load_pid(sniffers, COUNT(sniffers), 20, &s);
    text_has(view_shown(ps_show_process, &s, 80),
             "      6 ?   packet RAW all frames, every interface\n");
    ps_snapshot_done(&s);
}

Test(show_views, files_without_a_name_come_first)
{
    struct ps_snapshot s;
    LOAD(plain, &s);
    char *text = view_shown(ps_show_files, &s, 80);
    text_has(text, "In memory alone (memfd): 1\n  /memfd:x (deleted)\n      30 bash (program)\n\n"
                   "Deleted, and still held: 1\n  /tmp/a (deleted)\n      30 bash (3 rw)\n\n"
                   "Files and directories: 1\n  /var/log/x\n      20 sshd (1 w, 2 rw), 30 bash (0 r)\n");
    ps_snapshot_done(&s);
}

Test(show_views, json_is_lines)
{
    struct ps_snapshot s;
    for (size_t of = 0; of < 2; of++) {
        load_pid(of ? hostile : plain, of ? COUNT(hostile) : COUNT(plain), 30, &s);
        for (size_t i = 0; i < COUNT(jsons); i++) {
            char *text = view_shown(jsons[i], &s, 100);
            cr_expect(gt(sz, strlen(text), 0));
            for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
                struct ps_json_check check = {0};
                struct ps_json_flaw flaw;
                cr_expect(ps_json_check(&check, ps_span_text(line), &flaw), "%s", line);
                ps_json_check_done(&check);
            }
        }
        ps_snapshot_done(&s);
    }
}

Test(show_views, hostile_records_stay_within_their_line)
{
    static const size_t widths[] = {10, 80, 160, 1 << 30};
    struct ps_snapshot s;
    load_pid(hostile, COUNT(hostile), 30, &s);
    text_has(view_shown(ps_show_process, &s, 160), "arguments    \\x1b[2J\\xff\n             x\n");
    for (size_t i = 0; i < COUNT(texts) * COUNT(widths); i++) {
        char *text = view_shown(texts[i / COUNT(widths)], &s, widths[i % COUNT(widths)]);
        size_t controls = 0;
        for (const char *at = text; *at != '\0'; at++)
            controls += *at != '\n' && ((unsigned char) *at < 0x20 || *at == 0x7f);
        cr_expect(eq(sz, controls, 0), "%s", text);
        cr_expect(strstr(text, "\n9 root") == NULL, "%s", text);
        cr_expect(strstr(text, "\xe2\x80\xae") == NULL, "%s", text);
    }
    ps_snapshot_done(&s);
}

Test(show_views, content_is_told_with_its_hash_and_where_it_lies)
{
    struct ps_snapshot s;
    load_pid(content, COUNT(content), 30, &s);
    const char *text = view_shown(ps_show_process, &s, 80);
    text_has(text, "sha256 00ff\n             its content is in the bundle: data/objects/, by this hash\n");
    text_has(text, "content      fd/3 /tmp/key (deleted)\n             sha256 aa\n");
    text_has(text, "its content is not in the bundle: private key\n");
    cr_expect(strstr(text, "/tmp/new") == NULL);
    text = view_shown(ps_show_files, &s, 80);
    text_has(text, "Content kept in this bundle: 1\n  /tmp/x (deleted)\n      pid 29, 1.0 kB\n      sha256 00ff\n");
    text_has(text, "Changed in the root directory of 30 x since it was started: 2\n"
                   "  CTIME (UTC)          MODE TYPE        SIZE  PATH\n"
                   "  2026-11-22T00:15:00Z 4755 file         5 B  /tmp/new\n"
                   "  2026-11-22T00:14:59Z 0777 symlink      7 B  /tmp/old\n");
    text_has(view_shown(ps_show_files_json, &s, 80), "\"path\":\"/tmp/new\",\"is\":\"changed\"");
    text_has(view_shown(ps_show_files_json, &s, 80),
             "\"type\":\"file\",\"mode\":\"4755\",\"ctime_ns\":\"1795306500000000001\"}");
    ps_snapshot_done(&s);
}

Test(show_views, nothing_is_shown_of_nothing)
{
    struct ps_snapshot s;
    load_members(NULL, 0, false, &s);
    for (size_t i = 0; i < COUNT(texts); i++)
        (void) view_shown(texts[i], &s, 10);
    text_has(view_shown(ps_show_sockets, &s, 80), "No socket");
    text_has(view_shown(ps_show_files, &s, 80), "No open file");
    ps_snapshot_done(&s);
}

/* What could not be read is not nothing. */
Test(show_views, descriptors_that_were_refused_are_not_said_to_be_none)
{
    static const struct text_member members[] = {
        {"data/records/process-0001.ndjson", PROCESS(7, ",\"name\":\"a\"") ",\"proc\":{}}\n"},
        {"data/records/gap-0001.ndjson",
         PROCESS(7, "") ",\"proc\":{\"gap\":{\"outcome\":\"denied\",\"files\":[\"exe\",\"fd/{}\",\"fdinfo/{}\"]}}}\n"},
    };
    struct ps_snapshot s;
    load_pid(members, COUNT(members), 7, &s);
    text_has(view_shown(ps_show_process, &s, 100), "descriptors  not read\n");
    text_has(view_shown(ps_show_files, &s, 200), "Not all descriptors of 1 process could be read");
    text_has(view_shown(ps_show_sockets, &s, 200), "Not all descriptors of 1 process could be read");
    ps_snapshot_done(&s);
}
