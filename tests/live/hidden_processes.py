#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A process that every listing leaves out, as a rootkit does it, is found by its number; and nobody who was only just
born is called hidden."""
import os

import odd
import snapshot
from checks import equal, finish, holds, skip

HIDER = os.environ.get("HIDER", "")


def probe_of(bundle):
    """The system record of the probe."""
    found = [record["proc"]["pid_probe"] for record in bundle.records("system") if "pid_probe" in record["proc"]]
    equal("one record of the probe", 1, len(found))
    return found[0]


def unlisted(bundle):
    return {record["process"]["pid"] for record in bundle.records("process") if record["proc"].get("listed") is False}


def gaps(bundle):
    return {record["proc"]["gap"]["pid"] for record in bundle.records("gap")
            if record["proc"]["gap"]["outcome"] == "hidden"}


def main():
    if not HIDER:
        skip("HIDER does not name the program that lies to the collector")
    odd.inside_namespaces()
    folder = odd.folder()
    hidden, threads = odd.Odd("comm", "6d696e6572"), odd.Odd("threads", 40)

    bundle = snapshot.collect(folder.name)
    equal("nobody hides: nobody is called hidden", (set(), set()), (unlisted(bundle), gaps(bundle)))
    probe = probe_of(bundle)
    holds("nobody hides: the probe reaches beyond the last process", probe["last"] >= threads.pid + 40, probe)
    equal("nobody hides: both ways of asking", "pidfd,name", probe["by"])

    # A sanitizer cannot look for leaks in a process that is traced.
    liar = ["env", "ASAN_OPTIONS=detect_leaks=0", HIDER, str(hidden.pid)]
    bundle = snapshot.collect(folder.name, prefix=[*liar, "listing"])
    swept = {pid for line in bundle.lines if line.scope in ("opening", "closing")
             for capture in line.captures for pid in capture.entries}
    equal("hidden from listings: the sweeps do not have it", False, str(hidden.pid) in swept)
    equal("hidden from listings: it alone is called hidden", ({hidden.pid}, set()), (unlisted(bundle), gaps(bundle)))
    equal("hidden from listings: read in full", [hidden.read("comm").strip(), hidden.link("exe")],
          [bundle.capture(hidden.pid, "comm").bytes.strip(), bundle.capture(hidden.pid, "exe").bytes])

    bundle = snapshot.collect(folder.name, prefix=[*liar, "name"])
    equal("hidden by name too: pidfd_open tells it", (set(), {hidden.pid}), (unlisted(bundle), gaps(bundle)))

    odd.Odd("births", "born-000000", 4)
    for _ in range(10):
        bundle = snapshot.collect(folder.name, "--read-timeout", "5s")
        equal("beside forks: nobody is called hidden", (set(), set()), (unlisted(bundle), gaps(bundle)))
    finish()


main()
