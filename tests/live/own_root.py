# SPDX-License-Identifier: Apache-2.0
"""A container root of a test's own: a directory that is the root of some processes, in mount namespaces of theirs."""
import ctypes
import os
import re
import shutil
import subprocess

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MNT_DETACH = 0x20000, 2
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}[os.uname().machine]


def must_be_zero(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), what)


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def fill(root, program, path):
    """What a root needs: the program there, its libraries, and the directories that mounts are made on."""
    libraries = subprocess.run(["ldd", program], capture_output=True, check=True).stdout.decode()
    for source in [program, *re.findall(r"(/\S+) \(0x", libraries)]:
        place = root + (path if source == program else source)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        shutil.copy(source, place)
    for name in ("proc", "old", "tmp"):
        os.makedirs(f"{root}/{name}", exist_ok=True)


def into(root):
    """In the child, before it becomes the program: a mount namespace whose root that directory is."""
    must_be_zero(LIBC.unshare(CLONE_NEWNS), "unshare")
    must_be_zero(LIBC.mount(b"none", b"/", None, 0x44000, None), "private")
    must_be_zero(LIBC.mount(root.encode(), root.encode(), None, 4096, None), "bind")
    must_be_zero(LIBC.mount(b"proc", root.encode() + b"/proc", b"proc", 0, None), "proc")
    os.chdir(root)
    must_be_zero(LIBC.syscall(PIVOT_ROOT, b".", b"old"), "pivot_root")
    must_be_zero(LIBC.umount2(b"/old", MNT_DETACH), "umount")
    os.chdir("/tmp")
