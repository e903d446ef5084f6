#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A disk that is full at every MiB of a bundle, and at each of its last pages: nothing looks sealed, the error says
what is there and what to do, the part can be read.

Each run writes into a tmpfs of its own, in a mount namespace that ends with the test.
"""
import os
import random
import re
import string
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import odd  # noqa: E402
import proc_copy  # noqa: E402
import snapshot  # noqa: E402
from checks import about, equal, finish, holds  # noqa: E402

CROWD = 600
KIB, MIB, PAGE = 1 << 10, 1 << 20, 4 << 10
NAME = "x.tar.gz"
SEALED, NOT_SEALED = 0, 3
OK, OK_UNPINNED, INCOMPLETE = 0, 1, 10
LISTS_FROM = MIB
LETTERS = (string.ascii_letters + string.digits).encode()


def noise(count):
    """Processes whose environment no compressor makes much smaller."""
    chance = random.Random(1)
    for _ in range(count):
        env = {b"NOISE_%d" % i: bytes(chance.choices(LETTERS, k=100 * KIB)) for i in range(8)}
        odd.Odd(argv=["odd", "noise"], env=env)


class Disk:
    """A tmpfs with room for so many bytes in files."""

    def __init__(self, where, size):
        os.makedirs(where, exist_ok=True)
        self.where = where
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size + PAGE}", "tmpfs", where], check=True)
        with open(os.path.join(where, "other"), "wb") as file:
            file.write(bytes(PAGE))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", self.where], check=True)

    def found(self):
        return set(os.listdir(self.where)) - {"other"}


def procsnap(*arguments):
    done = subprocess.run([snapshot.PROCSNAP, *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False,
                          timeout=300)
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def collect(path, *options):
    return procsnap("collect", path, "--quiet", "--redact", "none", "--compress", "1", "--files", "none", "--no-recover",
                    *options)


def check_sealed(what, disk, path, out):
    equal(f"{what}: the bundle and its signature", {NAME, NAME + ".minisig"}, disk.found())
    equal(f"{what}: verify", OK, procsnap("verify", "--rederive", "--key", snapshot.head_line(out)["pk"], path)[0])


def check_whole(what, part, err):
    """The room ended between the last byte and the signature beside it: as the error says, only the name is missing."""
    holds(f"{what}: the error tells that the part is the bundle", f"the bundle is whole and signed within, in {part}: "
          "verify it, then take off the .part" in err, err)
    whole = part.removesuffix(".part")
    os.rename(part, whole)
    status, text, _ = procsnap("verify", "--rederive", whole)
    equal(f"{what}: and under that name it is one", (OK_UNPINNED, "OK-UNPINNED"), (status, text.split()[0]))
    return "whole part"


def check_part(what, part, err):
    """What was written until then: cut short, and still of use. Records come in pieces of 256 KiB."""
    size = os.path.getsize(part)
    status, text, _ = procsnap("verify", "--rederive", part)
    if status == OK_UNPINNED:
        return check_whole(what, part, err)
    holds(f"{what}: the error tells that the part is a part", f"what was read until then is in {part}" in err, err)
    equal(f"{what}: verify of the part", (INCOMPLETE, True), (status, text.startswith("INCOMPLETE")))
    status, text, err = procsnap("show", part)
    equal(f"{what}: show of the part", (INCOMPLETE, True), (status, err.startswith("The seal is missing: ")))
    holds(f"{what}: show says that it is incomplete, and something of what is there",
          text.startswith("INCOMPLETE") and len(text.splitlines()) > 1, text)
    status, text, err = procsnap("show", part, "processes")
    equal(f"{what}: show processes of the part", (INCOMPLETE, True), (status, err.startswith("The seal is missing: ")))
    if size >= LISTS_FROM:
        holds(f"{what}: show lists processes", len(text.splitlines()) > 5, text)
    return "part"


def check_full(what, disk, path, out, err):
    equal(f"{what}: no head line", "", out)
    holds(f"{what}: one line, with the path and the next step",
          re.fullmatch(r"procsnap: [^\n]*\n", err) and path in err and "free some space" in err, err)
    found = disk.found()
    holds(f"{what}: nothing but the part", found <= {NAME + ".part"}, found)
    if found:
        return check_part(what, path + ".part", err)
    holds(f"{what}: no part is told of", ".part" not in err.replace(f"create {path}.part", "").replace(
        f"write {path}.part", ""), err)
    return "nothing"


def check_size(folder, size, *options):
    """The size of the bundle, or None; and what was left."""
    what = f"{size // KIB} KiB"
    with Disk(os.path.join(folder, "disk"), size) as disk:
        path = os.path.join(disk.where, NAME)
        status, out, err = collect(path, *options)
        if status == SEALED:
            check_sealed(what, disk, path, out)
            return os.path.getsize(path), "sealed"
        equal(f"{what}: exit status", NOT_SEALED, status)
        return None, check_full(what, disk, path, out, err)


def steady_tree(folder):
    """A copied tree, and the size of its bundle: the same each time within a few bytes, and far from a page's end."""
    tree, pids = os.path.join(folder, "tree"), [odd.Odd("wait").pid for _ in range(4)]
    proc_copy.write(proc_copy.take(pids), tree)
    while True:
        bundle, _ = check_size(folder, MIB, "--procfs", tree)
        if PAGE // 4 < bundle % PAGE < PAGE // 4 * 3:
            return tree, bundle
        with open(os.path.join(tree, f"{pids[0]}/maps"), "ab") as file:
            file.write(os.urandom(PAGE // 4))


def check_last_pages(folder):
    """Around the end, where the signature finds no room."""
    tree, bundle = steady_tree(folder)
    first = bundle // PAGE * PAGE - 2 * PAGE
    left = [check_size(folder, size, "--procfs", tree)[1] for size in range(first, first + 6 * PAGE, PAGE)]
    about(f"the last pages of {bundle} bytes, one after the other: {left}")
    equal("the last pages: the part, the whole part, the bundle", ["part"] * 3 + ["whole part"] + ["sealed"] * 2, left)


def main():
    odd.inside_namespaces()
    odd.Odd("crowd", CROWD)
    noise(6)  # read last
    odd.Odd("descriptors", 4000)
    results = {}
    with odd.folder() as folder:
        bundle, _ = check_size(folder, 256 * MIB)
        about(f"the bundle has {bundle / MIB:.1f} MiB")
        holds("a bundle of several MiB", bundle > 4 * MIB, bundle)
        sizes = [0, 16 * KIB, 64 * KIB, 256 * KIB, *range(MIB, bundle + 3 * MIB, MIB)]
        for size in sizes:
            sealed, left = check_size(folder, size)
            results.setdefault(left, []).append(size // KIB)
            if abs(size - bundle) > 64 * KIB:
                equal(f"{size // KIB} KiB: sealed when there is room, and only then", size > bundle, sealed is not None)
        check_last_pages(folder)
        about(f"left behind, by the KiB there were: {results}")
    finish()


main()
