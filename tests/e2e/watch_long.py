#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Many snapshots of one watch in a control group of 64 MiB, as fast as they go: memory and descriptors of the watch stay
what they were, nobody is killed, all bundles are one chain. Into a directory, and to an S3 double.

SNAPSHOTS are taken (60 where it is not set; 1000 takes some minutes).
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import odd  # noqa: E402
import s3_double  # noqa: E402
from checks import about, equal, finish, holds  # noqa: E402
from delivery import DEST, ENV_KEYS, PREFIX  # noqa: E402
from endpoint import give_address  # noqa: E402
from watching import SEALED, Watch, ask, check_chain, check_series, read, wait_until  # noqa: E402

SNAPSHOTS = int(os.environ.get("SNAPSHOTS", "60"))
WARM, LIMIT = 20, 64 << 20
GROWTH_KIB = 64


class Group:
    """A memory control group of its own, version 1 or 2; none where none can be made."""

    def __init__(self):
        self.v1 = os.path.exists("/sys/fs/cgroup/memory/cgroup.procs")
        top = "/sys/fs/cgroup/memory" if self.v1 else "/sys/fs/cgroup"
        self.path = f"{top}/procsnap-watch-{os.getpid()}-{time.monotonic_ns()}"
        try:
            os.mkdir(self.path)
            self._write("memory.limit_in_bytes" if self.v1 else "memory.max", LIMIT)
        except OSError as error:
            about(f"without a control group: {error}")
            self.path = None

    def _write(self, name, value):
        with open(f"{self.path}/{name}", "w", encoding="ascii") as file:
            file.write(str(value))

    def enter(self):
        """In the child, before it becomes the watch."""
        if self.path:
            self._write("cgroup.procs", 0)

    def killed(self):
        if not self.path:
            return 0
        with open(f"{self.path}/{'memory.oom_control' if self.v1 else 'memory.events'}", encoding="ascii") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("oom_kill ")), 0)

    def end(self):
        for _ in range(100):
            try:
                if self.path:
                    os.rmdir(self.path)
                return
            except OSError:
                time.sleep(0.05)


def idle_descriptors(watch):
    """The fewest of some looks: it may not have closed yet what it had for the last snapshot, or for who asked."""
    looks = []
    for _ in range(20):
        looks.append(watch.descriptors())
        time.sleep(0.01)
    return min(looks, key=len)


def run(what, dest, *options, env=None):
    """The watch, over."""
    group = Group()
    watch = Watch(dest, "1h", "--trigger-limit", "100/1s", *options, env=env, preexec_fn=group.enter)
    watch.wait_for("snapshot")
    begun, failed = time.monotonic(), 0
    for i in range(1, SNAPSHOTS - 1):
        failed += ask("trigger", "--wait")[0] != SEALED
        if i == WARM:
            rss, descriptors = watch.rss_kib(), idle_descriptors(watch)
    took = time.monotonic() - begun
    equal(f"{what}: triggers that did not end well", 0, failed)
    grown = watch.rss_kib() - rss
    holds(f"{what}: the watch grows by nothing", grown <= GROWTH_KIB, f"{grown} KiB more than {rss}")
    holds(f"{what}: its descriptors are the same", wait_until(lambda: watch.descriptors() == descriptors, 10),
          (descriptors, watch.descriptors()))
    about(f"{what}: {SNAPSHOTS} snapshots in {took:.0f} s; the watch has {watch.rss_kib()} KiB, of them {grown} grown")
    equal(f"{what}: exit status", SEALED, watch.stop())
    equal(f"{what}: nobody was killed for lack of memory", 0, group.killed())
    equal(f"{what}: snapshots", SNAPSHOTS, len(watch.of("snapshot")))
    group.end()
    return [event["bundle"] + ".tar.gz" for event in watch.of("snapshot")], watch.of("snapshot")[0]["head"]


def main():
    odd.inside_namespaces()
    give_address("lo", "127.0.0.1")
    with odd.folder() as folder:
        names, first = run("into a directory", folder + "/")
        check_series("into a directory", folder, first)
        check_chain("into a directory", (read(f"{folder}/{name}") for name in names))
    double = s3_double.Double()
    names, _ = run("to a bucket", DEST, "--endpoint-url", double.url, env={"PATH": os.environ["PATH"], **ENV_KEYS})
    check_chain("to a bucket", (double.object(PREFIX + name).data for name in names))
    equal("to a bucket: nothing is overwritten", [], double.overwritten)
    finish()


main()
