#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A bundle taken beside hostile processes, in the hands of others.

Another build of the same sources (PROCSNAP_ASAN, with sanitizers) derives the same records, byte for byte, in both
directions; and stock tools judge it with nothing but the head line.
"""
import hashlib
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import odd  # noqa: E402
import snapshot  # noqa: E402
from checks import equal, finish, holds, skip  # noqa: E402

OTHER = os.environ.get("PROCSNAP_ASAN", "")


def hostile():
    """Whatever a name, an argument, a variable or a path can hold."""
    odd.Odd("comm", b") R 1 1\n".hex()), odd.Odd("comm", b"\xff\x1b[2J".hex())
    odd.Odd(argv=[b"\xff\xfe", b"", b"a\nb", b"L" * 131071], env={b"\xff": b"\xfe", b"A": b"\n\x1b"})
    odd.Odd("title"), odd.Odd("wiped-arguments", "x"), odd.Odd("memfd", "a\nb) [1]"), odd.Odd("zombie")
    odd.Odd("sockets", 7001), odd.Odd("own-net", 7001), odd.Odd("descriptors", 300), odd.Odd("births", "born-000000", 4)


def called(program):
    return "the sanitized build" if program == OTHER else "the release"


def check_builds(folder):
    for writer in (snapshot.PROCSNAP, OTHER):
        for options in ((), ("--redact", "none", "--profile", "card", "--compress", "9")):
            run = snapshot.Run(folder, "--quiet", *options, program=writer, name=f"{len(os.listdir(folder))}.tar.gz")
            what = f"{called(writer)} wrote it {' '.join(options)}".rstrip()
            for reader in (snapshot.PROCSNAP, OTHER):
                status, text = run.verify("--expect-root", run.head["root"], program=reader)
                parts = re.search(r"derived again +(\d+) parts of the records, all identical", text)
                equal(f"{what}, {called(reader)} derives the same records",
                      (0, "OK", True), (status, text.split()[0], parts is not None))
                kinds = {name for name in run.bundle.members if name.startswith("data/records/")}
                equal(f"{what}: all parts were derived again", len(kinds), int(parts[1]) if parts else 0)


def ran(*command, **how):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=300, **how)
    return done.returncode, done.stdout.decode("utf-8", "replace")[-300:]


def bag_flaws(top):
    """BagIt 1.0, section 3: what makes a bag invalid."""
    flaws, listed = [], {}
    with open(os.path.join(top, "bagit.txt"), "rb") as file:
        if file.read() != b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n":
            flaws.append("bagit.txt")
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        with open(os.path.join(top, manifest), encoding="utf-8") as file:
            for line in file:
                digest, _, path = line.rstrip("\n").partition("  ")
                if path in listed or (manifest[0] == "m") != path.startswith("data/"):
                    flaws.append(f"{path} listed twice, or in the wrong manifest")
                listed[path] = digest
    there = {os.path.relpath(os.path.join(folder, name), top) for folder, _, names in os.walk(top) for name in names}
    unlisted = {"tagmanifest-sha256.txt", "tagmanifest-sha256.txt.minisig", "tagmanifest-sha256.txt.sshsig"}
    flaws += [f"{path} not listed, or not there" for path in (there - unlisted) ^ listed.keys()]
    octets = 0
    for path, digest in listed.items():
        with open(os.path.join(top, path), "rb") as file:
            data = file.read()
        octets += len(data) if path.startswith("data/") else 0
        if hashlib.sha256(data).hexdigest() != digest:
            flaws.append(path)
    with open(os.path.join(top, "bag-info.txt"), encoding="utf-8") as file:
        oxum = f"Payload-Oxum: {octets}.{sum(path.startswith('data/') for path in listed)}\n"
        return flaws if oxum in file.readlines() else [*flaws, oxum]


def check_stock_tools(folder):
    run = snapshot.Run(folder, "--quiet", "--redact", "none", name="stock.tar.gz")
    top = os.path.join(folder, "extracted", run.head["bundle"])
    os.makedirs(os.path.dirname(top))
    equal("tar extracts it", 0, ran("tar", "xzf", run.path, "-C", os.path.dirname(top))[0])
    manifests = ["manifest-sha256.txt", "tagmanifest-sha256.txt"]
    equal("sha256sum", (0, ""), ran("sha256sum", "-c", "--strict", "--quiet", *manifests, cwd=top))
    equal("minisign, with the key of the head line: the file", 0,
          ran("minisign", "-VHm", run.path, "-P", run.head["pk"])[0])
    equal("minisign, with the key of the head line: what is in it", 0,
          ran("minisign", "-VHm", "tagmanifest-sha256.txt", "-P", run.head["pk"], cwd=top)[0])
    with open(os.path.join(top, "tagmanifest-sha256.txt"), "rb") as file:
        equal("the root of the head line is SHA-256 of tagmanifest-sha256.txt", run.head["root"],
              hashlib.sha256(file.read()).hexdigest())
    equal("BagIt 1.0", [], bag_flaws(top))
    files = sorted(os.path.join(where, name) for where, _, names in os.walk(top) for name in names)
    lines = sum(data.count(b"\n") for name, data in run.bundle.members.items() if name.endswith("ndjson"))
    told = subprocess.run(["jq", "-c", ".", *(name for name in files if name.endswith(".ndjson"))],
                          capture_output=True, check=False)
    equal("jq reads every line of NDJSON", (0, lines), (told.returncode, told.stdout.count(b"\n")))
    equal("jq reads every JSON file", 0, ran("jq", "-e", ".", *(name for name in files if name.endswith(".json")))[0])
    holds("names of files hold nothing that a shell or a terminal would mind",
          all(re.fullmatch(r"[A-Za-z0-9._+:,@=/-]+", os.path.relpath(name, top)) for name in files))


def main():
    if not OTHER:
        skip("PROCSNAP_ASAN names no other build")
    for tool in ("minisign", "jq"):
        if not shutil.which(tool):
            skip(f"no {tool}")
    odd.inside_namespaces()
    folder = odd.folder()
    hostile()
    check_builds(folder.name)
    check_stock_tools(folder.name)
    finish()


main()
