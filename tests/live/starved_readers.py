#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A starved reader is no hung reader: a quarter of a CPU, shared with 16 processes that spin. Nor is one that was killed
left behind, because it waits for a CPU to end on."""
import os
import subprocess

import odd
import snapshot
from checks import about, equal, finish, holds, skip
from stalled import Stalled

QUOTA_US, PERIOD_US, SPINNERS, RUNS = 25000, 100000, 16, 3


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


class Quarter:
    """A control group that gets 25 % of one CPU, of version 1 or 2, whichever is there."""

    def __init__(self):
        v1, name = "/sys/fs/cgroup/cpu", f"procsnap-test-{os.getpid()}-{os.urandom(4).hex()}"
        self.path = os.path.join(v1 if os.path.exists(v1 + "/cpu.cfs_quota_us") else "/sys/fs/cgroup", name)
        try:
            os.mkdir(self.path)
            if self.path.startswith(v1 + "/"):
                write(self.path + "/cpu.cfs_period_us", str(PERIOD_US))
                write(self.path + "/cpu.cfs_quota_us", str(QUOTA_US))
            else:
                write(self.path + "/cpu.max", f"{QUOTA_US} {PERIOD_US}")
        except OSError as error:
            self.end()
            skip(f"no control group with a CPU quota is to be had here: {error}")

    def inside(self):
        """What to put before a command that is to run in it."""
        return ["sh", "-c", f'echo 0 >"{self.path}/cgroup.procs" && exec "$@"', "sh"]

    def end(self):
        if os.path.isdir(self.path):
            os.rmdir(self.path)


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    quarter = Quarter()
    spinners = [subprocess.Popen([*quarter.inside(), "sh", "-c", "while :; do :; done"]) for _ in range(SPINNERS)]
    try:
        for _ in range(RUNS):
            bundle = snapshot.collect(folder.name, prefix=quarter.inside())
            counts = bundle.closing["counts"]["outcomes"]
            took = bundle.closing["clock"]["boottime_us"] - bundle.meta["clock"]["boottime_us"]
            about(f"{took / 1e6:.2f} s for {bundle.closing['counts']['processes']} processes")
            equal("no capture timed out or was skipped", (0, 0), (counts.get("timed_out", 0), counts.get("skipped", 0)))
            equal("no reader was replaced", 0, bundle.closing["readers"]["replaced"])
            holds("the spinning ones are all there", counts.get("complete", 0) > SPINNERS * 10, counts)
        stalled = Stalled(1)
        bundle = snapshot.collect(folder.name, prefix=quarter.inside())
        stalled.end()
        equal("beside a process whose reads hang: readers replaced, abandoned", (1, 0),
              (bundle.closing["readers"]["replaced"], bundle.closing["readers"]["abandoned"]))
        equal("beside a process whose reads hang: who timed out", [stalled.pid],
              [gap["process"]["pid"] for gap in bundle.records("gap") if gap["proc"]["gap"]["outcome"] == "timed_out"])
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()
        quarter.end()
    finish()


main()
