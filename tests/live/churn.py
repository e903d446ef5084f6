#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""RUNS collections (20 where it is not set) beside some 2000 forks a second: what death tore is marked, and no line
mixes two lives.

Every short life carries one number in its name, its descriptor 100, its first argument and its environment. The pids
come round again many times in a long test.
"""
import collections
import os
import re
import time

import odd
import snapshot
from checks import about, equal, finish, holds
from lives import marks, torn

RUNS = int(os.environ.get("RUNS", "20"))
CHURNERS, LONGEST_MS = 2, 3
LEAST = 100  # forks for each run that count as churn: of processes there are fewer


def born(churner):
    """The number of the life that the churner made last."""
    match = re.fullmatch(rb"born-(\d{6})\n", churner.read("comm"))
    return int(match[1]) if match else 0


def first_two(stat):
    """(pid, start time) of a stat line, whatever its name holds."""
    return int(stat.split(b" (")[0]), int(stat.rpartition(b") ")[2].split()[19])


def field(status, name):
    match = re.search(rb"(?m)^" + name + rb":\t(.*)$", status)
    return match and match[1]


def check_line(line, told):
    """What is wrong with one line of a process; `told` counts what it is marked as."""
    captures = {capture.name: capture for capture in line.captures}
    marked = line.identity != "same"
    told[line.identity] += 1
    told["with a capture that is not complete"] += any(
        capture.outcome not in ("complete", "absent", "denied", "shared") for capture in line.captures)

    def whole(name):
        capture = captures.get(name)
        return capture.bytes if capture and capture.outcome == "complete" and capture.length else None

    stat, status, comm = whole("stat"), whole("status"), whole("comm")
    if stat and first_two(stat) != (line.pid, line.start):
        yield "stat of another life"
    if status and field(status, b"Pid") != str(line.pid).encode():
        yield "status of another pid"
    if comm and status and not marked and comm.rstrip(b"\n") != field(status, b"Name"):
        yield "comm is not the Name of status, and no mark says so"
    zombie = stat is not None and b") Z " in stat or status is not None and b"Z (zombie)" in status
    numbers = marks(line)
    if numbers and len(set(numbers.values())) > 1 and not (line.identity == "changed"):
        yield f"numbers of several lives: {numbers}"
    if numbers and not marked and not zombie and line.reader == "quiet" and torn(line):
        yield f"cut short without a mark: {torn(line)}"
    if not marked and any(capture.outcome == "gone" for capture in line.captures):
        yield "a capture is gone, and the process is the same"
    taken = [(capture.name, capture.outcome) for capture in line.captures if capture.outcome in ("denied", "failed")]
    if line.identity in ("ended", "unverified") and taken:
        yield f"what its end took away looks like something else: {taken}"


def check_bundle(bundle, churners, told):
    wrong, lives, names = [], collections.defaultdict(set), collections.defaultdict(set)
    for line in bundle.lines:
        if line.scope != "process":
            continue
        told["lines"] += 1
        wrong += [(line.life, line.reader, line.identity, reason) for reason in check_line(line, told)]
        names[line.life].add(line.start)
        if line.pid not in churners:
            lives[line.pid, line.start] |= set(marks(line).values())
    wrong += [(life, "numbers of several lives", numbers) for life, numbers in lives.items() if len(numbers) > 1]
    wrong += [(name, "one directory of several lives", starts) for name, starts in names.items() if len(starts) > 1]
    told["lives that show their number"] += sum(bool(numbers) for numbers in lives.values())
    told["pids met in two lives"] += len(lives) - len({pid for pid, _ in lives})
    return wrong


def main():
    odd.inside_namespaces()
    odd.Odd("crowd", 40)
    churners = [odd.Odd("births", "born-000000", LONGEST_MS, env={b"LIFE": b"born-000000"}) for _ in range(CHURNERS)]
    pids = {churner.pid for churner in churners}
    told, failed, forks = collections.Counter(), [], 0
    begun, before = time.monotonic(), [born(churner) for churner in churners]
    for index in range(RUNS):
        with odd.folder() as folder:
            try:
                found = check_bundle(snapshot.collect(folder, "--redact", "none"), pids, told)
            except snapshot.Malformed as error:
                found = [str(error)[:2000]]
        if found:
            failed.append((index, found[:5]))
        now = [born(churner) for churner in churners]
        forks += sum((new - old) % 1000000 for new, old in zip(now, before))
        before = now
    took = time.monotonic() - begun
    about(f"{RUNS} runs in {took:.1f} s beside {forks} forks, {forks / took:.0f} a second")
    for what, count in sorted(told.items()):
        about(f"  {count} {what}")
    equal("every bundle verifies, no line mixes two lives, and what was torn is marked", [], failed)
    holds("it was a churn", forks / RUNS >= LEAST, (forks, took))
    holds("some of the short lives were met, and some ended while they were read",
          told["lives that show their number"] > 0 and told["gone"] + told["unverified"] > 0, dict(told))
    finish()


main()
