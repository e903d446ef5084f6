#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""All system calls of a whole run, seen from outside (strace): it reads, and changes nothing but its destination."""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import odd  # noqa: E402
import snapshot  # noqa: E402
from checks import about, equal, finish, holds, skip  # noqa: E402

WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE")
OPENING = {"open", "openat", "openat2", "creat"}
CHANGING = re.compile(
    r"(mkdir|mknod|symlink|link|unlink|rename|rmdir|truncate|ftruncate|chmod|fchmod|chown|lchown|fchown|utime|utimes"
    r"|setxattr|lsetxattr|fsetxattr|removexattr|mount|umount|pivot_root|swapon|sethostname|settimeofday|clock_settime"
    r"|adjtimex|fallocate)(at|at2|2)?|utimensat|futimesat")
BYTES_OUT = {"write", "writev", "pwrite64", "pwritev", "pwritev2", "sendfile", "copy_file_range", "splice", "vmsplice"}
SIGNALLING = {"kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"}
NEVER = {
    "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "bpf", "perf_event_open", "userfaultfd", "setns",
    "unshare", "keyctl", "add_key", "kcmp", "init_module", "finit_module", "io_uring_setup", "setpriority",
    "sched_setscheduler", "sched_setattr", "ioprio_set", "setuid", "setgid", "setresuid", "setresgid", "setgroups",
    "capset", "chroot", "open_by_handle_at", "name_to_handle_at"}
NETWORK = re.compile(r"socket|socketpair|connect|bind|listen|accept4?|sendto|sendmsg|recvfrom|recvmsg|shutdown")
CALL = re.compile(r"(?P<pid>\d+) +(?P<name>\w+)\((?P<args>.*)\) += (?P<result>.*)")


def traced(folder):
    """(calls, standard output, exit status); a call is pid, name, arguments, result, its two halves joined."""
    log, path = os.path.join(folder, "log"), os.path.join(folder, "x.tar.gz")
    command = ["strace", "-f", "-qq", "-y", "-s", "64", "-o", log, snapshot.PROCSNAP, "collect", path,
               "--read-timeout", "5s", "--quiet"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=100)
    if not os.path.exists(path):
        skip(f"strace is not to be had here: {done.stderr.decode()[-300:]}")
    begun, calls, strange = {}, [], []
    with open(log, encoding="utf-8", errors="replace") as file:
        for line in file:
            line = line.rstrip("\n")
            pid = line.split(" ", 1)[0]
            if line.endswith(" <unfinished ...>"):
                begun[pid] = line.removesuffix(" <unfinished ...>")
                continue
            resumed = re.fullmatch(r"\d+ +<\.\.\. \w+ resumed>(.*)", line)
            if resumed and pid in begun:
                line = begun.pop(pid) + resumed[1]
            match = CALL.fullmatch(line)
            if match:
                calls.append((int(pid), match["name"], match["args"], match["result"]))
            elif not re.search(r"(---|\+\+\+) ", line):
                strange.append(line)
    equal("every line of strace was understood", [], strange[:5])
    return calls, done.stdout.decode(), done.returncode


def check_writing(calls, folder):
    parts = {f"{name}.part" for name in ("x.tar.gz", "x.tar.gz.minisig")}
    opened = [args for _, name, args, _ in calls if name in OPENING and (WRITING.search(args) or name == "creat")]
    ours, others = [], []
    for args in opened:
        match = re.match(r'\d+<(?P<dir>[^>]*)>, "(?P<name>[^"]*)"', args)
        in_place = match and match["dir"] == folder and match["name"] in parts
        own_score = re.match(r'\d+</proc>, "(self/|\d+/)?oom_score_adj", O_WRONLY', args)
        (ours if in_place or own_score else others).append(args)
    equal("files opened for writing: two parts at the destination, and the own oom_score_adj", (3, []),
          (len(ours), others))
    changed = [(name, args) for _, name, args, result in calls if CHANGING.fullmatch(name)
               and not re.match(r"\d+</memfd:", args)  # memory of its own
               and not (name == "adjtimex" and ("modes=0," in args or result.startswith("-1")))]  # asks
    moved = [(name, args) for name, args in changed if name == "renameat2" and args.count(f"<{folder}>") == 2]
    equal("names changed: the two parts get their names, and nothing else", (2, []),
          (len(moved), [change for change in changed if change not in moved]))
    there = re.compile(rf"\d+<({re.escape(folder)}/x\.tar\.gz(\.minisig)?\.part|/proc/\d+/oom_score_adj|pipe:\[\d+\])>")
    written = [args for _, name, args, _ in calls if name in BYTES_OUT and not there.match(args)]
    equal("bytes written: there, and to standard output", [], written[:5])


def check_others(calls):
    children = {int(result.split()[0]) for _, name, _, result in calls
                if name in ("clone", "clone3", "fork", "vfork") and result.split()[0].isdigit()}
    about(f"{len(calls)} calls of {len(children) + 1} processes")
    targets = [int(re.match(r"-?\d+", args)[0]) for _, name, args, _ in calls if name in SIGNALLING]
    holds("signals: to its own children alone", set(targets) <= children, targets)
    executed = [args for _, name, args, _ in calls if name.startswith("execve")]
    equal("programs executed: itself, once", 1, len(executed))
    equal("nothing that traces, watches, or changes itself or others", [], [call for call in calls if call[1] in NEVER])
    equal("no network", [], [call for call in calls if NETWORK.fullmatch(call[1])])
    limits = [args for _, name, args, _ in calls
              if name == "setrlimit" or (name == "prlimit64" and not re.search(r", NULL, ", args))]
    equal("no limit changed but its own: it never leaves a core",
          ["0, RLIMIT_CORE, {rlim_cur=0, rlim_max=0}, NULL"], limits)


def check_opening(calls):
    """What a descriptor or a link points to is found as a place (O_PATH) and opened only when it is a regular file, by
    way of our own descriptor of that place: to open a FIFO would wake somebody, a device would answer."""
    places = {(pid, result.split("<")[0]) for pid, name, args, result in calls if name in OPENING and "O_PATH" in args}
    content = [(pid, args) for pid, name, args, _ in calls if name in OPENING and re.search('"self/fd/[0-9]+"', args)]
    holds("content is opened by way of places alone, without waiting, and without a trace in the time of access where "
          "that is allowed", content and all((pid, re.search('"self/fd/([0-9]+)"', args)[1]) in places and
          "O_NONBLOCK" in args and "O_NOCTTY" in args for pid, args in content), content[:3])
    calls = [(pid, name, args, result) for pid, name, args, result in calls
             if name not in OPENING or ("O_PATH" not in args and (pid, args) not in content)]
    dangerous = re.compile(r'<[^>]*/fd>, "[0-9]+"|"([^"]*/)?(fd|map_files)/[^"]+"|"([^"]*/)?(exe|cwd|root)(/[^"]*)?"'
                           r'|"([^"]*/)?mem"')
    every = [args for _, name, args, _ in calls if name in OPENING]
    opened = [args for args in every if dangerous.search(args)]
    own = [args for args in opened if '"/proc/self/exe"' in args]  # to hash itself
    equal("links and descriptors opened: its own executable, once", (1, []),
          (len(own), [args for args in opened if args not in own]))
    below = [args for args in every if re.match(r'[0-9]+</proc/[0-9]+', args)]
    holds("files of processes were opened", len(below) > 100, len(below))
    following = [args for args in below if "O_NOFOLLOW" not in args]
    equal("files of processes are opened without following a link", [], following)
    blocking = [args for args in below if not re.search("O_DIRECTORY|O_PATH", args)
                and not re.search("O_NOCTTY.*O_NONBLOCK", args)]
    equal("files of processes are opened without waiting, and never as a terminal of ours", [], blocking)


def main():
    if not shutil.which("strace"):
        skip("no strace")
    odd.inside_namespaces()
    folder = odd.folder()
    odd.Odd("sockets", 7001), odd.Odd("zombie"), odd.Odd("user", 101, "wait"), odd.Odd("descriptors", 40)
    calls, out, status = traced(folder.name)
    equal("the run ends as without anybody watching", 0, status)
    snapshot.head_line(out)
    check_writing(calls, folder.name)
    check_others(calls)
    check_opening(calls)
    finish()


main()
