/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/watch/switchboard.h"

static struct ps_switchboard board;
static char name[40];

static void setup(void)
{
    struct ps_error err;
    snprintf(name, sizeof name, "procsnap-test-%d", (int) getpid());
    cr_assert(ps_switchboard_open(name, &board, &err), "%s", err.text);
}

static void teardown(void)
{
    ps_switchboard_close(&board);
}

TestSuite(switchboard, .init = setup, .fini = teardown);

static int call(void)
{
    struct ps_error err;
    pid_t pid;
    uid_t uid;
    int fd = ps_call_connect(name, &pid, &uid, &err);
    cr_assert(fd >= 0, "%s", err.text);
    cr_expect(eq(int, pid, getpid()));
    cr_expect(eq(int, (int) uid, (int) getuid()));
    return fd;
}

Test(switchboard, one_byte_in_one_line_back)
{
    char answer[PS_ANSWER_ROOM];
    enum ps_request asked;
    int fd = call();
    cr_assert(send(fd, "t", 1, 0) == 1);
    ps_switchboard_accept(&board, 1);
    struct ps_caller *caller = ps_switchboard_next(&board, &asked);
    cr_assert(caller != NULL);
    cr_expect(eq(int, asked, PS_ASK_TRIGGER));
    cr_expect(eq(int, caller->pid, getpid()));
    ps_switchboard_answer(caller, "0 a snapshot begins");
    cr_expect(eq(int, (int) recv(fd, answer, sizeof answer, 0), 19));
    cr_expect(ps_switchboard_next(&board, &asked) == NULL);
    close(fd);
}

Test(switchboard, the_name_belongs_to_who_comes_first)
{
    struct ps_switchboard second;
    struct ps_error err;
    cr_expect(not(ps_switchboard_open(name, &second, &err)));
    cr_expect(strstr(err.text, name) != NULL, "%s", err.text);
    cr_expect(eq(int, second.fd, -1));
}

Test(switchboard, who_says_nothing_or_nonsense_is_dropped)
{
    enum ps_request asked;
    char byte;
    int silent = call(), odd = call();
    cr_assert(send(odd, "x", 1, 0) == 1);
    ps_switchboard_accept(&board, 1);
    cr_expect(ps_switchboard_next(&board, &asked) == NULL);
    cr_expect(eq(int, (int) recv(odd, &byte, 1, 0), 0));
    cr_expect(recv(silent, &byte, 1, MSG_DONTWAIT) < 0);
    ps_switchboard_accept(&board, 2 + PS_CALLER_PATIENCE_US);
    cr_expect(eq(int, (int) recv(silent, &byte, 1, 0), 0));
    close(silent);
    close(odd);
}

Test(switchboard, callers_are_few_and_those_who_wait_keep_their_place)
{
    struct pollfd news[PS_CALLERS + 1];
    enum ps_request asked;
    char byte;
    int fds[PS_CALLERS + 2];
    for (size_t i = 0; i < PS_CALLERS; i++)
        fds[i] = call();
    cr_assert(send(fds[0], "w", 1, 0) == 1);
    ps_switchboard_accept(&board, 1);
    fds[PS_CALLERS] = call();
    fds[PS_CALLERS + 1] = call();
    struct ps_caller *waits = ps_switchboard_next(&board, &asked);
    cr_assert(waits != NULL);
    cr_expect(eq(int, asked, PS_ASK_TRIGGER_WAIT));
    waits->waits = true;
    cr_expect(eq(sz, ps_switchboard_waiting(&board), 1));
    /* Full: the socket itself is not looked at, so nobody makes us turn. */
    cr_expect(eq(sz, ps_switchboard_poll(&board, news), PS_CALLERS));
    ps_switchboard_accept(&board, 2 + PS_CALLER_PATIENCE_US);
    cr_expect(recv(fds[0], &byte, 1, MSG_DONTWAIT) < 0);
    cr_expect(eq(int, (int) recv(fds[1], &byte, 1, 0), 0));
    /* Who hangs up waits no longer. */
    close(fds[0]);
    ps_switchboard_accept(&board, 3 + PS_CALLER_PATIENCE_US);
    cr_expect(eq(sz, ps_switchboard_waiting(&board), 0));
    for (size_t i = 1; i < PS_CALLERS + 2; i++)
        close(fds[i]);
}

Test(switchboard, a_watch_that_does_not_answer_is_not_waited_for)
{
    char answer[PS_ANSWER_ROOM];
    struct ps_error err;
    cr_expect(not(ps_call_ask(call(), PS_ASK_HEALTH, 50, answer, &err)));
    cr_expect(strstr(err.text, "no answer") != NULL, "%s", err.text);
}

Test(switchboard, nobody_listens)
{
    struct ps_error err;
    pid_t pid;
    uid_t uid;
    cr_expect(ps_call_connect("procsnap-nobody-has-this-name", &pid, &uid, &err) < 0);
    cr_expect(strstr(err.text, "nobody listens") != NULL, "%s", err.text);
}
