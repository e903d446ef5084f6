#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Settings of the kernel: what an ECS task definition can set (systemControls) is read in the profile deep, every value
of it, those of each interface among them; keys are not, and what an interface's name makes unclear is told."""
import os
import re
import subprocess

import odd
import snapshot
from checks import equal, finish, holds

SETTABLE = re.compile(r"kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|fs\.mqueue\..*|net\..*")
KEYS = re.compile(r".*\.(tcp_fastopen_key|stable_secret)")


def settings():
    """Name and value of everything below /proc/sys that the task definition can set and that can be read."""
    out = {}
    for folder, _, names in os.walk("/proc/sys"):
        for name in names:
            path = os.path.join(folder, name)
            key = path.removeprefix("/proc/sys/").replace("/", ".")
            if SETTABLE.fullmatch(key) and not KEYS.fullmatch(key) and os.stat(path).st_mode & 0o444:
                out[key] = path
    return out


def value(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def of_run(folder, *options):
    """The capture of all settings, and what their records say."""
    bundle = snapshot.collect(folder, "--pid", os.getpid(), "--files", "none", *options)
    capture = [capture for line in bundle.lines for capture in line.captures if capture.name == "sys/{}"][0]
    records = {record["proc"]["sysctl"]["name"]: record["proc"]["sysctl"]["value"] for record in bundle.records("system")
               if "sysctl" in record["proc"]}
    return bundle, capture, records


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    plain = of_run(folder.name)[1]
    subprocess.run(["ip", "link", "set", "lo", "name", "odd-0"], check=True)
    bundle, deep, records = of_run(folder.name, "--profile", "deep")
    there = {name: path for name, path in settings().items() if value(path) is not None}
    holds("there are settings of that interface", "net.ipv4.conf.odd-0.rp_filter" in there, len(there))
    equal("deep: every value that a task definition can set", [], sorted(there.keys() - deep.entries.keys()))
    equal("deep: as the kernel has them", [], [name for name in there if deep.entries[name] != value(there[name])])
    equal("deep: a record for each", [], sorted(deep.entries.keys() - records.keys()))
    equal("deep: no keys", [], [name for name in [*deep.entries, *deep.lost] if KEYS.fullmatch(name)])
    equal("deep: complete", "complete", deep.outcome)
    holds("deep: each once, and what standard has is among them", plain.entries.keys() <= deep.entries.keys())
    equal("standard: the list by name", ("complete", False), (plain.outcome, "net.ipv4.conf.lo.rp_filter" in plain.entries))
    equal("deep: stored under that name", value(there["net.ipv4.conf.odd-0.rp_filter"]),
          bundle.members["data/proc/sys/net.ipv4.conf.odd-0.rp_filter"])
    subprocess.run(["ip", "link", "set", "odd-0", "name", "odd.0"], check=True)
    dotted = of_run(folder.name, "--profile", "deep")[1]
    equal("an interface with a dot in its name: passed over, and that is told", ("truncated", False),
          (dotted.outcome, any("odd" in name for name in dotted.entries)))
    finish()


main()
