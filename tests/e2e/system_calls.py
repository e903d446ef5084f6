#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""All system calls of a whole run, seen from outside (strace): it reads, and changes nothing but its destination."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "live"))
import odd  # noqa: E402
import snapshot  # noqa: E402
from checks import about, equal, finish, holds  # noqa: E402
from strace import BYTES_OUT, CHANGING, NETWORK, OPENING, STARTING, WRITING, traced  # noqa: E402

SIGNALLING = {"kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"}
NEVER = {
    "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "bpf", "perf_event_open", "userfaultfd", "setns",
    "unshare", "keyctl", "add_key", "kcmp", "init_module", "finit_module", "io_uring_setup", "setpriority",
    "sched_setscheduler", "sched_setattr", "ioprio_set", "setuid", "setgid", "setresuid", "setresgid", "setgroups",
    "capset", "chroot", "open_by_handle_at", "name_to_handle_at"}


def collected(folder):
    """(calls, standard output, exit status) of one snapshot."""
    path = os.path.join(folder, "x.tar.gz")
    calls, done = traced(os.path.join(folder, "log"),
                         [snapshot.PROCSNAP, "collect", path, "--read-timeout", "5s", "--quiet"])
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


def check_others(calls, programs=1):
    children = {int(result.split()[0]) for _, name, _, result in calls
                if name in STARTING and result.split()[0].isdigit()}
    about(f"{len(calls)} calls of {len(children) + 1} processes")
    targets = [int(re.match(r"-?\d+", args)[0]) for _, name, args, _ in calls if name in SIGNALLING]
    holds("signals: to its own children alone", set(targets) <= children, targets)
    executed = [args for _, name, args, _ in calls if name.startswith("execve")]
    equal("programs executed: none but itself", programs, len(executed))
    equal("nothing that traces, watches, or changes itself or others", [], [call for call in calls if call[1] in NEVER])
    network = [call for call in calls if NETWORK.fullmatch(call[1])]
    asking = {pid for pid, _, args, _ in network if "NETLINK_SOCK_DIAG" in args}
    equal("no network, but for one process that asks the kernel for its socket tables", (1, [], []),
          (len(asking), [call for call in network if call[0] not in asking],
           [call for call in network if call[1] == "socket" and "NETLINK_SOCK_DIAG" not in call[2] or call[1] == "connect"]))
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
    odd.inside_namespaces()
    folder = odd.folder()
    odd.Odd("sockets", 7001), odd.Odd("zombie"), odd.Odd("user", 101, "wait"), odd.Odd("descriptors", 40)
    calls, out, status = collected(folder.name)
    equal("the run ends as without anybody watching", 0, status)
    snapshot.head_line(out)
    check_writing(calls, folder.name)
    check_others(calls)
    check_opening(calls)
    finish()


if __name__ == "__main__":
    main()
