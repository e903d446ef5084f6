#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Zombies, processes that die while they are read, and a pid that is used again and again.

Each short life carries one number in four places (name, descriptor 100, first argument, variable LIFE), from its first
moment on. Two lives that got mixed would show two numbers; what a death cut off must be marked.
"""
import signal

import odd
import snapshot
from checks import about, equal, finish, holds, wait_until
from lives import marks, torn

LIFE = {b"LIFE": b"born-000000"}
RUNS = 6


def check_zombies(bundle, zombie, leader):
    record = bundle.process(zombie.child)
    equal("a zombie: state, and the status that it ended with", ("Z", 3 << 8),
          (record["proc"]["stat"]["state"], record["proc"]["stat"]["exit_code"]))
    equal("a zombie: its parent", zombie.pid, record["process"]["parent"]["pid"])
    equal("a zombie: no executable is claimed", None, record["process"].get("executable"))
    equal("a zombie: exe is absent, not denied", "absent", bundle.capture(zombie.child, "exe").outcome)
    equal("a zombie: both looks saw the same life", ["same", "same"],
          [line.identity for line in bundle.of_life(zombie.child)])
    record = bundle.process(leader.pid)["proc"]
    equal("a first thread that ended, with another alive: state and threads", ("Z", 2),
          (record["stat"]["state"], record["stat"]["num_threads"]))


def check_lives(bundle, what, pids):
    """The statements that hold for all lives; returns what was seen, for those that need luck."""
    lives, unmarked, gone_but_same, changed = {}, [], [], []
    zombies = {(line.pid, line.start) for line in bundle.lines for capture in line.captures
               if line.pid in pids and capture.name == "stat" and b") Z " in capture.entries.get("stat", b"")}
    for line in bundle.lines:
        if line.scope != "process" or line.pid not in pids:
            continue
        numbers = marks(line)
        life = lives.setdefault((line.pid, line.start), {"numbers": set(), "lines": [], "names": set()})
        life["numbers"] |= set(numbers.values())
        life["lines"].append(line)
        life["names"].add(line.life)
        zombie = (line.pid, line.start) in zombies  # from its first look on: nothing to tear
        if line.identity == "same" and not zombie and torn(line):
            unmarked.append((line.life, line.reader, torn(line)))
        if line.identity == "same" and any(capture.outcome == "gone" for capture in line.captures):
            gone_but_same.append((line.life, line.reader))
        if line.identity == "changed":
            changed.append((line.life, line.reader, line.changed))
    mixed = [(life, found["numbers"]) for life, found in lives.items() if len(found["numbers"]) > 1]
    equal(f"{what}: no life shows the number of another one", [], mixed)
    equal(f"{what}: no capture that death cut short is called complete without a mark", [], unmarked)
    equal(f"{what}: no line with a capture `gone` says that the process is the same", [], gone_but_same)
    equal(f"{what}: nobody is said to have changed its program or name (they do not)", [], changed)
    equal(f"{what}: each life has one directory", [],
          [found["names"] for found in lives.values() if len(found["names"]) > 1])
    directories = [name for found in lives.values() for name in found["names"]]
    equal(f"{what}: no directory of two lives", sorted(set(directories)), sorted(directories))
    records = [record for record in bundle.records("process") if record["process"]["pid"] in pids]
    equal(f"{what}: one process record for each life, under an id of its own", (len(lives), len(lives)),
          (len(records), len({record["process"]["entity_id"] for record in records})))
    return lives


def check_births(folder):
    with_births = odd.Odd("births", "born-000000", 4, env=LIFE)
    odd.Odd("crowd", 150)
    seen = {"same": 0, "gone": 0, "unverified": 0, "changed": 0}
    for run in range(RUNS):
        bundle = snapshot.collect(folder, "--redact", "none")
        born = {record["process"]["pid"] for record in bundle.records("process")
                if record["process"].get("parent", {}).get("pid") == with_births.pid}
        lives = check_lives(bundle, f"short lives, run {run + 1}", born)
        for found in lives.values():
            for line in found["lines"]:
                seen[line.identity] += 1
    about(f"short lives: last looks said {seen}")
    holds("short lives: some ended while, or before, they were read", seen["gone"] + seen["unverified"] > 0, seen)
    changes = [record["proc"]["change"] for record in bundle.records("change") if record["process"]["pid"] in born]
    holds("short lives: the closing sweep tells who ended", "ended" in changes, changes)
    holds("short lives: change records never say that one executed another program", "program" not in changes, changes)
    with_births.end()


def check_reuse(folder):
    """The walk comes to pid 30000 last, some 100 ms after the opening sweep: by then it is another life's."""
    reborn = odd.Odd("lives", "life-000000", 30000, 25, env={b"LIFE": b"life-000000"})
    pid = reborn.child
    second = 0
    for run in range(RUNS):
        bundle = snapshot.collect(folder, "--redact", "none")
        lives = check_lives(bundle, f"pid {pid} used again, run {run + 1}", {pid})
        for (_, start), found in lives.items():
            if f"{pid}+{start}" not in found["names"]:
                continue
            quiet = [line for line in found["lines"] if line.reader == "quiet" and line.identity in ("same", "gone")]
            second += bool(quiet) and marks(quiet[0]).keys() >= {"stat", "comm"}
        record = {record["proc"]["change"] for record in bundle.records("change") if record["process"]["pid"] == pid}
        holds(f"pid {pid} used again, run {run + 1}: the closing sweep tells that a life ended and another appeared",
              record <= {"ended", "appeared"}, record)
    about(f"pid {pid} used again: {second} second lives were captured, in {RUNS} runs")
    holds(f"pid {pid} used again: a second life that was met is there, in a directory of its own", second > 0, second)
    reborn.end()


def main():
    odd.inside_namespaces()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    folder = odd.folder()
    zombie, leader = odd.Odd("zombie"), odd.Odd("zombie-leader")
    holds("the first thread has ended", wait_until(lambda: b") Z " in leader.read("stat")))
    check_zombies(snapshot.collect(folder.name), zombie, leader)
    check_births(folder.name)
    check_reuse(folder.name)
    finish()


main()
