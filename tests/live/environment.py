#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Secrets in environments: not one byte of a value anywhere in the bundle, all names; with --redact none all values."""
import base64
import os
import re
import secrets

import odd
import snapshot
from checks import equal, finish, holds

HASH = rb"[0-9a-f]{16}"


def made_up():
    return b"s3cr3t-" + secrets.token_hex(12).encode()


def environment():
    """(entry before redaction, pattern of what becomes of it) for each rule of docs/BUNDLE.md; and the secrets."""
    hidden = [made_up() for _ in range(11)]
    wanted = [
        (b"AWS_SECRET_ACCESS_KEY=" + hidden[0], rb"AWS_SECRET_ACCESS_KEY=" + HASH),
        (b"DATABASE_URL=postgres://u:" + hidden[1] + b"@db/x", rb"DATABASE_URL=" + HASH),
        (b"SAME_AS_FIRST=" + hidden[0], rb"SAME_AS_FIRST=" + HASH),
        (b"TWO_LINES=a\n" + hidden[2], rb"TWO_LINES=" + HASH),
        (b"NOT_UTF8=\xff\xfe" + hidden[3], rb"NOT_UTF8=" + HASH),
        (b"EQUAL_SIGNS=a=" + hidden[4], rb"EQUAL_SIGNS=" + HASH),
        (b"MY_PATH=" + hidden[5], rb"MY_PATH=" + HASH),
        (b"PATHS=" + hidden[6], rb"PATHS=" + HASH),
        (b"path=" + hidden[7], rb"path=" + HASH),
        (b"EMPTY=", rb"EMPTY=" + HASH),
        (b"https_proxy=http://user:" + hidden[8] + b"@proxy:3128/", rb"https_proxy=http://[^@]*@proxy:3128/"),
        (b"ALL_PROXY=user:" + hidden[9] + b"@proxy:3128", rb"ALL_PROXY=[^@]*@proxy:3128"),
        (b"NO_PROXY=localhost,10.0.0.0/8", rb"NO_PROXY=localhost,10\.0\.0\.0/8"),
        (b"LONG=" + hidden[10] * 2000, rb"LONG=" + HASH),
    ]
    for name in ("PATH", "HOME", "PWD", "SHELL", "TERM", "HOSTNAME", "AWS_REGION", "AWS_EXECUTION_ENV", "LD_PRELOADED",
                 "HISTFILE", "SSH_CLIENT", "ECS_CONTAINER_METADATA_URI_V4"):
        entry = f"{name}=kept-{secrets.token_hex(4)}".encode()
        wanted.append((entry, re.escape(entry)))
    return wanted, hidden


def started(wanted):
    return odd.Odd(argv=["odd"], env=dict(entry.split(b"=", 1) for entry, _ in wanted))


def places(bundle, text):
    """Where in the bundle these bytes stand, plain or in base64 at any of its three alignments."""
    coded = {base64.b64encode(b"\0" * shift + text)[(shift * 8 + 5) // 6:-4] for shift in range(3)}
    found = [name for name, data in bundle.members.items() if any(form in data for form in {text, *coded})]
    return found or (["the tar headers"] if text in bundle.tar else [])


def found_secrets(bundle, hidden):
    return {text: places(bundle, text) for text in hidden if places(bundle, text)}


def entries(capture):
    return capture.bytes.removesuffix(b"\0").split(b"\0")


def check_redacted(bundle, process, wanted, hidden):
    capture = bundle.capture(process.pid, "environ")
    equal("redacted: the entry of the pack says so", True, capture.redacted)
    original = process.read("environ").removesuffix(b"\0").split(b"\0")
    stored = entries(capture)
    equal("redacted: as many entries, under the same names, in the same order",
          [entry.split(b"=")[0] for entry in original], [entry.split(b"=")[0] for entry in stored])
    by_entry = dict(zip(original, stored))
    for entry, pattern in wanted:
        name = entry.split(b"=")[0].decode()
        holds(f"redacted: {name}", re.fullmatch(pattern, by_entry[entry]), by_entry[entry][:80])
    equal("redacted: equal values have equal digits",
          *(by_entry[wanted[index][0]].split(b"=")[1] for index in (0, 2)))
    equal("redacted: no secret anywhere in the bundle", {}, found_secrets(bundle, hidden))
    record = [record for record in bundle.records("environ") if record["process"]["pid"] == process.pid]
    equal("redacted: one environ record, with these entries", [(stored, True)],
          [(snapshot.exact(found["process"], "env_vars"), found["proc"]["redacted"]) for found in record])
    return by_entry


def check_kept(bundle, process, hidden):
    capture = bundle.capture(process.pid, "environ")
    equal("--redact none: raw environ is what the kernel says", (False, process.read("environ")),
          (capture.redacted, capture.bytes))
    equal("--redact none: each secret is there", set(hidden), found_secrets(bundle, hidden).keys())
    record = [record for record in bundle.records("environ") if record["process"]["pid"] == process.pid]
    equal("--redact none: the environ record holds all bytes", [entries(capture)],
          [snapshot.exact(found["process"], "env_vars") for found in record])


def check_odd_memory(folder):
    """In memory anything may stand there: entries without '=' or without a name, empty ones, an end without NUL."""
    hidden = [made_up() for _ in range(3)]
    memory = b"\0".join([hidden[0], b"=" + hidden[1], b"", b"", b"NAME=" + hidden[2], b"PATH=/kept", hidden[0]])
    process = odd.Odd("environment", memory.hex(), env={b"A": b"a" * (len(memory) - 3)})
    equal("odd memory: made as it was meant", memory, process.read("environ"))
    bundle = snapshot.collect(folder)
    stored = bundle.capture(process.pid, "environ").bytes
    wanted = rb"(?P<whole>%(d)s)\0=%(d)s\0\0\0NAME=%(d)s\0PATH=/kept\0(?P=whole)" % {b"d": HASH}
    holds("odd memory: digits alone for entries without '=', empty ones stay, and no NUL is added at the end",
          re.fullmatch(wanted, stored), stored)
    # The arguments of odd_process carry the bytes in hexadecimal digits; plain they stand nowhere.
    equal("odd memory: no secret anywhere in the bundle", {}, found_secrets(bundle, hidden))


def check_large(folder):
    """1.5 MiB: longer than any pack, and than what may be shown of it."""
    odd.long_arguments()
    hidden = [made_up() for _ in range(40)]
    wanted = [(b"LARGE_%d=" % index + text * (40000 // len(text)), b"") for index, text in enumerate(hidden)]
    process = started(wanted)
    memory = process.read("environ")
    holds("1.5 MiB: made as it was meant", len(memory) > 1500 << 10, len(memory))
    bundle = snapshot.collect(folder)
    capture = bundle.capture(process.pid, "environ")
    equal("1.5 MiB: read to its end", ("complete", None), (capture.outcome, capture.errno))
    holds("1.5 MiB: each value is redacted whole", re.fullmatch(
        b"\0".join(rb"LARGE_%d=%b" % (index, HASH) for index in range(40)) + rb"\0ODD_PROCESS_WAITS=%b\0" % HASH,
        capture.bytes), capture.bytes)
    equal("1.5 MiB: no secret anywhere in the bundle", {}, found_secrets(bundle, hidden))
    process.end()


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    wanted, hidden = environment()
    process = started(wanted)
    memory = process.read("environ")
    equal("the secrets stand in the memory of a process", [], [text for text in hidden if text not in memory])
    os.environ["OF_THE_COLLECTOR"] = own = made_up().decode()
    first, second = snapshot.collect(folder.name), snapshot.collect(folder.name)
    by_entry = check_redacted(first, process, wanted, hidden)
    again = dict(zip(by_entry, entries(second.capture(process.pid, "environ"))))
    holds("redacted: another run has other digits", by_entry[wanted[0][0]] != again[wanted[0][0]], again[wanted[0][0]])
    equal("redacted: nor the collector's own secrets", [], places(first, own.encode()))
    check_kept(snapshot.collect(folder.name, "--redact", "none"), process, hidden)
    check_odd_memory(folder.name)
    check_large(folder.name)
    finish()


main()
