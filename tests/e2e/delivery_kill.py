#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""SIGKILL at random moments of push, and of collect to a bucket: what was reported delivered is there, nothing is
overwritten, and what push had is still there; the next push brings it.

KILLS runs of push are killed (100 where it is not set), and a fifth of it of collect. SEED chooses the moments.
"""
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import delivery  # noqa: E402
import odd  # noqa: E402
import s3_double  # noqa: E402
import s3_faults as faults  # noqa: E402
import snapshot  # noqa: E402
from checks import about, equal, finish, holds  # noqa: E402
from delivery import DELIVERED, PREFIX, Push  # noqa: E402
from endpoint import give_address  # noqa: E402

KILLS = int(os.environ.get("KILLS", "100"))
SEED = int(os.environ.get("SEED", "0")) or random.randrange(1, 1 << 32)


def killed(run, delay):
    time.sleep(max(0.0, delay - run.stopwatch.took()))
    try:
        os.killpg(run.popen.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    return run.end()


def whole_receipts(run):
    """A receipt that is cut short is none; one that is whole has to be true."""
    try:
        return run.receipts()
    except ValueError:
        return []


def check_push(folder, bundle, source, took):
    """A double that is slow here and there, so that all phases are hit."""
    double = s3_double.Double(faults=faults.chance(0.3,
                                                   [lambda: faults.SlowRead(0.01, 5), lambda: faults.LateAnswer(0.05),
                                                         faults.slow_down], source.randrange(1 << 32)))
    arguments = (bundle.path, delivery.DEST, "--endpoint-url", double.url)
    run = killed(Push(folder, *arguments, deadline="20s"), source.random() * took * 1.3)
    what = f"push killed after {run.lasted * 1000:.1f} ms"
    there = delivery.stored(double, bundle)
    receipts = whole_receipts(run)
    if receipts or run.status == DELIVERED:
        equal(f"{what}: what is reported delivered is there", set(bundle.files), there)
    holds(f"{what}: nothing that is half", all(len(v) == 1 and v[0].data in bundle.files.values()
                                               for v in double.bucket().objects.values()), double.key_names())
    holds(f"{what}: push still has it", bundle.is_kept())
    double.faults = lambda number, request: None
    again = Push(folder, *arguments, deadline="20s").end()
    holds(f"{what}: after another push both are there", set(bundle.files) == delivery.stored(double, bundle),
          (again.status, again.stderr[-500:]))
    equal(f"{what}: nothing was overwritten", [], double.overwritten)
    left = set(os.listdir(folder)) - {bundle.name, bundle.name + ".minisig"}
    holds(f"{what}: nothing left behind but receipts", all(name.startswith("receipt-") for name in left), left)
    return "delivered" if receipts else f"{len(there)} of 2"


def check_collect(folder, source, took):
    double = s3_double.Double()
    spool = os.path.join(folder, f"spool-{time.monotonic_ns()}")
    os.mkdir(spool)
    run = killed(Push(folder, delivery.DEST, "--endpoint-url", double.url, "--profile", "card", "--quiet", "--spool",
                      spool,
                      command="collect", deadline="20s"), source.random() * took * 1.2)
    what = f"collect killed after {run.lasted * 1000:.1f} ms"
    for receipt in whole_receipts(run):
        made = double.object(PREFIX + receipt["file"])
        holds(f"{what}: what is reported delivered is there", made and made.body.sha256.hex() == receipt["sha256"]
              and double.object(PREFIX + receipt["file"] + ".minisig"), receipt)
    for name, versions in double.bucket().objects.items():
        equal(f"{what}: {name} is there once", 1, len(versions))
        if not name.endswith(".minisig"):
            holds(f"{what}: {name} is a whole bundle", snapshot.Bundle(versions[0].data).id in name)
    return f"{len(double.key_names())} of 2"


def main():
    odd.inside_namespaces()
    give_address("lo", "127.0.0.1")
    about(f"SEED={SEED}")
    source = random.Random(SEED)
    with odd.folder() as folder:
        bundle = delivery.Bundle(folder)
        whole = delivery.push(folder, bundle, s3_double.Double())
        equal("a push that nobody kills", DELIVERED, whole.status)
        results = [check_push(folder, bundle, source, whole.lasted) for _ in range(KILLS)]
        about({result: results.count(result) for result in set(results)})
        holds("some were killed before the end", any(result != "delivered" for result in results), results)
    with odd.folder() as folder:
        whole = Push(folder, delivery.DEST, "--endpoint-url", s3_double.Double().url, "--profile", "card", "--quiet",
                     command="collect").end()
        equal("a collect that nobody kills", DELIVERED, whole.status)
        results = [check_collect(folder, source, whole.lasted) for _ in range(KILLS // 5)]
        about({result: results.count(result) for result in set(results)})
    finish()


main()
