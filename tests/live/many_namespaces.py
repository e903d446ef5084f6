#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""More network namespaces than are read: the first ones are, the others are said to be left out, and by which limit."""
import ctypes
import os
import signal
import subprocess

import odd
import snapshot
from checks import equal, finish, holds, skip

LIMIT, MORE = 256, 3
CLONE_NEWNET = 0x40000000


def live_in_its_own(ready, children):
    """A process in a network namespace of its own, and `children` others in it."""
    pid = os.fork()
    if pid > 0:
        return pid
    made = ctypes.CDLL(None).unshare(CLONE_NEWNET) == 0
    while children > 0 and os.fork() > 0:
        children -= 1
    os.write(ready, b"y" if made else b"n")
    signal.pause()
    os._exit(0)


def populate():
    ready, done = os.pipe()
    for i in range(LIMIT + MORE):
        live_in_its_own(done, 1 if i == LIMIT + MORE - 1 else 0)
    answers = b""
    while len(answers) < LIMIT + MORE + 1:
        answers += os.read(ready, 4096)
    if b"n" in answers:
        skip("no further network namespaces are to be had here")


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    populate()
    run = snapshot.Run(folder.name, "--quiet", "--files", "none")
    bundle = run.bundle
    tables = [name for name in bundle.meta["plan"]["quiet"] if name.startswith("net/")]
    outcomes = {name: {} for name in tables}
    for line in bundle.lines:
        for capture in line.captures:
            if line.scope == "process" and capture.name in outcomes:
                found = outcomes[capture.name]
                found[capture.outcome] = found.get(capture.outcome, 0) + 1
    left_out = MORE + 1  # the last one has two processes
    equal("the limit is in meta.json", LIMIT, bundle.meta["limits"]["net_namespaces"])
    equal("each table is read in as many namespaces as the limit says, and skipped in the others",
          [(name, LIMIT, left_out) for name in tables],
          [(name, found.get("complete", 0) + found.get("absent", 0), found.get("skipped", 0))
           for name, found in outcomes.items()])
    equal("closing.json names the limit", ["net_namespaces"], bundle.closing["limits_reached"])
    equal("the rest of these processes is read", set(),
          {capture.name for line in bundle.lines for capture in line.captures if capture.outcome == "skipped"}
          - set(tables))
    shown = subprocess.run([run.program, "show", run.path, "gaps"], capture_output=True, text=True, check=False).stdout
    holds("show gaps says why", "More network namespaces than are read" in shown, shown)
    finish()


main()
