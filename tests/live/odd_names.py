#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Names and arguments of any bytes: in the packs as the kernel gives them, in the records without a byte lost."""
import odd
import snapshot
from checks import equal, finish, holds

NAMES = {
    "that closes the parenthesis and goes on like a row": b"a) R 1 1 (b",
    "of two lines": b"two\nlines",
    "with an escape sequence": b"\x1b[2J\x07",
    "of no bytes": b"",
    "that is not UTF-8": b"\xff\xfe\xc3",
    "with a tab and a backslash": b"a\tb\\n",
    "that is one parenthesis": b")",
    "of 15 bytes in UTF-8, cut inside a letter": b"ends in half \xc3\xa9"[:15],
    "as kernel threads are shown": b"[kworker/0:1]",
}

ARGUMENTS = {
    "with newlines": [b"odd", b"two\nlines", b"ends in one\n"],
    "with empty ones": [b"odd", b"", b"", b"middle", b""],
    "that are not UTF-8": [b"odd", b"\xff\xfe", b"\xed\xa0\x80", b"fine"],
    "with escape sequences and quotes": [b"\x1b]0;title\x07", b'"\\', b"\x7f", b"\xe2\x80\xae"],
    "of one empty string": [b""],
    "of 128 KiB in one string": [b"odd", b"L" * 131071],
    "of 2 MiB": [b"odd"] + [b"%d " % i * 10000 for i in range(100000, 100030)],
    "of 2000 strings": [b"odd"] + [b"%d" % i for i in range(1999)],
}


def check_name(bundle, what, name, process):
    record = bundle.process(process.pid)
    stat, comm = bundle.capture(process.pid, "stat").bytes, bundle.capture(process.pid, "comm").bytes
    holds(f"name {what}: raw stat and comm hold its bytes",
          stat.startswith(b"%d (%s) " % (process.pid, name)) and comm == name + b"\n", (stat[:60], comm))
    equal(f"name {what}: process.name", name, snapshot.exact(record["process"], "name"))
    equal(f"name {what}: proc.stat.comm and proc.comm.comm", [name, name],
          [snapshot.exact(record["proc"]["stat"], "comm"), snapshot.exact(record["proc"]["comm"], "comm")])
    equal(f"name {what}: nothing behind it moved (state, parent)", ("S", 1),
          (record["proc"]["stat"]["state"], record["process"]["parent"]["pid"]))
    equal(f"name {what}: the raw status is the kernel's",
          *(text.split(b"\n")[0] for text in (process.read("status"), bundle.capture(process.pid, "status").bytes)))


def check_arguments(bundle, what, expected, process):
    raw, record = bundle.capture(process.pid, "cmdline"), bundle.process(process.pid)
    equal(f"arguments {what}: raw cmdline is what the kernel says", process.read("cmdline"), raw.bytes)
    equal(f"arguments {what}: args_count", len(expected), record["process"]["args_count"])
    shown = record["proc"].get("args_shown_bytes", len(raw.bytes))
    equal(f"arguments {what}: args, one by one, as far as {shown} bytes",
          raw.bytes[:shown].removesuffix(b"\0").split(b"\0"), snapshot.exact(record["process"], "args"))
    return raw.bytes


def main():
    odd.inside_namespaces()
    odd.long_arguments()
    folder = odd.folder()
    names = {what: odd.Odd("comm", name.hex()) for what, name in NAMES.items()}
    arguments = {what: odd.Odd(argv=argv) for what, argv in ARGUMENTS.items()}
    none, wiped = odd.Odd("no-arguments"), odd.Odd("wiped-arguments", "secret", "words")
    title = odd.Odd("title", env={b"A": b"a" * 40, b"B": b"b" * 200})
    long_title = odd.Odd("title", 6000, env={b"A": b"a" * 8000})
    bundle = snapshot.collect(folder.name)

    for what, name in NAMES.items():
        check_name(bundle, what, name, names[what])
    for what, argv in ARGUMENTS.items():
        raw = check_arguments(bundle, what, argv, arguments[what])
        equal(f"arguments {what}: they are the ones it was started with", b"".join(arg + b"\0" for arg in argv), raw)

    raw = check_arguments(bundle, "of a process that was started without any", [b""], none)
    equal("arguments of a process that was started without any: one NUL byte", b"\0", raw)
    raw = wiped.read("cmdline")
    check_arguments(bundle, "wiped with NUL bytes", raw.split(b"\0")[:-1], wiped)
    equal("arguments wiped with NUL bytes: how many there were stays known",
          b"\0" * len(b"odd wiped-arguments secret words "), raw)
    raw = check_arguments(bundle, "overwritten by a title that runs into the environment", [b""], title)
    holds("arguments overwritten by a title: the title, to its end", raw.startswith(b"odd: worker process (") and
          raw.rstrip(b"\0").endswith(b"the environment)"), raw)
    raw = bundle.capture(long_title.pid, "cmdline")
    equal("a title without an end: the page that the kernel gives of it", (b"t" * 4096, "complete"),
          (raw.bytes, raw.outcome))
    equal("a title without an end: what the kernel says", long_title.read("cmdline"), raw.bytes)
    equal("arguments overwritten by a title: executable tells another story", odd.PROGRAM,
          bundle.process(title.pid)["process"]["executable"])
    finish()


main()
