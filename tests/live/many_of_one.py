#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""5000 descriptors, 3000 threads, 60000 mappings of one process."""
import odd
import snapshot
from checks import about, equal, finish, holds, skip

DESCRIPTORS, THREADS, MAPPINGS = 5000, 3000, 60000


def kind(proc):
    return proc["class"], proc.get("anon_kind")


def check_descriptors(bundle, process):
    links, infos = bundle.capture(process.pid, "fd/{}"), bundle.capture(process.pid, "fdinfo/{}")
    equal("5000 descriptors: the capture of links is complete", ("complete", {}), (links.outcome, links.lost))
    equal("5000 descriptors: links in the packs", DESCRIPTORS, len(links.entries))
    equal("5000 descriptors: fdinfo of the same ones", links.entries.keys(), infos.entries.keys())
    sizes = {pack: len(bundle.members[pack]) for line in bundle.of_life(process.pid, "quiet") for pack in line.packs}
    holds("5000 descriptors: packs roll over at 1 MiB", all(size < (1 << 20) + 65536 for size in sizes.values()), sizes)

    records = bundle.descriptors(process.pid)
    equal("5000 descriptors: a record for each", {int(name) for name in links.entries}, records.keys())
    holds("5000 descriptors: each record joins link and fdinfo",
          all("target" in record and "flags" in record["fdinfo"] for record in records.values()))
    for number in (process.null, process.high):
        equal(f"descriptor {number}: what it leads to", (b"/dev/null", ("device", None)),
              (snapshot.exact(records[number], "target"), kind(records[number])))
    for name in ("eventfd", "eventpoll", "timerfd", "inotify"):
        equal(f"the {name}: class and kind", ("anon_inode", name), kind(records[process.facts[name]]))
        text = process.read(f"fdinfo/{process.facts[name]}")
        if name != "timerfd":  # tells the time that is left
            equal(f"the {name}: raw fdinfo is the kernel's", text, infos.entries[str(process.facts[name])])
    memory = records[process.memfd]
    equal("a memfd with a newline and parentheses in its name", (b"/memfd:odd\nmemory) [1] (deleted)", ("memfd", None)),
          (snapshot.exact(memory, "target"), kind(memory)))
    pipe = records[process.pipe]
    equal("a pipe: its inode joins both ends", (("pipe", None), pipe["inode"]),
          (kind(pipe), records[process.pipe + 1]["inode"]))
    equal("a directory opened with O_PATH", (b"/", "010200000"),
          (snapshot.exact(records[process.directory], "target"), records[process.directory]["fdinfo"]["flags"]))


def check_threads(bundle, process):
    record = bundle.process(process.pid)["proc"]
    equal("3000 threads: stat and status count them", (THREADS + 1, THREADS + 1),
          (record["stat"]["num_threads"], record["status"]["Threads"]))
    stats, statuses = bundle.capture(process.pid, "task/{}/stat"), bundle.capture(process.pid, "task/{}/status")
    equal("3000 threads: stat and status of each", (THREADS + 1, stats.entries.keys()),
          (len(stats.entries), statuses.entries.keys()))
    numbers = sorted(record["process"]["thread"]["id"] for record in bundle.records("thread")
                     if record["process"]["pid"] == process.pid)
    equal("3000 threads: a record for each", sorted(map(int, stats.entries)), numbers)
    raw = bundle.capture(process.pid, "maps")
    equal("3000 threads: maps with all their stacks", ("complete", process.read("maps").count(b"\n")),
          (raw.outcome, raw.bytes.count(b"\n")))


def check_mappings(bundle, process):
    """Some 700 reads of the kernel's, a page each."""
    maps, truth = bundle.capture(process.pid, "maps"), process.read("maps")
    about(f"maps of {len(truth)} bytes took {maps.took_us} us")
    equal("60000 mappings: each row of them, once", (True, "complete", truth),
          (truth.count(b"\n") > MAPPINGS, maps.outcome, maps.bytes))
    equal("60000 mappings: cmdline and environ behind them", ["complete"] * 2,
          [bundle.capture(process.pid, name).outcome for name in ("cmdline", "environ")])


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    descriptors, threads = odd.Odd("descriptors", DESCRIPTORS), odd.Odd("threads", THREADS)
    mappings = odd.Odd("mappings", MAPPINGS)
    if threads.threads != THREADS:
        skip(f"only {threads.threads} threads are allowed here")
    bundle = snapshot.collect(folder.name)
    check_descriptors(bundle, descriptors)
    check_threads(bundle, threads)
    check_mappings(bundle, mappings)
    # The root of this test is that of the whole machine: it may be too large for a walk.
    equal("limits reached", [], [limit for limit in bundle.closing["limits_reached"] if limit != "drift_walk"])
    finish()


main()
