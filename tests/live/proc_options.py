#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A proc mount that hides: hidepid 1, 2 and 4, and subset=pid, for root and for nobody. What is in view is read, what
is refused is told, and that the mount hides stands in meta.json."""
import os
import shutil
import subprocess

import odd
import snapshot
from checks import equal, finish, holds, skip

AS_NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--bounding-set", "-all",
             "--inh-caps", "-all", "--no-new-privs"]
LISTED = {"hidepid=1": True, "hidepid=2": False, "hidepid=4": False, "subset=pid": True}
KERNEL_NAMES = {"hidepid=1": "hidepid=noaccess", "hidepid=2": "hidepid=invisible", "hidepid=4": "hidepid=ptraceable"}


class Places:
    """Where the collector is and where it writes, for a user who may do neither at the usual places."""

    def __init__(self, folder):
        self.folder = folder
        self.program, self.out, self.mount = (os.path.join(folder, name) for name in ("procsnap", "out", "proc"))
        shutil.copyfile(snapshot.PROCSNAP, self.program)
        os.chmod(self.program, 0o755)
        for path in (self.out, self.mount):
            os.mkdir(path)
        os.chown(self.out, 65534, 65534)

    def collect(self, option, prefix):
        """The bundle, and who stands in the listing of that mount for that user."""
        command = ["mount", "-t", "proc", "-o", option, "proc", self.mount]
        if subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode != 0:
            skip(f"no proc mount with {option} is to be had here")
        names = subprocess.run([*prefix, "ls", self.mount], capture_output=True, check=True).stdout.split()
        try:
            bundle = snapshot.collect(self.out, "--procfs", self.mount, prefix=prefix, program=self.program)
        finally:
            subprocess.run(["umount", self.mount], check=True)
        return bundle, {int(name) for name in names if name.isdigit()}


def swept(bundle):
    """(pids whose stat was read before the walk, those that were refused or lost)."""
    opening, = [capture for line in bundle.lines if line.scope == "opening" for capture in line.captures]
    return {int(pid) for pid in opening.entries}, {int(pid): how for pid, how in opening.lost.items()}


def gaps(bundle, outcome):
    return [record["proc"]["gap"] for record in bundle.records("gap") if record["proc"]["gap"]["outcome"] == outcome]


def check_root(bundle, option, processes):
    read, lost = swept(bundle)
    equal(f"{option}, root: it hides nothing from root", (processes, {}), (processes & read, lost))
    equal(f"{option}, root: nobody is called hidden or missed", ([], []),
          (gaps(bundle, "hidden"), gaps(bundle, "not in view")))


def check_nobody(bundle, option, listing, own, others):
    read, lost = swept(bundle)
    holds(f"{option}, nobody: its own process is read in full", own.pid in read and
          bundle.capture(own.pid, "maps").bytes == own.read("maps"))
    equal(f"{option}, nobody: the listing has the others", LISTED[option], others <= listing)
    equal(f"{option}, nobody: whoever is listed is read or told", set(), (listing & others) - read - lost.keys())
    if option == "hidepid=1":
        equal(f"{option}, nobody: the others are refused, each of them", {("denied", "EPERM")},
              {lost.get(pid) for pid in others})
    if option.startswith("hidepid"):
        equal(f"{option}, nobody: no record of the others", set(), others & {
            record["process"]["pid"] for record in bundle.records("process")})
    missed = {gap["pid"] for gap in gaps(bundle, "not in view")}
    equal(f"{option}, nobody: whoever is left out is missed, since pidfd_open knows them", set() if LISTED[option] else others,
          missed & others)
    equal(f"{option}, nobody: and nobody is called hidden", [], gaps(bundle, "hidden"))


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    places = Places(folder.name)
    own, root, other = odd.Odd("user", 65534, "wait"), odd.Odd("wait"), odd.Odd("user", 101, "wait")
    everybody = {own.pid, root.pid, other.pid}
    for option in LISTED:
        bundle, _ = places.collect(option, [])
        check_root(bundle, option, everybody)
        told = bundle.meta["host"]["proc_mount"]
        holds(f"{option}: meta.json tells it", option in told.split(",") or KERNEL_NAMES.get(option) in told.split(","), told)
        bundle, listing = places.collect(option, AS_NOBODY)
        check_nobody(bundle, option, listing, own, {root.pid, other.pid})
        equal(f"{option}, nobody: sealed, and not early", None, bundle.closing["sealed_early"])
    finish()


main()
