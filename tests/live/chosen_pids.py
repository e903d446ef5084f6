#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--pid N,...: these processes in full, and no other; the sweeps still say who else was there."""
import odd
import snapshot
from checks import equal, finish


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    first, second, other = (odd.Odd("wait", env={b"NAME": name}) for name in (b"first", b"second", b"other"))
    missing = 32000
    bundle = snapshot.collect(folder.name, "--pid", f"{first.pid},{second.pid},{missing}")
    chosen, lines = {first.pid, second.pid}, [line for line in bundle.lines if line.scope == "process"]
    equal("--pid: lines of the journal are about these", chosen, {line.pid for line in lines})
    equal("--pid: process records", chosen, {record["process"]["pid"] for record in bundle.records("process")})
    for kind in ("fd", "environ", "mount", "executable"):
        equal(f"--pid: {kind} records", True, {record["process"]["pid"] for record in bundle.records(kind)} <= chosen)
    equal("--pid: a child's parent is known all the same", 1, bundle.process(first.pid)["process"]["parent"]["pid"])
    swept = {int(name) for line in bundle.lines if line.scope == "opening" for name in line.captures[0].entries}
    equal("--pid: the sweep saw the others", set(), {1, other.pid} - swept)
    equal("--pid: meta.json says what was asked", [first.pid, second.pid, missing], bundle.meta["options"]["pids"])
    equal("--pid: their captures are whole", ["same"] * 4, [line.identity for line in lines])
    equal("--pid: counts", 2, bundle.closing["counts"]["processes"])
    finish()


main()
