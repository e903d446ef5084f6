#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each way to look at a bundle, seen from outside (strace): a filter is on before a byte of it is read, and from then on
nothing is asked of the kernel but to read what is open, to print, and for an export to make new files below OUT."""
import ctypes
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import odd  # noqa: E402
import snapshot  # noqa: E402
from checks import about, equal, finish, holds  # noqa: E402
from strace import BYTES_OUT, CHANGING, NETWORK, OPENING, STARTING, WRITING, traced  # noqa: E402

# What the manual promises; the filters themselves allow some more that the C library may want.
MEMORY = {"mmap", "munmap", "mremap", "mprotect", "madvise", "brk"}
OFFLINE = MEMORY | {"read", "pread64", "lseek", "fstat", "close", "write", "ioctl", "poll", "futex", "clock_gettime",
                    "getrandom", "exit_group"}
DIRECTORY = OFFLINE | {"openat", "newfstatat", "statx", "getdents64", "fcntl"}
EXPORTER = DIRECTORY | {"mkdirat", "symlinkat", "dup"}

LANDLOCK = ctypes.CDLL(None).syscall(444, 0, 0, 1) > 0  # the version that the kernel has

VIEWS = [["summary"], ["tree"], ["processes"], ["process", "PID"], ["sockets"], ["files"], ["gaps"]]


def after_filter(calls):
    """The calls behind the filter that was accepted; None when there was none."""
    for at, (_, name, args, result) in enumerate(calls):
        if name == "seccomp" and args.startswith("SECCOMP_SET_MODE_FILTER") and result == "0":
            return calls[at + 1:]
    return None


def check_filtered(what, calls, allowed, bundle):
    inside = after_filter(calls)
    if not holds(f"{what}: a filter is on", inside is not None):
        return
    equal(f"{what}: nothing but what it may", [], sorted({name for _, name, _, _ in inside} - allowed))
    equal(f"{what}: nothing was refused to it", [], [call for call in inside if re.search("EPERM|EACCES", call[3])])
    before = calls[:len(calls) - len(inside)]
    # A pipe that must be read twice is copied into memory before that; a copy is no look.
    read = [call for call in before if call[1] in ("read", "pread64", "readv")
            and re.match(rf"\d+<{re.escape(bundle)}(/|>)", call[2])]
    landlock = [call[3] for call in before if call[1] == "landlock_restrict_self"]
    if LANDLOCK:
        equal(f"{what}: held to its directories", ["0"], landlock)
    equal(f"{what}: not a byte of the bundle is read before", [], read)


def check_harmless(what, calls, out):
    """Of the whole run, with or without a filter."""
    equal(f"{what}: one program, one process", (1, []),
          (len([1 for _, name, _, _ in calls if name.startswith("execve")]),
           [call for call in calls if call[1] in STARTING]))
    equal(f"{what}: no network", [], [call for call in calls if NETWORK.fullmatch(call[1])])
    below = re.escape(out) if out else "(?!)"
    opened = [args for _, name, args, _ in calls if name in OPENING and (WRITING.search(args) or name == "creat")]
    new = re.compile(rf'\d+<{below}(/[^>]*)?>, "[^"/]+", O_WRONLY\|.*(O_EXCL|O_APPEND).*O_NOFOLLOW')
    equal(f"{what}: opened for writing", [], [args for args in opened if not new.match(args)])
    changed = [(name, args) for _, name, args, _ in calls if CHANGING.fullmatch(name)]
    made = re.compile(rf'mkdir "{below}", 0700$|'
                      rf'(mkdirat |symlinkat "(\\.|[^"\\])*"(\.\.\.)?, )\d+<{below}(/[^>]*)?>, "[^"/]+"')
    equal(f"{what}: names made or changed", [], [call for call in changed if not made.match(" ".join(call))])
    written = [args for _, name, args, _ in calls if name in BYTES_OUT
               and not re.match(rf"[12]<|\d+<({below}/|/memfd:)", args)]
    equal(f"{what}: bytes written elsewhere than to standard output", [], written[:5])
    return len(opened)


def check_without_filter(log, *arguments):
    """A kernel or a container that refuses filters is no reason not to look at evidence."""
    command = [snapshot.PROCSNAP, *arguments]
    with_filter = subprocess.run(command, capture_output=True, check=False)
    refused = subprocess.run(["strace", "-qq", "-o", log, "-e", "inject=seccomp,landlock_create_ruleset:error=EPERM", *command],
                             capture_output=True, check=False)
    with open(log, encoding="utf-8") as file:
        holds(f"{arguments[0]}: the filter is refused", "SECCOMP_SET_MODE_FILTER" in file.read())
    equal(f"{arguments[0]}: goes on without a filter, and says the same",
          (with_filter.returncode, with_filter.stdout, with_filter.stderr),
          (refused.returncode, refused.stdout, refused.stderr))


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    bundle, extracted = os.path.join(folder.name, "x.tar.gz"), os.path.join(folder.name, "extracted")
    log = os.path.join(folder.name, "log")
    one = odd.Odd("sockets", 7001)
    odd.Odd("descriptors", 40)
    done = subprocess.run([snapshot.PROCSNAP, "collect", bundle, "--quiet"], capture_output=True, check=True)
    pk = snapshot.head_line(done.stdout.decode())["pk"]
    os.mkdir(extracted)
    subprocess.run(["tar", "xzf", bundle, "-C", extracted, "--strip-components=1"], check=True)

    def look(what, status, allowed, *arguments, stdin=None, out=None):
        pipe = subprocess.Popen(["cat", stdin or "/dev/null"], stdout=subprocess.PIPE)
        calls, seen = traced(log, [snapshot.PROCSNAP, *arguments], stdin=pipe.stdout)
        pipe.stdout.close()
        pipe.wait()
        equal(f"{what}: exit status", status, seen.returncode)
        holds(f"{what}: says something", seen.stdout, seen.stderr)
        about(f"{what}: {len(calls)} calls, {len(after_filter(calls) or [])} of them behind the filter")
        check_filtered(what, calls, allowed, arguments[1])
        return check_harmless(what, calls, out)

    for name, allowed, path, stdin in (("file", OFFLINE, bundle, None), ("directory", DIRECTORY, extracted, None),
                                       ("stdin", OFFLINE, "-", bundle)):
        pinned = ["--key", pk, "--rederive"]
        look(f"verify {name}", 0, allowed, "verify", path, *pinned, stdin=stdin)
        look(f"verify --json {name}", 0, allowed, "verify", path, *pinned, "--json", stdin=stdin)
        for view in VIEWS:
            words = [str(one.pid) if word == "PID" else word for word in view]
            look(f"show {view[0]} {name}", 0, allowed, "show", path, *words, stdin=stdin)
        out = os.path.join(folder.name, f"out-{name}")
        made = look(f"export {name}", 0, EXPORTER, "export", path, "--format", "procfs", "-o", out, "--json",
                    stdin=stdin, out=out)
        holds(f"export {name}: files were made", made > 20, made)
    saved = os.path.join(folder.name, "stat")
    with open(saved, "wb") as file:
        file.write(one.read("stat"))
    look("parse file", 0, OFFLINE, "parse", "pid_stat", saved)
    look("parse stdin", 0, OFFLINE, "parse", "pid_stat", stdin=saved)
    check_without_filter(log, "verify", bundle, "--key", pk)
    check_without_filter(log, "show", bundle, "tree")
    check_without_filter(log, "parse", "pid_stat", saved)
    with open(bundle, "r+b") as file:
        file.truncate(5000)
    look("verify of a cut bundle", 10, OFFLINE, "verify", bundle)
    finish()


main()
