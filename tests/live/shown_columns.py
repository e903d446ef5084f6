#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What show prints of processes whose names, arguments, files and sockets are chosen to spoil it: no line is wider than
the terminal, nothing acts on it, no two lines are one, and with --json each line is one object."""
import os
import re
import shutil
import socket
import subprocess
import unicodedata

import odd
import snapshot
from checks import equal, finish, holds

WIDTHS = (72, 80, 160)
NAMES = [b"\x1b[2J\x1b]0;x\x07", b"two\nlines", b"\xff\xfe\xc3\x9b2J", "\u202egnp.exe".encode(), "広い名前".encode(),
         "e\u0301\u0301\u0301\u0301\u0301".encode(), "\u26a1\u2705\u231a".encode(), b"", " <zombie> ".encode()]
ARGUMENTS = [[b"odd", b"\x1b]52;c;ZXZpbA==\x07"], [b"odd", "\u202e\u2066evil".encode()], [b"odd", b"L" * 131071],
             [b"odd", b"\n\n  1234 root   nginx"], [b"odd", "Z".encode() + "\u0300".encode() * 5000],
             [b"odd", "\u26a1".encode() * 200], [b"odd", "広".encode() * 200], [b"\xff" * 100], [b"odd"] + [b"x"] * 300]
FILES = [b"\x1b[2J.txt", b"nl\n  etc-shadow", "\u202ecod.exe".encode(), "全角".encode() * 40, b"\xff\xfe",
         "e\u0301".encode() * 80, "\u26a1".encode() * 80]
SOCKETS = [b"\0\x1b[2Jabstract", b"\0new\nline: 00000002 0 10000 1 1 99 /fake", b"\0" + b"\xff" * 100,
           b"\0" + "広".encode() * 30, b"\0" + b"a long name of words " * 5]
HIDDEN = {"Cc", "Cf", "Zl", "Zp"}
SHOWN = 0


def columns(line):
    """As a terminal counts."""
    marks = {"Mn", "Me"}
    return sum(0 if unicodedata.category(c) in marks else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in line)


def long_path(folder):
    """A file whose path has nearly the 4096 bytes that a path may have."""
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    for length in range(len(folder) + 251, 4000, 251):
        os.mkdir("d" * 250, dir_fd=at)
        below = os.open("d" * 250, os.O_RDONLY | os.O_DIRECTORY, dir_fd=at)
        os.close(at)
        at = below
    return os.open("f" * 90, os.O_CREAT | os.O_RDWR, dir_fd=at)


def populate(folder):
    """What must stay open while the snapshot is taken."""
    held = [long_path(folder)]
    for name in FILES:
        held.append(os.open(os.path.join(folder.encode(), name), os.O_CREAT | os.O_RDWR))
    os.unlink(os.path.join(folder.encode(), FILES[0]))
    for name in SOCKETS:
        held.append(socket.socket(socket.AF_UNIX))
        held[-1].bind(name)
        held[-1].listen()
    held.append(socket.socket(socket.AF_INET6))
    held[-1].bind(("::", 65535))
    held[-1].listen()
    held.append(socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
    held.append(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)))
    for name in NAMES:
        odd.Odd("comm", name.hex())
    for argv in ARGUMENTS:
        odd.Odd(argv=argv)
    program = os.path.join(folder.encode(), "\x1b[31m広い".encode() * 8)
    shutil.copy(odd.PROGRAM, program)
    odd.Odd("wait", program=program)
    os.unlink(program)
    odd.Odd("zombie")
    return held


def show(bundle, *words, width=None):
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    if width:
        environment["COLUMNS"] = str(width)
    done = subprocess.run([snapshot.PROCSNAP, "show", bundle, *words], capture_output=True, timeout=60,
                          env=environment, check=False)
    if done.returncode != SHOWN:
        holds(f"show {' '.join(words)} at {width} ends well", False, (done.returncode, done.stderr))
    return done.stdout


def faults(text, width):
    for line in text.decode("utf-8").split("\n"):
        if columns(line) > width:
            yield "wider", line
        if any(unicodedata.category(c) in HIDDEN for c in line):
            yield "acts on a terminal", line
        if re.search("[\u0300\u0301]{5}", line):
            yield "marks pile up", line
        if line.startswith(("  1234 root", "  etc-shadow")):
            yield "forged", line


def main():
    odd.inside_namespaces()
    odd.long_arguments()
    with odd.folder() as folder:
        held = populate(folder)
        bundle = os.path.join(folder, "shown.tar.gz")
        subprocess.run([snapshot.PROCSNAP, "collect", bundle, "--quiet", "--redact", "none"], check=True, timeout=60,
                       capture_output=True)
        views = [["summary"], ["tree"], ["processes"], ["sockets"], ["files"], ["gaps"],
                 *(["process", str(pid)] for pid in range(1, 30) if os.path.exists(f"/proc/{pid}"))]
        for words in views:
            for width in WIDTHS:
                equal(f"{' '.join(words)} at {width} columns", [], list(faults(show(bundle, *words, width=width), width)))
            equal(f"{' '.join(words)} --json: an object in each line", {dict},
                  {type(one) for one in snapshot.ndjson(show(bundle, *words, "--json"))})
        sockets = show(bundle, "sockets", width=80).decode()
        for row in (r"raw +UNCONN +0\.0\.0\.0 ICMP +0", r"packet +RAW +all frames, every interface +1 "):
            holds(f"a socket that sniffs: {row}", re.search(row, sockets), sockets)
        tables = show(bundle, "process", str(os.getpid()), width=80).decode()
        holds("each of its sockets is in some table", "in no table" not in tables, tables)
        del held
    finish()


main()
