#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Threads: each with its own name and state; a process whose first thread has ended is read through another one;
threads that come and go; more of them than are read."""
import os

import odd
import snapshot
from checks import equal, finish, holds, skip, wait_until

STANDARD, DEEP = ["task/{}/stat", "task/{}/status"], ["task/{}/stat", "task/{}/status", "task/{}/cgroup"]
MOST = 4096


def stat_of(process, tid):
    """Its state, and the ticks that it ran."""
    fields = process.read(f"task/{tid}/stat").rpartition(b") ")[2].split()
    return fields[0].decode(), int(fields[11])


def states_of_named(process):
    odd_ones = {process.spins: "R", process.child: "D"}
    return {tid: odd_ones.get(tid, "S") for tid in map(int, threads_of(process))}


def settle(named, leaderless):
    """They said that they are ready when they were about to go to sleep, or to spin."""
    def done():
        expected = states_of_named(named)
        return ({tid: stat_of(named, tid)[0] for tid in expected} == expected and stat_of(named, named.spins)[1] > 0
                and [stat_of(leaderless, tid)[0] for tid in (leaderless.pid, leaderless.first, leaderless.second)]
                == ["Z", "S", "S"])
    holds("all threads are where they stay", wait_until(done))


def threads_of(process):
    return set(os.listdir(f"/proc/{process.pid}/task"))


def records_of(bundle, pid):
    return {record["process"]["thread"]["id"]: record for record in bundle.records("thread")
            if record["process"]["pid"] == pid}


def name_of(stat):
    return stat[stat.index(b"(") + 1:stat.rindex(b")")]


def check_captures(bundle, process, names, what):
    """The captures of threads say the same threads, each there or lost; gives them."""
    captures = [bundle.capture(process.pid, name) for name in names]
    tids = captures[0].entries.keys() | captures[0].lost.keys()
    for capture in captures:
        there, lost = capture.entries.keys(), capture.lost.keys()
        equal(f"{what}: {capture.name}: each thread is there, or lost, once", (tids, set()),
              (there | lost, there & lost))
    mixed = [(pack, name) for line in bundle.of_life(process.pid, "quiet") for pack in line.packs
             for _, name, _, _ in snapshot.unpack(bundle.members[pack])
             if name.startswith("task/") != pack.startswith(f"data/proc/{process.pid}/task")]
    equal(f"{what}: threads have packs of their own", [], mixed)
    return captures


def check_named(bundle, process, names):
    captures, records = check_captures(bundle, process, names, "named"), records_of(bundle, process.pid)
    expected = threads_of(process)
    equal("named: the first thread and fifty others", 51, len(expected))
    for capture in captures:
        equal(f"named: {capture.name} is complete", ("complete", expected, {}),
              (capture.outcome, set(capture.entries), capture.lost))
    equal("named: a record for each", {int(tid) for tid in expected}, set(records))
    wrong = [tid for tid in expected if name_of(captures[0].entries[tid]) != process.read(f"task/{tid}/comm")[:-1]
             or snapshot.exact(records[int(tid)]["process"]["thread"], "name") != process.read(f"task/{tid}/comm")[:-1]]
    equal("named: each has its own name, raw and in its record", [], wrong)
    equal("named: each stat and status is of that thread", [], [tid for tid, record in records.items()
          if (record["proc"]["stat"]["pid"], record["proc"]["status"]["Pid"]) != (tid, tid)])
    states = {tid: record["proc"]["stat"]["state"] for tid, record in records.items()}
    equal("named: states", states_of_named(process), states)
    holds("named: the CPU time is the thread's own", records[process.spins]["proc"]["stat"]["utime"] > 0
          and records[process.forger]["proc"]["stat"]["utime"] == 0)
    equal("named: a name that forges columns", b") R 1 (\n",
          snapshot.exact(records[process.forger]["process"]["thread"], "name"))
    if "task/{}/cgroup" in names:
        equal("named: control groups, as the kernel tells them", process.read("cgroup"),
              captures[2].entries[str(process.spins)])
        equal("named: control groups in the record", bundle.process(process.pid)["proc"]["cgroup"],
              records[process.spins]["proc"]["cgroup"])


def check_leaderless(bundle, process):
    via = {reader: bundle.of_life(process.pid, reader)[0].via for reader in ("quiet", "memory")}
    record, alive = bundle.process(process.pid), {process.first, process.second}
    holds("leaderless: read through a thread that lives", set(via.values()) <= alive, via)
    equal("leaderless: the process record says which", via["quiet"], record["proc"]["via_thread"])
    equal("leaderless: its stat is the zombie's", ("Z", "Z"),
          (record["proc"]["stat"]["state"], process.read("stat").split(b") ")[1][:1].decode()))
    for name in ("cmdline", "environ", "maps", "cgroup", "limits"):
        capture, path = bundle.capture(process.pid, name), f"task/{process.first}/{name}"
        if name == "environ" and capture.redacted:
            holds("leaderless: environ is there", capture.outcome == "complete" and capture.length > 0)
            continue
        equal(f"leaderless: {name}", ("complete", process.read(path)), (capture.outcome, capture.bytes))
    equal("leaderless: exe", (process.link(f"task/{process.first}/exe").decode(), False),
          (record["process"]["executable"], record["proc"]["exe_deleted"]))
    equal("leaderless: arguments", ["odd", "leaderless"], record["process"]["args"])
    equal("leaderless: its descriptors", "/dev/null", bundle.descriptors(process.pid)[77]["target"])
    equal("leaderless: namespaces", os.stat(f"/proc/{process.pid}/task/{process.first}/ns/net").st_ino,
          record["proc"]["ns"]["net"])
    equal("leaderless: the last looks", ["same", "same"], [line.identity for line in bundle.of_life(process.pid)])
    states = {tid: one["proc"]["stat"]["state"] for tid, one in records_of(bundle, process.pid).items()}
    equal("leaderless: its threads", {process.pid: "Z", process.first: "S", process.second: "S"}, states)


def check_hopping(folder, process):
    """No thread lives as long as reading the process takes: what one leaves undone is read through the next. It may end
    between two reads of one file, too."""
    rows, whole, vias = ("exe", "fd/{}", "cmdline", "maps"), [], set()
    for _ in range(10):
        bundle = snapshot.collect(folder, "--pid", process.pid)
        captures, lines = [bundle.capture(process.pid, name) for name in rows], bundle.of_life(process.pid)
        vias |= {line.via for line in lines}
        if all(one.outcome == "complete" and one.length > 0 for one in captures):
            whole.append(captures)
        torn = [(one.name, one.outcome, one.errno) for one in captures if (one.outcome, one.errno) not in
                {("complete", None), ("gone", "ESRCH"), ("gone", "ENOENT"), ("partial", "ESRCH")}]
        equal("hopping: the rest is gone with its thread", [], torn)
    holds("hopping: mostly all is caught", len(whole) > 5, (len(whole), [(one.name, one.outcome) for one in captures]))
    holds("hopping: through threads that are not the first", process.pid not in vias and len(vias) > 10, vias)
    equal("hopping: what it runs", {odd.PROGRAM.encode()}, {captures[0].bytes for captures in whole})


def check_churn(bundle, process):
    stats, statuses = check_captures(bundle, process, STANDARD, "churn")
    holds("churn: complete, or as many listings as there may be", {stats.outcome, statuses.outcome} <=
          {"complete", "truncated"}, (stats.outcome, statuses.outcome))
    holds("churn: who vanished is gone, and nothing else", {lost[0] for lost in [*stats.lost.values(),
          *statuses.lost.values()]} <= {"gone"}, stats.lost)
    names = [name_of(stat) for stat in stats.entries.values()]
    equal("churn: all that stay are there, once", [b"steady-%03d" % i for i in range(20)],
          sorted(name for name in names if name.startswith(b"steady")))
    read = stats.entries.keys() | statuses.entries.keys()
    equal("churn: a record for each that was read", {int(tid) for tid in read}, set(records_of(bundle, process.pid)))


def check_more_than_are_read(folder, process):
    bundle = snapshot.collect(folder, "--pid", process.pid)
    captures = check_captures(bundle, process, STANDARD, "too many")
    equal("too many: cut, and said so", [("truncated", MOST)] * 2,
          [(one.outcome, len(one.entries)) for one in captures])
    equal("too many: limits reached", ["threads"], bundle.closing["limits_reached"])
    equal("too many: the limit is told", MOST, bundle.meta["limits"]["threads"])
    deep = snapshot.collect(folder, "--pid", process.pid, "--profile", "deep")
    captures = check_captures(deep, process, DEEP, "--profile deep")
    equal("--profile deep: all of them", [("complete", threads_of(process))] * 3,
          [(one.outcome, set(one.entries)) for one in captures])
    equal("--profile deep: no limit reached", [], deep.closing["limits_reached"])


def check_both_builds(folder):
    run = snapshot.Run(folder, "--quiet", name="both.tar.gz")
    for name in ("PROCSNAP_ASAN", "PROCSNAP_CORE"):
        status, text = run.verify(program=os.environ[name])
        equal(f"verify --rederive by {name}", (0, True), (status, "all identical" in text))


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    named, leaderless, alone = odd.Odd("named-threads", 50), odd.Odd("leaderless"), odd.Odd("wait")
    settle(named, leaderless)
    for profile, names in (("standard", STANDARD), ("deep", DEEP)):
        bundle = snapshot.collect(folder.name, "--profile", profile)
        check_named(bundle, named, names)
        check_leaderless(bundle, leaderless)
        for name in names:
            equal(f"one thread: {name} says no more than its own", ("shared", str(alone.pid)),
                  (bundle.capture(alone.pid, name).outcome, bundle.capture(alone.pid, name).of))
        equal("one thread: no record", {}, records_of(bundle, alone.pid))
    card = snapshot.collect(folder.name, "--profile", "card")
    equal("card: no threads", [], card.records("thread"))
    equal("card: what the first thread has no more is there all the same",
          leaderless.link(f"task/{leaderless.first}/exe"), card.capture(leaderless.pid, "exe").bytes)
    check_both_builds(folder.name)
    odd.end_all()
    churn = odd.Odd("thread-churn", 20)
    check_churn(snapshot.collect(folder.name), churn)
    odd.end_all()
    check_hopping(folder.name, odd.Odd("hopping", 100))
    odd.end_all()
    many = odd.Odd("threads", MOST + 100)
    if many.threads != MOST + 100:
        skip(f"only {many.threads} threads are allowed here")
    check_more_than_are_read(folder.name, many)
    finish()


main()
