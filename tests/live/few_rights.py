#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""With a container's rights, and with none: what another user's process shows, as whom it was read, what is denied."""
import os
import shutil
import subprocess

import odd
import snapshot
from checks import equal, finish, holds, skip

# What Docker, and Fargate, give to root: CapEff 00000000a80425fb. No SYS_PTRACE among them.
CONTAINER = ("chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod "
             "audit_write setfcap").split()
AS_CONTAINER = ["setpriv", "--bounding-set", "-all," + ",".join("+" + name for name in CONTAINER), "--no-new-privs"]
AS_NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--bounding-set", "-all",
             "--inh-caps", "-all", "--no-new-privs"]
GUARDED = ("exe", "cwd", "root", "ns/{}", "fd/{}", "fdinfo/{}", "environ", "maps", "io")
OPEN = ("stat", "comm", "status", "statm", "cgroup", "limits", "mountinfo", "cmdline")
ENVIRONMENT = {b"PATH": b"/usr/bin", b"TOKEN": b"of-uid-101"}


def rights(prefix):
    """The effective capabilities under that prefix, in hexadecimal digits; None when it is not to be had."""
    done = subprocess.run([*prefix, "grep", "CapEff", "/proc/self/status"], capture_output=True, check=False)
    return done.stdout.split()[1].decode() if done.returncode == 0 else None


def told_rights(bundle):
    return tuple(bundle.meta["rights"][key] for key in ("cap_effective", "can_trace", "can_switch_ids", "uid"))


def check_whole(bundle, what, process, read_as):
    """Everything guarded was read, each under that identity; the rest under our own."""
    for name in GUARDED:
        capture = bundle.capture(process.pid, name)
        equal(f"{what}: {name}", ("complete", None, {}, read_as),
              (capture.outcome, capture.errno, capture.lost, capture.read_as))
    for name in OPEN:
        capture = bundle.capture(process.pid, name)
        equal(f"{what}: {name}, which is open to everybody", (True, None),
              (capture.outcome in ("complete", "shared"), capture.read_as))
    equal(f"{what}: exe is the kernel's", process.link("exe"), bundle.capture(process.pid, "exe").bytes)
    equal(f"{what}: fd links are the kernel's", {str(fd): process.link(f"fd/{fd}") for fd in range(3)},
          {fd: target for fd, target in bundle.capture(process.pid, "fd/{}").entries.items() if fd in "012"})
    equal(f"{what}: maps are the kernel's", process.read("maps"), bundle.capture(process.pid, "maps").bytes)
    equal(f"{what}: environ has its entries", *([entry.split(b"=")[0] for entry in text.split(b"\0")] for text in (
        process.read("environ"), bundle.capture(process.pid, "environ").bytes)))
    record = bundle.process(process.pid)
    equal(f"{what}: nothing in proc.coverage but what is shared", set(), record["proc"]["coverage"].keys() - {"shared"})
    equal(f"{what}: identity", ["same", "same"], [line.identity for line in bundle.of_life(process.pid)])


def check_denied(bundle, what, process):
    """Everything guarded was refused, and the gap records and proc.coverage say so; the rest is there."""
    for name in GUARDED:
        capture = bundle.capture(process.pid, name)
        denied = capture.outcome == "denied" and capture.errno in ("EACCES", "EPERM") and not capture.entries
        holds(f"{what}: {name} is denied, with an errno", denied, (capture.outcome, capture.errno, capture.entries))
    for name in OPEN:
        holds(f"{what}: {name} is there", bundle.capture(process.pid, name).outcome in ("complete", "shared"))
    gaps = [record for record in bundle.records("gap")
            if record.get("process", {}).get("pid") == process.pid]
    files = sorted(file for gap in gaps for file in gap["proc"]["gap"]["files"])
    equal(f"{what}: gap records name these files, once each", sorted(GUARDED), files)
    equal(f"{what}: gap records say why, and which reader it was", {("denied", "quiet"), ("denied", "memory")},
          {(gap["proc"]["gap"]["outcome"], gap["proc"]["gap"]["reader"]) for gap in gaps})
    record = bundle.process(process.pid)
    equal(f"{what}: proc.coverage says the same", sorted(GUARDED), sorted(record["proc"]["coverage"]["denied"]))
    with_environment = {found["process"]["pid"] for found in bundle.records("environ")}
    equal(f"{what}: no executable, no environment is claimed", (None, False),
          (record["process"].get("executable"), process.pid in with_environment))


def as_container(folder):
    if rights(AS_CONTAINER) != "00000000a80425fb":
        skip(f"the rights of a container are not to be had here: {rights(AS_CONTAINER)}")
    app = odd.Odd("user", 101, "wait", env=ENVIRONMENT)
    closed = odd.Odd("user", 101, "not-dumpable", env=ENVIRONMENT)
    equals = odd.Odd(program="/usr/bin/env", argv=["env", *AS_CONTAINER, odd.PROGRAM])
    bundle = snapshot.collect(folder, prefix=AS_CONTAINER)
    equal("a container's rights: meta.json says which", ("0xa80425fb", False, True, 0), told_rights(bundle))
    check_whole(bundle, "a container's rights, a process of uid 101", app, "101:101")
    check_denied(bundle, "a container's rights, one of uid 101 that is not dumpable", closed)
    check_whole(bundle, "a container's rights, root with the same rights", equals, None)
    for odd_one in (app, closed, equals):
        odd_one.end()


def as_nobody(folder):
    """The collector must be a file that nobody may execute, and write where nobody may write."""
    program = os.path.join(folder, "procsnap")
    shutil.copyfile(snapshot.PROCSNAP, program)
    os.chmod(program, 0o755)
    out = os.path.join(folder, "nobodys")
    os.mkdir(out)
    os.chown(out, 65534, 65534)
    own, roots, other = odd.Odd("user", 65534, "wait"), odd.Odd("wait"), odd.Odd("user", 101, "wait")
    bundle = snapshot.collect(out, prefix=AS_NOBODY, program=program)
    equal("without rights: meta.json says so", ("0x0", False, False, 65534), told_rights(bundle))
    check_whole(bundle, "without rights, a process of the same user", own, None)
    check_denied(bundle, "without rights, a process of root", roots)
    check_denied(bundle, "without rights, a process of uid 101", other)
    equal("without rights: sealed all the same, and not early", None, bundle.closing["sealed_early"])


def main():
    odd.inside_namespaces()
    folder = odd.folder()
    as_container(os.path.join(folder.name, "out"))
    as_nobody(folder.name)
    finish()


main()
