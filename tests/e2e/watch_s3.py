#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A watch that delivers to an S3 double: what is reported delivered is there, nothing is overwritten, and what cannot be
delivered waits, in memory or in a spool that survives the watch, also when it is killed at any moment.

KILLS watches are killed (20 where it is not set).
"""
import contextlib
import json
import os
import random
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import odd  # noqa: E402
import s3_double  # noqa: E402
import s3_faults as faults  # noqa: E402
import snapshot  # noqa: E402
from checks import Stopwatch, about, equal, finish, holds  # noqa: E402
from delivery import DEST, ENV_KEYS, PREFIX  # noqa: E402
from endpoint import give_address  # noqa: E402
from watching import (NOT_DELIVERED, SEALED, Watch, ask, chain_of, check_chain, children_of, deleted_program,  # noqa: E402
                      held, read, wait_until)

KILLS = int(os.environ.get("KILLS", "20"))
OK, INCOMPLETE = 0, 10


class Outage:
    """Faults for a double: it refuses everything while `on`."""

    def __init__(self):
        self.on = True

    def __call__(self, number, request):
        return faults.Refusal(503, "ServiceUnavailable") if self.on else None


def started(double, every, *options, deadline="3s", **how):
    environment = {"PATH": os.environ["PATH"], **ENV_KEYS}
    return Watch(DEST, every, "--endpoint-url", double.url, "--delivery-deadline", deadline, *options, env=environment, **how)


def in_bucket(double):
    """Bytes by name of each bundle that is there with its signature, once."""
    objects = double.bucket().objects
    names = [name for name in objects if not name.endswith(".minisig")]
    whole = {name[len(PREFIX):]: objects[name][0].data for name in names
             if len(objects[name]) == 1 and len(objects.get(name + ".minisig", [])) == 1}
    return whole


def check_bucket(what, double, watches, folder):
    """All that the watches sealed is in the bucket, in their order one chain each; and nothing is overwritten."""
    there = in_bucket(double)
    equal(f"{what}: nothing is overwritten", [], double.overwritten)
    for watch in watches:
        told = [event["bundle"] + ".tar.gz" for event in watch.of("snapshot")]
        equal(f"{what}: all that was sealed is there", [], [name for name in told if name not in there])
        check_chain(what, [there[name] for name in told if name in there])
    for name, data in there.items():
        with open(f"{folder}/{name}", "wb") as file:
            file.write(data)
        with open(f"{folder}/{name}.minisig", "wb") as file:
            file.write(double.object(f"{PREFIX}{name}.minisig").data)
        status, text = ask("verify", f"{folder}/{name}")
        equal(f"{what}: {name} verifies", 1, status)


def check_straight(folder):
    double = s3_double.Double()
    watch = started(double, "1s", deadline="60s")  # each at the first try: in their order
    for _ in range(3):
        event = watch.wait_for("delivered")
        holds("delivered, with a receipt", event and event["certain"] and event["receipt"]["bundle"] in event["bundle"], event)
    status, text = ask("trigger", "--wait")
    holds("trigger --wait answers when the bundle is delivered", status == SEALED and "delivered" in text, (status, text))
    equal("health --delivery", 0, ask("health", "--delivery")[0])
    status = watch.stop()
    equal("SIGTERM: exit status", SEALED, status)
    equal("SIGTERM: the last snapshot is delivered before the end", "final",
          watch.of("snapshot")[-1]["reason"])
    equal("all are delivered", [event["bundle"] + ".tar.gz" for event in watch.of("snapshot")],
          [event["bundle"] for event in watch.of("delivered")])
    check_bucket("straight", double, [watch], folder)
    secret = ENV_KEYS["AWS_SECRET_ACCESS_KEY"].encode()
    holds("no bundle holds the credentials", not any(secret in snapshot.Bundle(data).tar for data in in_bucket(double).values()))
    holds("no event holds the credentials", secret.decode() not in str(watch.events))


def check_outage(folder, *options):
    """Bundles wait while nothing can be delivered, the oldest go first when it can."""
    what = "an outage" + (", with a spool" if options else ", in memory")
    outage = Outage()
    double = s3_double.Double(faults=outage)
    watch = started(double, "1s", *options)
    failed = watch.wait_for("delivery_failed")
    holds(f"{what}: told, with the code of AWS", failed and "ServiceUnavailable" in failed["words"], failed)
    for _ in range(2):
        watch.wait_for("snapshot")
    equal(f"{what}: health says alive", 0, ask("health")[0])
    equal(f"{what}: health --delivery does not", 1, ask("health", "--delivery")[0])
    status, text = ask("trigger", "--wait")
    equal(f"{what}: trigger --wait says that it is not delivered", NOT_DELIVERED, status)
    outage.on = False
    holds(f"{what}: over, it is delivered", watch.wait_for("delivered", seconds=120))
    equal(f"{what}: over, health --delivery", True, wait_until(lambda: ask("health", "--delivery")[0] == 0))
    equal(f"{what}: SIGTERM: exit status", SEALED, watch.stop())
    sealed = [event["bundle"] + ".tar.gz" for event in watch.of("snapshot")]
    delivered = [event["bundle"] for event in watch.of("delivered")]
    equal(f"{what}: all are delivered", sorted(sealed), sorted(delivered))
    check_bucket(what, double, [watch], folder)


def check_contents(folder):
    """A content counts as known when the bundle that holds it is delivered, and no earlier."""
    process, sha256 = deleted_program(folder)
    outage = Outage()
    double = s3_double.Double(faults=outage)
    watch = started(double, "1h", "--profile", "standard", "--files", "none")
    watch.wait_for("delivery_failed")
    ask("trigger")
    watch.wait_for("snapshot", reason="trigger")
    outage.on = False
    wait_until(lambda: len(watch.of("delivered")) == 2, 120)
    equal("after the outage, trigger --wait", SEALED, ask("trigger", "--wait")[0])
    watch.stop()
    there = in_bucket(double)
    equal("stored until it is delivered, then named", [(True, None, None), (True, None, None), (False, "earlier bundle")],
          [held(there[event["bundle"] + ".tar.gz"], process, sha256)[:3 if i < 2 else 2]
           for i, event in enumerate(watch.of("snapshot")[:3])])
    odd.end_all()


def check_left(folder):
    """What is not delivered at the end waits for the next watch."""
    outage = Outage()
    double = s3_double.Double(faults=outage)
    spool = f"{folder}/spool"
    first = started(double, "1s", "--spool", spool, "--stop-budget", "3s")
    first.wait_for("snapshot")
    first.wait_for("snapshot")
    stopwatch = Stopwatch()
    equal("SIGTERM in an outage: exit status", NOT_DELIVERED, first.stop())
    took, calm = stopwatch.took(), stopwatch.calm()
    holds("SIGTERM in an outage: the budget is used, and kept", 2 < took and calm < 5, (took, calm))
    left = first.of("left_in_spool")
    equal("SIGTERM in an outage: told what is left", len(first.of("snapshot")), left and left[0]["bundles"])
    outage.on = False
    second = started(double, "1h", "--spool", spool)
    second.wait_for("snapshot")
    wait_until(lambda: len(in_bucket(double)) == len(first.of("snapshot")) + 1)
    equal("the next watch ends well", SEALED, second.stop())
    links = [snapshot.Bundle(in_bucket(double)[event["bundle"] + ".tar.gz"]) for event in second.of("snapshot")]
    chain = snapshot.strict_json(links[0].members["chain.json"])
    equal("the next watch names the last root of the one before", ("restart", first.of("snapshot")[-1]["root"]),
          (chain["reason"], chain["prev_root"]))
    equal("the spool is empty, but for the last head line", ["last.head"], os.listdir(spool))
    there = in_bucket(double)
    for watch in (first, second):
        equal("all that was sealed is there", [], [event["bundle"] for event in watch.of("snapshot")
                                                   if event["bundle"] + ".tar.gz" not in there])


def stopped_alone(watch):
    """It stands still, and its children have ended, which nobody has waited for yet."""
    states = [read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[0] for pid in (watch.pid, *children_of(watch.pid))]
    return states[0] == b"T" and set(states[1:]) <= {b"Z"}


def check_meddled(folder):
    """Others may write where the spool is. The directory was put elsewhere: deliveries go on, and it is told. Bundles that
    wait were taken out, replaced by a pipe, written to: each is told, and keeps none of the others from being delivered."""
    outage = Outage()
    double = s3_double.Double(faults=outage)
    spool, elsewhere = f"{folder}/meddled", f"{folder}/elsewhere"
    watch = started(double, "1h", "--spool", spool, "--delivery-deadline", "1s", "--trigger-limit", "100/1h")
    names = []
    for _ in range(4):  # and none is under way behind them
        names.append(watch.wait_for("snapshot")["bundle"] + ".tar.gz")
        if len(names) < 4:
            ask("trigger")
    os.kill(watch.pid, signal.SIGSTOP)
    holds("the delivery under way ends", wait_until(lambda: stopped_alone(watch)))
    os.rename(spool, elsewhere)
    os.mkdir(spool)
    os.remove(f"{elsewhere}/{names[0]}")
    os.remove(f"{elsewhere}/{names[1]}")
    os.mkfifo(f"{elsewhere}/{names[1]}")
    with open(f"{elsewhere}/{names[2]}", "ab") as file:
        file.write(b"more")
    outage.on = False
    os.kill(watch.pid, signal.SIGCONT)
    ask("trigger")
    holds("the spool is elsewhere: told", watch.wait_for("spool_moved"), watch.events)
    wait_until(lambda: len(watch.of("spool_gone")) == 2 and {*names[2:]} <= {*in_bucket(double)}, seconds=90)
    equal("taken out, and replaced by a pipe: told", set(names[:2]), {event["bundle"] for event in watch.of("spool_gone")})
    equal("written to: told", [names[2]], [event["bundle"] for event in watch.of("spool_altered")])
    equal("the others arrive, and the last one", SEALED, watch.stop())
    there = in_bucket(double)
    equal("all that could be delivered is there", [], [event["bundle"] for event in watch.of("snapshot")
                                                       if event["bundle"] + ".tar.gz" not in set(there) | set(names[:2])])
    equal("nothing lies where the path leads", [], os.listdir(spool))


def size_of(folder):
    """Of its files, some of which may go meanwhile."""
    size = 0
    for entry in os.scandir(folder):
        try:
            size += entry.stat().st_size
        except FileNotFoundError:
            continue
    return size


class AskAll(faults.Fault):
    """While a bundle comes, somebody asks for a snapshot by SIGUSR1 to all that is called procsnap, as pkill does."""

    def __init__(self, running):
        self.running, self.asked = running, False

    def piece(self, connection, so_far):
        if self.asked or not wait_until(lambda: self.running):
            return
        self.asked = True
        for pid in (*children_of(self.running[0].pid), self.running[0].pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGUSR1)


def check_asked_all(folder):
    running = []
    double = s3_double.Double(faults=lambda number, request: AskAll(running) if number == 1 else None)
    watch = started(double, "1h", "--spool", f"{folder}/spool")
    running.append(watch)
    watch.wait_for("snapshot", reason="trigger")
    equal("SIGUSR1 to all of it: ends well", SEALED, watch.stop())
    equal("SIGUSR1 to all of it: the delivery goes on", [], watch.of("delivery_failed"))
    equal("SIGUSR1 to all of it: everything is there", len(watch.of("snapshot")), len(in_bucket(double)))


def check_full(folder):
    """A spool of little room: the oldest stay, or the newest."""
    for policy in ("oldest", "newest"):
        outage = Outage()
        double = s3_double.Double(faults=outage)
        watch = started(double, "1s", "--spool", f"{folder}/{policy}", "--spool-max", "400K", "--spool-policy", policy)
        sign = watch.wait_for("spool_full" if policy == "oldest" else "dropped", seconds=120)
        holds(f"a full spool, {policy}: told", sign, watch.events)
        first = watch.of("snapshot")[0]["bundle"] + ".tar.gz"
        size = size_of(f"{folder}/{policy}")
        holds(f"a full spool, {policy}: it grows no more", size < 600 << 10, size)
        if policy == "oldest":
            holds("a full spool, oldest: the first is kept", first in os.listdir(f"{folder}/{policy}"), first)
        else:  # when it is not under way just then
            holds("a full spool, newest: the first is dropped", wait_until(
                lambda: first not in os.listdir(f"{folder}/{policy}")), first)
        equal(f"a full spool, {policy}: the watch is healthy", 0, ask("health")[0])
        outage.on = False
        holds(f"a full spool, {policy}: it empties", watch.wait_for("delivered", seconds=120))
        holds(f"a full spool, {policy}: and the next snapshot is taken", watch.wait_for("snapshot", seconds=120))
        watch.stop()


def check_kept(folder):
    """What was killed in the middle stays in the spool, and takes its room."""
    spool = f"{folder}/kept"
    os.mkdir(spool)
    with open(f"{spool}/procsnap-20260101t000000z-00000000.tar.gz.part", "wb") as file:
        file.write(b"\0" * (400 << 10))
    watch = started(s3_double.Double(), "1s", "--spool", spool, "--spool-max", "401K")
    sign = watch.wait_for("spool_full", seconds=120)
    equal("a spool of unfinished bundles: told", 400 << 10, (sign or {}).get("kept_bytes"))
    equal("a spool of unfinished bundles: nothing is taken", [], watch.of("snapshot"))
    watch.stop()
    equal("a spool of unfinished bundles: they stay", 400 << 10, size_of(spool))
    watch = started(s3_double.Double(faults=Outage()), "1s", "--spool", f"{folder}/newest", "--spool-max", "2M",
                    "--spool-policy", "newest")
    first = watch.wait_for("snapshot", seconds=120)
    with open(f"{folder}/newest/procsnap-20260101t000000z-00000000.tar.gz.part", "wb") as file:
        file.write(b"\0" * (2 << 20))
    sign = watch.wait_for("spool_full", seconds=120)
    while sign and "refused" not in sign:  # one under way was sealed early
        sign = watch.wait_for("spool_full", seconds=120)
    holds("a spool of unfinished bundles, newest: told", sign, watch.events)
    equal("a spool of unfinished bundles, newest: nothing is dropped for nothing", [], watch.of("dropped"))
    holds("a spool of unfinished bundles, newest: the first is there",
          first["bundle"] + ".tar.gz" in os.listdir(f"{folder}/newest"), first)
    watch.stop()


def check_kills(folder):
    """SIGKILL of the watch at random moments: what was sealed is in the bucket or in the spool."""
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    about(f"random seed {seed}")
    slow = faults.chance(0.3, [lambda: faults.SlowRead(0.01, 5), lambda: faults.LateAnswer(0.05), faults.slow_down], seed)
    double = s3_double.Double(faults=slow)
    spool, watches = f"{folder}/spool", []
    for i in range(KILLS):
        watch = started(double, "1s", "--spool", spool)
        watch.wait_for("started")
        time.sleep(chance.random() * 1.5)
        watch.kill()
        watches.append(watch)
        waiting = set(os.listdir(spool)) if os.path.isdir(spool) else set()
        there = in_bucket(double)
        for event in watch.of("delivered"):
            holds(f"kill {i}: what was reported delivered is there", event["bundle"] in there, event["bundle"])
        for event in watch.of("snapshot"):
            name = event["bundle"] + ".tar.gz"
            holds(f"kill {i}: what was sealed is there, or waits", name in there or {name, name + ".minisig"} <= waiting,
                  (name, sorted(waiting)))
        equal(f"kill {i}: nothing is overwritten", [], double.overwritten)
    last = started(double, "1h", "--spool", spool)
    last.wait_for("delivered")
    told = {event["bundle"] + ".tar.gz" for watch in [*watches, last] for event in watch.of("snapshot")}
    holds("killed watches: the last one brings all that waited", wait_until(lambda: told <= set(in_bucket(double)), 120),
          told - set(in_bucket(double)))
    equal("killed watches: the last one ends well", SEALED, last.stop())
    equal("killed watches: nothing is overwritten", [], double.overwritten)
    left = [name for name in os.listdir(spool) if not name.endswith(".part")]
    for name in [name for name in left if ".uncertain" in name]: # killed before the answer: kept, and it is what is there
        left.remove(name)
        with open(f"{spool}/{name}", "rb") as file:
            equal("killed watches: what may have been delivered was", double.object(PREFIX + name.replace(".uncertain", "")).data,
                  file.read())
    equal("killed watches: the spool is empty, but for what was never finished", ["last.head"], left)
    check_killed_series(folder, double, [*watches, last])


def check_killed_series(folder, double, watches):
    """What a responder is told of the whole: restarts, and nothing that looks like an attack."""
    os.mkdir(f"{folder}/series")
    bundles = in_bucket(double)
    for name, data in bundles.items():
        with open(f"{folder}/series/{name}", "wb") as file:
            file.write(data)
        with open(f"{folder}/series/{name}.minisig", "wb") as file:
            file.write(double.object(f"{PREFIX}{name}.minisig").data)
    with open(f"{folder}/log", "w", encoding="ascii") as file:
        file.writelines(json.dumps(event) + "\n" for watch in watches for event in watch.events)
    chains = {chain_of(snapshot.Bundle(data))["chain_id"] for data in bundles.values()}
    status, text = ask("verify", f"{folder}/series", "--heads", f"{folder}/log")
    holds("killed watches: verify DIR says OK, or that a chain is open", status in (OK, INCOMPLETE), (status, text[-3000:]))
    holds("killed watches: verify DIR tells one chain for each of them that sealed something, and nothing that is wrong",
          f"{len(bundles)} bundles, {len(chains)} chains, 0 alone" in text and "tampered" not in text, text[-3000:])
    holds("killed watches: verify DIR tells the restarts", len(chains) < 2 or "goes on behind a chain that ended without "
          "notice" in text, text[-3000:])
    about(f"{len(bundles)} bundles of {len(chains)} chains, by {len(watches)} watches; exit status {status}")


def main():
    odd.inside_namespaces()
    give_address("lo", "127.0.0.1")
    for check, options in ((check_straight, ()), (check_outage, ()), (check_outage, ("--spool",)), (check_contents, ()), (check_left, ()),
                           (check_meddled, ()), (check_asked_all, ()), (check_kept, ()), (check_full, ()), (check_kills, ())):
        with odd.folder() as folder:
            begun = time.monotonic()
            check(folder, *[word for option in options for word in (option, f"{folder}/spool")])
            about(f"{check.__name__}: {time.monotonic() - begun:.1f} s")
    finish()


main()
