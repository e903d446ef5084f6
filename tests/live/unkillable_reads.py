#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads that never come back and whose reader cannot be killed: it is counted, left behind, and holds up nobody."""
import collections
import os
import subprocess
import time

import frozen_tree
import odd
import proc_copy
import snapshot
from checks import Stopwatch, about, equal, finish, holds, wait_until

READ_TIMEOUT_S, SLACK_S = 0.5, 1.0
KILL_S = 0.1  # how long a killed reader is looked for, and a tick of the conductor
READERS_MOST = 16
SEALED, SEALED_EARLY = 0, 5
ANSWERED = {"complete", "shared", "absent"}


class Frozen:
    """One run over a tree in which some requests hang."""

    def __init__(self, what, folder, tree, frozen, expect=SEALED):
        self.what = what
        self.mount = frozen_tree.FrozenTree(os.path.join(folder, "frozen"), tree, frozen)
        try:
            stopwatch = Stopwatch()
            self.run = snapshot.Run(folder, "--read-timeout", f"{READ_TIMEOUT_S * 1000:.0f}ms", "--procfs",
                                    self.mount.where, expect=expect, name=f"{time.monotonic_ns()}.tar.gz")
            self.took = stopwatch.calm()
            self.bundle = self.run.bundle
            self.left = snapshot.readers_left()
        except BaseException:
            self.mount.end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.mount.end()
        gone = wait_until(lambda: not snapshot.readers_left(), 20)
        holds(f"{self.what}: when the file system is gone, so is every reader", gone, snapshot.readers_left())

    def outcomes(self, pid):
        """What became of each file, in the order in which it is read."""
        return {capture.name: capture.outcome for line in self.bundle.of_life(pid) for capture in line.captures}

    def check_complete(self, pids):
        rest = {pid: {name: outcome for name, outcome in self.outcomes(pid).items() if outcome not in ANSWERED}
                for pid in pids}
        equal(f"{self.what}: every other process is complete", {}, {pid: files for pid, files in rest.items() if files})

    def timed_out(self):
        """(pid, file) of the gap records."""
        gaps = [gap for gap in self.bundle.records("gap") if gap["proc"]["gap"]["outcome"] == "timed_out"]
        return {(gap["process"]["pid"], name) for gap in gaps if "process" in gap
                for name in gap["proc"]["gap"]["files"]}

    def check_left_behind(self, count):
        readers = self.bundle.closing["readers"]
        equal(f"{self.what}: readers left behind: counted, and there", (count, count),
              (readers["abandoned"], len(self.left)))
        told = f"{count} left behind, hung in the kernel"
        done = subprocess.run([snapshot.PROCSNAP, "show", self.run.path, "gaps"], capture_output=True, check=False,
                              timeout=300)
        holds(f"{self.what}: show gaps tells it", told in done.stdout.decode(), done.stdout)
        told = f"{count} reader{'s' if count > 1 else ''} left behind, hung in the kernel"
        holds(f"{self.what}: the verdict tells it", told in self.run.stderr, self.run.stderr)


def check_one(folder, tree, pids, request, name, alone):
    """One file of one process hangs; the rest of it that the same reader would have read is left alone."""
    pid = pids[3]
    what = f"{frozen_tree.NAMES[request]} of {name}"
    hang = {"fd": {"fd/{}", "fdinfo/{}"}}.get(name, {name})
    with Frozen(what, folder, tree, {(request, f"{pid}/{name}")}) as frozen:
        about(f"{what}: {frozen.took:.2f} s")
        holds(f"{what}: ends soon after the read timeout", frozen.took - alone < READ_TIMEOUT_S + SLACK_S, frozen.took)
        frozen.check_left_behind(1)
        equal(f"{what}: the gap names process and file", {(pid, file) for file in hang}, frozen.timed_out())
        seen = frozen.outcomes(pid)
        line = next(line for line in frozen.bundle.of_life(pid) if any(c.name in hang for c in line.captures))
        names = [capture.name for capture in line.captures]
        behind = names[max(names.index(file) for file in hang) + 1:]
        equal(f"{what}: what comes behind it is not tried", {"skipped"} if behind else set(),
              {seen[file] for file in behind})
        others = {seen[file] for file in seen if file not in behind and file not in hang}
        holds(f"{what}: what came before it, and the other reader's, is there", others <= ANSWERED, seen)
        frozen.check_complete(set(pids) - {pid})


def check_sweep(folder, tree, pids):
    """The stat of a process hangs, which both sweeps read, in a listing that is in no order: each tries it once."""
    what = "READ of stat"
    with Frozen(what, folder, tree, {(frozen_tree.READ, f"{pids[3]}/stat")}) as frozen:
        frozen.check_left_behind(2)
        lost = [(line.scope, capture.lost) for line in frozen.bundle.lines for capture in line.captures if capture.lost
                if line.scope in ("opening", "closing")]
        equal(f"{what}: both sweeps name the process", [("opening", {str(pids[3]): ("timed_out", None)}),
              ("closing", {str(pids[3]): ("timed_out", None)})], lost)
        lives = sorted(line.life for line in frozen.bundle.lines if line.scope == "process" and line.reader == "quiet")
        equal(f"{what}: every other process has one life", sorted(str(pid) for pid in pids if pid != pids[3]), lives)


def check_list(folder, tree):
    """The list of all processes hangs: nobody tries that a second time."""
    what = "READDIR of /proc"
    with Frozen(what, folder, tree, {(frozen_tree.READDIR, "")}, expect=SEALED_EARLY) as frozen:
        frozen.check_left_behind(1)
        equal(f"{what}: the reason", "the list of processes gives no answer",
              frozen.bundle.closing["sealed_early"]["reason"])


def check_many(folder, tree, pids, name, alone):
    """More files hang than readers may be left behind."""
    what = f"READ of {len(pids)} files {name}"
    with Frozen(what, folder, tree, {(frozen_tree.READ, f"{pid}/{name}") for pid in pids},
                expect=SEALED_EARLY) as frozen:
        most = READERS_MOST * (READ_TIMEOUT_S + KILL_S) + SLACK_S
        about(f"{what}: {frozen.took:.2f} s")
        holds(f"{what}: ends", frozen.took - alone < most, frozen.took)
        frozen.check_left_behind(READERS_MOST)
        closing = frozen.bundle.closing
        equal(f"{what}: the reason", ("too many readers hang in the kernel", ["abandoned_readers"]),
              (closing["sealed_early"]["reason"], closing["limits_reached"]))
        equal(f"{what}: the rest is skipped", {"timed_out": READERS_MOST, "skipped": len(pids) - READERS_MOST},
              collections.Counter(frozen.outcomes(pid)[name] for pid in pids))
        holds(f"{what}: no ring has served twice", closing["readers"]["started"] <= READERS_MOST + 2,
              closing["readers"])


def main():
    odd.inside_namespaces()
    pids = [odd.Odd("wait").pid for _ in range(READERS_MOST + 2)]
    tree = proc_copy.take(pids)
    with odd.folder() as folder:
        with Frozen("nothing hangs", folder, tree, set()) as calm:
            alone = calm.took
            calm.check_complete(pids)
        for request, name in ((frozen_tree.READ, "status"), (frozen_tree.READ, "cmdline"),
                              (frozen_tree.OPEN, "environ"), (frozen_tree.LOOKUP, "limits"),
                              (frozen_tree.READDIR, "fd")):
            check_one(folder, tree, pids, request, name, alone)
        check_sweep(folder, tree, pids)
        check_list(folder, tree)
        for name in ("status", "cmdline"):
            check_many(folder, tree, pids, name, alone)
    finish()


main()
