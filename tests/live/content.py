#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Content that would die with the task comes back byte by byte: executables and files that are deleted, in memory
alone, replaced, or never were in an image; of what is in the image there is the hash."""
import ctypes
import hashlib
import os
import random
import shutil
import subprocess
import sys
import time

import odd
import snapshot
from checks import equal, finish, holds

KEY = b"-----BEGIN OPENSSH PRIVATE KEY-----\nbm90IGEga2V5\n-----END OPENSSH PRIVATE KEY-----\n"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def program(path, size=0):
    """A copy of the test program, made unlike every other one, and as long as wanted."""
    odd.copy_of_program(path)
    with open(path, "ab") as file:
        file.write(random.Random(path).randbytes(max(32, size - os.path.getsize(path))))
    with open(path, "rb") as file:
        return file.read()


def bytes_of(path):
    with open(path, "rb") as file:
        return file.read()


def held(data, name):
    fd = os.memfd_create(name)
    os.write(fd, data)
    return fd


def expect(bundle, what, pid, name, data, kept=True):
    capture = bundle.contents(pid).get(name)
    if not holds(f"{what}: has its capture {name}", capture is not None, sorted(bundle.contents(pid))):
        return
    equal(f"{what}: outcome and length", ("complete", len(data)), (capture.outcome, capture.length))
    equal(f"{what}: its hash", sha256(data), capture.facts["sha256"])
    equal(f"{what}: its bytes are {'in' if kept else 'not in'} the bundle", data if kept else None,
          bundle.object(capture))


def executables(folder):
    """name: (process, its bytes)"""
    made = {}
    for name, size in (("gone", 0), ("large", 60 << 20), ("replaced", 0), ("plain", 0)):
        path = os.path.join(folder, name)
        data = program(path, size)
        made[name] = (odd.Odd("wait", program=path), data)
    os.unlink(os.path.join(folder, "gone"))
    os.unlink(os.path.join(folder, "large"))
    os.unlink(os.path.join(folder, "replaced"))
    program(os.path.join(folder, "replaced"), 100000)
    made["memfd"] = (odd.Odd("memfd", "quiet"), bytes_of(odd.PROGRAM))
    return made


def check_executables(bundle, made):
    for name, (process, data) in made.items():
        expect(bundle, f"executable {name}", process.pid, "exe", data)
    records = {record["proc"]["exe_id"]: record for record in bundle.records("executable")}
    equal("executable records: each file once", len(records), len(bundle.records("executable")))
    for name, (process, data) in made.items():
        record = records[bundle.process(process.pid)["proc"]["exe_id"]]
        equal(f"executable {name}: the record has its hash and says where the content lies",
              (sha256(data), "data/objects/" + sha256(data)),
              (record["file"]["hash"]["sha256"], record["proc"]["object"]))


def main():
    odd.inside_namespaces()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/tmp"], check=True)
    folder = odd.folder()
    place = os.path.join(folder.name, "run")
    os.mkdir(place)
    time.sleep(2.2)  # what is touched now is later than the start of the container, less the slack

    made = executables(place)
    script = os.path.join(place, "script.py")
    with open(script, "w", encoding="ascii") as file:
        file.write("import time\nprint('here', flush=True)\ntime.sleep(600)\n")
    runs = subprocess.Popen([sys.executable, "run/script.py"], cwd=folder.name, stdout=subprocess.PIPE)
    runs.stdout.readline()

    lost = os.open(os.path.join(place, "lost"), os.O_RDWR | os.O_CREAT)
    os.write(lost, b"held open, and deleted\n" * 10000)
    os.unlink(os.path.join(place, "lost"))
    elf = program(os.path.join(place, "never-run"))
    in_memory = held(elf, "never run")
    os.unlink(os.path.join(place, "never-run"))
    data_alone = held(b"no program\n", "data")
    key_fd = held(b"\n" * 70000 + KEY, "key")
    lost_key = os.open(os.path.join(place, "lost-key"), os.O_RDWR | os.O_CREAT)
    os.write(lost_key, b"x" * (65536 - 20) + KEY)
    os.unlink(os.path.join(place, "lost-key"))
    library = os.path.join(place, "lib.so")
    shutil.copyfile(next(line.split()[-1] for line in open("/proc/self/maps", encoding="utf-8") if "libc.so" in line),
                    library)
    ctypes.CDLL(library)
    lost_library = os.path.join(place, "lost.so")
    shutil.copyfile(library, lost_library)
    with open(lost_library, "ab") as file:
        file.write(b"unlike the other one")
    lost_bytes = bytes_of(lost_library)
    ctypes.CDLL(lost_library)
    os.unlink(lost_library)
    os.utime(script, ns=(1, 1))  # to read it would set the time of access anew

    bundle = snapshot.collect(os.path.join(folder.name, "out"))
    own = os.getpid()
    equal("to read changes no time of access", 1, os.stat(script).st_atime_ns)
    check_executables(bundle, made)
    with open(script, "rb") as file:
        expect(bundle, "a script named in argv, below cwd", runs.pid, "root" + script, file.read())
    expect(bundle, "a deleted file that is held open", own, f"fd/{lost}", b"held open, and deleted\n" * 10000)
    expect(bundle, "a program in memory that was never run", own, f"fd/{in_memory}", elf)
    expect(bundle, "other data in memory: a hash", own, f"fd/{data_alone}", b"no program\n", kept=False)
    expect(bundle, "a key in memory: a hash", own, f"fd/{key_fd}", b"\n" * 70000 + KEY, kept=False)
    expect(bundle, "a deleted key: a hash", own, f"fd/{lost_key}", b"x" * (65536 - 20) + KEY, kept=False)
    equal("a deleted key: why its content is not there", "private key",
          bundle.contents(own)[f"fd/{lost_key}"].facts.get("withheld"))
    mapped = [name for name, capture in bundle.contents(own).items()
              if name.startswith("map/") and capture.facts["path"] == library]
    equal("a mapped library that is not from the image: one capture", 1, len(mapped))
    expect(bundle, "a mapped library that is not from the image", own, (mapped or ["map/"])[0], bytes_of(library))
    captures = [capture for name, capture in bundle.contents(own).items() if name.startswith("map/")
                and (capture.facts or {}).get("path") == lost_library + " (deleted)"]
    equal("a mapped library that is deleted", [lost_bytes], [bundle.object(capture) for capture in captures])
    image = [record for record in bundle.records("executable")
             if record["file"]["path"] == os.readlink("/proc/self/exe")]
    equal("an executable of the image: its hash, and not its content", [(sha256(bytes_of(sys.executable)), None)],
          [(record["file"]["hash"]["sha256"], record["proc"].get("object")) for record in image])
    holds("every executable record has a hash",
          all("hash" in record["file"] for record in bundle.records("executable")))
    holds("the builder held none of it", bundle.closing["footprint"]["builder_max_rss_kb"] < 60000 or
          "asan" in snapshot.PROCSNAP, bundle.closing["footprint"]["builder_max_rss_kb"])

    none = snapshot.collect(os.path.join(folder.name, "none"), "--no-recover")
    equal("--no-recover: no content", [], [name for name in none.members if name.startswith("data/objects/")])
    equal("--no-recover: the hashes all the same", {sha256(data) for _, data in made.values()},
          {none.contents(process.pid)["exe"].facts["sha256"] for process, _ in made.values()})
    card = snapshot.collect(os.path.join(folder.name, "card"), "--profile", "card")
    equal("--profile card: no content line", [], [line for line in card.lines if line.scope == "content"])
    runs.kill()
    finish()


main()
