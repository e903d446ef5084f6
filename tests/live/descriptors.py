#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""20,000 processes, or as many as the machine takes: no process of procsnap ever holds more descriptors than it does for a
few, in one snapshot and (over 2,000) in a watch, and none is left over afterwards."""
import os
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import odd  # noqa: E402
import snapshot  # noqa: E402
from checks import about, equal, finish, holds, skip, wait_until  # noqa: E402
from watching import EARLY, SEALED, Watch, children_of  # noqa: E402

CROWD = os.environ.get("CROWD", "")
WANTED, FEW, LEAST = 20000, 50, 2000
OPTIONS = ("--files", "none", "--quiet")


class Crowd:
    def __init__(self, count):
        self.popen = subprocess.Popen([CROWD, str(count)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.count = int(self.popen.stdout.readline().split()[1])

    def end(self):
        """All of them are gone: they end with the one that started them."""
        self.popen.kill()
        self.popen.wait()
        wait_until(lambda: len([name for name in os.listdir("/proc") if name.isdigit()]) <= FEW)


class Watcher(threading.Thread):
    """`most`: the number of descriptors that each process of that one's family ever held; `looks`: how often one was
    counted."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.most, self.looks, self.stopped = pid, {}, 0, False
        self.start()

    def run(self):
        while not self.stopped:
            try:
                family = [self.pid, *children_of(self.pid)]
                family += [grandchild for child in family[1:] for grandchild in children_of(child)]
            except OSError:
                family = [self.pid]
            for pid in family:
                try:
                    held = len(os.listdir(f"/proc/{pid}/fd"))
                except OSError:
                    continue
                self.most[pid] = max(self.most.get(pid, 0), held)
                self.looks += 1
            time.sleep(0.005)

    def stop(self):
        self.stopped = True
        self.join()
        return sorted(self.most.values(), reverse=True)


def watched_run(path):
    """A run, and who watched it."""
    run = subprocess.Popen([snapshot.PROCSNAP, "collect", path, *OPTIONS], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    watcher = Watcher(run.pid)
    out, _ = run.communicate(timeout=900)
    watcher.stop()
    name = os.path.basename(path)
    equal(f"{name}: sealed", 0, run.returncode)
    holds(f"{name}: one line", snapshot.head_line(out.decode()))
    return watcher


def collected(folder, name):
    """The most descriptors of each process of a run, and its bundle. A run over a few processes may be over before all of
    its own were seen: then there is another one."""
    seen, until = False, time.monotonic() + 60
    while not seen and time.monotonic() < until:
        path = os.path.join(folder, f"{time.monotonic_ns()}-{name}")
        watcher = watched_run(path)
        seen = len(watcher.most) >= 4 and watcher.looks > 20
    holds(f"{name}: four processes at least were looked at, often", seen, watcher.most)
    with open(path, "rb") as file:
        return sorted(watcher.most.values(), reverse=True), snapshot.Bundle(file.read())


def check_collect(folder, few, crowd):
    most, bundle = collected(folder, "many.tar.gz")
    about(f"{crowd.count} processes: at most {most} descriptors; for a few of them {few}")
    holds("one snapshot: no process holds more than it does for a few", most[0] <= few[0] + 2, (most, few))
    equal("one snapshot: everybody has a record", True, len(bundle.records("process")) >= crowd.count)
    errors = [capture.errno for line in bundle.lines for capture in line.captures if capture.errno in ("EMFILE", "ENFILE")]
    equal("one snapshot: nothing was lost for want of a descriptor", [], errors[:5])


def check_watch(folder):
    """Two snapshots: what is open before the first is open after the second."""
    watch = Watch(folder + "/", "1h", "--files", "none")
    watcher = Watcher(watch.pid)
    first = watch.wait_for("snapshot", seconds=120)
    wait_until(lambda: not children_of(watch.pid))
    before = watch.descriptors()
    watch.send(signal.SIGUSR1)
    second = watch.wait_for("snapshot", seconds=120)
    wait_until(lambda: not children_of(watch.pid))
    after = watch.descriptors()
    holds("a watch: two snapshots of all", first and second, (first, second))
    status = watch.stop(seconds=120)
    most = watcher.stop()
    holds("a watch: ends", status in (SEALED, EARLY), status)
    about(f"a watch: at most {most} descriptors; its own between snapshots {before}")
    holds("a watch: as many are open after the second as after the first", abs(len(after) - len(before)) <= 2, (before, after))
    holds("a watch: nobody holds many", most[0] <= 64, most)


def main():
    odd.inside_namespaces()
    if not CROWD:
        skip("CROWD does not name the test program")
    with odd.folder() as folder:
        few, _ = collected(folder, "few.tar.gz")
        crowd = Crowd(WANTED)
        if crowd.count < LEAST:
            skip(f"no more than {crowd.count} processes are to be had here")
        check_collect(folder, few, crowd)
        crowd.end()
        crowd = Crowd(LEAST)
        check_watch(folder)
        crowd.end()
    finish()


main()
