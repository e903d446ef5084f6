#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A bundle that is cut short, by SIGKILL or by hand: whatever packs are in the file, show tells their processes."""
import json
import os
import signal
import subprocess
import sys
import tarfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import odd  # noqa: E402
import snapshot  # noqa: E402
from checks import about, equal, finish, holds  # noqa: E402

INCOMPLETE = 10
PERCENTS = (3, 10, 20, 35, 50, 70, 90, 99)


def members(path):
    """Names below the top directory, of members that begin in the file."""
    found = []
    try:
        with tarfile.open(path, "r|gz") as tar:
            found.extend(member.name.partition("/")[2] for member in tar)
    except (EOFError, tarfile.TarError, OSError):
        pass
    return found


def show(path, view):
    done = subprocess.run([snapshot.PROCSNAP, "show", path, *view.split(), "--json"], capture_output=True, check=False,
                          timeout=300)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()


def packed(names):
    """Pids whose state.pack is there. The last member may be nothing but its header."""
    return {int(name.split("/")[2].partition("+")[0]) for name in names[:-1]
            if name.startswith("data/proc/") and name.endswith("/state.pack")}


def judge(path, when, pids):
    names = members(path)
    status, shown, said = show(path, "processes")
    equal(f"{when}: verdict", INCOMPLETE, status)
    told = {process["pid"] for process in shown}
    equal(f"{when}: processes whose packs are there and that are not shown", set(), packed(names) - told)
    if any(name.startswith("data/opening/") for name in names[:-1]):
        equal(f"{when}: processes of the opening sweep that are not shown", set(), pids - told)
        holds(f"{when}: what is shown is said", "made from the raw captures" in said, said)
    equal(f"{when}: a process twice", len(shown), len({process["entity_id"] for process in shown}))
    bare = [process["pid"] for process in shown if not process["name"] and process["pid"] in pids]
    holds(f"{when}: names", len(bare) <= 1, bare)  # one of the odd ones has none
    for view in ("tree", "sockets", "files", "gaps", "summary"):
        equal(f"{when}: {view}", INCOMPLETE, show(path, view)[0])
    return len(packed(names))


def killed(folder):
    """The part file of a run that was killed once packs had come, or None."""
    part = os.path.join(folder, "killed.tar.gz.part")
    run = subprocess.Popen([snapshot.PROCSNAP, "collect", part.removesuffix(".part"), "--quiet"],
                           start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    end = time.monotonic() + 20
    while time.monotonic() < end and run.poll() is None:
        if os.path.exists(part) and os.path.getsize(part) > 0:
            break
    os.killpg(run.pid, signal.SIGKILL)
    run.wait(timeout=10)
    return part if os.path.exists(part) else None


def main():
    odd.inside_namespaces()
    odd.Odd("crowd", 120)
    odd.Odd("sockets")
    odd.Odd("comm")
    with odd.folder() as folder:
        whole = os.path.join(folder, "whole.tar.gz")
        subprocess.run([snapshot.PROCSNAP, "collect", whole, "--quiet"], check=True, stdout=subprocess.DEVNULL)
        pids = {process["pid"] for process in show(whole, "processes")[1]}
        with open(whole, "rb") as file:
            data = file.read()
        counts = []
        for percent in PERCENTS:
            path = os.path.join(folder, f"cut{percent}.tar.gz")
            with open(path, "wb") as file:
                file.write(data[:len(data) * percent // 100])
            counts.append(judge(path, f"cut after {percent} %", pids))
        about(f"processes with packs in the file: {dict(zip(PERCENTS, counts))} of {len(pids)}")
        holds("some cuts left some packs and not all", any(0 < count < len(pids) for count in counts), counts)
        part = killed(folder)
        if part is not None:
            status, shown, _ = show(part, "processes")
            equal("killed: verdict", INCOMPLETE, status)
            equal("killed: processes whose packs are there and that are not shown", set(),
                  packed(members(part)) - {process["pid"] for process in shown})
            about(f"killed: {len(shown)} processes shown")
    finish()


main()
