#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every file that the plan names stands in the journal, of every process, once; closing.json holds its sums."""
import collections
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import odd  # noqa: E402
import snapshot  # noqa: E402
from checks import equal, finish, holds  # noqa: E402


def kind_of(scope, name):
    """The kind of a file, as `procsnap parse --list` names it, which is what closing.json counts by."""
    if scope == "content":
        return "content_" + name.split("/")[0]
    named = {"sys/kernel/random/boot_id": "sys_boot_id", "sys/{}": "sysctl", "self/mounts": "mounts"}
    if name in named:
        return named[name]
    if scope == "facts":
        fact = name.removeprefix("facts/")
        return "cgroup_file" if fact == "cgroup/{}" else fact.replace("/", "_")
    if name.startswith("task/{}/"):
        return "task_" + name.removeprefix("task/{}/")
    stem = name.removeprefix("{}/").removesuffix("/{}").replace("/", "_")
    return stem if scope == "global" or name.startswith("net/") else "pid_" + stem


def of_lives(bundle):
    """(life, reader): its lines, in order."""
    lines = collections.defaultdict(list)
    for line in bundle.lines:
        if line.scope == "process":
            lines[line.life, line.reader].append(line)
    return lines


def check_plan(bundle, what):
    lines, plan = of_lives(bundle), bundle.meta["plan"]
    lives = {life for life, _ in lines}
    equal(f"{what}: each life has lines of both readers", [], sorted((life, reader) for life in lives
          for reader in ("quiet", "memory") if (life, reader) not in lines))
    wrong, torn, early = [], [], []
    for (life, reader), chain in lines.items():
        names = collections.Counter(capture.name for line in chain for capture in line.captures)
        once = {name for name, count in names.items() if count == 1 or "{}" in name}
        if once != set(plan[reader]) or set(names) != once:
            wrong.append((life, reader, set(plan[reader]) ^ once, names.most_common(1)))
        if [line.more for line in chain] != [True] * (len(chain) - 1) + [False]:
            torn.append((life, reader, [line.more for line in chain]))
        early += [capture.name for line in chain for capture in line.captures
                  if min(capture.begin_us, capture.took_us) < 0]
    equal(f"{what}: each planned file of {len(lives)} lives in exactly one capture", [], wrong[:5])
    equal(f"{what}: `more` on all lines of a life and reader but the last", [], torn[:5])
    equal(f"{what}: no time before the beginning of a line", [], early)
    once = [capture.name for line in bundle.lines if line.scope == "global" for capture in line.captures]
    equal(f"{what}: each planned file that exists once in exactly one capture", sorted(plan["global"]), sorted(once))
    facts = [capture.name for line in bundle.lines if line.scope == "facts" for capture in line.captures]
    equal(f"{what}: each planned fact in exactly one capture", sorted(plan["prober"] + plan["quiet_facts"]),
          sorted(facts))


def check_swept(bundle, what):
    """Who the opening sweep saw, and whose stat could be read, has been walked."""
    swept = {int(name) for line in bundle.lines if line.scope == "opening" for name in line.captures[0].entries}
    walked = {line.pid for line in bundle.lines if line.scope == "process"}
    equal(f"{what}: all {len(swept)} processes of the opening sweep have lines", set(), swept - walked)


def check_sums(bundle, what):
    captures = [(line, capture) for line in bundle.lines for capture in line.captures]
    outcomes = collections.Counter(capture.outcome for _, capture in captures)
    counts, coverage = bundle.closing["counts"], collections.defaultdict(collections.Counter)
    for line, capture in captures:
        coverage[kind_of(line.scope, capture.name)][capture.outcome] += 1
    equal(f"{what}: captures by outcome", dict(outcomes), counts["outcomes"])
    equal(f"{what}: captures by file and outcome", {kind: dict(found) for kind, found in coverage.items()},
          bundle.closing["coverage"])
    equal(f"{what}: captures, bytes, processes, records",
          {"captures": len(captures), "raw_bytes": sum(capture.length for _, capture in captures
                                                                 if capture.pack is not None),
           "processes": len({line.life for line in bundle.lines if line.scope == "process"}),
           "records": len(bundle.ndjson("data/records/"))},
          {key: value for key, value in counts.items() if key != "outcomes"})
    early = bundle.closing["sealed_early"]
    skew = bundle.closing.get("skew", {})
    tried = [(line, capture) for line, capture in captures if capture.outcome not in ("skipped", "shared")]
    begin = min((line.us + capture.begin_us for line, capture in tried), default=None)
    end = max((line.us + capture.begin_us + capture.took_us for line, capture in tried), default=None)
    equal(f"{what}: skew, from the first capture to the last", (begin, end, end - begin if tried else None),
          (skew.get("first_us"), skew.get("last_us"), skew.get("us")))
    equal(f"{what}: captures that were made with the ids of others",
          sum(capture.read_as is not None for _, capture in captures), bundle.closing["read_as_others"])
    if early is None:
        equal(f"{what}: nothing is skipped", 0, outcomes["skipped"])
    else:
        equal(f"{what}: skipped, of how many", (outcomes["skipped"], len(captures)),
              (early["skipped"], early["captures"]))


def check_records(bundle, what):
    """Every record says what it is, and leads to bytes that are there."""
    packs = [pack for line in bundle.lines for pack in line.packs if pack.endswith(".pack")]
    there = {f"{pack}#{name}" for pack in packs for _, name, _, _ in snapshot.unpack(bundle.members[pack])}
    there |= bundle.members.keys()
    lost, wrong = [], []
    for member in bundle.members:
        if not member.startswith("data/records/"):
            continue
        kind = member.removeprefix("data/records/").rsplit("-", 1)[0]
        for record in snapshot.ndjson(bundle.members[member]):
            head = (record["event"], record["proc"]["bundle"], record["proc"]["seq"])
            if head != ({"kind": "state", "dataset": f"procsnap.{kind}"}, bundle.id, 0) or "@timestamp" not in record:
                wrong.append(record)
            lost += [source for source in record["proc"].get("source", []) if source not in there]
    equal(f"{what}: records say what they are", [], wrong[:3])
    equal(f"{what}: records lead to raw bytes that are there", [], lost[:5])
    parts = [bundle.members[name] for name in bundle.order if name.startswith("data/records/")]
    holds(f"{what}: a part of the records ends after the line that brings it to 256 KiB",
          all(len(part[:-1].rpartition(b"\n")[0]) + 1 < 256 << 10 for part in parts), [len(part) for part in parts])


def check(bundle, what):
    check_plan(bundle, what)
    check_swept(bundle, what)
    check_sums(bundle, what)
    check_records(bundle, what)


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    odd.Odd("crowd", 100)
    odd.Odd("descriptors", 9000)  # more than fit in one line
    odd.Odd("threads", 2500)  # these too
    odd.Odd("zombie"), odd.Odd("zombie-leader"), odd.Odd("own-net", 7001), odd.Odd("births", "born-000000", 4)
    for profile in ("standard", "card", "deep"):
        check(snapshot.collect(folder.name, "--profile", profile), f"--profile {profile}")
    order = [line.scope for line in snapshot.collect(folder.name, "--compress", "9").lines
             if line.reader not in ("memory", "prober") and line.scope != "facts"]
    equal("order of the quiet reader: what exists once, the opening sweep, processes, the closing sweep",
          ["global", "opening", "process", "closing"],
          [scope for i, scope in enumerate(order) if order[i - 1] != scope])
    finish()


if __name__ == "__main__":
    main()
