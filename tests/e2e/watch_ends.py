#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SIGTERM of a watch that delivers to an S3 double, at each of its moments: while it is idle, takes a snapshot, delivers
a bundle, or the signature beside it; while S3 answers, is slow, or never answers. It ends inside of its budget, its last
snapshot is in the bucket, in the spool, or said to be lost, and the exit status says which."""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import odd  # noqa: E402
import s3_double  # noqa: E402
import s3_faults as faults  # noqa: E402
from checks import Stopwatch, about, equal, finish, holds  # noqa: E402
from delivery import DEST, ENV_KEYS, PREFIX  # noqa: E402
from endpoint import give_address  # noqa: E402
from watching import NOT_DELIVERED, SEALED, Watch, ask, read, wait_until  # noqa: E402

BUDGET_S, SLACK_S = 6, 0.5  # the end of the process itself
AMPLE_S = 20  # where nothing is slow but the machine: the last snapshot reads for two fifths of it at most
OK = 0


class Moment:
    """Faults for a double: `make(request)` gives one for each request while `on`; `reached`: how many came."""

    def __init__(self, make=lambda request: None):
        self.make, self.on, self.reached = make, False, 0

    def __call__(self, number, request):
        fault = self.make(request) if self.on else None
        self.reached += fault is not None
        return fault


def of_bundle(fault):
    return lambda request: fault() if not request.path.endswith(b".minisig") else None


def of_signature(fault):
    return lambda request: fault() if request.path.endswith(b".minisig") else None


def once(make):
    """The first one alone."""
    gone = []

    def fault(request):
        made = make(request) if not gone else None
        if made:
            gone.append(made)
        return made
    return fault


class Case:
    """A watch with a double, and with a spool or without."""

    def __init__(self, what, folder, spool, make=lambda request: None, options=(), budget=BUDGET_S):
        self.what = f"{what}, {'with a spool' if spool else 'in memory'}"
        self.folder = f"{folder}/{self.what.replace(' ', '-')}"
        os.mkdir(self.folder)
        self.spool = f"{self.folder}/spool" if spool else None
        self.moment = Moment(make)
        self.double = s3_double.Double(faults=self.moment)
        self.watch = Watch(DEST, "1h", "--endpoint-url", self.double.url, "--stop-budget", f"{budget}s", *options,
                           *(("--spool", self.spool) if spool else ()), env={"PATH": os.environ["PATH"], **ENV_KEYS})

    def delivered_one(self):
        self.watch.wait_for("delivered")
        self.moment.on = True
        return self

    def asked_for_another(self):
        """And at the moment that the faults are about, when there are some."""
        self.delivered_one()
        holds(f"{self.what}: a snapshot is asked for", ask("trigger")[0] == 0)
        wait_until(lambda: self.moment.reached > 0)
        return self

    def ends(self, expected):
        stopwatch = Stopwatch()
        status, took = self.watch.stop(), stopwatch.calm()
        holds(f"{self.what}: it ends inside of the budget", took < BUDGET_S + SLACK_S, took)
        holds(f"{self.what}: exit status {' or '.join(map(str, expected))}, which is what the log says",
              status in expected and status == self.watch.events[-1]["status"], (status, self.watch.events[-4:]))
        equal(f"{self.what}: standard error", "", self.watch.stderr)
        equal(f"{self.what}: nothing is overwritten", [], self.double.overwritten)
        self._check_whereabouts(status)

    def _check_whereabouts(self, status):
        sealed = [event["bundle"] + ".tar.gz" for event in self.watch.of("snapshot")]
        files = {key[len(PREFIX):]: self.double.object(key).data for key in self.double.key_names()}
        there = {name for name in sealed if name in files and f"{name}.minisig" in files}
        kept = set(os.listdir(self.spool)) if self.spool else set()
        waiting = {name for name in sealed if {name, f"{name}.minisig"} <= kept}
        equal(f"{self.what}: the last snapshot says so", "final", self.watch.of("snapshot")[-1]["reason"])
        equal(f"{self.what}: the last snapshot is in the bucket, as the status says", status == SEALED,
              sealed[-1] in there)
        equal(f"{self.what}: what is reported delivered is there", set(),
              {event["bundle"] for event in self.watch.of("delivered")} - there)
        told = self.watch.of("left_in_spool" if self.spool else "lost")
        not_delivered = len(sealed) - len(self.watch.of("delivered"))
        equal(f"{self.what}: how many are left, or lost, is told", not_delivered, told[0]["bundles"] if told else 0)
        if self.spool:
            equal(f"{self.what}: all that was sealed is in the bucket or in the spool", set(),
                  set(sealed) - there - waiting)
            self._check_series(files, kept)

    def _check_series(self, files, kept):
        """What a responder gets out of both."""
        os.mkdir(f"{self.folder}/series")
        left = {name: read(f"{self.spool}/{name}") for name in kept if ".tar.gz" in name}
        for name, data in {**left, **files}.items():
            with open(f"{self.folder}/series/{name}", "wb") as file:
                file.write(data)
        with open(f"{self.folder}/log", "w", encoding="ascii") as file:
            file.writelines(json.dumps(event) + "\n" for event in self.watch.events)
        status, text = ask("verify", f"{self.folder}/series", "--heads", f"{self.folder}/log")
        equal(f"{self.what}: verify DIR says that the chain is closed", (OK, True), (status, "unbroken" in text))


def check_idle(folder, spool):
    Case("idle", folder, spool, budget=AMPLE_S).delivered_one().ends((SEALED,))


def check_in_snapshot(folder, spool):
    odd.Odd("crowd", 200)
    under_way = []
    delays = [0, 0.01, 0.03, 0.08]
    for delay in delays:
        case = Case(f"{delay} s into a snapshot", folder, spool, options=("--profile", "standard", "--files", "none"),
                    budget=AMPLE_S)
        case.delivered_one()
        ask("trigger")
        time.sleep(delay)
        case.ends((SEALED,))
        under_way.append(case.watch.of("stopping")[0]["snapshot_under_way"])
        if len(under_way) == len(delays) and not any(under_way) and len(delays) < 12:
            delays.append(len(delays) / 1e4)  # at another moment
    holds("some were stopped while they took one", any(under_way), under_way)
    odd.end_all()


def check_in_delivery(folder, spool):
    slow, hangs = lambda: faults.SlowRead(0.1, 5), lambda: faults.StopsReading(100, 30)
    for part, part_of in (("a bundle", of_bundle), ("a signature", of_signature)):
        Case(f"{part} goes slowly", folder, spool, part_of(slow)).asked_for_another().ends((SEALED,))
        Case(f"{part} hangs for ever", folder, spool, part_of(hangs)).asked_for_another().ends((NOT_DELIVERED,))
        if spool:
            Case(f"{part} hangs once", folder, spool, once(part_of(hangs))).asked_for_another().ends((SEALED,))
            Case(f"the answer to {part} is lost", folder, spool, once(part_of(lambda: faults.Silence(stored=True)))
                 ).asked_for_another().ends((SEALED,))


def main():
    odd.inside_namespaces()
    give_address("lo", "127.0.0.1")
    for check in (check_idle, check_in_delivery, check_in_snapshot):
        for spool in (True, False):
            with odd.folder() as folder:
                begun = time.monotonic()
                check(folder, spool)
                about(f"{check.__name__}: {time.monotonic() - begun:.1f} s")
    finish()


main()
