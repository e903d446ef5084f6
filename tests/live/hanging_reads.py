#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads that never come back: processes that hold their mmap lock while a file system does not answer."""
import os
import subprocess

import odd
import snapshot
from checks import Stopwatch, about, equal, finish, holds, wait_until
from stalled import Stalled

READ_TIMEOUT_S = 0.5
MEMORY = ["cmdline", "environ", "maps", "io"]


def timed(folder, *options):
    """The bundle, and the seconds that it took, without those that the machine let everybody wait."""
    stopwatch = Stopwatch()
    bundle = snapshot.collect(folder, *options)
    took = bundle.closing["clock"]["boottime_us"] - bundle.meta["clock"]["boottime_us"]
    return bundle, took / 1e6 - stopwatch.waited()


def check_outcomes(bundle, targets, bystander):
    for pid in targets:
        seen = {name: bundle.capture(pid, name).outcome for name in MEMORY}
        equal(f"target {pid}: the first read of memory times out, the rest of it is not tried",
              {"cmdline": "timed_out", "environ": "skipped", "maps": "skipped", "io": "skipped"}, seen)
        quiet = [capture.outcome for line in bundle.of_life(pid, "quiet") for capture in line.captures]
        holds(f"target {pid}: everything that cannot block is there", set(quiet) <= {"complete", "shared"}, quiet)
    seen = {name: bundle.capture(bystander, name).outcome for name in MEMORY}
    equal("the process beside them is complete", {name: "complete" for name in MEMORY}, seen)
    gaps = [gap["process"]["pid"] for gap in bundle.records("gap") if gap["proc"]["gap"]["outcome"] == "timed_out"]
    equal("a gap record names each target", sorted(targets), sorted(gaps))
    equal("readers replaced, abandoned", (len(targets), 0),
          (bundle.closing["readers"]["replaced"], bundle.closing["readers"]["abandoned"]))


def show_names(folder, pid):
    path = os.path.join(folder, sorted(os.listdir(folder))[-2])
    done = subprocess.run([snapshot.PROCSNAP, "show", path, "gaps"], capture_output=True, check=False, timeout=300)
    text = done.stdout.decode()
    holds("show gaps names the target and what was not read", f"{pid} stall" in text and "cmdline" in text, text)


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    bystander = odd.Odd("wait")
    _, alone = timed(folder.name)
    about(f"without a target: {alone:.2f} s")
    for count, limit in ((1, READ_TIMEOUT_S + 1), (10, 10)):
        stalled = Stalled(count)
        bundle, took = timed(folder.name)
        holds(f"{count} targets: no reader is left behind", wait_until(lambda: not snapshot.readers_left(), 5),
              snapshot.readers_left())
        stalled.end()
        about(f"{count} targets: {took:.2f} s")
        holds(f"{count} targets: ends at most {limit} s later", took - alone <= limit, took - alone)
        check_outcomes(bundle, stalled.pids, bystander.pid)
        show_names(folder.name, stalled.pids[0])
    bystander.end()
    finish()


main()
