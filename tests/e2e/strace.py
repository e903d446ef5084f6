# SPDX-License-Identifier: Apache-2.0
"""System calls of a command, as strace saw them from outside."""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
from checks import equal, skip  # noqa: E402

WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE")
OPENING = {"open", "openat", "openat2", "creat"}
CHANGING = re.compile(
    r"(mkdir|mknod|symlink|link|unlink|rename|rmdir|truncate|ftruncate|chmod|fchmod|chown|lchown|fchown|utime|utimes"
    r"|setxattr|lsetxattr|fsetxattr|removexattr|mount|umount|pivot_root|swapon|sethostname|settimeofday|clock_settime"
    r"|adjtimex|fallocate)(at|at2|2)?|utimensat|futimesat")
BYTES_OUT = {"write", "writev", "pwrite64", "pwritev", "pwritev2", "sendfile", "copy_file_range", "splice", "vmsplice"}
STARTING = {"clone", "clone3", "fork", "vfork"}
NETWORK = re.compile(r"socket|socketpair|connect|bind|listen|accept4?|sendto|sendmsg|recvfrom|recvmsg|shutdown")
_CALL = re.compile(r"(?P<pid>\d+) +(?P<name>\w+)\((?P<args>.*)\) += (?P<result>.*)")


def traced(log, command, only=None, **how):
    """(calls, what subprocess.run says); a call is pid, name, arguments, result, its two halves joined. `only`: calls of
    processes of that name, from behind the execve that gave it to them."""
    if not shutil.which("strace"):
        skip("no strace")
    options = {"stdin": subprocess.DEVNULL, "capture_output": True, "check": False, "timeout": 100, **how}
    names = ["--decode-pids=comm"] if only else []
    done = subprocess.run(["strace", "-f", "-qq", "-y", *names, "-s", "64", "-o", log, *command], **options)
    begun, calls, strange = {}, [], []
    with open(log, encoding="utf-8", errors="replace") as file:
        for line in file:
            line = line.rstrip("\n")
            if only:
                if not re.match(rf"\d+<{only}>", line) or "execve resumed>" in line:
                    continue
                line = re.sub(rf"\b(\d+)<{only}>", r"\1", line)
            pid = line.split(" ", 1)[0]
            if line.endswith(" <unfinished ...>"):
                begun[pid] = line.removesuffix(" <unfinished ...>")
                continue
            resumed = re.fullmatch(r"\d+ +<\.\.\. \w+ resumed>(.*)", line)
            if resumed and pid in begun:
                line = begun.pop(pid) + resumed[1]
            match = _CALL.fullmatch(line)
            if match:
                calls.append((int(pid), match["name"], match["args"], match["result"]))
            elif not re.search(r"(---|\+\+\+) ", line):
                strange.append(line)
    if not calls:
        skip(f"strace is not to be had here: {done.stderr.decode(errors='replace')[-300:]}")
    equal("every line of strace was understood", [], strange[:5])
    return calls, done
