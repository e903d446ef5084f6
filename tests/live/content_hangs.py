#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Deleted files, held open, whose file system (FUSE) does not answer: the content of the first one times out, nobody
asks that file system for the others, and all else comes."""
import ctypes
import os
import struct

import odd
import snapshot
from checks import Stopwatch, equal, finish, holds, skip

LOOKUP, FORGET, GETATTR, OPEN, READ, STATFS = 1, 2, 3, 14, 15, 17
INIT, INTERRUPT, BATCH_FORGET = 26, 36, 42
FILES = 20  # more than readers may be left behind
SECONDS = 60  # the server ends by itself, and everybody who waits for it wakes up


def attributes(node):
    mode, size = (0o40755, 0) if node == 1 else (0o100644, 1 << 20)
    return struct.pack("<6Q10I", node, size, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def reply_to(opcode, node, body):
    """None: never."""
    if opcode == INIT:
        return struct.pack("<4I2HI24x16x", 7, struct.unpack_from("<I", body, 4)[0], 0, 0, 8, 8, 4096).ljust(64, b"\0")
    if opcode == LOOKUP:
        made = 2 + int(body.rstrip(b"\0"))
        return struct.pack("<4Q2I", made, 0, 60, 60, 0, 0) + attributes(made)
    if opcode == GETATTR:
        return struct.pack("<Q2I", 60, 0, 0) + attributes(node)
    if opcode == OPEN:
        return struct.pack("<Q2I", 1, 2, 0)
    if opcode == STATFS:
        return bytes(80)
    return None if opcode in (READ, FORGET, INTERRUPT, BATCH_FORGET) else b""


def serve(device):
    while True:
        request = os.read(device, 1 << 18)
        _, opcode, unique, node = struct.unpack_from("<2I2Q", request)
        answer = reply_to(opcode, node, request[40:])
        if answer is not None:
            os.write(device, struct.pack("<IiQ", 16 + len(answer), 0, unique) + answer)


def mounted(place):
    """The pid of a server for one file system, mounted there."""
    try:
        device = os.open("/dev/fuse", os.O_RDWR)
    except OSError:
        skip("there is no /dev/fuse")
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
    if ctypes.CDLL(None).mount(b"hang", place.encode(), b"fuse", 6, options) != 0:
        skip("no file system can be mounted here (FUSE)")
    pid = os.fork()
    if pid == 0:
        ctypes.CDLL(None).alarm(SECONDS)
        try:
            serve(device)
        finally:
            os._exit(0)
    os.close(device)
    return pid


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    place = os.path.join(folder.name, "fuse")
    os.mkdir(place)
    server = mounted(place)
    hanging = [os.open(f"{place}/{number}", os.O_RDONLY) for number in range(FILES)]
    for number in range(FILES):
        os.unlink(f"{place}/{number}")
    path = os.path.join(folder.name, "gone")
    odd.copy_of_program(path)
    process = odd.Odd("wait", program=path)
    os.unlink(path)
    behind = os.open(os.path.join(folder.name, "behind"), os.O_RDWR | os.O_CREAT)
    os.write(behind, b"behind the one that hangs\n")
    os.unlink(os.path.join(folder.name, "behind"))

    stopwatch = Stopwatch()
    bundle = snapshot.collect(os.path.join(folder.name, "out"), "--pid", f"{os.getpid()},{process.pid}",
                              "--files", "none")
    took = stopwatch.calm()
    os.kill(server, 9)
    os.waitpid(server, 0)
    ctypes.CDLL(None).umount2(place.encode(), 2)
    own = bundle.contents(os.getpid())
    equal("the first file that does not answer", "timed_out", own[f"fd/{hanging[0]}"].outcome)
    equal("the others there are not tried", {"skipped"}, {own[f"fd/{number}"].outcome for number in hanging[1:]})
    equal("they have their facts all the same", {1 << 20}, {own[f"fd/{number}"].facts["size"] for number in hanging})
    equal("the file behind it", b"behind the one that hangs\n", bundle.object(own[f"fd/{behind}"]))
    equal("the deleted executable", "complete", bundle.contents(process.pid)["exe"].outcome)
    equal("readers replaced", 1, bundle.closing["readers"]["replaced"])
    holds("the run ends soon after the read timeout", took < 12, took)
    finish()


main()
