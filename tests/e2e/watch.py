#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A watch with a directory as its destination: schedule, triggers, health, its end at any moment, and that it is killed at
any moment: what has the name of a bundle is whole, nothing is overwritten, and one chain is one chain.

KILLS watches are killed (20 where it is not set).
"""
import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import odd  # noqa: E402
import snapshot  # noqa: E402
from checks import Stopwatch, about, equal, finish, holds  # noqa: E402
from watching import (EARLY, NOT_SEALED, SEALED, USAGE, Watch, ask, bundles_in, chain_of, check_chain, check_series,  # noqa: E402
                      children_of, deleted_program, held, read, state_of, wait_until)

KILLS = int(os.environ.get("KILLS", "20"))
OK_UNPINNED = 1
WITHOUT_FILES = ("--profile", "standard", "--files", "none")


def files_of(watch, folder):
    """The bundles that it says it sealed, in that order."""
    return [read(os.path.join(folder, f"{event['bundle']}.tar.gz")) for event in watch.of("snapshot")]


def check_whole(what, folder):
    for name in bundles_in(folder):
        status, text = ask("verify", "--rederive", os.path.join(folder, name))
        equal(f"{what}: {name} verifies", (OK_UNPINNED, True), (status, os.path.exists(f"{folder}/{name}.minisig")))


def starts_of(links):
    return [link["started_boottime_us"] for link in links[:-1]]


def on_time(starts):
    return all(abs(b - a - 1e6) < 3e5 for a, b in zip(starts, starts[1:]))


def check_on_time(starts):
    """A busy machine may be late: then it may try again."""
    seen = [starts]
    while not on_time(seen[-1]) and len(seen) < 3:
        with odd.folder() as folder:
            watch = Watch(folder + "/", "1s")
            for _ in range(4):
                watch.wait_for("snapshot")
            watch.stop()
            seen.append(starts_of([chain_of(snapshot.Bundle(data)) for data in files_of(watch, folder)]))
    holds("one each second, from the start", on_time(seen[-1]), seen)


def check_schedule(folder):
    watch = Watch(folder + "/", "1s")
    for _ in range(4):
        watch.wait_for("snapshot")
    status, text = ask("health")
    equal("health of a watch that lives", (0, True), (status, "alive" in text))
    status = watch.stop()
    equal("SIGTERM while idle: exit status, words", (SEALED, ""), (status, watch.stderr))
    equal("the first event", "started", watch.events[0]["event"])
    equal("the last event", ("stopped", SEALED), (watch.events[-1]["event"], watch.events[-1]["status"]))
    links = check_chain("a watch", files_of(watch, folder))
    reasons = [link["reason"] for link in links]
    equal("why each was taken", ["start", *["schedule"] * (len(links) - 2), "final"], reasons)
    equal("each names the interval", {1}, {link["interval_s"] for link in links})
    check_on_time(starts_of(links))
    for event, data in zip(watch.of("snapshot"), files_of(watch, folder)):
        head = snapshot.head_line(event["head"] + "\n")
        equal("the head line stands in the event", (event["bundle"], str(event["seq"]), event["root"]),
              (head["bundle"], head["seq"], head["root"]))
        holds("nothing of the evidence is in an event", not any(
            word in str({k: v for k, v in event.items() if k != "asked_by"}) for word in ("python", "/usr", "/proc/")), event)
    check_whole("a watch", folder)
    check_series("a watch", folder, watch.of("snapshot")[0]["head"])
    log = f"{folder}/log"
    with open(log, "w", encoding="ascii") as file:
        file.writelines(json.dumps(event) + "\n" for event in watch.events)
    equal("the log of the watch names all heads", 0, ask("verify", folder, "--heads", log, "--key", snapshot.head_line(
        watch.of("snapshot")[0]["head"] + "\n")["pk"])[0])
    last = watch.of("snapshot")[-1]["bundle"]
    os.remove(f"{folder}/{last}.tar.gz")
    os.remove(f"{folder}/{last}.tar.gz.minisig")
    holds("one that is taken away is missed by the log", ask("verify", folder, "--heads", log)[0] not in (0, 1))
    status, text = ask("health")
    equal("health when the watch has ended", (1, True), (status, "no procsnap watch" in text))


def check_triggers(folder):
    wish = f"{folder}/wish"
    watch = Watch(folder + "/e/", "1h", "--trigger", wish, "--trigger-limit", "4/1h")
    watch.wait_for("snapshot", reason="start")
    time.sleep(1.2)  # the lookout has looked once
    states = [line.split()[1] for child in children_of(watch.pid)
              for line in read(f"/proc/{child}/status").decode().splitlines() if line.startswith("Seccomp:")]
    equal("the lookout, which is its only child now, has a filter", ["2"], states)
    watch.send(signal.SIGUSR1)
    event = watch.wait_for("snapshot")
    equal("SIGUSR1: reason, and who asked", ("trigger", f"signal of pid {os.getpid()}, uid 0"),
          (event and event["reason"], event and event["asked_by"]))
    equal("and its bundle says so as well", event["asked_by"],
          snapshot.Bundle(files_of(watch, folder + "/e")[-1]).meta["options"]["asked_by"])
    status, text = ask("trigger", "--wait")
    event = watch.wait_for("snapshot")
    holds("trigger --wait tells when it is sealed, with the head line", status == SEALED and event["head"] in text,
          (status, text, event))
    status, text = ask("trigger")
    equal("trigger", 0, status)
    holds("trigger: a snapshot follows", watch.wait_for("snapshot", reason="trigger"))
    with open(wish, "w", encoding="ascii") as file:
        file.write("now")
    event = watch.wait_for("snapshot")
    equal("the file of --trigger appears", "file given with --trigger", event and event["asked_by"])
    status, text = ask("trigger")
    equal("a trigger of root while others are at their limit", 0, status)
    watch.wait_for("snapshot")
    status, text = ask("trigger", "--wait")
    equal("more triggers than the limit are refused, and told", (NOT_SEALED, True, True),
          (status, "too many triggers" in text, bool(watch.wait_for("trigger_refused"))))
    watch.stop()
    check_chain("triggers", files_of(watch, folder + "/e"),
                ["start", *["trigger"] * 5, "final"])


def is_asking(pid):
    """It has called, and sleeps until it is answered."""
    try:
        called = any(os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:") for fd in os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return False
    return called and state_of(pid) == "S"


def check_joined(folder):
    """Who asks while a snapshot is under way gets the next one, all the same one. The watch finds them all waiting."""
    watch = Watch(folder + "/", "1h", *WITHOUT_FILES)
    watch.wait_for("started")
    watch.send(signal.SIGSTOP)
    asking = [subprocess.Popen([snapshot.PROCSNAP, "trigger", "--wait"], stdout=subprocess.PIPE) for _ in range(6)]
    holds("six ask", wait_until(lambda: all(is_asking(process.pid) for process in asking)))
    watch.send(signal.SIGCONT)
    told = {process.communicate(timeout=300)[0].split(b": ", 1)[1] for process in asking}
    watch.stop()
    holds("six that ask at once get at most two snapshots", len(told) <= 2, told)
    holds("and the watch takes no more", len(watch.of("snapshot")) <= 4, watch.events)


def check_changes(folder):
    """What changed between two snapshots: ids and hashes, as the bundles have them."""
    watch = Watch(folder + "/", "1h", *WITHOUT_FILES)
    first = watch.wait_for("snapshot")
    equal("the first snapshot is compared with nothing", False, "changes" in first)
    path = odd.copy_of_program(f"{folder}/program")
    with open(path, "ab") as file:
        file.write(b"unlike any other")
    fresh = odd.Odd(argv=["odd"], program=path)
    watch.send(signal.SIGUSR1)
    second = watch.wait_for("snapshot")
    record = next(record for record in snapshot.Bundle(files_of(watch, folder)[-1]).records("process")
                  if record["process"]["pid"] == fresh.pid)
    equal("a new process, and nothing of ours", ([record["process"]["entity_id"]], []),
          (second["changes"]["processes_new"], second["changes"]["processes_ended"]))
    equal("its program", [hashlib.sha256(read(path)).hexdigest()], second["changes"]["executables_new"])
    fresh.end()
    watch.send(signal.SIGUSR1)
    third = watch.wait_for("snapshot")
    equal("a process that ended", ([], [record["process"]["entity_id"]], []),
          (third["changes"]["processes_new"], third["changes"]["processes_ended"], third["changes"]["executables_new"]))
    watch.stop()


def check_contents(folder):
    """A content is in a chain once; the bundles behind it name the one that holds it."""
    process, sha256 = deleted_program(folder)
    watch = Watch(folder + "/e/", "1h", *WITHOUT_FILES)
    watch.wait_for("snapshot")
    for _ in range(2):
        watch.send(signal.SIGUSR1)
        watch.wait_for("snapshot")
    other, other_sha256 = deleted_program(folder)
    watch.send(signal.SIGUSR1)
    watch.wait_for("snapshot")
    watch.stop()
    files = files_of(watch, folder + "/e")
    equal("a content that is there since the start: in the first bundle alone",
          [(True, None, None), *[(False, "earlier bundle", 0)] * 3], [held(data, process, sha256) for data in files[:4]])
    equal("a content that came later: in that bundle", (True, None, None), held(files[3], other, other_sha256))
    check_whole("contents once in a chain", folder + "/e")
    bundle = snapshot.Bundle(files[1])
    record = next(record for record in bundle.records("executable") if record["file"]["hash"]["sha256"] == sha256)
    equal("the record says which", ("earlier bundle", 0), (record["proc"].get("withheld"), record["proc"].get("kept_seq")))
    equal("and it is no gap", [], [gap for gap in bundle.records("gap") if gap["proc"]["gap"].get("why") == "earlier bundle"])
    odd.end_all()


def check_stop_during(folder):
    """SIGTERM at moments of a snapshot: what runs is sealed early, a last one follows."""
    for i, delay in enumerate((0.0, 0.02, 0.05, 0.1)):
        dest = f"{folder}/{i}"
        watch = Watch(dest + "/", "1h", *WITHOUT_FILES)
        watch.wait_for("started")
        time.sleep(delay)
        stopwatch = Stopwatch()
        status = watch.stop()
        equal(f"SIGTERM {delay} s after the start: exit status, in its time", (SEALED, True),
              (status, stopwatch.calm() < 25))
        links = check_chain(f"SIGTERM {delay} s after the start", files_of(watch, dest))
        equal(f"SIGTERM {delay} s after the start: the last one says so", "final", links[-1]["reason"])
        check_whole(f"SIGTERM {delay} s after the start", dest)


def check_short_budget(folder):
    odd.Odd("crowd", 400)
    watch = Watch(folder + "/", "1h", "--stop-budget", "400ms", *WITHOUT_FILES)
    watch.wait_for("snapshot")
    stopwatch = Stopwatch()
    status, took = watch.stop(), stopwatch.calm()
    holds("a stop budget of 400 ms is kept", took < 1.5, took)
    holds("a stop budget of 400 ms: the exit status says what became of the last snapshot",
          status in (SEALED, EARLY, NOT_SEALED) and status == watch.events[-1]["status"], watch.events)
    if status != NOT_SEALED:
        last = snapshot.Bundle(files_of(watch, folder)[-1])
        equal("a stop budget of 400 ms: less is read", "card", last.meta["options"]["profile"])
    odd.end_all()


def check_ignored(folder):
    watch = Watch(folder + "/", "1s")
    watch.wait_for("snapshot")
    watch.send(signal.SIGHUP)
    holds("SIGHUP is ignored", watch.wait_for("snapshot", reason="schedule"))
    equal("SIGINT ends it as well", SEALED, watch.stop(signal.SIGINT))


def check_nobody_listens(folder):
    """Events that nobody takes are dropped, the work goes on: a pipe that is closed, and one that is full."""
    reader, writer = os.pipe()
    watch = Watch(f"{folder}/closed/", "1s", stdout=writer)
    os.close(writer)
    os.close(reader)
    holds("standard output is closed: snapshots go on", wait_until(lambda: os.path.isdir(f"{folder}/closed") and
                                                                  len(bundles_in(f"{folder}/closed")) >= 2))
    equal("standard output is closed: exit status", SEALED, watch.stop())
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    while True:
        try:
            os.write(writer, b"x" * 4096)
        except BlockingIOError:
            break
    os.set_blocking(writer, True)
    watch = Watch(f"{folder}/full/", "1s", stdout=writer)
    os.close(writer)
    holds("nobody reads standard output: snapshots go on", wait_until(lambda: os.path.isdir(f"{folder}/full") and
                                                                     len(bundles_in(f"{folder}/full")) >= 2))
    os.read(reader, 1 << 20)
    time.sleep(1.2)
    equal("nobody reads standard output: exit status", SEALED, watch.stop())
    text = os.read(reader, 1 << 20)
    holds("who reads again is told how many were dropped", b'"events_dropped":' in text, text[:2000])
    os.close(reader)


def check_name_taken(folder):
    """Somebody of the task has taken @procsnap, and answers in it."""
    taken = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    taken.bind("\0procsnap")
    taken.listen(8)
    watch = Watch(folder + "/", "1h")
    holds("a name that is taken is an event", watch.wait_for("name_taken"))
    holds("and the watch works", watch.wait_for("snapshot"))
    status, text = ask("health")
    equal("health does not depend on that name", 0, status)
    taken.close()
    watch.send(signal.SIGUSR1)
    holds("the name is taken back when it is free", watch.wait_for("name_free"))
    equal("and trigger works", 0, ask("trigger", "--wait")[0])
    watch.stop()


def check_health_of_a_stopped_one(folder):
    """A process that does not turn, and one that only has the name."""
    watch = Watch(folder + "/", "1h")
    watch.wait_for("snapshot")
    watch.send(signal.SIGSTOP)
    stopwatch = Stopwatch()
    status, text = ask("health")
    holds("health of a watch that was stopped just now: quick", stopwatch.calm() < 4, (status, text))
    watch.send(signal.SIGCONT)
    watch.stop()
    old = subprocess.Popen([sys.executable, "-c", "import time\nopen('/proc/self/comm', 'w').write('procsnap:000001')\n"
                            "print(flush=True)\ntime.sleep(60)"], stdout=subprocess.PIPE)
    old.stdout.readline()
    status, text = ask("health")
    equal("a heart that beat long ago is dead", (1, True), (status, "made its last turn" in text))
    old.kill()
    old.wait()


def check_snapshot_killed(folder):
    """The process of a snapshot is killed: the watch says so, and begins another chain, which names the last root."""
    watch = Watch(folder + "/", "1h", *WITHOUT_FILES)
    watch.wait_for("snapshot")
    odd.Odd("crowd", 300)
    for _ in range(10):  # who comes too late on a busy machine comes again
        over = lambda before=len(watch.of("snapshot")): len(watch.of("snapshot")) > before  # noqa: E731
        watch.send(signal.SIGUSR1)
        wait_until(lambda: over() or any(name.endswith(".part") for name in os.listdir(folder)))
        for child in children_of(watch.pid):
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                continue
        wait_until(lambda: watch.of("snapshot_failed") or over())
        if watch.of("snapshot_failed"):
            break
    failed = watch.wait_for("snapshot_failed", seconds=1)
    holds("a snapshot whose process is killed is told", failed and "killed by signal 9" in failed["words"], failed)
    last = len(watch.of("snapshot"))
    watch.send(signal.SIGUSR1)
    watch.wait_for("snapshot")
    equal("the next watch ends well", SEALED, watch.stop())
    events, files = watch.of("snapshot"), files_of(watch, folder)
    chains = [chain_of(snapshot.Bundle(data)) for data in files]
    before, behind = chains[last - 1:last + 1]
    equal("another chain begins, which says so and names the last root",
          ("restart", 0, events[last - 1]["root"], True),
          (behind["reason"], behind["seq"], behind["prev_root"], before["chain_id"] != behind["chain_id"]))
    odd.end_all()


def check_no_destination(folder):
    """A destination that goes away: snapshots fail and are told, the watch lives, and goes on with the same number."""
    os.mkdir(f"{folder}/e")
    watch = Watch(folder + "/e/d/", "1h")
    watch.wait_for("snapshot")
    os.rename(f"{folder}/e", f"{folder}/moved")
    watch.send(signal.SIGUSR1)
    failed = watch.wait_for("snapshot_failed")
    holds("a destination that is gone is told", failed and "cannot make the directory" in failed["words"], failed)
    os.rename(f"{folder}/moved", f"{folder}/e")
    watch.send(signal.SIGUSR1)
    holds("and what comes back is used again", watch.wait_for("snapshot"))
    watch.stop()
    check_chain("a destination that was gone for a while", files_of(watch, folder + "/e/d"))


def check_kills(folder):
    """SIGKILL at random moments: no process is left, names of bundles stand at whole bundles, nothing is overwritten."""
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    watch = Watch(f"{folder}/first/", "1h", *WITHOUT_FILES)
    watch.wait_for("started")
    begun = time.monotonic()
    watch.wait_for("snapshot")
    took = time.monotonic() - begun
    watch.stop()
    about(f"a snapshot takes {took:.3f} s; random seed {seed}")
    seen = {}
    for i in range(KILLS):
        watch = Watch(folder + "/", "1h", *WITHOUT_FILES)
        watch.wait_for("started")
        time.sleep(chance.random() * took * 2)
        watch.kill()
        for name in bundles_in(folder):
            data = read(f"{folder}/{name}")
            holds(f"kill {i}: what was there is as it was", seen.setdefault(name, data) == data, name)
    check_whole("killed watches", folder)
    about(f"{len(seen)} of {KILLS} had sealed something")
    holds("some were killed behind the seal", len(seen) > 0)


def check_command_line(folder):
    for arguments, word in (((folder + "/",), "--every"), ((folder + "/", "--every", "1s"), "--encrypt-to"),
                            (("-", "--every", "1s", "--plaintext"), "DIR/")):
        status, text = ask("watch", *arguments)
        equal(f"watch {' '.join(arguments[1:])}: exit status, and the remedy", (USAGE, True), (status, word in text))
    equal("trigger without a watch", (NOT_SEALED, True), (lambda s, t: (s, "nobody listens" in t))(*ask("trigger")))


def main():
    odd.inside_namespaces()
    for check in (check_command_line, check_schedule, check_triggers, check_joined, check_changes, check_contents, check_stop_during, check_short_budget,
                  check_ignored, check_nobody_listens, check_name_taken, check_health_of_a_stopped_one,
                  check_snapshot_killed, check_no_destination, check_kills):
        with odd.folder() as folder:
            begun = time.monotonic()
            check(folder)
            about(f"{check.__name__}: {time.monotonic() - begun:.1f} s")
    finish()


main()
