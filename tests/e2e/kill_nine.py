#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SIGKILL for all processes of a run at once, from its start to its end: a name that says sealed is always sealed.

KILLS runs are killed (40 where it is not set): three of four at a random moment, the others at the end, where the file
gets its name.
"""
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import odd  # noqa: E402
import snapshot  # noqa: E402
from checks import about, equal, finish, holds, wait_until  # noqa: E402

KILLS = int(os.environ.get("KILLS", "40"))
AT_THE_END = KILLS // 4
MOMENTS = KILLS - AT_THE_END
NAME = "x.tar.gz"
OK_UNPINNED, INCOMPLETE = 1, 10


def start(folder):
    return subprocess.Popen([snapshot.PROCSNAP, "collect", os.path.join(folder, NAME), "--quiet"],
                            start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def verify(path):
    done = subprocess.run([snapshot.PROCSNAP, "verify", "--rederive", path], capture_output=True, check=False,
                          timeout=300)
    return done.returncode, (done.stdout + done.stderr).decode()


def session_left(pid):
    """Processes of the run that are still there and no zombies."""
    left = []
    for other in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{other}/stat", "rb") as file:
                state, *numbers = file.read().rpartition(b") ")[2].split()[:4]
        except OSError:
            continue
        if int(numbers[2]) == pid and state != b"Z":
            left.append(int(other))
    return left


def judge(folder, when):
    """What the run left behind, as one word; anything that should not be is told."""
    found = set(os.listdir(folder))
    path = os.path.join(folder, NAME)
    allowed = {NAME, NAME + ".part", NAME + ".minisig", NAME + ".minisig.part"}
    holds(f"{when}: nothing but the bundle, its signature and their parts", found <= allowed, found)
    if NAME in found:
        status, text = verify(path)
        equal(f"{when}: the final name stands at a whole bundle, with its signature", (OK_UNPINNED, True, False),
              (status, NAME + ".minisig" in found, NAME + ".part" in found))
        return "sealed"
    if NAME + ".part" not in found:
        equal(f"{when}: nothing at all", set(), found)
        return "nothing"
    status, text = verify(path + ".part")
    if status == OK_UNPINNED:  # between the last byte and the name
        equal(f"{when}: the part is whole, only its name is missing", "OK-UNPINNED", text.split()[0])
        return "whole part"
    equal(f"{when}: the part is incomplete, and said to be", (INCOMPLETE, "INCOMPLETE"), (status, text.split()[0]))
    return "part"


def kill(run):
    """Returns the processes that are still there when all had the time to go: that takes a moment on a busy machine."""
    os.killpg(run.pid, signal.SIGKILL)
    run.wait(timeout=300)
    wait_until(lambda: not session_left(run.pid))
    return session_left(run.pid)


def wait_for_signature(folder):
    """The signature beside the file comes just before the file gets its name."""
    end = time.monotonic() + 20
    while time.monotonic() < end and not any("minisig" in name for name in os.listdir(folder)):
        pass


def main():
    odd.inside_namespaces()
    odd.Odd("crowd", 120)
    with odd.folder() as folder:
        begun = time.monotonic()
        equal("a run that nobody kills", 0, start(folder).wait(timeout=300))
        took = time.monotonic() - begun
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    about(f"a run takes {took:.3f} s; random seed {seed}")
    results = {}
    for moment in range(MOMENTS + AT_THE_END):
        with odd.folder() as folder:
            run = start(folder)
            if moment < MOMENTS:
                delay = took * (moment + chance.random()) / MOMENTS
                time.sleep(delay)
                when = f"killed after {delay:.4f} s"
            else:
                wait_for_signature(folder)
                delay = 0.002 * (moment - MOMENTS) / AT_THE_END
                time.sleep(delay)
                when = f"killed {delay * 1000:.2f} ms after the signature came"
            equal(f"{when}: no process of it is left", [], kill(run))
            result = judge(folder, when)
            results[result] = results.get(result, 0) + 1
    about(f"left behind: {results}")
    holds("some were killed before the end", results.get("part", 0) + results.get("nothing", 0) > 0, results)
    finish()


main()
