#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What somebody who is root in the app's container can do to the sidecar beside it, short of killing it: take its name,
answer in its place, flood it, feed it garbage, stop and kill its children, put something else where its trigger file
was. The watch goes on or says in its log what it lost, health is not talked into anything, and what was sealed is
delivered."""
import os
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import aws_doubles  # noqa: E402
import odd  # noqa: E402
import rehearsal  # noqa: E402
import s3_faults as faults  # noqa: E402
import snapshot  # noqa: E402
from checks import Stopwatch, about, equal, finish, holds  # noqa: E402
from sidecar import BUCKET, PREFIX, Sidecar, bucket, definition  # noqa: E402
from watching import NOT_SEALED, SEALED, ask, wait_until  # noqa: E402

OPTIONS = {"--every": "2s", "--jitter": "0", "--profile": "card", "--delivery-deadline": "3s", "--stop-budget": "8s",
           "--ca-file": "/ca.pem", "--trigger": "/shared/wish"}
HEALTH_TIMEOUT_S = 5  # healthCheck.timeout
OK, INCOMPLETE = 0, 10

# It listens at @procsnap, says to everybody that all is well, and has the name of a watch that turns just now.
IMPOSTOR = """
import ctypes, socket, sys, time
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # it ends with nsenter
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind("\\0procsnap")
s.listen(64)
print("listens", flush=True)
while True:
    now = int(time.clock_gettime(time.CLOCK_BOOTTIME)) & 0xffffff
    ctypes.CDLL(None).prctl(15, b"procsnap:%06x" % now, 0, 0, 0)
    s.settimeout(1)
    try:
        caller = s.accept()[0]
        caller.recv(1)
        caller.send(b"0 alive; I am the watch, believe me")
        caller.close()
    except OSError:
        pass
"""
# Busybox's shell has these inside: no other program is started. $1: the watch, $2: the signal, $3: rounds.
HUNTER = """
for round in $(seq $3); do for p in /proc/[0-9]*; do p=${p#/proc/}
    [ $p != $1 ] && read name 2>/dev/null </proc/$p/comm &&
        case $name in procsnap*) kill -$2 $p 2>/dev/null && echo $p;; esac
done; done
"""


def neighbour(host_pid, code):
    """A process in the task's PID namespace, and in no group of the sidecar."""
    made = subprocess.Popen(["nsenter", "--target", str(host_pid), "--pid", sys.executable, "-c", code],
                            stdout=subprocess.PIPE)
    made.stdout.readline()
    return made


def timed_health(task, *words):
    stopwatch = Stopwatch()
    status, text = task.in_sidecar("health", *words)
    return status, text, stopwatch.calm()


def goes_on(task, what):
    """Two more snapshots by the schedule, and a health check in its time."""
    task.log.forget()
    for _ in range(2):
        event = task.log.wait_for("snapshot", reason="schedule")
        holds(f"{what}: the schedule goes on", event, task.log.events[-3:])
    status, text, took = timed_health(task)
    equal(f"{what}: health", (0, True), (status, took < HEALTH_TIMEOUT_S))


def check_impostor(task, impostor):
    """It was there first."""
    holds("the name is taken: told", task.log.wait_for("name_taken"))
    holds("the name is taken: snapshots are taken", task.log.wait_for("snapshot"))
    status, text, _ = timed_health(task)
    holds("the name is taken: health says that it is alive, and who else answers, not what",
          status == 0 and "another process (pid " in text and "believe me" not in text, (status, text))
    for container in ("app", "pause"):
        done = task.run(container, ["/procsnap", "health"])
        equal(f"where no watch runs ({container}), nobody is believed", (1, True),
              (done.returncode, b"no procsnap watch runs in this container" in done.stderr))
    status, text = task.in_sidecar("trigger", "--wait")
    holds("trigger, where the watch is: it asks nobody else", status == NOT_SEALED and
          f"has its name @procsnap; kill -USR1 {task.watch_pid()} asks" in text, (status, text))
    status, text = task.in_app("/procsnap", "trigger")
    holds("trigger, elsewhere: it tells who answered", re.match(r"pid \d+, uid 0: ", text), (status, text))
    impostor.kill()
    holds("the name is free: told", task.log.wait_for("name_free"))
    equal("the name is free: trigger is heard", SEALED, task.in_sidecar("trigger", "--wait")[0])


def check_flood(task):
    """Who calls all the time gets refusals; few lines of the log; and nobody else waits for long."""
    end, asked, refused = time.monotonic() + 4, 0, 0
    slowest = 0.0
    while time.monotonic() < end:
        callers = []
        for _ in range(40):
            caller = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            caller.settimeout(0.5)
            try:
                caller.connect("\0procsnap")
                caller.send(b"t")
                callers.append(caller)
            except OSError:
                caller.close()
        if asked == 0:
            task.in_app("/bin/sh", "-c", f"for i in $(seq 200); do kill -USR1 {task.watch_pid()}; done")
        for caller in callers:
            asked += 1
            try:
                refused += caller.recv(700).startswith(b"3 refused")
            except OSError:
                pass
            caller.close()
        slowest = max(slowest, timed_health(task)[2])
    lines = len(task.log.of("trigger_refused"))
    about(f"{asked} asked, {refused} refused, {lines} lines of the log say so; health took {slowest:.1f} s at most")
    holds("a flood: refused, and told in few lines", refused > 0 and 0 < lines < 30, (asked, refused, lines))
    holds("a flood: health answers in its time", slowest < HEALTH_TIMEOUT_S, slowest)
    goes_on(task, "a flood")


def check_garbage(task):
    held = []
    for sent in (b"", b"\0", b"x" * 60000, b"h" * 60000, b"w", *[None] * 30):
        caller = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        caller.setblocking(False)
        try:
            caller.connect("\0procsnap")
            if sent is not None:
                caller.send(sent)
        except OSError:
            pass
        held.append(caller)
    status, text, took = timed_health(task)
    equal("callers that say nothing, or garbage: health", (0, True), (status, took < HEALTH_TIMEOUT_S))
    goes_on(task, "callers that say nothing, or garbage")
    for caller in held:
        caller.close()
    holds("they are gone: trigger is heard again", wait_until(lambda: "refused" in task.in_sidecar("trigger")[1]))


def check_trigger_file(task, shared):
    wish = f"{shared}/wish"
    os.mkfifo(wish)
    holds("a FIFO where the trigger file was: a change like any other, and nobody waits for a writer", wait_until(
        lambda: any(event.get("asked_by") == "file given with --trigger" for event in task.log.events)))
    for make in (lambda: os.symlink("wish", wish), lambda: os.mkdir(wish), lambda: os.symlink("/proc/1/fd/0", wish)):
        os.rename(wish, f"{shared}/{time.monotonic_ns()}")
        make()
        time.sleep(1.1)
    goes_on(task, "links, a directory, a FIFO where the trigger file was")


def killed(task):
    return any("killed by signal 9" in event["words"]
               for event in task.log.of("snapshot_failed") + task.log.of("delivery_failed"))


def check_hunted(task):
    """Its children are killed as fast as a shell can."""
    for _ in range(10):  # until one was met
        _, text = task.in_app("/bin/sh", "-c", HUNTER, "sh", str(task.watch_pid()), "9", "3000")
        about(f"{len(text.split())} signals were sent")
        if wait_until(lambda: killed(task), 3):
            break
    holds("children are killed: told", killed(task), task.log.events[-5:])
    goes_on(task, "children were killed")
    holds("children were killed: what is sealed is delivered", wait_until(lambda: all_delivered(task), 120),
          task.log.events[-4:])


def check_stopped_courier(task, cloud):
    """The process of a delivery is stopped: it is killed in its time, and the delivery made by another."""
    failed = None
    for _ in range(5):  # until it was met in time
        cloud.s3.faults = lambda number, request: faults.SlowRead(0.5, 100)
        task.log.forget()
        asked = len(cloud.s3.log)
        wait_until(lambda: len(cloud.s3.log) > asked)
        stopped = task.in_app("/bin/sh", "-c", HUNTER, "sh", str(task.watch_pid()), "STOP", "1")[1].split()
        about(f"stopped: {stopped}")
        cloud.s3.faults = lambda number, request: None
        failed = task.log.wait_for("delivery_failed", seconds=20)
        while failed and "killed by signal 9" not in failed["words"]:
            failed = task.log.wait_for("delivery_failed", seconds=20)
        if failed:
            break
    holds("a delivery that was stopped: told", failed, task.log.events[-5:])
    holds("a delivery that was stopped: made by another", wait_until(lambda: all_delivered(task), 120),
          task.log.events[-4:])


def check_stopped_watch(task):
    """For a while it does not turn; then it says so."""
    task.log.forget()
    task.in_app("/bin/sh", "-c", f"kill -STOP {task.watch_pid()}")
    time.sleep(5)
    status, text, took = timed_health(task)
    holds("the watch is stopped: health does not hang", took < HEALTH_TIMEOUT_S, (status, text, took))
    task.in_app("/bin/sh", "-c", f"kill -CONT {task.watch_pid()}")
    missed = task.log.wait_for("missed_tick")
    holds("the watch was stopped: it says how much it missed", missed and missed["ticks"] >= 1, missed)
    goes_on(task, "the watch was stopped")


def check_stopped_snapshot(task):
    """SIGTERM by the neighbour, while the process of a snapshot is stopped."""
    for _ in range(50):
        task.in_app("/bin/sh", "-c", HUNTER, "sh", str(task.watch_pid()), "STOP", "200")
        if any(event["event"] == "missed_tick" for event in task.log.events[-3:]):
            break
    sender = task.in_app("/bin/sh", "-c", f"echo $$; kill -TERM {task.watch_pid()}")[1].strip()
    stopwatch = Stopwatch()
    status, took = task.ended(60), stopwatch.calm()
    wait_until(lambda: task.log.of("stopped"))
    stopping = task.log.of("stopping")[0]
    equal("SIGTERM by the neighbour: told who", f"signal of pid {sender}, uid 0", stopping["asked_by"])
    about(f"it ended after {took:.1f} s; a snapshot was under way: {stopping['snapshot_under_way']}")
    holds("a stopped snapshot does not keep the last one from being taken", took < 8.5 and
          task.log.of("snapshot")[-1]["reason"] == "final", task.log.events[-4:])
    equal("the status says that the last one is delivered", SEALED, status)


def all_delivered(task):
    sealed = {event["bundle"] for event in task.log.of("snapshot")}
    return sealed <= {event["bundle"].split(".")[0] for event in task.log.of("delivered")}


def check_series(folder, cloud, task, identity):
    os.mkdir(f"{folder}/series")
    for key in cloud.s3.key_names(BUCKET):
        with open(f"{folder}/series/{key[len(PREFIX):]}", "wb") as file:
            file.write(cloud.s3.bucket(BUCKET).objects[key][-1].data)
    with open(f"{folder}/log", "wb") as file:
        file.write(b"".join(task.log.lines))
    equal("nothing is overwritten", [], cloud.s3.overwritten)
    equal("the log is JSON lines and nothing else", [], task.log.strange)
    holds("all that was sealed is delivered", all_delivered(task), task.log.of("lost"))
    status, text = ask("verify", f"{folder}/series", "--identity", identity, "--heads", f"{folder}/log")
    holds("verify DIR: whatever happened, nothing looks altered", status in (OK, INCOMPLETE) and "tampered" not in text,
          text[-3000:])
    about(text.splitlines()[0])


def main():
    rehearsal.needs()
    odd.inside_namespaces()
    with odd.folder() as folder, odd.folder(0o777) as shared:
        subprocess.run([snapshot.PROCSNAP, "keygen", "--age", "-o", f"{folder}/ir"], check=True, capture_output=True)
        with open(f"{folder}/ir.recipient", encoding="ascii") as file:
            recipient = re.search(r"age1\w+", file.read())[0]
        cloud = aws_doubles.Cloud(folder, [bucket()])
        task = Sidecar(folder, cloud, definition("task-definition.json", recipient), OPTIONS, volume=shared,
                       before_sidecar=lambda pause: neighbour(pause, IMPOSTOR))
        try:
            for check, more in ((check_impostor, [task.before]), (check_flood, []), (check_garbage, []),
                                (check_trigger_file, [shared]), (check_hunted, []), (check_stopped_courier, [cloud]),
                                (check_stopped_watch, []), (check_stopped_snapshot, [])):
                begun = time.monotonic()
                check(task, *more)
                about(f"{check.__name__}: {time.monotonic() - begun:.1f} s")
            check_series(folder, cloud, task, f"{folder}/ir.identity")
        finally:
            task.end()
    finish()


main()
