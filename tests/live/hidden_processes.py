#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A process that every listing leaves out, as a rootkit does it, is found by its number, or at least missed; and nobody
who was only just born is called hidden (RUNS runs beside forks, 10 where it is not set)."""
import os
import subprocess
import time

import odd
import snapshot
from checks import about, equal, finish, holds, skip

HIDER = os.environ.get("HIDER", "")
CALM = ("--read-timeout", "5s")  # who is traced waits for the tracer at each call
RUNS, CHURNERS = int(os.environ.get("RUNS", "10")), int(os.environ.get("CHURNERS", "1"))


def probe_of(bundle):
    """The system record of the probe."""
    found = [record["proc"]["pid_probe"] for record in bundle.records("system") if "pid_probe" in record["proc"]]
    snapshot.must(len(found) == 1, len(found), "records of the probe")
    return found[0]


def unlisted(bundle):
    return {record["process"]["pid"] for record in bundle.records("process") if record["proc"].get("listed") is False}


def gaps(bundle):
    return {record["proc"]["gap"]["pid"] for record in bundle.records("gap")
            if record["proc"]["gap"]["outcome"] == "hidden"}


def mentioned(bundle):
    """(pid, as what, by whom) of each gap that tells of somebody who is named and not in view."""
    return [(gap["pid"], gap["mentioned_as"], gap["by"]["pid"]) for gap in
            (record["proc"]["gap"] for record in bundle.records("gap")) if gap["outcome"] == "not in view"]


def check_mentioned(folder, liar):
    """Nothing that can be asked knows the process; its children name their parent, or its tracee the tracer."""
    parent, tracer = odd.Odd("crowd", 3), odd.Odd("tracer")
    children = sorted(int(pid) for pid in parent.read(f"task/{parent.pid}/children").split())
    bundle = snapshot.collect(folder)
    equal("everybody is in view: nobody is missed", [], mentioned(bundle))
    equal("the tracer is the one that the kernel names", tracer.pid,
          bundle.process(tracer.child)["proc"]["status"]["TracerPid"])
    bundle = snapshot.collect(folder, *CALM, prefix=[*liar, str(parent.pid), "number"])
    equal("known to nobody but its children: told once", ([(parent.pid, "parent", children[0])], set()),
          (mentioned(bundle), unlisted(bundle) | gaps(bundle)))
    bundle = snapshot.collect(folder, *CALM, prefix=[*liar, str(tracer.pid), "number"])
    equal("known to nobody but its tracee: told once", [(tracer.pid, "tracer", tracer.child)], mentioned(bundle))
    for process in (parent, tracer):
        process.end()


def born(churners):
    """How many lives they have made. A churner that makes its first one still has its program's name."""
    names = [churner.read("comm").strip() for churner in churners]
    return sum(int(name[5:]) for name in names if name.startswith(b"born-"))


def beside_forks():
    churners = [odd.Odd("births", "born-000000", 4) for _ in range(CHURNERS)]
    begun, before, wrong, probes = time.monotonic(), born(churners), [], 0
    for run in range(RUNS):
        with odd.folder() as folder:
            bundle = snapshot.collect(folder, *CALM, "--files", "none")
        called = unlisted(bundle), gaps(bundle), mentioned(bundle)
        wrong += [(run, *called)] if any(called) else []
        probes += probe_of(bundle)["born"]
    took = time.monotonic() - begun
    about(f"{RUNS} runs beside {(born(churners) - before) / took:.0f} forks a second; {probes} lives that the probe met "
          "were born meanwhile")
    equal(f"beside forks, {RUNS} runs: nobody is called hidden or missed", [], wrong)


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
    liar = ["env", "ASAN_OPTIONS=detect_leaks=0", HIDER]
    run = snapshot.Run(folder.name, *CALM, prefix=[*liar, str(hidden.pid), "listing"], name="hidden.tar.gz")
    bundle = run.bundle
    holds("hidden from listings: the verdict says so", "1 process that no listing of /proc has" in run.stderr, run.stderr)
    for what, words in (((), " hidden      miner"), (("process", str(hidden.pid)), "no listing of /proc has it")):
        shown = subprocess.run([snapshot.PROCSNAP, "show", run.path, *what], capture_output=True, check=False, timeout=60)
        holds(f"hidden from listings: show {' '.join(what[:1])} says so", words in shown.stdout.decode(), shown.stdout)
    swept = {pid for line in bundle.lines if line.scope in ("opening", "closing")
             for capture in line.captures for pid in capture.entries}
    equal("hidden from listings: the sweeps do not have it", False, str(hidden.pid) in swept)
    equal("hidden from listings: it alone is called hidden", ({hidden.pid}, set()), (unlisted(bundle), gaps(bundle)))
    equal("hidden from listings: read in full", [hidden.read("comm").strip(), hidden.link("exe")],
          [bundle.capture(hidden.pid, "comm").bytes.strip(), bundle.capture(hidden.pid, "exe").bytes])

    bundle = snapshot.collect(folder.name, *CALM, prefix=[*liar, str(hidden.pid), "name"])
    equal("hidden by name too: pidfd_open tells it", (set(), {hidden.pid}), (unlisted(bundle), gaps(bundle)))

    check_mentioned(folder.name, liar)
    beside_forks()
    finish()


main()
